"""Steps by an amount: of floats as it is shown, rounded to its digits; of integers exactly."""

from __future__ import annotations

import struct
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from farfetch.scanner import (
    Buffer,
    ExpressionError,
    any_,
    attach,
    f32,
    f32be,
    f64,
    i16,
    i32,
    isas,
    layout_of,
    number,
    parse_scan,
    u64,
)
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x5000
AMOUNTS = ("0.1", "0.10", "1", "7", "2.5", "1e1", "0.001", "1_0", "0x10", "-0.5")


def rounds_to(difference: float, amount: str) -> bool:
    """Whether a difference becomes the amount when it is rounded to as many digits."""
    plain = str(int(amount, 16)) if "x" in amount else amount.replace("_", "")
    last_digit = Decimal(1).scaleb(int(Decimal(plain).as_tuple().exponent))
    rounded = Decimal(difference).quantize(last_digit, ROUND_HALF_UP)
    return rounded == Decimal(plain)


@pytest.mark.parametrize("kind", [f32, f64, f32be], ids=lambda kind: kind.name)
@pytest.mark.parametrize("isa", isas())
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_floats_step_by_what_is_shown(isa: str, kind: Any, draw: st.DataObject) -> None:
    layout = layout_of(kind)
    amount, sign = draw.draw(st.sampled_from(AMOUNTS)), draw.draw(st.sampled_from("+-"))
    wanted = float(int(amount, 16) if "x" in amount else amount.replace("_", ""))
    unit = Decimal(1) if "x" in amount else Decimal(1).scaleb(
        int(Decimal(amount.replace("_", "")).as_tuple().exponent)
    )  # fmt: skip
    bases = st.floats(-1e4, 1e4, width=32)
    nudges = st.sampled_from((0, 0.25, 0.49, 0.5, 0.51, -0.49, -0.5, -0.51, 1))
    pairs = draw.draw(st.lists(st.tuples(bases, nudges), min_size=1, max_size=80))
    before = [base for base, _ in pairs]
    change = 1 if sign == "+" else -1
    after = [base + change * (wanted + nudge * float(unit)) for base, nudge in pairs]
    size = layout.size or 0
    memory = bytearray(b"".join(map(layout.pack, before)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARFETCH_ISA", isa)
        scan = attach(Buffer(memory, base=BASE)).scan(kind)
    scan.first("?")
    memory[:] = b"".join(map(layout.pack, after))
    scan.next(f"{sign} {amount}")
    expected = []
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        was, is_now = (float(layout.unpack(layout.pack(value))) for value in (old, new))
        difference = layout.convert(is_now - was if sign == "+" else was - is_now)
        if rounds_to(difference, amount):
            expected.append(BASE + at * size)
    assert scan.matches.addresses() == expected
    scan.close()


@pytest.mark.parametrize("kind", [f32, f64, number, any_], ids=lambda kind: kind.name)
def test_all_of_a_thousand_steps_are_found(kind: Any) -> None:
    """Of those by 0.1, exactly so many as their binary fractions allow would be."""
    code = "d" if kind is f64 else "f"
    memory = bytearray(b"".join(struct.pack(code, tenth / 10) for tenth in range(1000)))
    with attach(Buffer(memory, base=BASE)) as target, target.scan(kind) as scan:
        scan.first("?")
        memory[:] = b"".join(struct.pack(code, (tenth + 1) / 10) for tenth in range(1000))
        scan.next("+ 0.1")
        name = "f64" if kind is f64 else "f32"
        assert sum(name in match.types for match in scan) == 1000
        scan.undo()
        assert 0 < scan.next("now == prev + 0.1").matches < 1000
        scan.undo()
        assert scan.next("+ 0.2").matches < 100


@settings(max_examples=60, deadline=None)
@given(draw=st.data())
@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("kind", [i32, i16, u64, number], ids=lambda kind: kind.name)
def test_integers_step_exactly(kind: Any, isa: str, draw: st.DataObject) -> None:
    code, bits = {"i32": ("<i", 32), "i16": ("<h", 16), "u64": ("<Q", 64)}.get(
        kind.name, ("<i", 32)
    )
    low, high = (0, 2**bits - 1) if code == "<Q" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    values = st.one_of(st.integers(-3, 12).map(lambda v: max(v, low)), st.integers(low, high))
    pairs = draw.draw(st.lists(st.tuples(values, values), min_size=2, max_size=60))
    sign, amount = draw.draw(st.sampled_from("+-")), draw.draw(st.integers(0, 5))
    more = draw.draw(st.none() | st.integers(amount, 12))
    memory = bytearray(b"".join(struct.pack(code, old) for old, _ in pairs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARFETCH_ISA", isa)
        scan = attach(Buffer(memory, base=BASE)).scan(kind)
    scan.first("?")
    memory[:] = b"".join(struct.pack(code, new) for _, new in pairs)
    scan.next(f"{sign} {amount}" + ("" if more is None else f"..{more}"))
    name = kind.name if kind is not number else "i32"
    found = {match.address for match in scan if name in match.types}
    step = struct.calcsize(code)
    differences = [new - old if sign == "+" else old - new for old, new in pairs]
    last = amount if more is None else more
    assert found == {BASE + at * step for at, by in enumerate(differences) if amount <= by <= last}
    scan.close()


@pytest.mark.parametrize(
    ("line", "rounded", "exact"),
    [
        ("+ 0.1", "now - prev ~= 0.1", "now == prev + 0.1"),
        ("- 0.10", "prev - now ~= 0.10", "now == prev - 0.1"),
        ("+ 5", "now - prev ~= 5", "now == prev + 5"),
        ("+ -5", "now - prev ~= -5", "now == prev + -5"),
        ("+ 0x10", "now - prev ~= 16", "now == prev + 16"),
        ("+ 1 and now < 9", "now - prev ~= 1 and now < 9", "now == prev + 1 and now < 9"),
        ("- 0.1..0.3", "prev - now in 0.05..0.35", "prev - now in 0.1..0.3"),
        (
            "+ 1 .. 3 or changed",
            "now - prev in 0.5..3.5 or changed",
            "now - prev in 1..3 or changed",
        ),
        ("+ first", "now == prev + first", "now == prev + first"),
        ("+ 1 * 2", "now == prev + 1 * 2", "now == prev + 1 * 2"),
    ],
)
def test_what_a_step_says_in_full(line: str, rounded: str, exact: str) -> None:
    assert str(parse_scan(line, rounded=True)) == rounded
    assert str(parse_scan(line)) == exact


@pytest.mark.parametrize("rounded", [True, False])
def test_a_step_larger_than_any_float(rounded: bool) -> None:
    with pytest.raises(ExpressionError, match="1e400 is larger than any float"):
        parse_scan("+ 1e400..1e401", rounded=rounded)
