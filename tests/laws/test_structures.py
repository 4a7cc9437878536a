"""Structures against the plain definition on every instruction set, and as scans."""

from __future__ import annotations

from typing import Any

import pytest
from construct import (
    Array,
    Bytes,
    Computed,
    Float16b,
    Float32l,
    Int8ul,
    Int16sb,
    Int16ul,
    Int24sb,
    Int32sl,
    Int32ul,
    Padding,
    PascalString,
    Struct,
    this,
)
from farfetch.scanner import Buffer, ExpressionError, TypeNameError, attach, field, now, prev
from farfetch.scanner.compiler.predicate import compile_predicate
from farfetch.scanner.errors import FarfetchError
from farfetch.scanner.predicates.binding import bind
from farfetch.scanner.predicates.language import parse_scan
from farfetch.scanner.predicates.nodes import (
    Binary,
    Compare,
    Const,
    Expr,
    Field,
    InRange,
    Near,
    Not,
    Predicate,
    changed,
    unchanged,
)
from farfetch.scanner.values.convert import bit_field, f64, i32, sized, text, u8
from farfetch.scanner.values.structures import scan_layout
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.naive import assert_as_defined

PLAYER: Any = Struct(
    "hp" / Int32sl,
    "max_hp" / Int32sl,
    "level" / Int16sb,
    "kind" / Int8ul,
    Padding(1),
    "pos" / Struct("x" / Float32l, "y" / Float32l),
    "gold" / f64,
    "name" / sized(text, 8),
    "slots" / Int16ul[3],
    "speed" / Float16b,
    "dye" / Int24sb,
    "flags" / bit_field(u8, 3, 4),
    "rank" / bit_field(i32, 5, 9),
)
LAYOUT = scan_layout(PLAYER)
NUMBERS = (
    *("hp", "max_hp", "level", "kind", "pos.x", "pos.y", "gold", "slots[0]", "slots[2]"),
    *("speed", "dye", "flags", "rank"),
)

sources = st.sampled_from(("now", "prev"))
fields = st.builds(Field, sources, st.sampled_from(NUMBERS))
constants = st.sampled_from((0, 1, 2, 3, 100, 1.5, -2)).map(Const)
operands: st.SearchStrategy[Expr] = st.one_of(
    fields,
    constants,
    st.builds(
        Binary, st.sampled_from(("+", "-", "*", "/", "%")), fields, st.one_of(fields, constants)
    ),
)
leaves: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(Compare, st.sampled_from(("==", "!=", "<", "<=", ">", ">=")), operands, operands),
    st.builds(InRange, fields, constants, operands),
    st.builds(Near, operands, st.sampled_from(("1", "1.5", "2.0", "nan", "inf"))),
    st.sampled_from(
        (
            changed,
            unchanged,
            field("name") == "Bo",
            field("name") != prev.field("name"),
            field("hp") == prev.field("hp") + 1,
        )
    ),
)
trees = st.one_of(leaves, leaves.map(Not), st.builds(lambda a, b: a & b | ~a, leaves, leaves))
players = st.fixed_dictionaries(
    {
        "hp": st.integers(-3, 3),
        "max_hp": st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1),
        "level": st.integers(-3, 3),
        "kind": st.integers(0, 255),
        "pos": st.fixed_dictionaries(
            {"x": st.floats(width=32), "y": st.integers(-3, 3).map(float)}
        ),
        "gold": st.sampled_from((0.0, 1.0, 1.5, 2.0, float("nan"))),
        "name": st.sampled_from(("Bo", "Bob", "")),
        "slots": st.lists(st.integers(0, 3), min_size=3, max_size=3),
        "speed": st.sampled_from((0.0, 1.0, 1.5, -2.0, 65504.0, float("inf"), float("nan"))),
        "dye": st.integers(-3, 3) | st.integers(-(2**23), 2**23 - 1),
        "flags": st.integers(0, 3),
        "rank": st.integers(-16, 15),
    }
).map(PLAYER.build)


@settings(max_examples=120, deadline=None)
@given(draw=st.data())
def test_any_predicate_on_fields(draw: st.DataObject) -> None:
    predicate = draw.draw(trees)
    try:
        compile_predicate(predicate, LAYOUT)
    except FarfetchError:
        assume(False)
    assert LAYOUT.size is not None
    raw = b"".join(draw.draw(st.lists(players, min_size=1, max_size=4))) * 3
    before = b"".join(draw.draw(st.lists(players, min_size=4, max_size=4))) * 3
    stride = draw.draw(st.sampled_from((1, 4, 8, LAYOUT.size)))
    count = (len(raw) - LAYOUT.size) // stride + 1
    end = (count - 1) * stride + LAYOUT.size
    streams = {"now": raw[:end], "prev": before[:end]}
    assert_as_defined(predicate, LAYOUT, streams, stride, count)


def test_a_structure_scans_as_it_is() -> None:
    player = Struct("hp" / Int32ul, "max_hp" / Int32ul)
    memory = bytearray(4096)
    memory[256:264] = player.build({"hp": 90, "max_hp": 100})
    memory[512:520] = player.build({"hp": 100, "max_hp": 100})
    with attach(Buffer(memory, base=0x1000)) as target, target.scan(player) as scan:
        assert scan.align == 4
        # the last of these overlaps the field before: 0 < 90
        assert scan.first(field("hp") < field("max_hp")).matches == 3
        assert [match.address for match in scan] == [0x10FC, 0x1100, 0x11FC]
        assert scan.next("hp == 90 and hp in 1..max_hp").matches == 1
        wounded: Any = scan[0].value
        assert (wounded.hp, wounded.max_hp) == (90, 100)
        memory[256] = 80
        assert scan.next("hp == prev.hp - 10").matches == 1
        assert scan[0].first.hp == 90
        assert scan.next("changed").matches == 0


def test_elements_of_arrays_are_fields() -> None:
    unit = Struct("hp" / Int16ul, "grid" / Int8ul[2][3])
    army = Struct("count" / Int32ul, "units" / unit[2], "pos" / Float32l[3])
    there = {
        "count": 2,
        "units": [{"hp": 70, "grid": [[1, 2], [3, 4], [5, 6]]}, {"hp": 9, "grid": [[7, 8]] * 3}],
        "pos": [1.5, 2.5, 3.5],
    }
    memory = bytearray(4096)
    memory[256:] = army.build(there) + bytes(4096 - 256 - army.sizeof())
    with attach(Buffer(memory, base=0x1000)) as target, target.scan(army) as scan:
        line = "units[0].hp == 70 and units[1].hp < units[0].hp and pos[2] == 3.5"
        assert scan.first(line).matches == 1
        assert scan.next("units[0].grid[2][1] == 6 and now.units[1].grid[0][0] == 7").matches == 1
        assert scan[0].address == 0x1100
        memory[256 + 4] = 71
        assert scan.next(now.field("units[0].hp") == prev.field("units[0].hp") + 1).matches == 1
        assert scan.next("pos[0] == pos[1]").matches == 0


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("slots[1 == 3", 9, 'expected "]", found "=="'),
        ("slots[-1] == 3", 7, 'expected an index, found "-"'),
        ("slots[3] == 3", 1, 'Struct has no field "slots[3]": did you mean slots[2]?'),
        ("pos.x[0] == 3", 1, 'Struct has no field "pos.x[0]": did you mean pos.x?'),
        ("now.hpp == 5", 1, 'Struct has no field "hpp": did you mean hp?'),
        ("hp == 1 and now == 5", 17, "Struct is compared by its fields: now.hp == 5"),
        ("increased", 1, "Struct is compared by its fields: now.hp > prev.hp"),
        ("name == hp", 1, "these fields are too different to be compared"),
        ("pos.x & 1 == 0", 1, '"&" is for whole numbers only'),
        ("name < 'a'", 1, 'text[8] takes == and !=, not "<"'),
    ],
)
def test_what_a_structure_cannot_be_asked(line: str, column: int, reason: str) -> None:
    names = [place.name for place in LAYOUT.fields]
    with pytest.raises(ExpressionError) as caught:
        bind(parse_scan(line, names), LAYOUT)
    assert (caught.value.position + 1, caught.value.reason) == (column, reason)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Struct("name" / PascalString(Int8ul, "utf8")), "only if its size is fixed"),
        (Struct("n" / Int8ul, "raw" / Bytes(this.n)), "only if its size is fixed"),
        (Struct("raw" / Bytes(70000)), "has 1 to 65536 bytes, not 70000"),
        (Struct("one" / Computed(1)), "has 1 to 65536 bytes, not 0"),
    ],
)
def test_structures_that_cannot_be_scanned(wanted: Any, reason: str) -> None:
    with pytest.raises(TypeNameError, match=reason):
        scan_layout(wanted)


def test_what_is_no_plain_field_has_no_place() -> None:
    layout = scan_layout(Struct("bag" / Array(3, Int32ul), "end" / Int8ul))
    assert layout.decoded == ("bag",)
    places = [(place.name, place.offset) for place in layout.fields]
    assert places == [("bag[0]", 0), ("bag[1]", 4), ("bag[2]", 8), ("end", 12)]


def test_a_number_has_no_fields() -> None:
    with pytest.raises(ExpressionError, match="i32 has no fields"):
        bind(now.field("hp") == 5, scan_layout(Int32sl))
