"""Codecs: types made ready, for whoever reads and writes many values of one."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from construct import Construct

from ..errors import FarfetchError, TypeNameError
from .convert import decode
from .layout import Layout
from .names import value_type
from .types import layout_of

_MOST: Final = 256  # types that are known at a time


class Codec(NamedTuple):
    """The way to and from the bytes of one type of numbers, whatever the target's width.

    Attributes:
        size: bytes of one.
        kind: of Python's numbers, those that :attr:`pack` takes or refuses as :class:`Layout` does.
        pack: bytes of a number; raises ``struct.error`` or ``OverflowError`` where it does not fit.
        unpack: a tuple of the one number that some bytes are.
    """

    size: int
    kind: type
    pack: Any
    unpack: Any


_known: Final[dict[object, Codec | None]] = {}


def codec_of(wanted: object) -> Codec | None:
    r"""The codec of a value type, as :func:`value_type` takes it; None of what is no plain number.

    >>> from farfetch.scanner.values.codec import codec_of
    >>> codec_of("u16be").pack(258), codec_of(pointer), codec_of("text[4]")
    (b'\x01\x02', None, None)
    """
    try:
        return _known[wanted]
    except Exception:  # it is not known, or of an object that cannot be asked
        return _learn(wanted)


def _learn(wanted: Any) -> Codec | None:
    try:
        codec = _made_of(layout_of(value_type(wanted)))
    except FarfetchError:  # whoever goes on without a codec says what is wrong with it
        codec = None
    if isinstance(wanted, str | Construct):
        if len(_known) >= _MOST:
            _known.clear()
        _known[wanted] = codec
    return codec


def _made_of(layout: Layout) -> Codec | None:
    if layout.name == "pointer":  # whose width is the target's
        return None
    if layout.is_number and layout.bits == 24 and not layout.mask:
        order: Any = "big" if layout.big_endian else "little"
        signed = layout.signed
        return Codec(
            3,
            int,
            lambda number: int.to_bytes(number, 3, order, signed=signed),
            lambda raw: (int.from_bytes(raw, order, signed=signed),),
        )
    if not layout.format:
        return None
    made = struct.Struct(layout.format)
    return Codec(made.size, int if layout.kind == "int" else float, made.pack, made.unpack)


def format_of(type: Construct, bits: int) -> str:  # noqa: A002
    """The order and the code of a number for the struct module; "" for what is none."""
    try:
        return layout_of(type, bits=bits).format
    except TypeNameError:
        return ""


def mask_of(type: Construct) -> bytes:  # noqa: A002
    """The bits of its bytes that a bit field is; b"" of what is no bit field."""
    try:
        return layout_of(type).mask
    except TypeNameError:
        return b""


def decoder(type: Construct, bits: int) -> Callable[[bytes], Any]:  # noqa: A002
    """From the bytes of a value to it; to None where they are no such value."""
    code = format_of(type, bits)
    if code:
        unpack = struct.Struct(code).unpack
        return lambda raw: unpack(raw)[0]

    def decoded(raw: bytes) -> Any:
        try:
            return decode(type, raw, bits=bits)
        except FarfetchError:
            return None

    return decoded
