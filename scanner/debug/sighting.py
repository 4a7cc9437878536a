"""Sightings: hits as the core has told them apart and counted them."""

from __future__ import annotations

import errno
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from ..engine import ffi, lib

_X86: Final = (
    *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "rflags", "cs", "ss"),
    *(f"r{number}" for number in range(8, 16)),
)
_ARM64: Final = (*(f"x{number}" for number in range(31)), "sp", "pc")
#: Registers as the core has them.
NAMES: Final[tuple[str, ...]] = {"x86_64": _X86, "aarch64": _ARM64}.get(platform.machine(), ())


@dataclass(frozen=True, slots=True)
class Sighting:
    """Hits that the core does not tell apart: how many, when, and what the last of them left.

    Attributes:
        ip: where the program went on.
        bits: of the thread that hit last, 32 or 64; 0 where it had no registers.
        count: how often, with an estimate for the time in which nobody looked.
        seen: how often it was seen.
        first: when first, in seconds from when watching began.
        last: when last.
        threads: that did, by number.
        registers: by name.
        stack: the first bytes of the stack.
        before: the value before; None where it is not known.
        after: the value soon after; None where it is not known.
        code: where the code begins that is kept around ``ip``, and its bytes.
    """

    ip: int
    bits: int
    count: int
    seen: int
    first: float
    last: float
    threads: tuple[int, ...]
    registers: dict[str, int]
    stack: bytes
    before: bytes | None
    after: bytes | None
    code: tuple[int, bytes]

    def joined(self, other: Sighting | None) -> Sighting:
        """Both in one: of the same instruction, or the same address; itself where there is none."""
        if other is None:
            return self
        threads = dict.fromkeys(other.threads + self.threads)
        return replace(
            max(other, self, key=lambda each: each.last),
            count=other.count + self.count,
            seen=other.seen + self.seen,
            first=min(other.first, self.first),
            threads=tuple(threads)[: lib.FF_WATCH_THREADS],
        )


def sightings(core: Any, began: float, size: int) -> Iterator[Sighting]:
    """What the core has seen so far.

    Args:
        core: the watch.
        began: when, by the same clock, in seconds.
        size: bytes of the value.
    """
    index = 0
    threads = ffi.new("uint32_t[]", lib.FF_WATCH_THREADS)
    stack = ffi.new("uint8_t[]", lib.FF_WATCH_STACK)
    hit = ffi.new("struct ff_watch_hit *")
    while lib.ff_watch_hit(core, index, hit, threads, stack) != -errno.ENOENT:
        yield Sighting(
            ip=hit.ip,
            bits=hit.bits,
            count=hit.count,
            seen=hit.seen,
            first=hit.first / 1e9 - began,
            last=hit.last / 1e9 - began,
            threads=tuple(threads[0 : hit.threads]),
            registers=dict(zip(NAMES, hit.registers, strict=False)) if hit.bits else {},
            stack=bytes(ffi.buffer(stack, hit.stack)),
            before=bytes(hit.before[0:size]) if hit.known else None,
            after=bytes(hit.after[0:size]) if hit.known else None,
            code=(hit.code_start, bytes(hit.code[0 : hit.code_size])),
        )
        index += 1
