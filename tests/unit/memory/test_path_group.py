"""Groups of pointer paths: they lead somewhere while those agree that lead anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    PathGroup,
    PointerError,
    PointerPath,
    Target,
    attach,
    i32,
    parse_path,
    pointer,
)

BASE = 0x1000
BOTH = PathGroup.parse(f"0x{BASE:x} -> 8 | 0x{BASE + 8:x} -> 4")


@pytest.fixture
def target() -> Target:
    """Two pointers to one value, which is 77."""
    target = attach(Buffer(bytearray(256), base=BASE))
    target.write(BASE, pointer, BASE + 0x40)
    target.write(BASE + 8, pointer, BASE + 0x44)
    target.write(BASE + 0x48, i32, 77)
    return target


def test_it_leads_where_all_of_them_do(target: Target) -> None:
    assert BOTH.each(target) == (BASE + 0x48,) * 2
    assert BOTH.resolve(target) == BASE + 0x48
    assert BOTH.plus(4).resolve(target) == BASE + 0x4C
    assert [step.result for step in BOTH.follow(target)] == [BASE + 0x48]


def test_one_that_leads_nowhere_does_not_count(target: Target) -> None:
    target.write(BASE + 8, pointer, BASE + 0x44)
    three = PathGroup((PointerPath("nowhere+0x10", (8,)), PointerPath("0x9000", (0,)), *BOTH.paths))
    assert three.each(target) == (None, None, BASE + 0x48, BASE + 0x48)
    assert three.resolve(target) == BASE + 0x48
    assert [step.address for step in three.follow(target)] == [BASE]


def test_it_says_who_disagrees(target: Target) -> None:
    target.write(BASE + 8, pointer, BASE)
    with pytest.raises(PointerError, match=r"do not agree: 0x1000 -> 0x8 leads to 0x1048, 0x1008"):
        BOTH.resolve(target)
    with pytest.raises(PointerError, match="none of its paths leads anywhere"):
        PathGroup.parse("nowhere -> 8 | 0x9000 -> 8").resolve(target)


def test_what_is_frozen_is_held_while_they_agree(target: Target) -> None:
    with target.freeze(BASE + 0x48, i32):
        pass
    with target.freeze(BOTH, i32, interval=60) as held:
        assert (held.value, held.path, held.address) == (77, BOTH, BASE + 0x48)
        target.write(held.address, i32, 5)
        assert held.value == 5
        target.write(BASE + 8, pointer, BASE)
        with pytest.raises(PointerError, match="do not agree"):
            held._look()
        target.write(BASE + 8, pointer, BASE + 0x64)
        target.write(BASE, pointer, BASE + 0x60)
        held._look()
        assert (held.address, target.read(BASE + 0x68, i32)) == (BASE + 0x68, 5)


@pytest.mark.parametrize("text", ["game -> 8 | libgame.so -> -0x10 -> 4", "0x10 | 0x20 | 0x30"])
def test_text_and_back(text: str) -> None:
    group = PathGroup.parse(text)
    assert PathGroup.parse(str(group)) == group == parse_path(text)


def test_a_bar_in_quotes_is_part_of_a_name() -> None:
    assert parse_path('"a|b.exe"+0x10 -> 8') == PointerPath('"a|b.exe"+0x10', (8,))
    assert len(PathGroup.parse('"a|b.exe"+0x10 -> 8 | "a|b.exe"+0x18').paths) == 2


@pytest.mark.parametrize(
    "text",
    ["", "0x10", "0x10 |", "| 0x10", "0x10 || 0x20", "0x10 | 0x20 -> x", "|".join(["0"] * 65)],
)
def test_what_is_no_group(text: str) -> None:
    with pytest.raises(PointerError):
        PathGroup.parse(text)


@pytest.mark.parametrize(
    "paths", [(), (PointerPath("0x10"),), None, [PointerPath("0x10")] * 2, (1, 2)]
)
def test_rubbish_is_refused(target: Target, paths: Any) -> None:
    with pytest.raises(ArgumentError):
        PathGroup(paths).resolve(target)
