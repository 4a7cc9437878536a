"""Pointer scans: what may be asked, in which order paths come, and where they lead now."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    MatchIndexError,
    PointerMap,
    PointerPath,
    PointersCancelled,
    PointersClosed,
    Range,
    Region,
    WhereError,
    attach,
    u64,
)

BASE = 0x10000
PAGE = 0x1000


class Program(Buffer):
    """A program, two copies of a library, and a heap, somewhere."""

    def __init__(self, memory: bytearray, base: int) -> None:
        super().__init__(memory, base=base)
        self.start = base

    def regions(self) -> list[Region]:
        names = ["/opt/game", "/opt/game", "/a/libx.so", "", "/b/libx.so", "", "[heap]", "[heap]"]
        perms = ["r-xp", "rw-p", "rwxp", "rw-p", "rwxp", "rw-p", "rw-p", "rw-p"]
        pages = zip(itertools.count(self.start, PAGE), names, perms, strict=False)
        rows = [
            Region(at, at + PAGE, perm, 0, "08:01" if name[:1] == "/" else "00:00", 0, name, False)
            for at, name, perm in pages
        ]
        return [
            *rows[:6],
            Region(rows[6].start, rows[7].end, "rw-p", 0, "00:00", 0, "[heap]", False),
        ]


def program(base: int, pointers: dict[int, int]) -> Program:
    """Its memory, with pointers at some offsets to others."""
    memory = bytearray(8 * PAGE)
    for at, to in pointers.items():
        memory[at : at + 8] = (base + to).to_bytes(8, "little")
    return Program(memory, base)


GAME, FIRST, BSS, SECOND, HEAP = 0x1000, 0x2000, 0x3000, 0x4000, 0x6000
POINTERS = {
    GAME + 8: HEAP,
    GAME + 16: HEAP + 0x100,
    FIRST + 8: HEAP,
    BSS + 8: HEAP + 0x200,
    SECOND + 8: HEAP,
    HEAP + 0x10: HEAP + 0x300,
    HEAP + 0x108: HEAP + 0x300,
    HEAP + 0x220: HEAP + 0x300,
    HEAP + 0x318: HEAP + 0x300,  # to its own object: loops
}
GOAL = HEAP + 0x320


def made(base: int = BASE, pointers: dict[int, int] | None = None) -> PointerMap:
    return attach(program(base, POINTERS if pointers is None else pointers)).pointer_map()


def texts(paths: Sequence[PointerPath]) -> list[str]:
    return [str(path) for path in paths]


def test_best_first_and_named_by_module() -> None:
    paths = made().scan(BASE + GOAL, depth=3, max_offset=0x40)
    assert paths.by_steps == (0, 5, 5)
    assert texts(list(paths)) == [
        "game+0x1008 -> 0x10 -> 0x20",
        "game+0x1010 -> 0x8 -> 0x20",
        "libx.so[0]+0x8 -> 0x10 -> 0x20",
        "libx.so[1]+0x8 -> 0x10 -> 0x20",
        "libx.so[0]+0x1008 -> 0x20 -> 0x20",
        "game+0x1008 -> 0x10 -> 0x18 -> 0x20",
        "game+0x1010 -> 0x8 -> 0x18 -> 0x20",
        "libx.so[0]+0x8 -> 0x10 -> 0x18 -> 0x20",
        "libx.so[0]+0x1008 -> 0x20 -> 0x18 -> 0x20",
        "libx.so[1]+0x8 -> 0x10 -> 0x18 -> 0x20",
    ]
    assert paths.by_module == {"game": 4, "libx.so[0]": 4, "libx.so[1]": 2}


def test_loops_are_counted_and_left_out() -> None:
    paths = made().scan(BASE + GOAL, depth=5, max_offset=0x40, bases="game")
    assert (paths.total, len(list(paths)), len(list(paths.walks()))) == (8, 4, 8)


def test_every_path_is_found_again_in_another_run() -> None:
    paths = made().scan(BASE + GOAL, depth=4, max_offset=0x40)
    other = attach(program(0x7F0000000000, POINTERS))
    assert paths.total == 15
    for path in paths:
        assert path.resolve(other) == 0x7F0000000000 + GOAL


def test_only_some_bases() -> None:
    pointers = made()
    question: dict[str, Any] = {"depth": 2, "max_offset": 0x40}
    assert pointers.scan(BASE + GOAL, bases="game", **question).total == 2
    assert pointers.scan(BASE + GOAL, bases=["game", "libx.so[1]"], **question).total == 3
    assert pointers.scan(BASE + GOAL, bases="lib*", **question).total == 3
    plain = Range(BASE + HEAP, BASE + HEAP + 0x20)
    paths = pointers.scan(BASE + GOAL, bases=[plain, "game"], **question)
    assert texts(list(paths)) == [
        "0x16010 -> 0x20",
        "game+0x1010 -> 0x8 -> 0x20",
        "0x16010 -> 0x18 -> 0x20",
    ]  # game+0x1008 leads through a base now
    with pytest.raises(ArgumentError, match="near it: game"):
        pointers.scan(BASE, bases="gane")


def test_narrowed_to_a_module() -> None:
    paths = made().scan(BASE + GOAL, depth=3, max_offset=0x40)
    game = paths.of("game")
    assert (game.total, game.by_module) == (4, {"game": 4})
    assert all(path.base.startswith("game+") for path in game)
    assert paths.of("game", "libx.so[1]").total == 6
    assert paths.of().total == 0
    with pytest.raises(ArgumentError, match="near it: game"):
        paths.of("gamme")


def test_where_paths_lead_through() -> None:
    pointers = made()
    question: dict[str, Any] = {"depth": 3, "max_offset": 0x40}
    heap = pointers.scan(BASE + GOAL, within="heap", **question)
    assert heap.total == 10
    assert pointers.scan(BASE + GOAL, not_through="heap", **question).total == 0
    assert pointers.scan(BASE + GOAL, not_through="module:game", **question).total == 6
    with pytest.raises(WhereError, match="no module is called"):
        pointers.scan(BASE + GOAL, within="module:nothing", **question)


def test_ends_with() -> None:
    pointers = made()
    paths = pointers.scan(BASE + GOAL, depth=3, max_offset=0x40, ends_with=(0x18, 0x20))
    assert paths.by_steps == (0, 0, 5)
    assert all(path.offsets[-2:] == (0x18, 0x20) for path in paths)
    assert pointers.scan(BASE + GOAL, depth=3, max_offset=0x40, ends_with=(0x30,)).total == 0
    with pytest.raises(ArgumentError, match="no more offsets than the depth, 1"):
        pointers.scan(BASE, depth=1, ends_with=(1, 2))


def test_slices_are_those_of_the_list() -> None:
    paths = made().scan(BASE + GOAL, depth=4, max_offset=0x40)
    every = list(paths)
    assert (paths[0], paths[3:5], paths[:4:2], paths[2:]) == (
        every[0],
        every[3:5],
        every[:4:2],
        every[2:],
    )
    assert paths[100:] == []
    with pytest.raises(MatchIndexError, match="no path 10: there are 10"):
        paths[10]
    with pytest.raises(ArgumentError, match="no known end"):
        paths[-1]


def test_as_text_and_json() -> None:
    paths = made().scan(BASE + GOAL, depth=2, max_offset=0x40, bases="game")
    assert paths.text() == "game+0x1008 -> 0x10 -> 0x20\ngame+0x1010 -> 0x8 -> 0x20"
    assert [PointerPath.parse(line) for line in paths.text().splitlines()] == list(paths)
    assert paths.text(1) == str(paths[0])
    assert json.loads(paths.json(1)) == {
        "address": hex(BASE + GOAL),
        "depth": 2,
        "total": 2,
        "exact": True,
        "changed": [],
        "paths": [{"base": "game+0x1008", "offsets": [16, 32]}],
    }


def test_comparing_leaves_what_holds_in_both() -> None:
    moved = dict(POINTERS)
    del moved[GAME + 8], moved[SECOND + 8]
    moved[HEAP + 0x110] = moved.pop(HEAP + 0x108)
    elsewhere = 0x7F0000000000
    other = made(elsewhere, moved)
    question: dict[str, Any] = {"depth": 2, "max_offset": 0x40}
    paths = made().scan(BASE + GOAL, compare=[(other, elsewhere + GOAL)], **question)
    assert texts(list(paths)) == [
        "libx.so[0]+0x8 -> 0x10 -> 0x20",
        "libx.so[0]+0x1008 -> 0x20 -> 0x20",
    ]
    assert (paths.total, paths.by_module) == (2, {"libx.so[0]": 2})
    assert not made().scan(BASE + GOAL, compare=[(other, elsewhere)], **question)


def test_maps_of_another_kind_are_not_compared() -> None:
    other = attach(program(BASE, POINTERS), bits=32).pointer_map()
    with pytest.raises(ArgumentError, match="same width and order"):
        made().scan(BASE, compare=[(other, BASE)])
    with pytest.raises(ArgumentError, match="pairs of a pointer map and an address"):
        made().scan(BASE, compare=[5])  # type: ignore[list-item]


def test_checking_in_a_target() -> None:
    paths = made().scan(BASE + GOAL, depth=2, max_offset=0x40)
    elsewhere = 0x7F0000000000
    changed = dict(POINTERS)
    del changed[GAME + 8]
    changed[FIRST + 8] = HEAP + 8
    target = attach(program(elsewhere, changed))
    target.write(elsewhere + GOAL, u64, 77)
    good = [str(one.path) for one in paths.check(target, elsewhere + GOAL)]
    assert good == [
        "game+0x1010 -> 0x8 -> 0x20",
        "libx.so[1]+0x8 -> 0x10 -> 0x20",
        "libx.so[0]+0x1008 -> 0x20 -> 0x20",
    ]
    assert [str(one.path) for one in paths.check(target, type=u64, value=77)] == good
    anywhere = list(paths.check(target, type=u64))
    assert {one.address: one.value for one in anywhere}[elsewhere + GOAL] == 77
    assert [str(one.path) for one in anywhere if one.address is None] == []
    assert len(anywhere) == 4  # game+0x1008 holds 0, where nothing is
    with pytest.raises(ArgumentError, match="given together with its type"):
        paths.check(target, value=5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("depth", 0),
        ("depth", 65),
        ("max_offset", 1 << 63),
        ("min_offset", 5000),
        ("bases", 5),
        ("bases", [5]),
        ("bases", Range(5, 5)),
        ("within", 5),
        ("not_through", 5),
        ("ends_with", 5),
        ("ends_with", "x"),
        ("through_bases", 1),
        ("compare", 5),
        ("threads", 0),
        ("progress", 5),
    ],
)
def test_what_cannot_be_asked(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=name):
        made().scan(BASE, **{name: value})  # type: ignore[arg-type]


def crowd() -> PointerMap:
    """A map with very many paths: each of 4,096 pointers leads near all of them."""
    memory = bytearray(BASE.to_bytes(8, "little") * 4096)
    return attach(Buffer(memory, base=BASE)).pointer_map()


CROWDED: dict[str, Any] = {
    "depth": 12,
    "max_offset": 1 << 16,
    "bases": Range(BASE, BASE + 64),
    "through_bases": True,
}


def test_a_cancel_keeps_what_was_listed() -> None:
    paths = crowd().scan(BASE + 8, **CROWDED)
    assert paths.total > 1 << 64
    first = paths[:100]
    walk = iter(paths)
    taken = [next(walk) for _ in range(10)]
    paths.cancel()
    with pytest.raises(PointersCancelled, match="the paths listed so far are kept"):
        taken.extend(walk)
    assert len(taken) >= 10
    assert paths[:100] == first
    assert paths[:200][:100] == first


def test_a_scan_may_be_cancelled() -> None:
    pointers = crowd()
    heard = threading.Event()
    said: list[Exception] = []

    def stop(_done: int, _total: int) -> None:
        heard.set()
        pointers.cancel()

    try:
        pointers.scan(BASE + 8, progress=stop, compare=[(crowd(), BASE + 8)], **CROWDED)
    except PointersCancelled as error:
        said.append(error)
    assert bool(said) is heard.is_set()
    assert pointers.scan(BASE + 8, depth=1, bases=Range(BASE, BASE + 64)).total == 8


def test_closed_paths_say_so() -> None:
    with made().scan(BASE + GOAL, max_offset=0x40) as paths:
        walk = iter(paths)
        first = next(walk)
    paths.close()
    assert str(first) == "game+0x1008 -> 0x10 -> 0x20"
    uses: list[Callable[[], object]] = [
        lambda: next(walk),
        lambda: paths.total,
        lambda: paths[0],
        lambda: list(paths),
        paths.text,
    ]
    for use in uses:
        with pytest.raises(PointersClosed, match="scan the pointer map again"):
            use()
