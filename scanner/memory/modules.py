"""Modules: the ELF and PE files mapped in a target, and addresses relative to them."""

from __future__ import annotations

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Final

from ..images.elf import image_size
from .mappings import can_be_said, mapping_label
from .regions import Region

_PE_SUFFIXES: Final = (".exe", ".dll")

# Regions that addresses can be relative to when no module is there.
_NAMED: Final = ("[heap]", "[stack]", "[vdso]")

_start_of: Final = attrgetter("start")
_end_of: Final = attrgetter("end")


@dataclass(frozen=True, slots=True)
class Module:
    """An ELF or PE file mapped in a target.

    Attributes:
        name: of the file, without folders.
        path: of the file.
        base: its lowest address.
        end: the first address behind it.
        regions: its mappings, ascending, and the unnamed ones between and behind them that hold
            what the file leaves zero (bss) or what a loader copied from it, cut to its size.

    >>> import os
    >>> with attach(os.getpid()) as target:
    ...     libc = next(module for module in target.modules() if module.name.startswith("libc."))
    >>> libc.regions[0].start == libc.base, libc.base in libc, libc.end in libc
    (True, True, False)
    """

    name: str
    path: str
    base: int
    end: int
    regions: tuple[Region, ...]

    def __contains__(self, address: int) -> bool:
        return any(address in region for region in self.regions)


@dataclass(frozen=True, slots=True)
class Location:
    """What an address is part of.

    Attributes:
        address: the address.
        region: that it is in; None when nothing is mapped there.
        module: that it is in; None when it is in none.
        offset: bytes from the module's base, or else from where the mapping that ``label`` names
            or the region starts, or else from 0.
        label: what ``str()`` counts from: a module's name (its path where names repeat),
            ``"[heap]"`` and the like, the name of another mapping, with ``[1]`` behind it where it
            is the second of that name, or "" where only the address itself says it for sure.

    ``str()`` is ``game+0x4010``, ``[heap]+0x2a0``, ``/memfd:ram+0x320`` or ``0x7f…``, as
    addresses.parse_address() reads it.

    >>> location = Location(0x55D0C4A2A010, None, None, 16, "game")
    >>> print(location)
    game+0x10
    """

    address: int
    region: Region | None
    module: Module | None
    offset: int
    label: str

    def __str__(self) -> str:
        return f"{self.label}+0x{self.offset:x}" if self.label else f"0x{self.address:x}"


def modules_of(
    regions: Sequence[Region],
    root: str | Path = "/",
    size_of: Callable[[Region], int | None] | None = None,
) -> list[Module]:
    """The modules among the regions of a target, by ascending base.

    A module is a run of private mappings of one file, with no other file's mapping in between, of
    which one is executable (any, for .exe and .dll files, whose code a loader may have copied).
    Its size is read from the file. Where that cannot be done, the unnamed writable region directly
    behind its last mapping counts as its bss.

    Args:
        regions: all regions of the target, ascending.
        root: the folder that the target sees as ``/``.
        size_of: tells how much of a file is loaded, by its first mapping; its file does if None.

    >>> from farfetch.scanner.process.maps import RegionReader
    >>> import os
    >>> regions = RegionReader(os.getpid()).read()
    >>> [module.name for module in modules_of(regions) if "libc." in module.name]
    ['libc.so.6']
    """
    if size_of is None:
        size_of = partial(_size_by_file, Path(root))
    return [
        _module(run, regions, size_of)
        for run in _runs(regions)
        if any(region.executable for region in run) or run[0].path.lower().endswith(_PE_SUFFIXES)
    ]


def locate(address: int, regions: Sequence[Region], modules: Sequence[Module]) -> Location:
    """What an address is part of.

    Args:
        address: any address.
        regions: all regions of the target, ascending.
        modules: all modules of the target.
    """
    index = bisect_right(regions, address, key=lambda region: region.start) - 1
    region = regions[index] if index >= 0 and address in regions[index] else None
    module = next((module for module in modules if address in module), None)
    if module is not None:
        label = module_label(module, modules)
        return Location(address, region, module, address - module.base, label)
    if region is None:
        return Location(address, None, None, address, "")
    if region.path in _NAMED:
        start = min(named.start for named in regions if named.path == region.path)
        return Location(address, region, None, address - start, region.path)
    if any(module.path == region.path for module in modules):  # whose base the name stands for
        return Location(address, region, None, address - region.start, "")
    label, start = mapping_label(region, regions)
    return Location(address, region, None, address - start, label)


def locations_said(
    addresses: Sequence[int], regions: Sequence[Region], modules: Sequence[Module]
) -> list[str]:
    """What ``str()`` of the location of each address is, of many that ascend.

    Args:
        addresses: any, ascending.
        regions: all regions of the target, ascending.
        modules: all modules of the target.
    """
    said: list[str] = []
    while len(said) < len(addresses):
        start = len(said)
        first = locate(addresses[start], regions, modules)
        end = start + 1
        if first.region is not None:
            end = bisect_left(addresses, first.region.end, lo=end)
        # a module may end within a region, and what lies behind it counts from elsewhere
        while not _counts_alike(first, locate(addresses[end - 1], regions, modules)):
            end = start + (end - start) // 2
        here, base = addresses[start:end], first.address - first.offset
        if first.label:
            said += [f"{first.label}+0x{address - base:x}" for address in here]
        else:
            said += [f"0x{address:x}" for address in here]
    return said


def _counts_alike(one: Location, other: Location) -> bool:
    """Whether what is said of both counts from the same place."""
    if one.label != other.label:
        return False
    return not one.label or one.address - one.offset == other.address - other.offset


def module_label(module: Module, modules: Iterable[Module]) -> str:
    """What names a module for sure: its name, its path where names repeat, or else ""."""
    modules = tuple(modules)
    for label in filter(can_be_said, (module.name, module.path)):
        if [other for other in modules if label in (other.name, other.path)] == [module]:
            return f'"{label}"' if any(map(str.isspace, label)) else label
    return ""


def _runs(regions: Sequence[Region]) -> Iterator[list[Region]]:
    """Mappings of the same file with no other file's in between."""
    run: list[Region] = []
    for region in regions:
        if region.kind != "file":
            continue
        if run and (region.shared or _file(region) != _file(run[0])):
            yield run
            run = []
        if not region.shared:
            run.append(region)
    if run:
        yield run


def _file(region: Region) -> tuple[str, int, str]:
    return region.device, region.inode, region.path


def _size_by_file(root: Path, first: Region) -> int | None:
    return image_size(root / first.path.lstrip("/"), first.inode)


def _module(
    run: list[Region], regions: Sequence[Region], size_of: Callable[[Region], int | None]
) -> Module:
    first, last = run[0], run[-1]
    size = size_of(first)
    if size is not None:
        end = first.start + size + -size % mmap.PAGESIZE
        near = _between(regions, first.start, end)
        zeroed = [_cut(region, first.start, end) for region in near if _may_be_bss(region)]
    else:
        behind = _between(regions, last.end, last.end + 1)
        zeroed = [region for region in behind if _may_be_bss(region) and region.writable]
    parts = sorted((*run, *filter(None, zeroed)), key=lambda region: region.start)
    return Module(
        first.path.rpartition("/")[2], first.path, first.start, parts[-1].end, tuple(parts)
    )


def _between(regions: Sequence[Region], start: int, end: int) -> Sequence[Region]:
    """Those of regions, which ascend, that begin or lie between two addresses."""
    first = bisect_right(regions, start, key=_end_of)
    return regions[first : bisect_left(regions, end, lo=first, key=_start_of)]


def _may_be_bss(region: Region) -> bool:
    return region.kind == "anon" and region.readable and not region.shared


def _cut(region: Region, start: int, end: int) -> Region | None:
    """The part of a region between two addresses."""
    start, end = max(start, region.start), min(end, region.end)
    return replace(region, start=start, end=end) if start < end else None
