"""Few matches in much memory, of types whose values are not plain: they are read value by value.

Each is held to the plain definition, and to reading little more than the matches.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from construct import ExprAdapter, Int8ul, Int16ul, Struct, obj_
from farfetch.scanner import Buffer, Scan, any_, attach, bytes_, number
from farfetch.scanner.engine import isas

SIZE = (1 << 17) + 5  # the last value is cut off
BASE = 0x40_0000
GAP = 512  # bytes that are read rather than skipped
CODES = {
    "i32": "<i",
    "i64": "<q",
    "f32": "<f",
    "f64": "<d",
    "i8": "<b",
    "u8": "<B",
    "i16": "<h",
    "u16": "<H",
    "u32": "<I",
    "u64": "<Q",
}
TYPES = {"number": frozenset(("i32", "i64", "f32", "f64")), "any": frozenset(CODES)}


class Kind(NamedTuple):
    """A type, three values of it, and a predicate for each step with what that means.

    Attributes:
        type: of the scan.
        align: of the scan.
        values: planted; the first for the first scan, the others for the next ones.
        steps: each a predicate, and which types' values it holds for, of those now and before.
    """

    type: Any
    align: int
    values: tuple[bytes, bytes, bytes]
    steps: tuple[tuple[str, Callable[[bytes, bytes, frozenset[str]], frozenset[str]]], ...]
    reach: int
    least: int


def numbers(raw: bytes) -> dict[str, Any]:
    """What some bytes are as each type of a number."""
    return {
        name: struct.unpack(code, raw[: struct.calcsize(code)])[0]
        for name, code in CODES.items()
        if len(raw) >= struct.calcsize(code)
    }


def is_number(wanted: float) -> Callable[[bytes, bytes, frozenset[str]], frozenset[str]]:
    return lambda now, _, left: left & {k for k, v in numbers(now).items() if v == wanted}


def rises(now: bytes, before: bytes, left: frozenset[str]) -> frozenset[str]:
    old = numbers(before)
    return left & {kind for kind, value in numbers(now).items() if value > old[kind]}


def stays(now: bytes, before: bytes, left: frozenset[str]) -> frozenset[str]:
    sizes = {name: struct.calcsize(code) for name, code in CODES.items()}
    return frozenset(
        kind
        for kind in left
        if len(now) >= sizes[kind] and now[: sizes[kind]] == before[: sizes[kind]]
    )


def matches(text: str) -> Callable[[bytes, bytes, frozenset[str]], frozenset[str]]:
    code = re.compile(text.encode())
    return lambda now, _, left: left if code.match(now) else frozenset()


def hidden(test: Callable[[int, int], bool], least: int = 5) -> Any:
    """Of a structure, what construct decodes: the value at 2, xor 0x55."""
    return lambda now, before, left: (
        left
        if len(now) >= least and now[0] == 7 and test(now[2] ^ 0x55, before[2] ^ 0x55)
        else frozenset()
    )


SHAPE = Struct("kind" / Int8ul, "b" / Int8ul, "hp" / ExprAdapter(Int8ul, obj_ ^ 85, obj_ ^ 85),
               "c" / Int16ul)  # fmt: skip
KINDS = {
    "number": Kind(
        *(number, 4, (struct.pack("<i", 77), struct.pack("<f", 77), struct.pack("<i", 78))),
        (("77", is_number(77)), (">", rises), ("78", is_number(78)), ("=", stays)),
        *(8, 4),
    ),
    "any": Kind(
        *(any_, 4, (struct.pack("<h", 77), struct.pack("<d", 77), struct.pack("<i", 78))),
        (("77", is_number(77)), (">", rises), ("78", is_number(78)), ("=", stays)),
        *(8, 1),
    ),
    "regex": Kind(
        *(bytes_, 1, (b"HP1", b"HPx", b"HP22")),
        (
            ('now == regex("HP[0-9]{1,2}")', matches("HP[0-9]{1,2}")),
            ('now == regex("[A-Z]P[12]")', matches("[A-Z]P[12]")),
            ('now == regex("..22?")', matches("..22?")),
            ('now == regex("H")', matches("H")),
        ),
        *(4, 3),
    ),
    "decoded": Kind(
        *(SHAPE, 1, (b"\7\0\x50\1\1", b"\7\0\x51\1\1", b"\7\0\x5f\1\1")),
        (
            ("kind == 7 and hp == 5", hidden(lambda now, _: now == 5)),
            ("kind == 7 and hp >= prev.hp", hidden(lambda now, before: now >= before)),
            ("kind == 7 and hp == 10", hidden(lambda now, _: now == 10)),
            ("kind == 7 and hp == prev.hp", hidden(lambda now, before: now == before)),
        ),
        *(5, 5),
    ),
}


@contextmanager
def scanned(kind: Kind, memory: bytearray, chunk: int, where: str) -> Iterator[Scan]:
    target = attach(Buffer(memory, base=BASE))
    with target.scan(kind.type, align=kind.align, where=where, chunk=chunk, threads=2) as scan:
        yield scan


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("count", [1, 60, 500, 8_000])
@pytest.mark.parametrize("name", KINDS)
def test_a_history_at_every_density(
    name: str, count: int, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARFETCH_ISA", isa)
    kind, rng = KINDS[name], random.Random(count)
    memory = bytearray(SIZE)
    places = {rng.randrange(0, SIZE - 8, 4) for _ in range(count)}
    places |= {SIZE - SIZE % 4 - (kind.align == 4) * 4, SIZE - kind.reach, 4096 * 3 - 2}
    places = {place for place in places if place % kind.align == 0}

    def plant(value: bytes, among: set[int]) -> None:
        for place in among:
            memory[place : place + len(value)] = value[: SIZE - place]

    plant(kind.values[0], places)
    hole = BASE + SIZE // 2  # between two ranges
    where = f"{BASE:#x}..{hole:#x},{hole + 3:#x}..{BASE + SIZE:#x}"
    ends = (hole - BASE, SIZE)
    chunk = rng.choice((1 << 14, 1 << 16, 1 << 20))
    with scanned(kind, memory, chunk, where) as scan:
        before = bytes(memory)
        left: dict[int, frozenset[str]] = {}
        counts = []
        for step, (predicate, holds) in enumerate(kind.steps):
            now = bytes(memory)
            if step == 0:
                left = {
                    at: TYPES.get(name, frozenset("x"))
                    for at in range(0, SIZE - kind.least + 1, kind.align)
                    if at + kind.least <= ends[0] or at >= ends[0] + 3
                }
                result = scan.first(predicate)
            else:
                result = scan.next(predicate)
            cut = {at: min(at + kind.reach, ends[at >= ends[0]]) for at in left}
            left = {
                at: kinds
                for at, had in left.items()
                if (kinds := holds(now[at : cut[at]], before[at : cut[at]], had))
            }
            assert scan.matches.addresses() == [BASE + at for at in left], predicate
            assert result.matches == len(left)
            if name in TYPES:
                types = [set(match.types) for match in scan[:50]]
                assert types == list(map(set, left.values()))[:50]
            counts.append(len(left))
            before = now
            moved = set(rng.sample(sorted(left), len(left) // 2))
            plant(kind.values[step % 2 + 1], moved)
        scan.undo(len(kind.steps) - 1)
        assert len(scan) == counts[0]


@pytest.mark.parametrize("name", KINDS)
def test_little_is_read(name: str) -> None:
    kind, memory = KINDS[name], bytearray(SIZE)
    places = range(0, SIZE - 8, 1 << 15)
    for place in places:
        memory[place : place + len(kind.values[0])] = kind.values[0]
    with scanned(kind, memory, 1 << 16, "all") as scan:
        assert scan.first(kind.steps[0][0]).matches == len(places)
        result = scan.next(kind.steps[0][0])
        assert result.matches == len(places)
        assert result.bytes <= len(places) * (kind.reach + GAP)
        assert result.bytes >= len(places) * kind.least
