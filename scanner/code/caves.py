"""Caves: padding in a module's code, where nothing runs, for code that is put there instead.

They are what is left where the target cannot be asked to allocate. Taken is what is surely
padding: zeros or breakpoints at the end of an executable mapping, and runs of breakpoints between
functions, as Windows' compilers leave them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from ..memory.modules import Module
from ..memory.space import Space

_MARGIN: Final = 16  # bytes in front that are left: zeros may be an instruction's last
_NEAR: Final = (1 << 31) - (1 << 20)
_PAGE: Final = 4096
_AT_ONCE: Final = 1 << 20
_BREAKPOINTS: Final = re.compile(rb"\xcc{32,}")


class Cave(NamedTuple):
    """Padding.

    Attributes:
        address: of the first byte that may be used.
        size: bytes that may be.
    """

    address: int
    size: int


def find_cave(
    space: Space, size: int, near: int, taken: Collection[tuple[int, int]] = ()
) -> Cave | None:
    """Padding of at least so many bytes within 2 GiB of an address; None where there is none.

    Args:
        space: the target.
        size: bytes that are needed.
        near: the address; the module that it is in comes first.
        taken: addresses and sizes that are in use.
    """
    modules = sorted(
        (module for module in space.modules() if _is_near(module, near)),
        key=lambda module: (near not in module, abs(module.base - near)),
    )
    for module in modules:
        for start, end in _padding(space, module):
            at = start + _MARGIN
            for begin, length in sorted(taken):
                if begin < end and at < begin + length:
                    at = begin + length + _MARGIN
            at += -at % _MARGIN
            if at + size <= end:
                return Cave(at, end - at)
    return None


def _is_near(module: Module, near: int) -> bool:
    return near - _NEAR < module.base and module.end < near + _NEAR


def _padding(space: Space, module: Module) -> Iterator[tuple[int, int]]:
    for region in module.regions:
        if not (region.executable and region.readable) or region.size < _PAGE:
            continue
        tail = space.memory.read(region.end - _PAGE, _PAGE)
        if len(tail) == _PAGE and tail[-1] in (0, 0xCC):
            kept = len(tail.rstrip(tail[-1:]))
            yield region.end - _PAGE + kept, region.end
        for at in range(region.start, region.end, _AT_ONCE):
            raw = space.memory.read(at, min(_AT_ONCE, region.end - at))
            for found in _BREAKPOINTS.finditer(raw):
                yield at + found.start(), at + found.end()
