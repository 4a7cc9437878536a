r"""Files of pointer maps: ``.ffmap``.

::

    0   8   magic: 89 66 66 6d 61 70 0d 0a ("\x89ffmap\r\n")
    8   4   version: 1
    12  4   bytes of the header
    16  4   CRC-32 of the header
    20  12  zeros
    32      the header: JSON, as UTF-8

and from multiples of 4,096 bytes on, which the header has, three columns of little-endian numbers:
the addresses of the pointers, ascending (64 bits); their values, ascending (64 bits); and the index
of each value's pointer among the addresses (32 bits), ascending among the same values. What lies
between is zero. The file ends with the last column. A reader may map the columns; this one copies
them, so that nobody changes them under its hands.
"""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zlib
from typing import Any, Final

from ..declarations.files import put, read_regular, refusing, replaced
from ..engine import cell, content, lib
from ..errors import PointerMapError
from . import scandata
from .columns import COLUMNS, check_columns, columns_of
from .moment import Moment
from .moment_text import moment_from, moment_to
from .room import Room
from .tasks import failure

_MAGIC: Final = b"\x89ffmap\r\n"
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<8s3I12s")
_PAGE: Final = 4096
_LONGEST: Final = 64 << 20  # bytes of a header: a hundred times one of 60,000 regions
_PART: Final = 4 << 20  # bytes read or written at a time
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def save(name: str, handle: Any, moment: Moment) -> None:
    """Write a map to a file, all of it or nothing.

    Args:
        name: of the file.
        handle: the core's map.
        moment: that it is of.

    Raises:
        PointerMapError: it cannot be written; what was there is untouched.
    """
    with refusing(name, PointerMapError), replaced(name) as file:
        _write(file, handle, moment)


def check_replaced(name: str) -> None:
    """Refuse to write over what is there and is no pointer map, of ours or of Cheat Engine's.

    Raises:
        PointerMapError: it is another file.
    """
    start = begins(name)
    if start and not start.startswith(_MAGIC) and not scandata.is_one(start):
        reason = "is not written over, as what is there is no pointer map"
        raise PointerMapError(name, f"{reason}; save to another file, or force it")


def begins(name: str) -> bytes:
    """The first bytes of a file; b"" where there are none to be read."""
    try:
        return read_regular(name, _PAGE)
    except (OSError, ValueError):  # whoever opens it says what is wrong
        return b""


def load(name: str, room: Room, threads: int) -> tuple[Any, Moment]:
    """Read a map from a file, and look at all of it.

    Raises:
        PointerMapError: it cannot be read, or is damaged, or is no pointer map.
    """
    try:
        with io.FileIO(os.open(name, _READ), "r") as file:
            return _load(name, file, room, threads)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no name of a file"
        raise PointerMapError(name, f"{reason}") from None


def _write(file: io.FileIO, handle: Any, moment: Moment) -> None:
    columns = columns_of(handle)
    listed = {
        column: {"crc32": _crc(raw), "offset": 1 << 63}  # as wide as any offset is
        for (column, _), raw in zip(COLUMNS, columns, strict=True)
    }
    content_of = {
        "pointers": int(lib.ff_pointers_count(handle)),
        **moment_to(moment),
        "columns": listed,
    }
    reserved = len(_text(content_of))
    at = _HEAD.size + reserved
    for (column, _), raw in zip(COLUMNS, columns, strict=True):
        at += -at % _PAGE
        listed[column]["offset"] = at
        at += len(raw)
    header = _text(content_of).ljust(reserved)
    put(file, _HEAD.pack(_MAGIC, _VERSION, len(header), zlib.crc32(header), b"") + header)
    for (column, _), raw in zip(COLUMNS, columns, strict=True):
        put(file, bytes(listed[column]["offset"] - file.tell()))
        put(file, raw)


def _text(header: dict[str, Any]) -> bytes:
    return json.dumps(header, separators=(",", ":")).encode()


def _crc(raw: memoryview) -> int:
    crc = 0
    for at in range(0, len(raw), _PART):
        crc = zlib.crc32(raw[at : at + _PART], crc)
    return crc


def _load(name: str, file: io.FileIO, room: Room, threads: int) -> tuple[Any, Moment]:
    known = os.fstat(file.fileno())
    if not stat.S_ISREG(known.st_mode):
        raise PointerMapError(name, "is not a regular file")
    header = _header(name, file)
    try:
        pointers, places = _places(header, file.tell())
        moment = moment_from(header)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise PointerMapError(name, "damaged: its header is not one of a pointer map") from None
    end = max(at + size * pointers for at, size, _ in places)
    if known.st_size != max(end, _HEAD.size):
        reason = f"damaged: it has {known.st_size} bytes where there should be {end}"
        raise PointerMapError(name, reason)
    out = cell("pointers")
    code = lib.ff_pointers_take(room.handle, pointers, out)
    if code:
        raise failure(-code, room)
    handle = content(out, uses=room)
    for (at, _, crc), raw in zip(places, columns_of(handle), strict=True):
        if any(_get(file, at - file.tell())):
            raise PointerMapError(name, "damaged: there is something between its columns")
        _fill(name, file, raw, crc)
    check_columns(name, handle, room, threads)
    return handle, moment


def _header(name: str, file: io.FileIO) -> dict[str, Any]:
    head = _get(file, _HEAD.size)
    if head[: len(_MAGIC)] != _MAGIC or len(head) < _HEAD.size:
        raise PointerMapError(name, "is no pointer map: farfetch writes these, as .ffmap")
    _, version, size, crc, zeros = _HEAD.unpack(head)
    if version != _VERSION:
        reason = f"is of version {version}; this farfetch reads version {_VERSION}"
        raise PointerMapError(name, reason)
    raw = _get(file, size) if size <= _LONGEST else b""
    if len(raw) < size or zlib.crc32(raw) != crc or any(zeros):
        raise PointerMapError(name, "damaged: its header is not as it was written")
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise PointerMapError(name, "damaged: its header is not one of a pointer map")
    return header


def _places(header: dict[str, Any], end: int) -> tuple[int, list[tuple[int, int, int]]]:
    """How many pointers there are; and each column's place, bytes of a number, and CRC.

    Args:
        header: of the file.
        end: of the header in the file.
    """
    pointers = _whole(header["pointers"], (1 << 32) - 2)
    places = []
    for column, size in COLUMNS:
        at = _whole(header["columns"][column]["offset"], 1 << 62)
        if at != end + -end % _PAGE:
            raise ValueError(column)
        end = at + size * pointers
        places.append((at, size, _whole(header["columns"][column]["crc32"], (1 << 32) - 1)))
    return pointers, places


def _whole(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(value)
    return value


def _get(file: io.FileIO, size: int) -> bytes:
    raw = bytearray()
    while len(raw) < size:
        part = file.read(min(_PART, size - len(raw)))
        if not part:
            break
        raw += part
    return bytes(raw)


def _fill(name: str, file: io.FileIO, raw: memoryview, crc: int) -> None:
    done, found = 0, 0
    while done < len(raw):
        part = raw[done : done + _PART]
        got = file.readinto(part)
        if not got:
            raise PointerMapError(name, "damaged: it has become shorter")
        found = zlib.crc32(part[:got], found)
        done += got
    if found != crc:
        raise PointerMapError(name, "damaged: its pointers are not as they were written")
