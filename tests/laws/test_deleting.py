"""Deleting matches: what is left is what was there without them, with the same old values."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from farfetch.scanner import (
    ArgumentError,
    Budget,
    BudgetError,
    Buffer,
    MatchIndexError,
    ScanOrderError,
    WhereError,
    attach,
    isas,
)
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x7_0000


def contents(size: int, seed: int) -> bytearray:
    rng = random.Random(seed)
    return bytearray(rng.choice((0, 0, 1, 7, 200)) for _ in range(size))


@pytest.mark.parametrize("isa", isas())
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_what_is_left(isa: str, draw: st.DataObject) -> None:
    """Against lists of addresses: by index, slice and region, in small chunks, of every type."""
    size = draw.draw(st.integers(40, 3000))
    kind = draw.draw(st.sampled_from(("u8", "i16", "i32", "number", "any")))
    chunk = draw.draw(st.sampled_from((64, 1000, 1 << 20)))
    memory = contents(size, draw.draw(st.integers(0, 99)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARFETCH_ISA", isa)
        scan = attach(Buffer(memory, base=BASE)).scan(kind, where="all", chunk=chunk, threads=2)
    scan.first(draw.draw(st.sampled_from(("?", "now < 5", "now == 0", "now != 1"))))
    memory[:] = contents(size, draw.draw(st.integers(0, 99)))
    for _ in range(draw.draw(st.integers(1, 3))):
        before = [(match.address, match.types, match.previous, match.first) for match in scan]
        total = len(before)
        ends = st.none() | st.integers(-total - 2, total + 2)
        way = draw.draw(st.sampled_from(("indexes", "slice", "region", "one", "range")))
        if not total and way in ("one", "range"):
            way = "slice"
        gone: set[int] = set()
        if way == "indexes":
            which = draw.draw(st.lists(st.integers(0, total - 1), max_size=9)) if total else []
            scan.delete(index - total if index % 2 else index for index in which)
            gone = {before[index][0] for index in which}
        elif way == "slice":
            part = slice(
                draw.draw(ends), draw.draw(ends), draw.draw(st.sampled_from((None, 2, -1)))
            )
            scan.delete(part)
            gone = {match[0] for match in before[part]}
        elif way == "one":
            index = draw.draw(st.integers(-total, total - 1))
            scan.delete(index)
            gone = {before[index][0]}
        elif way == "range":
            first = draw.draw(st.integers(0, total - 1))
            stop = draw.draw(st.integers(first + 1, total))
            scan.delete(range(first, stop))
            gone = {match[0] for match in before[first:stop]}
        else:
            start = draw.draw(st.integers(0, size - 1))
            end = draw.draw(st.integers(start + 1, size + 50))
            scan.delete(where=f"{BASE + start:#x}..{BASE + end:#x}")
            gone = {match[0] for match in before if BASE + start <= match[0] < BASE + end}
        left = [(match.address, match.types, match.previous, match.first) for match in scan]
        assert left == [match for match in before if match[0] not in gone]
        assert len(scan) == len(left)
        scan.undo()
        again = [(match.address, match.types, match.previous, match.first) for match in scan]
        assert again == before
        scan.redo()
    old = {match.address: (match.types, match.previous) for match in scan}
    result = scan.next("unchanged")
    assert result.matches == len(scan)
    now = {match.address: match for match in scan}
    assert set(now) <= set(old)
    if kind not in ("number", "any"):
        assert set(now) == {
            match for match in old if scan_value(memory, match, kind) == old[match][1]
        }
    scan.close()


def scan_value(memory: bytearray, address: int, kind: str) -> Any:
    code = {"u8": "<B", "i16": "<h", "i32": "<i"}[kind]
    return struct.unpack_from(code, memory, address - BASE)[0]


def test_prev_is_that_of_the_last_scan() -> None:
    memory = bytearray([10, 20, 30, 40])
    with attach(Buffer(memory, base=BASE)) as target, target.scan("u8") as scan:
        scan.first("now > 0")
        memory[:] = bytes([5, 15, 25, 35])
        scan.delete(0)
        assert [match.previous for match in scan] == [20, 30, 40]
        assert scan.next("- 5").matches == 3
        assert scan.next("now == first - 5").matches == 3
        assert [step.text for step in scan.steps] == (
            ["now > 0", "delete 0", "now == prev - 5", "now == first - 5"]
        )


def test_a_snapshot_and_branches_go_on() -> None:
    memory = bytearray(range(1, 9))
    with attach(Buffer(memory, base=BASE)) as target, target.scan("u8") as scan:
        scan.first("now > 0")
        scan.snapshot("tea")
        scan.delete(slice(0, 4))
        assert scan.next("now == @tea").matches == 4
        scan.undo(2)
        scan.delete([6, 7])
        assert scan.forget() == 2
        assert scan.next("now == @tea").matches == 6
        assert scan.history.path[1].deleted == "6..7"


def test_nothing_is_kept_twice() -> None:
    memory = contents(1 << 16, 1)
    with attach(Buffer(memory, base=BASE)) as target, target.scan("u8") as scan:
        scan.first("now < 100")
        disk, one = scan.disk, scan.memory
        for _ in range(5):
            scan.delete(slice(0, 10))
        assert scan.disk == disk
        assert scan.memory < 6 * one + (1 << 20)


def test_what_cannot_be_deleted() -> None:
    with attach(Buffer(bytearray(8), base=BASE)) as target, target.scan("u8") as scan:
        with pytest.raises(ScanOrderError, match="begin with a first scan"):
            scan.delete(0)
        scan.first("now == 0")
        for which in (8, -9, [0, 8]):
            with pytest.raises(MatchIndexError):
                scan.delete(which)
        for wrong in ("0", 1.5, [None], slice(0, 3, 0), slice("a")):
            with pytest.raises(ArgumentError):
                scan.delete(wrong)  # type: ignore[arg-type]
        with pytest.raises(WhereError):
            scan.delete(where="module:nothing")
        assert (len(scan), len(scan.steps)) == (8, 1)
        assert scan.delete(slice(None)).matches == 0
        assert scan.delete().matches == 0


def test_a_budget_holds() -> None:
    memory = contents(1 << 16, 1)
    target = attach(Buffer(memory, base=BASE))
    with target.scan("u8", budget=Budget(memory=1 << 16)) as scan:
        scan.first("now < 100")
        steps = 0
        with pytest.raises(BudgetError):  # noqa: PT012
            while steps < 100:
                scan.delete(slice(0, 2))
                steps += 1
        assert 0 < steps < 100
        assert len(scan.steps) == steps + 1
        assert len(scan) == len(scan.matches.addresses())
