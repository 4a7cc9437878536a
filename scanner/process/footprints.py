"""Footprints: how much of each region is in memory, and how much of that was written.

The kernel adds them up over the pages in /proc/pid/smaps; see proc_pid_smaps(5).
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import AccessDenied, TargetGone
from ..memory.regions import Footprint
from .maps import parse_maps
from .processes import has_exited
from .threads import read_file

# Pages of hugetlbfs are counted apart, and were written or they would not be there.
_DIRTY: Final = (b"Shared_Dirty", b"Private_Dirty", b"Shared_Hugetlb", b"Private_Hugetlb")
_RESIDENT: Final = (b"Rss", b"Shared_Hugetlb", b"Private_Hugetlb")
_FIELD: Final = re.compile(
    rb"\n(Rss|(?:Shared|Private)_(?:Dirty|Hugetlb)): +(\d+) kB$", re.MULTILINE
)
# A region's own line begins with its addresses, the lines about it with a capital letter.
_REGION: Final = re.compile(rb"^(?=[0-9a-f]+-)", re.MULTILINE)


def parse_smaps(text: bytes) -> list[Footprint]:
    """The footprints that the text of a smaps file lists, in its order.

    Raises:
        ValueError: a region's line is not as in a maps file.

    >>> [footprint] = parse_smaps(b'''1000-3000 rw-p 00000000 00:00 0
    ... Size:                  8 kB
    ... Rss:                   4 kB
    ... Private_Dirty:         4 kB
    ... ''')
    >>> footprint.resident, footprint.dirty, footprint.region.size
    (4096, 4096, 8192)
    """
    return [_parse(entry) for entry in _REGION.split(text) if entry]


def _parse(entry: bytes) -> Footprint:
    line, _, _ = entry.partition(b"\n")
    (region,) = parse_maps(line)
    amounts = {name: int(number) * 1024 for name, number in _FIELD.findall(entry)}
    return Footprint(
        region,
        sum(amounts.get(name, 0) for name in _RESIDENT),
        sum(amounts.get(name, 0) for name in _DIRTY),
    )


def read_footprints(pid: int, name: str = "") -> list[Footprint]:
    """The footprints of a process's regions, by ascending address.

    Args:
        pid: the process.
        name: what to call it in errors.

    Raises:
        AccessDenied: the kernel does not let us.
        TargetGone: it has exited.
    """
    try:
        footprints = parse_smaps(read_file(pid, "smaps"))
    except PermissionError:
        raise AccessDenied(pid, name, "read the regions of") from None
    if not footprints and has_exited(pid):
        raise TargetGone(pid, name, "exited")
    return footprints
