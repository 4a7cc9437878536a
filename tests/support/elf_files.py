"""Small ELF files, made of what a test wants to be in them."""

from __future__ import annotations

import struct
import zlib

_HEADER, _SECTION, _SYMBOL = 64, 64, 24


def elf_file(
    functions: dict[str, int], *, link: str = "", linked: bytes = b"", tables: int = 1
) -> bytes:
    """A library of 64 bits with symbols.

    Args:
        functions: the address of each, of 8 bytes.
        link: the name of a separate file of symbols that it names, and
        linked: the contents that it says that file has.
        tables: how many sections of symbols there are, all of the same ones.
    """
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in functions)
    names = b"\0.symtab\0.strtab\0.gnu_debuglink\0"
    symbols = bytes(_SYMBOL)
    for name, address in functions.items():
        at = strings.index(b"\0" + name.encode() + b"\0") + 1
        symbols += struct.pack("<IBBHQQ", at, 2, 0, 1, address, 8)
    debug = link.encode() + b"\0"
    debug += bytes(-len(debug) % 4) + struct.pack("<I", zlib.crc32(linked))
    count = 1 + 2 + bool(link) + tables
    begin = _HEADER + count * _SECTION
    contents = symbols + strings + names + debug
    places = [begin, begin + len(symbols), begin + len(symbols) + len(strings)]
    places.append(places[-1] + len(names))
    sections = [
        (0, 3, places[1], len(strings), 0, 0),  # strings are the first: of what links to them
        (9, 3, places[2], len(names), 0, 0),
        *([(17, 1, places[3], len(debug), 0, 0)] if link else []),
        *([(1, 2, places[0], len(symbols), 1, _SYMBOL)] * tables),
    ]
    table = bytes(_SECTION) + b"".join(
        struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, at, size, to, 0, 1, each)
        for name, kind, at, size, to, each in sections
    )
    head = struct.pack(
        "<4sBBB9xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1, 1, 3, 62, 1, 0, 0, _HEADER, 0, _HEADER, 56, 0, _SECTION, count, 2),
    )
    return head + table + contents
