"""Patterns, and text in any case, against the plain definition on every instruction set."""

from __future__ import annotations

from typing import Any

import pytest
from farfetch.scanner.predicates.any_case import AnyCase, anycase
from farfetch.scanner.predicates.byte_pattern import Pattern
from farfetch.scanner.predicates.nodes import Predicate, now, prev
from farfetch.scanner.values.convert import bytes_, layout_of, text, utf16
from farfetch.scanner.values.layout import Layout
from hypothesis import given, settings
from hypothesis import strategies as st

from support.naive import assert_as_defined

_NIBBLES = (0x00, 0x0F, 0xF0, 0xFF, 0xFF, 0xFF)


@st.composite
def planted(draw: st.DrawFn, length: int) -> tuple[Pattern, bytes]:
    """A pattern, and memory full of it and of what nearly is it."""
    value = draw(st.binary(min_size=length, max_size=length))
    mask = draw(st.lists(st.sampled_from(_NIBBLES), min_size=length, max_size=length).filter(any))
    needle = Pattern(bytes(v & m for v, m in zip(value, mask, strict=True)), bytes(mask))
    noise = draw(st.binary(min_size=length, max_size=length))
    other = bytes(v | n & ~m for v, n, m in zip(needle.value, noise, mask, strict=True))
    wrong = bytearray(other)
    wrong[draw(st.integers(0, length - 1))] ^= draw(st.sampled_from((1, 16, 255)))
    parts = st.sampled_from((needle.value, other, bytes(wrong), value[1:], b"\0", noise))
    raw = b"".join(draw(st.lists(parts, min_size=1, max_size=14)))
    times = draw(st.integers(1, 1 + 600 // (len(raw) + 1)))
    return needle, raw * times


def assert_found(predicate: Predicate, layout: Layout, raw: bytes, stride: int) -> list[bool]:
    """Hold every instruction set to the definition, and return what that says of each slot."""
    assert layout.size is not None
    count = max(0, (len(raw) - layout.size) // stride + 1)
    streams = {"now": raw[: (count - 1) * stride + layout.size] if count else b""}
    if "prev" in str(predicate):
        streams = {"now": streams["now"], "prev": streams["now"]}
    return assert_as_defined(predicate, layout, streams, stride, count)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9, 16, 33, 64, 100])
@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_a_pattern_of_any_length(length: int, draw: st.DataObject) -> None:
    needle, raw = draw.draw(planted(length))
    layout = layout_of(bytes_).with_size(length)
    stride = draw.draw(st.sampled_from((1, 1, 2, 3, 4, 8, 16)))
    for predicate in (
        now == needle,
        now != needle,
        prev == needle,
        ~(now == needle) | (now == needle),
    ):
        assert_found(predicate, layout, raw, stride)


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_a_pattern_at_every_place_of_a_group(stride: int) -> None:
    needle = Pattern(bytes.fromhex("48 00 00 8b"), bytes.fromhex("ff 00 f0 ff"))
    layout = layout_of(bytes_).with_size(4)
    for place in range(0, 200 * stride, stride):
        raw = bytearray(b"\x48\x8b" * (100 * stride) + bytes(4))
        raw[place : place + 4] = b"\x48\x99\x07\x8b"
        assert assert_found(now == needle, layout, bytes(raw), stride)[place // stride]


@pytest.mark.parametrize("kind", [text, utf16], ids=["text", "utf16"])
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_text_in_any_case(kind: Any, draw: st.DataObject) -> None:
    letters = st.sampled_from("gGoO@`[{sSſkK\N{KELVIN SIGN}ßẞéÉσςΣǅǆǄⱥȺ𐐀𐐨1 ")
    wanted = draw.draw(st.text(letters, min_size=1, max_size=6))
    layout = layout_of(kind)
    unit = layout.bits // 8
    layout = layout.with_size(len(layout.pack(wanted)) + draw.draw(st.sampled_from((0, 0, unit))))
    forms = st.sampled_from((wanted, wanted.upper(), wanted.lower(), wanted.swapcase(), "\0"))
    words = st.one_of(forms, st.text(letters, max_size=6)).map(
        lambda word: word.encode(layout.codec)
    )
    raw = b"".join(draw.draw(st.lists(words, min_size=1, max_size=12))) * 3
    predicate = draw.draw(st.sampled_from((now == anycase(wanted), now != AnyCase(wanted))))
    stride = draw.draw(st.sampled_from((1, 2, unit)))
    assert_found(predicate, layout, raw, stride)
