"""What is written when it is computed: the same as computing it for each match by hand."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from construct import Int8ul, Int16ul, Int32sl, Struct
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    ExpressionError,
    ScanOrderError,
    Target,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
    WriteResult,
    at,
    attach,
    bytes_,
    first,
    i32,
    now,
    number,
    prev,
    regex,
    sized,
    text,
    type_named,
    u8,
)
from farfetch.scanner.values.convert import layout_of
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x6000  # a multiple of every stride
PLAYER: Any = Struct(
    "hp" / Int16ul,
    "max_hp" / Int16ul,
    "pos" / Struct("x" / Int32sl),
    "name" / sized(text, 4),
    "slots" / Int8ul[4],
)


def expressions(leaf: st.SearchStrategy[str], operators: str) -> st.SearchStrategy[str]:
    """Expressions that Python and the language write alike, but for how a division rounds."""

    def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        signs = st.sampled_from(operators.split())
        return st.one_of(
            st.builds("({} {} {})".format, inner, signs, inner),
            inner.map("abs({})".format),
            inner.map("-({})".format),
        )

    return st.recursive(leaf, combined, max_leaves=5)


SOURCES = st.sampled_from(("now", "prev", "first"))
WHOLE = expressions(SOURCES | st.integers(-3, 300).map(str), "+ - * / % & | ^")
FRACTIONS = expressions(SOURCES | st.sampled_from(("0.5", "3", "-1e9")), "+ - *")


def by_hand(expression: str, **values: int | float) -> Any:
    """What Python makes of it."""
    return eval(expression.replace("/", "//"), {"abs": abs}, values)


def history(data: st.DataObject, name: str, count: int) -> tuple[Any, list[list[Any]], bytearray]:
    """A scan with two steps, the values first, before and now, and the memory."""
    layout = layout_of(type_named(name))
    assert layout.size is not None
    size, stride = layout.size, data.draw(st.sampled_from((1, 3))) * layout.size
    small = st.floats(-1e6, 1e6, width=32) if layout.kind == "float" else st.integers(0, 9)
    values = [data.draw(st.lists(small, min_size=count, max_size=count)) for _ in range(3)]
    memory = bytearray(b"\xaa" * (stride * count))
    target = attach(Buffer(memory, base=BASE))
    scan = target.scan(name, align=stride)
    for step, column in enumerate(values):
        for index, value in enumerate(column):
            memory[index * stride : index * stride + size] = layout.pack(value)
        if step < 2:
            assert (scan.next("?") if step else scan.first()).matches == count
    return scan, values, memory


@pytest.mark.parametrize("name", ["u8", "i16be", "i32", "i64", "u64"])
@settings(max_examples=80, deadline=None)
@given(data=st.data(), expression=WHOLE, count=st.integers(1, 12))
def test_whole_numbers(name: str, data: st.DataObject, expression: str, count: int) -> None:
    scan, (oldest, old, new), memory = history(data, name, count)
    layout, before = layout_of(type_named(name)), bytes(memory)
    made: list[Any] = []
    for values in zip(new, old, oldest, strict=True):
        try:
            made.append(
                by_hand(expression, **dict(zip(("now", "prev", "first"), values, strict=True)))
            )
        except ZeroDivisionError:
            made.append(None)
    too_large = [
        at for at, value in enumerate(made) if value is not None and not fits(layout, value)
    ]
    if None in made or too_large:
        wrong = made.index(None) if None in made else too_large[0]
        with pytest.raises(ExpressionError if None in made else ValueRangeError) as refused:
            scan.write_all(expression)
        assert str(refused.value).endswith(f"at match {wrong}") or expression.lstrip("-").isdigit()
        assert memory == before
        return
    assert scan.compute(expression) == made
    assert scan.write_all(expression) == (count, 0)
    stride = scan.align
    for index, value in enumerate(made):
        before = (
            before[: index * stride] + layout.pack(value) + before[index * stride + scan.size :]
        )
    assert memory == before


def fits(layout: Any, value: int) -> bool:
    return bool(layout.low <= value <= layout.high)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), expression=FRACTIONS, count=st.integers(1, 12))
def test_fractions(data: st.DataObject, expression: str, count: int) -> None:
    scan, (oldest, old, new), memory = history(data, "f64", count)
    assert scan.write_all(expression).written == count
    for index, values in enumerate(zip(new, old, oldest, strict=True)):
        names = {
            name: float(value) for name, value in zip(("now", "prev", "first"), values, strict=True)
        }
        (there,) = struct.unpack_from("<d", memory, index * scan.align)
        assert there == by_hand(expression, **names)


def test_a_block_after_another() -> None:
    """More matches than are computed at a time, and the error is of one that is far behind."""
    count = 10_000
    memory = bytearray(struct.pack(f"<{count}i", *range(count)))
    with attach(Buffer(memory, base=BASE)) as target, target.scan(i32) as scan:
        scan.first("now >= 0")
        before = bytes(memory)
        with pytest.raises(ExpressionError, match=r"100 / \(now - 9000\): .* at match 9000$"):
            scan.write_all("100 / (now - 9000)")
        with pytest.raises(ValueRangeError, match=r"at match 8590$"):
            scan.write_all(now * 250_000)
        assert memory == before
        assert scan.write_all("now * 2 - prev") == (count, 0)
        assert memory == before
        assert scan.write_all(-now) == (count, 0)
        assert memory == struct.pack(f"<{count}i", *range(0, -count, -1))
        assert scan.compute("prev", start=9_998) == [9_998, 9_999]
        assert scan.compute(prev + 1, start=5, count=2) == [6, 7]
        assert scan.compute("now", start=count) == []


@pytest.mark.parametrize("value", [7, "now + 1", "now * 2"])
def test_a_write_says_how_far_it_is_and_can_be_ended(value: int | str) -> None:
    count = 10_000
    memory = bytearray(4 * count)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(i32) as scan:
        scan.first("now == 0")
        told: list[WriteResult] = []
        assert scan.write_all(value, progress=told.append) == (count, 0)
        assert told[-1] == (count, 0)
        assert told == sorted(told)
        assert len(told) > 1

        def end(done: WriteResult) -> None:
            raise InterruptedError(done.written)

        scan.first("now >= 0")
        before = bytes(memory)
        with pytest.raises(InterruptedError) as ended:
            scan.write_all("now + 9", progress=end)
        (written,) = ended.value.args
        assert memory[4 * written :] == before[4 * written :]
        old, new = (struct.unpack_from(f"<{written}i", raw) for raw in (before, memory))
        assert list(new) == [value + 9 for value in old]


def test_values_that_are_not_whole() -> None:
    memory = bytearray(b"\4\5")
    with attach(Buffer(memory, base=BASE)) as target, target.scan(u8) as scan:
        scan.first()
        with pytest.raises(ValueKindError, match=r"2\.5 is not a whole number for u8 at match 1"):
            scan.write_all("now * 0.5")
        with pytest.raises(ValueKindError, match="at match 0"):
            scan.write_all("now / 0.0")
        assert memory == b"\4\5"
        assert scan.write_all("now * 2.0") == (2, 0)
        assert memory == b"\x08\x0a"


def test_a_text_is_an_expression_where_numbers_are() -> None:
    memory = bytearray(b"abcdABCD")
    with attach(Buffer(memory, base=BASE)) as target:
        with target.scan(i32) as scan:
            scan.first()
            assert scan.write_all("0x41414141") == (2, 0)
            assert memory == b"A" * 8
            with pytest.raises(ExpressionError, match='unknown name "gold"'):
                scan.write_all("gold")
            with pytest.raises(ExpressionError, match="expected"):
                scan.write_all("now == 5")
        with target.scan(sized(text, 4)) as words:
            words.first()
            assert words.write_all("now") == (5, 0)
            assert memory == b"nnnnnow\0"
            with pytest.raises(ArgumentError, match="an expression such as now"):
                words.compute("now")
            assert words.compute(first)[::4] == ["AAAA", "AAAA"]
            assert words.write_all(first) == (5, 0)
            assert memory == b"A" * 8
            with pytest.raises(ExpressionError, match="no arithmetic on text"):
                words.write_all(first + prev)
        with target.scan(bytes_) as raw:
            raw.first(now == b"AA")
            assert raw.write_all("de ad") == (7, 0)
            raw.first(now == regex("[^a]+"))
            with pytest.raises(ExpressionError, match="a regular expression found"):
                raw.write_all(prev)


def test_a_snapshot_by_its_name() -> None:
    memory = bytearray(b"\1\2\3")
    with attach(Buffer(memory, base=BASE)) as target, target.scan(u8) as scan:
        scan.first()
        memory[:] = b"\x0a\x0b\x0c"
        scan.snapshot("lunch")
        memory[:] = b"\0\0\0"
        assert scan.write_all(at("lunch") - first) == (3, 0)
        assert memory == b"\x09\x09\x09"
        with pytest.raises(ScanOrderError, match='no snapshot "dinner"'):
            scan.write_all("@dinner")


def players(target: Target) -> Any:
    scan = target.scan(PLAYER, align=PLAYER.sizeof())
    assert scan.first("hp in 1..max_hp").matches == 2
    return scan


def test_a_field_of_a_structure() -> None:
    one = {"hp": 5, "max_hp": 100, "pos": {"x": -7}, "name": "Ada", "slots": [1, 2, 3, 4]}
    memory = bytearray(PLAYER.build(one) + PLAYER.build({**one, "hp": 60, "name": "Bob"}))
    before = bytes(memory)
    with attach(Buffer(memory, base=BASE)) as target, players(target) as scan:
        assert scan.write_all("max_hp", field="hp") == (2, 0)
        assert [match.value.hp for match in scan] == [100, 100]
        assert scan.write_all(now - first, field="hp") == (2, 0)
        assert [match.value.hp for match in scan] == [95, 40]
        assert scan.write_all("slots[1] * now.hp", field="slots[3]").written == 2
        assert [match.value.slots[3] for match in scan] == [190, 80]
        assert scan.write_all("pos.x * 2", field="pos.x") == (2, 0)
        assert scan.write_all("Eve", field="name") == (2, 0)
        assert [(match.value.name, match.value.pos.x) for match in scan] == [("Eve", -14)] * 2
        assert scan.write_all(first, field="name") == (2, 0)
        assert [match.value.name for match in scan] == ["Ada", "Bob"]
        assert scan.write_all({"x": 3}, field="pos") == (2, 0)
        assert [match.value.pos.x for match in scan] == [3, 3]
        assert [old.hp for old in scan.compute("first")] == [5, 60]
        assert scan.write_all("first") == (2, 0)
        assert memory == before
        for value, field, error in (
            ("now * 2000", "hp", ValueRangeError),
            ("hq", "hp", ExpressionError),
            (5, "hq", TypeNameError),
            ("now + 1", None, ExpressionError),
            (now.field("hq"), "hp", ExpressionError),
            ("name", "hp", ExpressionError),
            ("pos.x", "hp", ValueRangeError),
        ):
            with pytest.raises(error):
                scan.write_all(value, field=field)
        assert memory == before


def test_numbers_are_computed_each_in_its_own_type() -> None:
    memory = bytearray(64)
    memory[8:12], memory[32:40] = struct.pack("<f", 2.5), struct.pack("<d", 2.5)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(number) as scan:
        assert scan.first("2.5").matches == 2
        assert scan.write_all("now * 3 + prev") == (2, 0)
        assert memory[8:12] == struct.pack("<f", 10)
        assert memory[32:40] == struct.pack("<d", 10)
        assert scan.compute("first / 2") == [1.25, 1.25]
        memory[48:52] = struct.pack("<i", 7)
        assert scan.first("now == 7 or now == 10").matches == 3
        with pytest.raises(ExpressionError, match='"&" is for whole numbers only'):
            scan.write_all("now & 1")
        assert scan.write_all(now / 2).written == 3
        assert memory[48:52] == struct.pack("<i", 3)
        assert memory[8:12] == struct.pack("<f", 5)


def test_what_cannot_be_written_is_counted() -> None:
    with attach(Buffer(b"\1\2\3", base=BASE)) as target, target.scan(u8, where="all") as scan:
        scan.first()
        assert scan.write_all("now + 1") == (0, 3)
        assert scan.write_all("5") == (0, 3)


def test_what_is_frozen_is_held_at_what_was_computed() -> None:
    memory = bytearray(b"\1\2\3")
    with attach(Buffer(memory, base=BASE)) as target, target.scan(u8) as scan:
        scan.first()
        held = target.freeze(BASE + 1, u8, 2)
        assert scan.write_all("now * 3") == (3, 0)
        assert held.value == 6


def test_without_a_scan_there_is_nothing_to_write() -> None:
    with attach(Buffer(bytearray(8), base=BASE)) as target, target.scan(i32) as scan:
        assert scan.write_all("now * 2") == (0, 0)
        with pytest.raises(ExpressionError):
            scan.write_all("now ** 2")
