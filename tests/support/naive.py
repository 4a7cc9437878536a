"""The slow, plain way to do what the core does, and memory to do it in."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from farfetch.scanner.compiler.predicate import STREAMS, Program, compile_predicate
from farfetch.scanner.engine import check, ffi, isa_index, isas, lib
from farfetch.scanner.predicates.meaning import evaluate
from farfetch.scanner.predicates.nodes import Predicate
from farfetch.scanner.values.layout import Layout

from support import foreign

_PAGE = mmap.PAGESIZE
_BEHIND = b"\xcd\xab" * 4
_LIBC = ctypes.CDLL(None, use_errno=True)


class Guarded:
    """Memory that ends where an unreadable page begins: reading past it kills the process."""

    def __init__(self, pages: int) -> None:
        self._memory = mmap.mmap(-1, (pages + 1) * _PAGE)
        self._view = (ctypes.c_char * ((pages + 1) * _PAGE)).from_buffer(self._memory)
        self._end = ctypes.addressof(self._view) + pages * _PAGE
        self._size = pages * _PAGE
        assert _LIBC.mprotect(ctypes.c_void_p(self._end), _PAGE, 0) == 0  # PROT_NONE

    def place(self, contents: bytes) -> int:
        """Put bytes at the end of the memory, and return their address."""
        assert len(contents) <= self._size
        address = self._end - len(contents)
        ctypes.memmove(address, contents, len(contents))
        return address


@cache
def _guarded(_source: str, pages: int) -> Guarded:
    """One for all kernels: making one takes longer than most of them run."""
    return Guarded(pages)


def run_kernel(
    program: Program,
    isa: str,
    streams: Mapping[str, bytes],
    stride: int,
    count: int,
) -> int:
    """What the core says: a bit for each slot, with nothing readable behind the last."""
    if isa not in isas():
        there = {STREAMS[source]: contents for source, contents in streams.items()}
        return foreign.evaluate(program.handle, isa, there, stride, count)
    pointers = ffi.new("uint8_t *[]", lib.FF_STREAMS)
    for source, contents in streams.items():
        address = _guarded(source, len(contents) // _PAGE + 1).place(contents)
        pointers[STREAMS[source]] = ffi.cast("uint8_t *", address)
    size = (count + 63) // 64 * 8
    mask = bytearray(b"\x55" * size + _BEHIND)
    check(
        lib.ff_program_eval(
            program.handle,
            isa_index(isa),
            ffi.cast("uint8_t const **", pointers),
            stride,
            count,
            ffi.from_buffer("uint64_t[]", mask),
        )
    )
    assert mask[size:] == _BEHIND, "wrote past the mask"
    return int.from_bytes(mask[:size], "little")


def assert_all_kernels(
    program: Program, streams: Mapping[str, bytes], stride: int, count: int, expected: list[bool]
) -> None:
    """Hold the kernels of every instruction set to what is expected of each slot."""
    bits = sum(1 << slot for slot in range(count) if expected[slot])
    for isa in foreign.kernel_isas():
        found = run_kernel(program, isa, streams, stride, count)
        assert f"{found:#b}" == f"{bits:#b}", isa


def assert_as_defined(
    predicate: Predicate, layout: Layout, streams: Mapping[str, bytes], stride: int, count: int
) -> list[bool]:
    """Hold all kernels to the definition, and return what that says of each slot."""
    defined = naive_slots(predicate, layout, streams, stride, count)
    assert_all_kernels(compile_predicate(predicate, layout), streams, stride, count, defined)
    return defined


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
