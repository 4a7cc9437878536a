"""Codecs do what layouts do, only faster."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from construct import Byte, Int16ul, Struct
from farfetch.scanner import TYPES, FarfetchError, i32, layout_of, pointer
from farfetch.scanner.values import codec
from farfetch.scanner.values.codec import codec_of, decoder

NUMBERS = [name for name, kind in TYPES.items() if layout_of(kind).is_number and name != "pointer"]
VALUES = (0, 1, -1, 127, 200, 1 << 40, -(1 << 63), (1 << 64) - 1, 0.5, 1e39, float("inf"))


@pytest.mark.parametrize("name", NUMBERS)
def test_it_packs_as_the_layout_does_or_leaves_it_to_that(name: str) -> None:
    made, layout = codec_of(name), layout_of(TYPES[name])
    assert made is not None
    assert made.size == layout.size
    for value in VALUES:
        if type(value) is not made.kind:
            continue
        try:
            raw = layout.pack(value)
        except FarfetchError:
            with pytest.raises((struct.error, OverflowError)):
                made.pack(value)
        else:
            assert made.pack(value) == raw
            assert made.unpack(raw)[0] == layout.unpack(raw)


class Hostile:
    def __hash__(self) -> int:
        raise RuntimeError


@pytest.mark.parametrize("other", [pointer, "text[4]", Struct("a" / Byte), "nonsense", [], None])
def test_of_anything_else_there_is_none(other: Any) -> None:
    assert codec_of(other) is None
    assert codec_of(Hostile()) is None


def test_it_does_not_keep_every_type_for_ever() -> None:
    for _ in range(1000):
        assert codec_of("own" / Int16ul) is not None
    assert len(codec._known) <= 256
    assert codec_of(i32) is codec_of(i32)


def test_bytes_that_are_no_value_become_none() -> None:
    from construct import Const

    assert decoder(Struct(Const(b"a")), 64)(b"b") is None
    assert decoder(pointer, 32)(b"\1\0\0\0") == 1
