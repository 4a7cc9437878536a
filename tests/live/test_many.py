"""Many values of a real process at once, by every way: what can be had and what cannot."""

from __future__ import annotations

import random

import pytest
from farfetch.scanner import TargetGone, attach, i32, u16

from support.puppet import NONE, PAGE, READ, Puppet
from support.readers import every_reader_and_auto


@every_reader_and_auto
def test_each_for_itself_around_what_cannot_be_read(reader: str) -> None:
    with Puppet() as puppet:
        start = puppet.reserve(6)
        puppet.map(start, 6)
        for page in range(6):
            puppet.write(start + page * PAGE, bytes([page + 1]) * PAGE)
        puppet.unmap(start + PAGE, 1)
        puppet.unmap(start + 4 * PAGE, 1)
        rng = random.Random(4)
        places = [start + rng.randrange(6 * PAGE - 4) for _ in range(600)]
        places += [start + at * PAGE + step for at in range(1, 6) for step in (-4, -3, -1, 0)]
        with attach(puppet.pid, memory=reader) as target:
            expected = []
            for place in places:
                pages = {(place - start) // PAGE, (place + 3 - start) // PAGE}
                raw = b"".join(bytes([(at - start) // PAGE + 1]) for at in range(place, place + 4))
                value = int.from_bytes(raw, "little", signed=True)
                expected.append(None if pages & {1, 4} else value)
            assert target.read_many(places, i32) == expected
            assert target.read_many(places[:9], i32) == expected[:9]
            seen = target.watch((place, i32) for place in places).look()
            assert [one.value for one in seen] == expected


@every_reader_and_auto
def test_writes_leave_alone_what_the_target_may_not_write(reader: str) -> None:
    with Puppet() as puppet:
        start = puppet.reserve(3)
        puppet.map(start, 3)
        puppet.protect(start + PAGE, 1, READ)
        puppet.unmap(start + 2 * PAGE, 1)
        places = [start + step * 8 for step in range(0, 3 * PAGE // 8, 16)]
        on = [(place - start) // PAGE for place in places]
        values = list(range(len(places)))
        with attach(puppet.pid, memory=reader) as target:
            assert target.write_many(places, u16, values) == [page == 0 for page in on]
            there = target.read_many(places, u16)
            assert there[: on.index(1)] == values[: on.index(1)]
            assert {value for value, page in zip(there, on, strict=True) if page == 1} == {0}
            forced = target.write_many(places, u16, values, force=True)
            assert forced == [page < 2 for page in on]
            assert target.read_many(places, u16) == [
                value if page < 2 else None for value, page in zip(values, on, strict=True)
            ]


@every_reader_and_auto
def test_another_program_in_its_place_is_not_read(reader: str) -> None:
    with Puppet() as puppet:
        start = puppet.reserve(1)
        puppet.map(start, 1)
        with attach(puppet.pid, memory=reader) as target:
            watch = target.watch([(start, i32)])
            assert target.read(start, i32) == 0
            assert watch.look()[0].value == 0
            stack = target.address("[stack]")
            puppet.exec()
            for call in (
                lambda: target.read(stack, i32),
                lambda: target.write(stack, i32, 1),
                lambda: target.read_many([stack] * 40, i32),
                lambda: target.write_many([stack] * 40, i32, [1] * 40),
                lambda: target.memory.read(stack, 4),
                watch.look,
            ):
                with pytest.raises(TargetGone, match="another program"):
                    call()


def test_what_is_mapped_without_rights_is_not_read() -> None:
    with Puppet() as puppet:
        start = puppet.reserve(2)
        puppet.map(start, 2)
        puppet.protect(start, 1, NONE)
        with attach(puppet.pid) as target:
            assert target.read_many([start, start + PAGE], i32) == [None, 0]
