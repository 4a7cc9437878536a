"""Pointer maps: what they are of, what they refuse, how they end."""

from __future__ import annotations

import threading
from array import array
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import (
    ArgumentError,
    Budget,
    Buffer,
    PointerMap,
    PointerMapError,
    PointersCancelled,
    PointersClosed,
    Progress,
    Range,
    ScanOrderError,
    TargetClosed,
    WhereError,
    attach,
    i32,
)
from farfetch.scanner.pointers.columns import columns_of

BASE = 0x1000
BASES = Range(BASE, BASE + 16)


def web(size: int = 4096) -> bytearray:
    """Every word leads to the one behind it, but for the last."""
    raw = bytearray(size)
    for at in range(0, size - 8, 8):
        raw[at : at + 8] = (BASE + at + 8).to_bytes(8, "little")
    return raw


def made(memory: bytearray | None = None, **options: object) -> PointerMap:
    target = attach(Buffer(web() if memory is None else memory, base=BASE))
    return target.pointer_map(**options)  # type: ignore[arg-type]


def test_what_a_map_says_of_itself() -> None:
    pointers = made()
    info = pointers.info
    assert (info.pointers, info.bytes, info.unreadable) == (511, 4096, 0)
    assert (info.bits, info.order, info.align, info.where) == (64, "little", 8, "writable")
    assert info.memory == 511 * 24
    assert info.disk == 0
    assert (pointers.bits, pointers.modules, pointers.faults.ranges) == (64, (), ())
    assert repr(pointers) == "<PointerMap of buffer: 511 pointers>"
    assert pointers


def test_a_map_without_pointers_is_none_the_less_one() -> None:
    pointers = made(bytearray(4096))
    assert len(pointers) == 0
    assert pointers
    paths = pointers.scan(BASE, bases=BASES)
    assert (paths.total, list(paths), paths[:5]) == (0, [], [])


def test_what_does_not_fit_in_memory_is_in_files(tmp_path: Path) -> None:
    on_disk = made(budget=Budget(0, 1 << 30), directory=str(tmp_path))
    assert (on_disk.info.memory, on_disk.info.disk) == (0, 511 * 24)
    assert list(tmp_path.iterdir()) == []
    in_memory = made()
    question: dict[str, Any] = {"depth": 6, "max_offset": 32, "min_offset": -8, "bases": BASES}
    assert on_disk.scan(BASE + 160, **question).text() == in_memory.scan(
        BASE + 160, **question
    ).text()  # fmt: skip


def test_many_pointers_are_in_order(tmp_path: Path) -> None:
    count = 1 << 20  # more than are kept in one piece while they are read
    step = 700_001  # odd: every word is pointed to once
    words = array("Q", (BASE + number * step % count * 8 for number in range(count)))
    whole = attach(Buffer(bytearray(words.tobytes()), base=BASE))
    for budget in (None, Budget(16 << 20, 1 << 30), Budget(0, 1 << 30)):
        pointers = whole.pointer_map(budget=budget, directory=str(tmp_path), threads=2)
        pointers.save(tmp_path / "it.ffmap", force=True)
        addresses, values, order = columns_of(pointers.handle)
        assert addresses == array("Q", range(BASE, BASE + count * 8, 8)).tobytes()
        assert values == addresses
        inverse = pow(step, -1, count)
        assert order == array("I", (n * inverse % count for n in range(count))).tobytes()
        with PointerMap.load(tmp_path / "it.ffmap") as loaded:
            assert len(loaded) == count
        for number in range(0, count, 99_991):
            paths = pointers.scan(BASE + number * 8, 1, max_offset=0, bases=Range(BASE, 1 << 40))
            assert [path.base for path in paths] == [f"0x{BASE + number * inverse % count * 8:x}"]


def test_more_than_the_budget_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PointerMapError, match=f"budget of memory, and of disk in {tmp_path}"):
        made(budget=Budget(0, 0), directory=str(tmp_path))
    pointers = made(budget=Budget((8 << 20) + 511 * 24, 0))
    with pytest.raises(PointerMapError, match="allow more"):
        made(budget=Budget(511 * 12, 0))
    assert pointers.scan(BASE + 8, bases=BASES).total > 0


def test_a_directory_that_is_not_there_is_named() -> None:
    with pytest.raises(Exception, match="/nowhere/at/all"):
        made(budget=Budget(0, 1 << 30), directory="/nowhere/at/all")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"align": 3}, "align takes 1, 2, 4 or 8"),
        ({"align": 16}, "align takes 1, 2, 4 or 8"),
        ({"order": "middle"}, "order takes one of little, big"),
        ({"threads": 0}, "threads"),
        ({"chunk": 1}, "chunk"),
        ({"budget": 5}, "budget takes a Budget, or None"),
        ({"progress": 5}, "progress takes a function, or None"),
    ],
)
def test_options_that_are_none(options: dict[str, object], said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        made(**options)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_no_region() -> None:
    with pytest.raises(WhereError, match="no region matches"):
        made(where="heap")


def test_a_map_outlives_its_target() -> None:
    target = attach(Buffer(web(), base=BASE))
    pointers = target.pointer_map()
    target.close()
    assert pointers.scan(BASE + 8, depth=1, bases=BASES).text() == "0x1000 -> 0x0"
    with pytest.raises(TargetClosed):
        target.pointer_map()


def test_a_closed_map_says_so_and_its_paths_go_on() -> None:
    with made() as pointers:
        paths = pointers.scan(BASE + 8, depth=1, bases=BASES)
    pointers.close()
    with pytest.raises(PointersClosed, match="this pointer map was closed"):
        pointers.scan(BASE)
    with pytest.raises(PointersClosed):
        len(pointers)
    with pytest.raises(PointersClosed):
        pointers.save("never")
    assert paths.text() == "0x1000 -> 0x0"
    assert pointers.info.pointers == 511


def test_its_progress_may_stop_it() -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        if progress.matches:  # on a busy machine, nothing may have been looked at before
            seen.append(progress)
            raise KeyError("enough")

    memory = web(64 << 20)
    with pytest.raises(KeyError, match="enough"):
        made(memory, progress=stop, chunk=64, threads=1)
    assert seen[0].total == 64 << 20
    assert 0 < seen[0].matches <= 8 << 20


def test_inside_of_a_step_there_is_none() -> None:
    target = attach(Buffer(bytearray(64 << 20), base=BASE))
    said: list[Exception] = []

    def inside(_: Progress) -> None:
        try:
            target.pointer_map()
        except ScanOrderError as error:
            said.append(error)

    target.scan(i32, chunk=64, threads=1).first("now * 3 % 1000003 == 77", progress=inside)
    assert said


def test_closing_the_target_stops_it() -> None:
    target = attach(Buffer(web(64 << 20), base=BASE))
    begun = threading.Event()
    said: list[Exception] = []

    def make() -> None:
        try:
            target.pointer_map(chunk=64, threads=1, progress=lambda _: begun.set())
        except (TargetClosed, PointersCancelled) as error:
            said.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    assert begun.wait(60)
    target.close()
    thread.join()
    assert [type(error) for error in said] == [TargetClosed]
