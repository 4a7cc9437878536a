"""Watching, over plain memory and over a real process."""

from __future__ import annotations

import pytest
from farfetch.scanner import Buffer, TargetGone, TypeNameError, attach, f32, sized, text, u8

from unit.conftest import Start

BASE = 0x1000


def test_changes_are_those_since_the_look_before() -> None:
    memory = bytearray(b"abcdefgh")
    watch = attach(Buffer(memory, base=BASE)).watch([(BASE, "u8"), (BASE + 1, sized(text, 3))])
    assert [(seen.value, seen.changed) for seen in watch.look()] == [(97, False), ("bcd", False)]
    memory[0] = 5
    assert [(seen.value, seen.changed, seen.changes) for seen in watch.look()] == [
        (5, True, 1),
        ("bcd", False, 0),
    ]
    assert not any(seen.changed for seen in watch.look())
    memory[0] = 97
    memory[2] = 0
    assert [(seen.value, seen.changes) for seen in watch.look()] == [(97, 2), ("b", 1)]


def test_a_value_that_is_not_a_number_does_not_change_by_itself() -> None:
    memory = bytearray(b"\xff\xff\xff\x7f")
    watch = attach(Buffer(memory, base=BASE)).watch([(BASE, f32)])
    watch.look()
    assert [seen.changed for seen in watch.look()] == [False]  # though nan is not equal to nan


def test_what_cannot_be_read_is_none() -> None:
    watch = attach(Buffer(bytearray(1), base=BASE)).watch([(BASE, u8), (BASE + 1, u8)])
    assert [seen.value for seen in watch.look()] == [0, None]


def test_types_need_a_size() -> None:
    with pytest.raises(TypeNameError, match="needs a length"):
        attach(Buffer(bytearray(1), base=BASE)).watch([(BASE, text)])


def test_the_target_ends(start: Start) -> None:
    child = start("cat")
    with attach(child.pid) as target:
        watch = target.watch([(target.address("[heap]"), u8)])
        assert watch.look()[0].value is not None
        child.kill()
        child.wait()
        with pytest.raises(TargetGone):
            watch.look()
