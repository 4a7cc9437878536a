"""Pointer paths, over plain memory."""

from __future__ import annotations

import pytest
from farfetch.scanner import ArgumentError, Buffer, PointerError, PointerPath, attach
from hypothesis import given
from hypothesis import strategies as st

BASE = 0x1000


@given(st.lists(st.integers(-(1 << 62), 1 << 62), max_size=64))
def test_paths_read_back(offsets: list[int]) -> None:
    path = PointerPath("game+0x10", tuple(offsets))
    assert PointerPath.parse(str(path)) == path


def test_pointers_are_followed_one_by_one() -> None:
    memory = bytearray(0x100)
    memory[0x10:0x18] = (BASE + 0x20).to_bytes(8, "little")
    memory[0x28:0x30] = (BASE + 0x80).to_bytes(8, "little")
    target = attach(Buffer(memory, base=BASE))
    path = PointerPath.parse(f"{BASE + 0x10:#x} -> 8 -> -0x10")
    assert path.resolve(target) == BASE + 0x70
    assert [tuple(step) for step in path.follow(target)] == [
        (BASE + 0x10, BASE + 0x20, 8, BASE + 0x28),
        (BASE + 0x28, BASE + 0x80, -0x10, BASE + 0x70),
    ]
    assert PointerPath.parse("0x1010").resolve(target) == 0x1010


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0x1000 -> 0 -> 0", "pointer 2, at 0x0, cannot be read"),
        ("0x1000 -> -1 -> 0", "pointer 2, at 0xffffffffffffffff, cannot be read"),
        ("0x9000 -> 0", "pointer 1, at 0x9000, cannot be read"),
    ],
)
def test_pointers_that_lead_nowhere(text: str, said: str) -> None:
    target = attach(Buffer(bytearray(16), base=BASE))
    with pytest.raises(PointerError, match=said):
        PointerPath.parse(text).resolve(target)


@pytest.mark.parametrize("text", ["", "->", " -> 8", "game ->", "game -> x", "game -> 8 8"])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(PointerError):
        PointerPath.parse(text)


def test_pointers_of_either_order() -> None:
    target = attach(Buffer(bytearray(64), base=0x1000), bits=32)
    target.write_bytes(0x1000, (0x1020).to_bytes(4, "big") + (0x1020).to_bytes(4, "little"))
    path = PointerPath.parse("0x1000 -> 8")
    assert path.resolve(target, order="big") == 0x1028
    assert [step.pointer for step in path.follow(target, 0x1004)] == [0x1020]
    with pytest.raises(PointerError):
        PointerPath.parse("0x1004 -> 8 -> 8").resolve(target, order="big")
    with pytest.raises(ArgumentError, match="order takes one of little, big, not 'middle'"):
        path.follow(target, order="middle")  # type: ignore[arg-type]
