"""Every kernel of every instruction set against the plain definition."""

from __future__ import annotations

import os
from typing import Any

import pytest
from farfetch.scanner.compiler.predicate import compile_predicate
from farfetch.scanner.engine import isas
from farfetch.scanner.errors import FarfetchError
from farfetch.scanner.predicates.language import parse_predicate
from farfetch.scanner.predicates.nodes import uses
from farfetch.scanner.values.convert import bytes_, layout_of, sized, text, utf16
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guest.prerequisites import MissingError, give_up, require
from support import foreign
from support.naive import assert_all_kernels, assert_as_defined, naive_slots
from support.strategies import PLAIN_NUMBERS, memory_of, number_layout, predicates_of


@pytest.mark.skipif("FARFETCH_NOT_EMULATED" in os.environ, reason="FARFETCH_NOT_EMULATED is set")
def test_neon_is_among_them() -> None:
    if "neon" not in isas():
        try:
            require("cmake", foreign.COMPILER, foreign.EMULATOR)
        except MissingError as missing:
            give_up(missing)
    assert "neon" in foreign.kernel_isas()


# One for each inner loop: equal, range (with bounds that differ from the type's), compare, delta.
_LONGEST = 141  # slots: two whole groups of 64 and the beginning of a third
_LOOPS = ("now == 3", "now in 1..3", "now < prev", "now <= prev", "now == prev", "now == prev + 1")


@pytest.mark.parametrize("name", PLAIN_NUMBERS)
@pytest.mark.parametrize("loop", _LOOPS)
def test_every_small_length_at_every_misalignment(name: str, loop: str) -> None:
    layout = number_layout(name)
    size = layout.size
    assert size is not None
    predicate = parse_predicate(loop)
    program = compile_predicate(predicate, layout)
    steps = {"now": 7, "prev": 3}
    most = int(min(layout.high or 0, 4)) + 1
    streams = {
        stream: b"".join(layout.pack(slot * step % most) for slot in range(_LONGEST + 16))
        for stream, step in steps.items()
    }
    places = len(streams["now"]) - size + 1
    defined = naive_slots(predicate, layout, streams, 1, places)  # at every byte
    for stride in {1, size}:
        for skip in range(16):
            for count in range(skip, _LONGEST, 16):
                end = skip + (count - 1) * stride + size if count else skip
                cut = {stream: whole[skip:end] for stream, whole in streams.items()}
                expected = defined[skip : skip + count * stride : stride]
                assert_all_kernels(program, cut, stride, count, expected)


@pytest.mark.parametrize("name", PLAIN_NUMBERS)
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_any_predicate_at_any_stride(name: str, draw: st.DataObject) -> None:
    layout = number_layout(name)
    assert layout.size is not None
    predicate = draw.draw(predicates_of(layout))
    try:
        compile_predicate(predicate, layout)
    except FarfetchError:
        assume(False)
    stride = draw.draw(st.sampled_from((layout.size, 1, 2, 3, 4, 5, 8, 12)))
    count = draw.draw(st.integers(0, 150))
    length = (count - 1) * stride + layout.size if count else 0
    wanted = uses(predicate) | {"now"}
    streams = {name: draw.draw(memory_of(layout, length)) for name in sorted(wanted)}
    assert_as_defined(predicate, layout, streams, stride, count)


@pytest.mark.parametrize("words", ["now == 1", "now != 0", "changed", "now > prev", "~now == -2"])
def test_one_bit(words: str) -> None:
    layout = number_layout("u16be[9..9]")
    streams = {"now": bytes(range(256)) * 2, "prev": bytes(at * 7 % 256 for at in range(512))}
    fits = assert_as_defined(parse_predicate(words), layout, streams, 1, 511)
    assert any(fits)
    assert not all(fits)


@pytest.mark.parametrize("length", [*range(1, 20), 64, 100])
@settings(max_examples=10, deadline=None)
@given(draw=st.data())
def test_bytes_of_any_length(length: int, draw: st.DataObject) -> None:
    layout = layout_of(sized(bytes_, length))
    needle = draw.draw(st.binary(min_size=length, max_size=length))
    parts = st.lists(st.sampled_from((needle, needle[:-1], needle[1:], b"\0")), max_size=12)
    raw = b"".join(draw.draw(parts)) + needle
    before = draw.draw(st.sampled_from((raw, raw[::-1], bytes(len(raw)))))
    stride = draw.draw(st.sampled_from((1, 2, 4, 7)))
    count = (len(raw) - length) // stride + 1
    streams = {"now": raw, "prev": before}
    constant = f"b{needle!r}"[1:]
    for words in (f"now == {constant}", "changed", "unchanged", f"prev != {constant}"):
        assert_as_defined(parse_predicate(words), layout, streams, stride, count)


@pytest.mark.parametrize(("kind", "word"), [(text, "Brünhilde"), (utf16, "Brünhilde🐉")])
def test_text_at_every_byte(kind: Any, word: str) -> None:
    layout = layout_of(kind)
    raw = layout.pack(word)
    layout = layout.with_size(len(raw))
    memory = b"B" + raw + raw[:-1] + b"r\0" + raw
    count = len(memory) - len(raw) + 1
    predicate = parse_predicate(f'now == "{word}"')
    there = [slot in (1, len(memory) - len(raw)) for slot in range(count)]
    assert_all_kernels(compile_predicate(predicate, layout), {"now": memory}, 1, count, there)


@pytest.mark.parametrize("name", ["i8", "u16be", "i32", "u32", "i64", "u64"])
@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize(
    "number", ["2.5", "3.0", "-0.0", "0.5", "126.5", "9007199254740991.0", "9007199254740992.0"]
)
def test_integers_beside_a_float(name: str, op: str, number: str) -> None:
    layout = number_layout(name)
    predicate = parse_predicate(f"now {op} {number} or {number} {op} now")
    try:
        compile_predicate(predicate, layout)
    except FarfetchError:
        assert float(number) > (layout.high or 0)
        return
    edges = (0, 1, 2, 3, 4, 126, 127, 2**53 - 1, 2**53, 2**53 + 1, layout.high, layout.low)
    values = [value for value in edges if value is not None and layout.low <= value <= layout.high]  # type: ignore[operator]
    raw = b"".join(map(layout.pack, values * 8))
    size = layout.size
    assert size is not None
    assert_as_defined(predicate, layout, {"now": raw}, size, len(values) * 8)


@pytest.mark.parametrize("count", [1, 63, 65, 100])
def test_lanes_past_the_last_slot_compute_nothing(count: int) -> None:
    """What an earlier group left there, of another type, would overflow."""
    layout = number_layout("i32")
    raw = b"".join(layout.pack(slot - 50) for slot in range(count))
    predicate = parse_predicate("now * 1.5 + now * now < now / prev + 60.5")
    streams = {"now": raw, "prev": raw}
    assert_as_defined(predicate, layout, streams, 4, count)
