"""The slow, plain way to do what the core does, and memory to do it in."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping, Sequence
from typing import Any

from farfetch.scanner.compile import STREAMS, Program
from farfetch.scanner.layout import Layout
from farfetch.scanner.native import check, ffi, isa_index, isas, lib
from farfetch.scanner.oracle import evaluate
from farfetch.scanner.predicates import Predicate

from core import foreign

_PAGE = mmap.PAGESIZE
_LIBC = ctypes.CDLL(None, use_errno=True)


class Guarded:
    """Bytes that end where an unreadable page begins: reading past them kills the process."""

    def __init__(self, contents: bytes) -> None:
        pages = -(-max(len(contents), 1) // _PAGE)
        self._memory = mmap.mmap(-1, (pages + 1) * _PAGE)
        self._view = (ctypes.c_char * ((pages + 1) * _PAGE)).from_buffer(self._memory)
        guard = ctypes.addressof(self._view) + pages * _PAGE
        assert _LIBC.mprotect(ctypes.c_void_p(guard), _PAGE, 0) == 0  # PROT_NONE
        self._guard = guard
        self.address = guard - len(contents)
        ctypes.memmove(self.address, contents, len(contents))

    def close(self) -> None:
        assert _LIBC.mprotect(ctypes.c_void_p(self._guard), _PAGE, 3) == 0  # read, write
        del self._view
        self._memory.close()


def run_kernel(
    program: Program,
    isa: str,
    streams: Mapping[str, bytes],
    stride: int,
    count: int,
) -> list[bool]:
    """What the core says of each slot, with nothing readable behind the last."""
    if isa not in isas():
        there = {STREAMS[source]: contents for source, contents in streams.items()}
        return _bits(foreign.evaluate(program.handle, isa, there, stride, count), count)
    guarded = {source: Guarded(contents) for source, contents in streams.items()}
    pointers = ffi.new("uint8_t *[]", lib.FF_STREAMS)
    for source, memory in guarded.items():
        pointers[STREAMS[source]] = ffi.cast("uint8_t *", memory.address)
    words = (count + 63) // 64
    mask = ffi.new("uint64_t[]", [0x5555_5555_5555_5555] * words + [0xABCD])
    pointer = ffi.cast("uint8_t const **", pointers)
    check(lib.ff_program_eval(program.handle, isa_index(isa), pointer, stride, count, mask))
    for memory in guarded.values():
        memory.close()
    assert mask[words] == 0xABCD, "wrote past the mask"
    return _bits(list(mask[0:words]), count)


def _bits(words: Sequence[int], count: int) -> list[bool]:
    bits = [bool(words[slot // 64] >> slot % 64 & 1) for slot in range(len(words) * 64)]
    assert not any(bits[count:]), "set bits past the last slot"
    return bits[:count]


def naive_slots(
    predicate: Predicate,
    layout: Layout,
    streams: Mapping[str, bytes],
    stride: int,
    count: int,
) -> list[bool]:
    """What the definition says of each slot."""
    size = layout.size
    assert size is not None
    fits = []
    for slot in range(count):
        raw = {name: data[slot * stride : slot * stride + size] for name, data in streams.items()}
        values: dict[str, Any] = {name: layout.unpack(part) for name, part in raw.items()}
        fits.append(evaluate(predicate, layout, raw=raw, **values))
    return fits


def naive_addresses(
    predicate: Predicate,
    layout: Layout,
    ranges: Sequence[tuple[int, int]],
    align: int,
    streams: Mapping[str, bytes],
    base: int,
) -> list[int]:
    """Every address in the ranges whose value fulfils a predicate."""
    size = layout.size
    assert size is not None
    found = []
    for start, end in ranges:
        for address in range(-(-start // align) * align, end - size + 1, align):
            at = address - base
            raw = {name: data[at : at + size] for name, data in streams.items()}
            values: dict[str, Any] = {name: layout.unpack(part) for name, part in raw.items()}
            if evaluate(predicate, layout, raw=raw, **values):
                found.append(address)
    return found
