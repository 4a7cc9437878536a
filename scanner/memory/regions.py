"""Regions: what is mapped where in a target."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

RegionKind = Literal["heap", "stack", "anon", "file", "special"]

#: What the kernel puts behind the name of a file that was deleted.
DELETED: Final = " (deleted)"

# Memory of no file for which the kernel keeps one all the same: shared anonymous mappings,
# shmget(2)'s, and huge pages; mm/shmem.c, ipc/shm.c, mm/hugetlb.c.
_NAMELESS: Final = re.compile(r"/dev/zero|/SYSV[0-9a-f]{8}|/anon_hugepage")
# Where the kernel starts a name: 25 + 6 * sizeof(void *) - 1 columns, fs/proc/task_mmu.c.
_NAME_COLUMN: Final = 73


class Range(NamedTuple):
    """Addresses from start up to, not including, end.

    >>> span = Range(0x1000, 0x3000)
    >>> span.size, span.start, span.end
    (8192, 4096, 12288)
    """

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes it spans."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Region:
    """One mapping of a target.

    Attributes:
        start: its first address.
        end: the first address behind it.
        perms: ``"rw-p"``: read, write, execute, and private or shared.
        offset: of its first byte in the file, in bytes.
        device: of the file, ``"08:01"``: major and minor number in hex.
        inode: of the file; 0 for none.
        path: of the file; or a name in brackets such as ``"[heap]"``; or "".
        deleted: whether the file has been deleted since.

    ``str()`` is the kernel's own line, without the newline.

    >>> region = Region(0x1000, 0x3000, "rw-p", 0, "00:00", 0, "[heap]", False)
    >>> region.kind, region.size, region.writable, 0x2FFF in region, 0x3000 in region
    ('heap', 8192, True, True, False)
    >>> print(region)
    00001000-00003000 rw-p 00000000 00:00 0                                  [heap]
    """

    start: int
    end: int
    perms: str
    offset: int
    device: str
    inode: int
    path: str
    deleted: bool

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.end - self.start

    @property
    def readable(self) -> bool:
        """Whether the target may read it."""
        return self.perms[0] == "r"

    @property
    def writable(self) -> bool:
        """Whether the target may write it."""
        return self.perms[1] == "w"

    @property
    def executable(self) -> bool:
        """Whether the target may execute it."""
        return self.perms[2] == "x"

    @property
    def shared(self) -> bool:
        """Whether writes reach the file and other processes."""
        return self.perms[3] == "s"

    @property
    def name(self) -> str:
        """What to show: the path, marked when the file is deleted."""
        return self.path + DELETED if self.deleted else self.path

    @property
    def kind(self) -> RegionKind:
        """What it is, by its path: "special" are [vdso] and others that the kernel provides."""
        path = self.path
        if path == "[heap]":
            return "heap"
        if path == "[stack]" or path.startswith("[stack:"):
            return "stack"
        if not path or path.startswith(("[anon:", "[anon_shmem:")) or _is_nameless(self):
            return "anon"
        return "file" if path.startswith("/") else "special"

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.start <= address < self.end

    def __str__(self) -> str:
        line = (
            f"{self.start:08x}-{self.end:08x} {self.perms} {self.offset:08x} {self.device} "
            f"{self.inode} "
        )
        if not self.path:
            return line
        return line.ljust(_NAME_COLUMN) + self.name.replace("\n", r"\012")


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges by ascending address, those that touch or overlap as one.

    >>> merged([Range(5, 9), Range(1, 3), Range(3, 4), Range(8, 12)])
    [Range(start=1, end=4), Range(start=5, end=12)]
    """
    found: list[Range] = []
    for each in sorted(ranges):
        if found and each.start <= found[-1].end:
            found[-1] = Range(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def cut_out(whole: Range, closed: Sequence[Range]) -> list[Range]:
    """What of a range is in none of some others, which ascend and do not overlap.

    >>> cut_out(Range(0, 10), [Range(2, 3), Range(8, 20)])
    [Range(start=0, end=2), Range(start=3, end=8)]
    """
    left, start = [], whole.start
    for index in range(bisect_right(closed, start, key=lambda each: each.end), len(closed)):
        each = closed[index]
        if each.start >= whole.end:
            break
        if each.start > start:
            left.append(Range(start, each.start))
        start = each.end
    if start < whole.end:
        left.append(Range(start, whole.end))
    return left


def _is_nameless(region: Region) -> bool:
    """Whether the file of a region is there for the kernel alone."""
    is_gone = region.deleted or region.path == "/dev/zero"
    return is_gone and _NAMELESS.fullmatch(region.path) is not None


class Footprint(NamedTuple):
    """How much of a region is in memory.

    Attributes:
        region: the region.
        resident: bytes of it that are in memory.
        dirty: bytes of it in memory that were written: they are in no file, or not yet.

    >>> region = Region(0x1000, 0x3000, "rw-p", 0, "00:00", 0, "[heap]", False)
    >>> footprint = Footprint(region, resident=4096, dirty=4096)
    >>> f"{footprint.resident / footprint.region.size:.0%} in memory"
    '50% in memory'
    """

    region: Region
    resident: int
    dirty: int
