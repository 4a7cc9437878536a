"""Named mappings: files that are mapped and are no modules, and places in them.

Emulators keep the memory of what they emulate so, in a file without a folder or in shared memory:
``/memfd:dolphin-emu+0x320`` is the same place in every run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from .regions import Region

_TWIN: Final = re.compile(r"(.+)\[([0-9]{1,6})\]", re.DOTALL)
#: What would not be read back as it is written, or is no text: bytes that are no UTF-8.
_UNSAID: Final = re.compile(r'["\0-\x1f\x7f\ud800-\udfff]|->')


def mapping_starts(path: str, regions: Sequence[Region]) -> list[int]:
    """Where the mappings of a name begin, by ascending address.

    What was mapped as one and has been cut by other protections since counts as one.

    Args:
        path: of the regions.
        regions: all regions of the target, ascending.

    >>> def mapped(start, offset):
    ...     return Region(start, start + 0x1000, "rw-s", offset, "00:01", 7, "/memfd:ram", True)
    >>> regions = [mapped(0x1000, 0), mapped(0x2000, 0x1000), mapped(0x8000, 0)]
    >>> [hex(start) for start in mapping_starts("/memfd:ram", regions)]
    ['0x1000', '0x8000']
    """
    starts: list[int] = []
    last: Region | None = None
    for region in regions:
        if region.path != path:
            continue
        if last is None or not _goes_on(last, region):
            starts.append(region.start)
        last = region
    return starts


def mapping_label(region: Region, regions: Sequence[Region]) -> tuple[str, int]:
    """What names the mapping that a region is part of, and where it begins; "" where nothing does.

    Args:
        region: of a file, or of memory that its program has named.
        regions: all regions of the target, ascending.
    """
    path = region.path
    is_named = region.kind == "file" or path.startswith(("[anon:", "[anon_shmem:"))
    if not is_named or not can_be_said(path):
        return "", region.start
    starts = mapping_starts(path, regions)
    index = max(index for index, start in enumerate(starts) if start <= region.start)
    if index and region.kind != "file":
        return "", region.start  # the second of some arenas is another one in the next run
    label = f"{path}[{index}]" if index else path
    if mapping_start(label, regions) != starts[index]:
        return "", region.start  # another mapping is called so
    return (f'"{label}"' if any(map(str.isspace, label)) else label), starts[index]


def can_be_said(name: str) -> bool:
    r"""Whether a name is read back as it is written, so that an address can begin with it.

    >>> can_be_said("/memfd:ram"), can_be_said("a\nb"), can_be_said("\udcff")
    (True, False, False)
    """
    return not _UNSAID.search(name) and name == name.strip()


def mapping_start(name: str, regions: Sequence[Region]) -> int | None:
    """Where the mapping of a name begins, ``name[1]`` for the second; None when there is none.

    Args:
        name: of the mapping.
        regions: all regions of the target, ascending.
    """
    starts = mapping_starts(name, regions) if name else []
    if starts:
        return starts[0]
    twin = _TWIN.fullmatch(name)
    if twin is None:
        return None
    starts, index = mapping_starts(twin[1], regions), int(twin[2])
    return starts[index] if index < len(starts) else None


def _goes_on(before: Region, region: Region) -> bool:
    """Whether a region is the rest of a mapping."""
    is_one = before.end == region.start and before.device == region.device
    follows = region.offset == before.offset + before.size or not region.inode
    return is_one and before.inode == region.inode and follows
