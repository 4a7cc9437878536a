"""Functions of PE files, as Microsoft's "PE Format" has them: exports, and what unwinding knows."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import Final

from .pe_headers import pe_header

_AMD64: Final = 0x8664
_MOST: Final = 1 << 20
_NAME_MOST: Final = 4096

Row = tuple[int, int, bytes]


class PeFile:
    """A PE file's tables; those that do not lie in it are empty.

    Args:
        raw: the file.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, raw: bytes | mmap.mmap) -> None:
        self._raw = raw
        header = pe_header(lambda at, size: raw[at : at + size])
        if header is None:
            raise ValueError("no PE file")
        self._header = header
        self.machine = header.machine
        try:
            # VirtualSize VirtualAddress SizeOfRawData PointerToRawData
            self._sections = [
                struct.unpack_from("<8xIIII", raw, header.table + 40 * index)
                for index in range(header.sections)
            ]
        except struct.error:
            raise ValueError("cut off") from None

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
        count, names = min(count, _MOST), min(names, _MOST)
        addresses = [row[0] for row in _rows("<I", self._at(functions, 4 * count))]
        places = _rows("<I", self._at(called, 4 * names))
        indexes = _rows("<H", self._at(ordinals, 2 * names))
        for (place,), (index,) in zip(places, indexes, strict=False):
            if index < len(addresses) and not start <= addresses[index] < start + size:
                name = self._at(place, _NAME_MOST).partition(b"\0")[0]
                yield addresses[index], 0, name

    def unwound(self) -> Iterator[Row]:
        """The functions that unwinding knows, on x86-64: all that are no leaves."""
        if self.machine != _AMD64:
            return
        start, size = self._header.directory(3)
        for begin, end, _ in _rows("<III", self._at(start, min(size, 12 * _MOST))):
            if begin < end:
                yield begin, end - begin, b""


def _rows(fields: str, table: bytes) -> Iterator[tuple[int, ...]]:
    size = struct.calcsize(fields)
    return struct.iter_unpack(fields, table[: len(table) - len(table) % size])


def pe_functions(raw: bytes | mmap.mmap) -> list[Row]:
    """All functions of a PE file.

    Raises:
        ValueError: it is none.
    """
    file = PeFile(raw)
    return [*file.exports(), *file.unwound()]
