"""Targets that end, or become another program, at any moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner import Progress, Scan, TargetGone, TargetNotFound, attach, decode, i32, now

from support.readers import every_reader, every_reader_and_auto
from support.targets import Answer, Spawn, TargetProcess
from support.waiting import wait_for

VALUE = 20260415  # what mutate plants, in each of its pages
PAGES = 16

#: A scan that takes seconds, so that it is still at work when its progress is first told.
SLOW = "now * 3 % 1000003 == 77"


def exits(target: TargetProcess) -> None:
    target.send("exit")
    target.wait()


def is_killed(target: TargetProcess) -> None:
    os.kill(target.pid, signal.SIGKILL)
    target.wait()


def is_a_zombie(target: TargetProcess) -> None:
    os.kill(target.pid, signal.SIGKILL)
    os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
    assert "\nState:\tZ" in Path(f"/proc/{target.pid}/status").read_text()


def execs(target: TargetProcess) -> None:
    target.command("exec")


every_end = pytest.mark.parametrize(
    ("end", "how"),
    [(exits, "exited"), (is_killed, "exited"), (is_a_zombie, "exited"), (execs, "replaced")],
)

End = Callable[[TargetProcess], None]


@every_end
@every_reader_and_auto
def test_between_scans(reader: str, end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    with attach(mutate.pid, memory=reader) as target:
        scan = target.scan(i32, where=window(mutate.greeting))
        scan.first(now == VALUE)
        scan.next(now == VALUE)
        planted = scan.matches.addresses()
        assert len(planted) == PAGES
        alive = [target.alive]
        end(mutate)
        alive.append(target.alive)
        assert alive == [True, False]
        steps: list[Callable[[], object]] = [
            *(lambda: scan.next("unchanged"), lambda: scan.first(now == VALUE), scan.first),
            *(lambda: target.read(planted[0], i32), lambda: target.write(planted[0], i32, 1)),
            *(lambda: scan.write_all(1), lambda: target.freeze(planted[0], i32, 1)),
            *(lambda: target.freeze(planted[0], i32), target.regions, target.modules),
            *(lambda: target.locate(planted[0]), lambda: target.address("[heap]+4")),
        ]
        for step in steps:
            with pytest.raises(TargetGone) as raised:
                step()
            assert (raised.value.pid, raised.value.how) == (mutate.pid, how)
            assert str(mutate.pid) in str(raised.value)
            kept(scan, planted)
        scan.undo()
        kept(scan, planted)


@every_end
@every_reader_and_auto
def test_listing(reader: str, end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    with attach(mutate.pid, memory=reader) as target:
        scan = target.scan(i32, where=window(mutate.greeting))
        scan.first(now == VALUE)
        planted = scan.matches.addresses()
        match = scan[0]
        end(mutate)
        lists: list[Callable[[], object]] = [
            *(lambda: scan[0], lambda: scan[-1], lambda: scan[3:9], lambda: scan[::4]),
            *(lambda: list(scan), lambda: next(iter(scan)), lambda: match.region),
        ]
        for each in lists:
            with pytest.raises(TargetGone) as raised:
                each()
            assert (raised.value.pid, raised.value.how) == (mutate.pid, how)
            kept(scan, planted)
        # what was listed before is still known
        assert (match.address, match.value, match.previous, match.first) == (
            planted[0],
            *[VALUE] * 3,
        )


@every_reader
@every_end
def test_during_a_scan(reader: str, end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    grown = mutate.command("grow 32768")
    where = window(grown)
    with attach(mutate.pid, memory=reader) as target:
        scan = target.scan(i32, align=1, threads=2, where=where)
        scan.first(now == VALUE)
        planted = scan.matches.addresses()
        assert len(planted) == 32768 + PAGES

        def end_once(_: Progress) -> None:
            if target.alive:
                end(mutate)

        with pytest.raises(TargetGone) as raised:
            scan.first(SLOW, progress=end_once)
        assert (raised.value.pid, raised.value.how) == (mutate.pid, how)
        kept(scan, planted)
        assert len(scan.steps) == 1


@every_end
def test_during_a_next_scan(end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    grown = mutate.command("grow 16384")
    where = window(grown)
    with attach(mutate.pid) as target:
        scan = target.scan(i32, align=1, threads=1, where=where, chunk=1 << 16)
        matches = scan.first().matches

        def end_once(_: Progress) -> None:
            if target.alive:
                end(mutate)

        with pytest.raises(TargetGone) as raised:
            scan.next("now * 3 % 1000003 == prev + 77", progress=end_once)
        assert raised.value.how == how
        assert len(scan) == matches
        assert len(scan.steps) == 1
        assert previous(scan, grown.number("addr")) == VALUE


@pytest.mark.parametrize(("end", "how"), [(is_killed, "exited"), (execs, "replaced")])
def test_while_matches_are_walked(end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    where = window(mutate.command("grow 4096"))
    with attach(mutate.pid) as target, target.scan(i32, where=where) as scan:
        planted = scan.first(now == VALUE).matches
        assert planted == 4096 + PAGES
        walk = iter(scan)
        assert next(walk).value == VALUE
        end(mutate)
        walked: list[object] = []
        with pytest.raises(TargetGone) as raised:
            walked.extend(match.value for match in walk)
        assert raised.value.how == how
        assert len(walked) < planted == len(scan)


@every_end
@every_reader_and_auto
def test_while_frozen(reader: str, end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    address = mutate.greeting.number("addr")
    with attach(mutate.pid, memory=reader) as target:
        first = target.freeze(address, i32, 5, interval=0.001)
        second = target.freeze(address + 4096, i32, 6, interval=0.001)
        assert mutate.command()["value"] == "5"
        end(mutate)
        wait_for(lambda: not first.active and not second.active)
        for frozen in (first, second):
            assert isinstance(frozen.error, TargetGone)
            assert frozen.error.how == how
        first.stop()
        second.stop()
        assert target.frozen == ()
    if end is execs:
        # the new program has its own region, and nobody writes there
        assert mutate.command()["value"] == str(VALUE)


@every_end
def test_before_attaching(end: End, how: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    end(mutate)
    if how == "replaced":
        with attach(mutate.pid) as target:
            assert target.alive
    else:
        with pytest.raises(TargetNotFound, match=str(mutate.pid)):
            attach(mutate.pid)


def test_a_fork_in_mid_scan_changes_nothing(spawn: Spawn) -> None:
    mutate = spawn("mutate")
    grown = mutate.command("grow 32768")
    start = grown.number("addr")
    where = window(grown)
    children: list[int] = []

    def fork(_: Progress) -> None:
        if not children:
            children.append(mutate.command("fork").number("child_pid"))

    with attach(mutate.pid) as target, target.scan(i32, align=1, threads=1, where=where) as scan:
        predicate = f"now * 3 % 1000003 == {VALUE * 3 % 1000003}"
        result = scan.first(predicate, progress=fork)
        assert children
        assert result.unreadable == 0
        assert scan.matches.addresses() == [start + 4096 * i for i in range(32768 + PAGES)]
        # the child has the same matches, until one of them is written to
        with attach(children[0]) as child, child.scan(i32, align=1, where=where) as copied:
            copied.first(now == VALUE)
            assert copied.matches.addresses() == scan.matches.addresses()
            child.write(start, i32, 7)
            assert target.read(start, i32) == VALUE
            assert scan.next("unchanged").matches == 32768 + PAGES
            assert copied.next("unchanged").matches == 32768 + PAGES - 1
        mutate.command("reap")


def kept(scan: Scan, planted: list[int]) -> None:
    """The matches are there, and their old values, which need no target."""
    assert len(scan) == len(scan.matches) == len(planted)
    assert scan.matches.addresses() == planted
    for address in (planted[0], planted[-1]):
        assert previous(scan, address) == VALUE


def window(region: Answer) -> str:
    """Where it lies: the program's own variables hold the value as well."""
    start = region.number("addr")
    return f"{start:#x}..{start + region.number('size'):#x}"


def previous(scan: Scan, address: int) -> object:
    step = scan.steps[-1]
    return decode(i32, step.value(address, scan.size, scan.directory))
