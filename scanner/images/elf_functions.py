"""Functions of ELF files: of their symbols, and of what unwinding knows.

As elf(5) and the generic ABI have them; ``.eh_frame_hdr`` as the Linux Standard Base has it, and
where separate debug files are as GDB's manual has it, "Separate Debug Files". ``.gnu_debugdata`` is
a small file of symbols, packed by xz, within the file.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from .elf_headers import build_id, elf_header, elf_segments, lowest
from .functions import MOST, NAME_MOST, Row, bounded
from .image_file import ImageFile

_SYMTAB, _DYNSYM = 2, 11
_FUNCTION_TYPES: Final = (2, 10)  # STT_FUNC, STT_GNU_IFUNC
_PT_GNU_EH_FRAME: Final = 0x6474E550
_SORTED_TABLE: Final = b"\x1b\x03\x3b"  # how it is encoded, by everybody
_UNPACKED_MOST: Final = 1 << 28
_PIECE: Final = 1 << 20
_SUMMED_MOST: Final = 1 << 28  # bytes of a file whose sum says that it belongs
_PART_MOST: Final = 1 << 29  # bytes of what is read at once: more than the largest programs have


class Section(NamedTuple):
    """A section: what its header says of it."""

    name: bytes
    kind: int
    offset: int
    size: int
    link: int
    entry: int


class ElfFile:
    """An ELF file's tables; those that do not lie in it are empty.

    Args:
        raw: the file.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, raw: bytes | ImageFile) -> None:
        header = elf_header(raw[:64])
        if header is None:
            raise ValueError("no ELF file")
        self._raw = raw
        self._header = header
        self._is_64 = header.bits == 64
        self._order = header.order
        table = self._part(header.segments, header.table) if header.entry else b""
        self._segments = list(elf_segments(header, table))
        self.lowest = lowest(self._segments)

    def _unpack(self, fields: str, offset: int) -> tuple[int, ...]:
        try:
            fields = self._order + fields
            return struct.unpack(fields, self._raw[offset : offset + struct.calcsize(fields)])
        except struct.error:
            raise ValueError("cut off") from None

    @cached_property
    def sections(self) -> list[Section]:
        """The sections; none where their headers do not lie in the file."""
        if self._is_64:
            entry, count, names = self._unpack("3H", 58)
            fields = "IIQQQQII8xQ"
        else:
            entry, count, names = self._unpack("3H", 46)
            fields = "IIIIIIII4xI"
        start = self._header.sections
        if not start or entry < struct.calcsize("<" + fields):
            return []
        table, fields = self._part(start, count * entry), self._order + fields
        rows = [struct.unpack_from(fields, table, at) for at in range(0, len(table), entry)]
        strings = self._part(rows[names][4], rows[names][5]) if names < len(rows) else b""
        return [
            Section(_text(strings, row[0]), row[1], row[4], row[5], row[6], row[8]) for row in rows
        ]

    def _part(self, offset: int, size: int) -> bytes:
        if size > _PART_MOST or offset + size > len(self._raw):
            return b""
        part = self._raw[offset : offset + size]
        return part if len(part) == size else b""  # it has shrunk since

    def content(self, section: Section) -> bytes:
        """The bytes of a section."""
        return self._part(section.offset, section.size)

    def symbols(self) -> Iterator[Row]:
        """The functions that symbols name, from the lowest address on."""
        for kind in (_SYMTAB, _DYNSYM):  # there is at most one of each
            section = next((one for one in self.sections if one.kind == kind), None)
            if section is not None and section.link < len(self.sections):
                strings = self.content(self.sections[section.link])
                yield from self._symbols(self.content(section), strings)

    def _symbols(self, table: bytes, strings: bytes) -> Iterator[Row]:
        # st_name st_info st_shndx st_value st_size, in this order of places
        fields = self._order + ("IBxHQQ" if self._is_64 else "IIIBxH")
        size = struct.calcsize(fields)
        whole = table[: min(len(table) - len(table) % size, MOST * size)]
        for row in struct.iter_unpack(fields, whole):
            if self._is_64:
                name, info, section, value, length = row
            else:
                name, value, length, info, section = row
            if info & 15 in _FUNCTION_TYPES and section and value >= self.lowest:
                yield value - self.lowest, length, _text(strings, name)

    def unwound(self) -> list[Row]:
        """The beginnings of the functions that unwinding knows; all that most programs have."""
        for one in self._segments:
            if one.kind == _PT_GNU_EH_FRAME:
                return self._sorted_table(one.address, one.offset)
        return []

    def _sorted_table(self, address: int, offset: int) -> list[Row]:
        if self._raw[offset + 1 : offset + 4] != _SORTED_TABLE:
            return []
        (count,) = self._unpack("I", offset + 8)
        table = self._part(offset + 12, 8 * min(count, MOST))
        return [
            (address + start - self.lowest, 0, b"")
            for start, _ in struct.iter_unpack(self._order + "ii", table)
            if address + start >= self.lowest
        ]

    def build_id(self) -> str:
        """The number that the linker gave it, in hex; "" where it did not."""
        for section in self.sections:
            if section.name == b".note.gnu.build-id":
                return build_id(self.content(section), self._order)
        return ""

    def debug_link(self) -> tuple[str, int]:
        """The name, without folders, and the CRC of the file that has its symbols; "" for none."""
        for section in self.sections:
            if section.name == b".gnu_debuglink":
                content = self.content(section)
                name = _text(content, 0).decode(errors="surrogateescape")
                crc = int.from_bytes(content[-4:], "little" if self._order == "<" else "big")
                return (name, crc) if "/" not in name else ("", 0)
        return "", 0

    def packed(self) -> ElfFile | None:
        """The small file of symbols within it."""
        for section in self.sections:
            if section.name == b".gnu_debugdata":
                try:
                    unpacked = lzma.LZMADecompressor(memlimit=_UNPACKED_MOST).decompress(
                        self.content(section), _UNPACKED_MOST
                    )
                    return ElfFile(unpacked)
                except (lzma.LZMAError, ValueError):
                    return None
        return None


def _text(strings: bytes, offset: int) -> bytes:
    end = strings.find(b"\0", offset, offset + NAME_MOST)
    return strings[offset : end if end >= 0 else min(len(strings), offset + NAME_MOST)]


def debug_files(file: ElfFile, path: str) -> list[str]:
    """Where a file's separate symbols may be, the likeliest first.

    Args:
        file: that they are of.
        path: of it.
    """
    places = []
    number, (link, _) = file.build_id(), file.debug_link()
    if len(number) > 2:
        places.append(f"/usr/lib/debug/.build-id/{number[:2]}/{number[2:]}.debug")
    if link:
        folder = path.rpartition("/")[0]
        places += [f"{folder}/{link}", f"{folder}/.debug/{link}", f"/usr/lib/debug{folder}/{link}"]
    return [place for place in places if place != path]


def elf_functions(raw: bytes | ImageFile, path: str, root: Path) -> list[Row]:
    """All functions of an ELF file, those in its separate symbols included.

    Args:
        raw: the file.
        path: of it, as its process sees it.
        root: what its process sees as ``/``.

    Raises:
        ValueError: it is none.
    """
    file = ElfFile(raw)
    packed = file.packed()
    return bounded(
        chain(
            file.symbols(),
            packed.symbols() if packed is not None else (),
            _separate(file, path, root),
            file.unwound(),
        )
    )


def _separate(file: ElfFile, path: str, root: Path) -> Iterator[Row]:
    for place in debug_files(file, path):
        for folder in dict.fromkeys((root, Path("/"))):
            try:
                with ImageFile(folder / place.lstrip("/")) as opened:
                    separate = ElfFile(opened)
                    if _belongs(opened, separate, file):
                        yield from separate.symbols()
                        return
            except (OSError, ValueError):
                continue


def _belongs(opened: ImageFile, separate: ElfFile, file: ElfFile) -> bool:
    """Whether a file of symbols is of that build: by its number, else by its CRC."""
    number = file.build_id()
    if number:
        return separate.build_id() == number
    if len(opened) > _SUMMED_MOST:
        return False
    crc = 0
    for at in range(0, len(opened), _PIECE):
        crc = zlib.crc32(opened[at : at + _PIECE], crc)
    return crc == file.debug_link()[1]
