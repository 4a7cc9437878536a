"""Functions of PE files, as Microsoft's "PE Format" has them: exports, and what unwinding knows."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Final

from .functions import MOST, NAME_MOST, Row, bounded
from .image_file import ImageFile
from .pe_headers import pe_header

_AMD64: Final = 0x8664
_SECTIONS_MOST: Final = 96  # that Windows loads


class PeFile:
    """A PE file's tables; those that do not lie in it are empty.

    Args:
        raw: the file.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, raw: bytes | ImageFile) -> None:
        self._raw = raw
        header = pe_header(lambda at, size: raw[at : at + size])
        if header is None:
            raise ValueError("no PE file")
        self._header = header
        self.machine = header.machine
        count = min(header.sections, _SECTIONS_MOST)
        table = raw[header.table : header.table + 40 * count]
        if len(table) < 40 * count:
            raise ValueError("cut off")
        # VirtualSize VirtualAddress SizeOfRawData PointerToRawData
        self._sections = list(struct.iter_unpack("<8xIIII16x", table))

    def _at(self, address: int, size: int) -> bytes:
        """Bytes at an address from the image's base on; fewer where the file has no more."""
        for _, start, there, offset in self._sections:
            if start <= address < start + there:
                end = min(address + size, start + there)
                return self._raw[offset + address - start : offset + end - start]
        return b""

    def exports(self) -> Iterator[Row]:
        """The functions that it exports; those that are another file's are left out."""
        start, size = self._header.directory(0)
        directory = self._at(start, 40)
        if not start or len(directory) < 40:
            return
        count, names, functions, called, ordinals = struct.unpack("<20xIIIII", directory)
        count, names = min(count, MOST), min(names, MOST)
        addresses = [row[0] for row in _rows("<I", self._at(functions, 4 * count))]
        places = _rows("<I", self._at(called, 4 * names))
        indexes = _rows("<H", self._at(ordinals, 2 * names))
        for (place,), (index,) in zip(places, indexes, strict=False):
            if index < len(addresses) and not start <= addresses[index] < start + size:
                name = self._at(place, NAME_MOST).partition(b"\0")[0]
                yield addresses[index], 0, name

    def unwound(self) -> Iterator[Row]:
        """The functions that unwinding knows, on x86-64: all that are no leaves."""
        if self.machine != _AMD64:
            return
        start, size = self._header.directory(3)
        for begin, end, _ in _rows("<III", self._at(start, min(size, 12 * MOST))):
            if begin < end:
                yield begin, end - begin, b""


def _rows(fields: str, table: bytes) -> Iterator[tuple[int, ...]]:
    size = struct.calcsize(fields)
    return struct.iter_unpack(fields, table[: len(table) - len(table) % size])


def pe_functions(raw: bytes | ImageFile) -> list[Row]:
    """All functions of a PE file.

    Raises:
        ValueError: it is none.
    """
    file = PeFile(raw)
    return bounded(chain(file.exports(), file.unwound()))
