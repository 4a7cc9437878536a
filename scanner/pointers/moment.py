"""Moments: what a pointer map knows of its target beside the pointers."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from .. import arguments
from ..memory.modules import Module
from ..memory.regions import Range, Region
from ..scan.results import FaultSet

Order = Literal["little", "big"]

_HEADER: Final = 4096  # bytes that a module's headers and notes are looked for in
_PT_LOAD: Final = 1
_PT_NOTE: Final = 4
_NT_GNU_BUILD_ID: Final = 3


@dataclass(frozen=True)
class Moment:
    """A target, as it was when its pointers were read.

    Attributes:
        name: of the target.
        program: the path of its program; "" where that is not known.
        bits: width of a pointer.
        order: of the bytes of one.
        align: bytes between the addresses looked at.
        where: which regions were.
        made: when, in seconds since 1970.
        seconds: it took.
        bytes: that were read.
        faults: what could not be read.
        ranges: addresses that were looked at, ascending; pointers lead into these.
        regions: all that was mapped.
        modules: the programs and libraries among it, by ascending address.
        builds: what tells one build of each module from another; "" where nothing does.
        goal: the address that paths are looked for to; None where that was not said.
    """

    name: str
    program: str
    bits: int
    order: Order
    align: int
    where: str
    made: float
    seconds: float
    bytes: int
    faults: FaultSet
    ranges: tuple[Range, ...]
    regions: tuple[Region, ...]
    modules: tuple[Module, ...]
    builds: tuple[str, ...]
    goal: int | None = None

    @property
    def labels(self) -> list[str]:
        """What each module is called, here and in every other run: ``game``, ``libz.so.1[1]``."""
        names = Counter(module.name for module in self.modules)
        return [
            _quoted(name if names[name] == 1 else f"{name}[{number}]")
            for name, number in numbered(self.modules)
        ]


def order_of(order: object) -> Order:
    """An order of bytes that somebody gave."""
    return "little" if arguments.choice("order", order, ("little", "big")) == "little" else "big"


def numbered(modules: Sequence[Module]) -> list[tuple[str, int]]:
    """Each module's name, and how many of that name lie below it."""
    seen: Counter[str] = Counter()
    keys = []
    for module in modules:
        keys.append((module.name, seen[module.name]))
        seen[module.name] += 1
    return keys


def _quoted(label: str) -> str:
    return f'"{label}"' if any(map(str.isspace, label)) else label


def build_of(read: Callable[[int, int], bytes], base: int) -> str:
    """What a module's headers in memory say of its build: an ELF build-id, a PE time stamp.

    Args:
        read: up to so many bytes from an address on.
        base: of the module.
    """
    header = read(base, _HEADER)
    try:
        if header[:4] == b"\x7fELF":
            return _elf_build(read, base, header)
        return _pe_build(header) if header[:2] == b"MZ" else ""
    except (struct.error, IndexError, ValueError, OverflowError):
        return ""


def _elf_build(read: Callable[[int, int], bytes], base: int, header: bytes) -> str:
    order = ">" if header[5] == 2 else "<"
    if header[4] == 2:
        at, entry, count = struct.unpack_from(f"{order}32xQ14x2H", header)
        fields = f"{order}I12xQ8x2Q"  # p_type, p_vaddr, p_filesz, p_memsz
    else:
        at, entry, count = struct.unpack_from(f"{order}28xI10x2H", header)
        fields = f"{order}I4xI4x2I"
    segments = [struct.unpack_from(fields, header, at + i * entry) for i in range(count)]
    low = min((address for kind, address, *_ in segments if kind == _PT_LOAD), default=0)
    for kind, address, size, _ in segments:
        if kind == _PT_NOTE:
            found = _build_note(read(base + address - (low & ~0xFFF), min(size, _HEADER)), order)
            if found:
                return found
    return ""


def _build_note(notes: bytes, order: str) -> str:
    at = 0
    while at + 12 <= len(notes):
        name, size, kind = struct.unpack_from(f"{order}3I", notes, at)
        text, body = at + 12, at + 12 + name + -name % 4
        if kind == _NT_GNU_BUILD_ID and notes[text : text + name] == b"GNU\0":
            return notes[body : body + size].hex()
        at = body + size + -size % 4
    return ""


def _pe_build(header: bytes) -> str:
    (at,) = struct.unpack_from("<60xI", header)
    signature, stamp = struct.unpack_from("<4s4xI", header, at)
    return f"pe-{stamp:08x}" if signature == b"PE\0\0" else ""
