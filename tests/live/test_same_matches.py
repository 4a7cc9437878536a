"""The same memory gives the same matches, whatever reads, cuts and compares it."""

from __future__ import annotations

import itertools
import os
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from farfetch.scanner import Scan, attach, f64, i32, isas, now, prev, text, u8, u16, utf16

from support.readers import READERS
from support.targets import Spawn, TargetProcess

THREADS = (1, 2, 3)
CHUNKS = (4096, 65536 + 4096 + 12, None)


class Case(NamedTuple):
    """Two scans of one type, and what each means, said in Python."""

    type: Any
    code: str
    align: int | None
    first: Any
    holds_first: Callable[[Any], bool]
    next: Any
    holds_next: Callable[[Any, Any], bool]


NEEDLE = 0x1D7B3359
CASES = [
    Case(i32, "i", None, now == 1000, lambda v: v == 1000, "unchanged", lambda v, p: v == p),
    Case(i32, "i", 1, now == 1000, lambda v: v == 1000, "unchanged", lambda v, p: v == p),
    Case(
        *(i32, "i", 1, f"now in 100..200 or now == {NEEDLE}"),
        *(lambda v: 100 <= v <= 200 or v == NEEDLE, now != prev, lambda v, p: v != p),
    ),
    Case(i32, "i", None, None, lambda _: True, "changed", lambda v, p: v != p),
    Case(i32, "i", 1, None, lambda _: True, "changed", lambda v, p: v != p),
    Case(
        *(i32, "i", None, "now % 97 == 5 and now > 0", lambda v: v > 0 and v % 97 == 5),
        *("now == prev + 1 or now == prev - 1", lambda v, p: abs(v - p) == 1),
    ),
    Case(
        *(u16, "H", 1, "now == 777", lambda v: v == 777),
        *("now == first", lambda v, p: v == p),
    ),
    Case(f64, "d", 4, "now > 1e300", lambda v: v > 1e300, "unchanged", lambda v, p: v == p),
    Case(
        u8, "B", None, "now & 127 == 50", lambda v: v & 127 == 50, "increased", lambda v, p: v > p
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.type.name}-{case.align}")
def test_every_way_finds_what_is_there(
    case: Case, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = spawn("big", "2", "5")
    start, end = big.greeting.number("start"), big.greeting.number("end")
    # a window that begins and ends within a page, so that chunks and vectors are cut short;
    # a smaller one where every address matches
    start += 4096 + 12
    end = start + (160_000 if case.first is None else 1_600_000) + 4
    size = struct.calcsize(case.code)
    with every_way(big, case.type, case.align, f"{start:#x}..{end:#x}", monkeypatch) as ways:
        old = read(big.pid, start, end)
        offsets = range(0, len(old) - size + 1, case.align or size)
        values = {at: struct.unpack_from(case.code, old, at)[0] for at in offsets}
        first = [at for at in offsets if case.holds_first(values[at])]
        for way in ways:
            assert way.first(case.first).matches == len(first)
            assert way.matches.addresses() == [start + at for at in first]

        for _ in range(32):
            big.command("dirty 90")
        new = read(big.pid, start, end)
        became = {at: struct.unpack_from(case.code, new, at)[0] for at in first}
        left = [at for at in first if case.holds_next(became[at], values[at])]
        assert 0 < len(left) < len(first)
        shown = left[:: len(left) // 40 + 1]
        for way in ways:
            assert way.next(case.next).matches == len(left)
            assert way.matches.addresses() == [start + at for at in left]
            found = way[:: len(left) // 40 + 1]
            assert [one.address for one in found] == [start + at for at in shown]
            assert [one.value for one in found] == [became[at] for at in shown]
            assert [one.previous for one in found] == [became[at] for at in shown]
            assert [one.first for one in found] == [values[at] for at in shown]


GAME: list[tuple[Any, int | None, Any, str, Any]] = [
    (i32, None, now == 100, "hit 7", now == prev - 7),
    (i32, 1, now == 100, "hit 7", "changed"),
    (i32, None, "now != 0", "hit 7", "decreased"),
    ("f32", 1, "now in 79.5..80.5", "move 1 2", "decreased"),
    (text, 1, now == "Brünhilde", "rename Kriemhild", now == "Kriemhild"),
    (utf16, None, now == "Brünhilde", "rename Brunhilde", now == "Brunhilde"),
    ("i64", 3, "now > 0", "earn 5", "now >= prev"),
]


@pytest.mark.parametrize(("type_", "align", "first", "play", "after"), GAME)
def test_every_way_agrees_on_a_stopped_game(
    type_: Any,
    align: int | None,
    first: Any,
    play: str,
    after: Any,
    spawn: Spawn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = spawn("game")
    with every_way(game, type_, align, "writable", monkeypatch) as ways:
        with stopped(game):
            firsts = [seen(way, way.first(first).matches) for way in ways]
        assert firsts[0]
        assert all(matches == firsts[0] for matches in firsts)
        game.command(play)
        with stopped(game):
            nexts = [seen(way, way.next(after).matches) for way in ways]
        assert all(matches == nexts[0] for matches in nexts)
        assert set(nexts[0]) <= set(firsts[0])


@contextmanager
def every_way(
    target: TargetProcess,
    type_: Any,
    align: int | None,
    where: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[list[Scan]]:
    """Scans that differ in nothing but how they go about it."""
    with ExitStack() as open_:
        ways = []
        for isa, reader in itertools.product(isas(), READERS):
            monkeypatch.setenv("FARFETCH_ISA", isa)
            attached = open_.enter_context(attach(target.pid, memory=reader))
            for threads, chunk in itertools.product(THREADS, CHUNKS):
                scan = attached.scan(type_, align=align, where=where, threads=threads, chunk=chunk)
                ways.append(open_.enter_context(scan))
        yield ways


@contextmanager
def stopped(target: TargetProcess) -> Iterator[None]:
    """No thread of the target runs inside."""
    os.kill(target.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, target.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        yield
    finally:
        os.kill(target.pid, signal.SIGCONT)


def read(pid: int, start: int, end: int) -> bytes:
    """The bytes, by none of farfetch's ways."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(start)
        raw = memory.read(end - start)
    assert len(raw) == end - start
    return raw


def seen(scan: Scan, count: int) -> list[int]:
    """Addresses of the matches; of the first matches the values too, all the same to each way."""
    addresses = scan.matches.addresses()
    assert len(addresses) == len(scan) == count
    assert all(match.value == match.previous for match in scan[:20])
    return addresses
