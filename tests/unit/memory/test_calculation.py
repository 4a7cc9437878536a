"""Places that are calculated: read, written, resolved and followed."""

from __future__ import annotations

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    Calculation,
    ExpressionError,
    FarfetchError,
    PointerError,
    Target,
    attach,
    i32,
    parse_path,
    u32,
)
from hypothesis import given
from hypothesis import strategies as st

BASE = 0x1000


@pytest.fixture
def target() -> Target:
    """``p`` at 0x1010 points to 0x1040, ``q`` at 0x1020 is 3 and has rubbish above it."""
    memory = bytearray(256)
    memory[0x10:0x18] = (BASE + 0x40).to_bytes(8, "little")
    memory[0x20:0x28] = (0xDEAD_0000_0003).to_bytes(8, "little")
    made = attach(Buffer(memory, base=BASE))
    made.symbols.register("p", BASE + 0x10)
    made.symbols.register("q-1", BASE + 0x20)
    made.symbols.register("size", 8)
    return made


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('=[p]+(dword)["q-1"]*size', 0x1058),
        ('=[p]+(byte)["q-1"]*4+2*3', 0x1052),
        ("=p", 0x1010),
        ("=P", 0x1010),  # letter case does not count where it need not
        ("=[[p]-0x30]", 0x1040),
        ("=[p]-[p]+16", 16),
        ("=(p+size)*2", 0x2030),
        ("=-p+0x2000", 0xFF0),
        ("=0-1", (1 << 64) - 1),
        ("=(char)0xff+0x1001", 0x1000),
        ("=(short)0x8000", (1 << 64) - 0x8000),
        (" =  10 ", 10),
    ],
)
def test_its_address(target: Target, text: str, address: int) -> None:
    place = parse_path(text)
    assert isinstance(place, Calculation)
    assert place.resolve(target) == address
    assert Calculation.parse(str(place)) == place == parse_path(str(place))


def test_in_32_bits_it_is_cut_to_them() -> None:
    memory = bytearray((BASE + 4).to_bytes(4, "little") + b"\xff" * 12)
    target = attach(Buffer(memory, base=BASE), bits=32)
    assert Calculation.parse("=[0x1000]").resolve(target) == BASE + 4
    assert Calculation.parse("=[0x1004]+0x1001").resolve(target) == BASE
    assert Calculation.parse("=[[0x1004]+0x1001]").resolve(target) == BASE + 4


def test_what_it_read_is_said(target: Target) -> None:
    steps = Calculation.parse('=[[p]-0x30]+(dword)["q-1"]').follow(target)
    assert [(step.address, step.result) for step in steps] == [
        (0x1010, 0x1040),
        (0x1010, 0x1040),
        (0x1020, 0xDEAD_0000_0003),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("=", "a number or a name is missing"),
        ("=[p]+'longer than eight'", "a text that is a number has one to eight bytes"),
        ("=[p", "the bracket is not closed"),
        ("=p]", "is not expected here"),
        ('=""', "a name in it is empty"),
        ("=p->8", "has no ->, but"),
        ("=p+ -> 8", "is not expected here"),
        ("=" + "[" * 40 + "p" + "]" * 40, "nested more than 32 deep"),
        ("=" + "(dword)" * 40 + "p", "nested more than 32 deep"),
        ("=" + "+1" * 300, "more than 256 terms"),
    ],
)
def test_what_is_none_is_refused(text: str, reason: str) -> None:
    with pytest.raises(PointerError, match=reason):
        parse_path(text)


def test_what_cannot_be_resolved_says_why(target: Target) -> None:
    with pytest.raises(PointerError, match="the pointer at 0x99990 cannot be read"):
        Calculation.parse("=[0x99990]*2").resolve(target)
    with pytest.raises(PointerError, match="the pointer at 0xfffffffffffffffc cannot be read"):
        Calculation.parse("=[0-4]").resolve(target)
    with pytest.raises(ExpressionError, match="nowhere"):
        Calculation.parse("=[p]+nowhere").resolve(target)
    with pytest.raises(PointerError, match="begins with ="):
        Calculation.parse("[p]")
    with pytest.raises(ArgumentError):
        Calculation(5).resolve(target)  # type: ignore[arg-type]


def test_behind_its_end(target: Target) -> None:
    place = Calculation.parse("=[p]*2").plus(8)
    assert place.resolve(target) == 0x2088


def test_a_value_there_is_held_while_it_moves(target: Target) -> None:
    """The index says which of several values it is, each time anew."""
    path = Calculation.parse('=[p]+(dword)["q-1"]*4')
    held = target.freeze(path, i32, 77, interval=0.01)
    assert target.read(BASE + 0x4C, i32) == 77
    assert held.address == BASE + 0x4C
    assert target.frozen[0].path == path
    target.write(BASE + 0x20, u32, 5)
    assert target.wait_for(BASE + 0x54, i32, "now == 77", timeout=60) == 77
    assert target.wait_for(path, i32, "now == 77", timeout=60) == 77
    held.stop()


_PLAIN = st.integers(0, 1 << 63).map(str) | st.sampled_from(("p", '"a b.exe"', "0x1f", "size"))


@given(
    st.recursive(
        _PLAIN,
        lambda inner: st.one_of(
            inner.map(lambda text: f"[{text}]"),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"(dword){text}" if text[:1] in "[(" else text),
            st.tuples(inner, st.sampled_from("+-*"), inner).map("".join),
        ),
        max_leaves=8,
    )
)
def test_written_and_read_again_it_is_the_same(text: str) -> None:
    target = attach(Buffer(bytearray(range(64)), base=BASE))
    target.symbols.register("p", BASE)
    place = Calculation.parse(f"={text}")
    assert Calculation.parse(str(place)) == place

    def resolved(one: Calculation) -> object:
        try:
            return one.resolve(target)
        except FarfetchError as error:
            return type(error)

    assert resolved(Calculation.parse(str(place))) == resolved(Calculation(text))
