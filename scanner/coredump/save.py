"""Writing a core file of a target that runs on: what is in memory of it, and nothing else.

The target is not stopped, so the file is of no single moment: what it changes meanwhile is in it
as it was or as it is. Pages that were never touched become holes in the file, which read as the
zeros that they are; pages of mapped files that are not in memory are left out.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .. import arguments
from ..declarations.files import drafted, mode_of, refusing
from ..errors import CoreFileError
from ..memory.base import Memory
from ..memory.regions import Range, Region
from ..memory.space import Space
from ..process.threads import ask, folders
from ..scan.job import ProgressFunction
from ..scan.results import Progress
from .elf_layout import Written, header_of, tail_of

_PAGE: Final = os.sysconf("SC_PAGESIZE")
_PART: Final = 1 << 20  # bytes that are read at a time
_BLOCK: Final = 1 << 17  # and looked at for zeros
_ZERO: Final = bytes(_PAGE)
_ENTRIES: Final = 1 << 17  # pages that the kernel is asked about at a time
#: Of an entry of pagemap the highest byte: bits 63 and 62 say that the page is there, or swapped.
_THERE: Final = bytes(1 if byte & 0xC0 else 0 for byte in range(256))
_ZEROS: Final = 1 << 30  # bytes of zeros in a row that are in the file, as holes
_REPORT: Final = 0.05  # seconds between calls of a progress function


def save_core(
    target: Space,
    file: str | os.PathLike[str],
    *,
    force: bool = False,
    progress: ProgressFunction | None = None,
) -> int:
    """What :meth:`.Target.save_memory` does, and says."""
    name = arguments.path("file", file)
    force = arguments.flag("force", force)
    progress = arguments.function("progress", progress)
    target.check()
    with refusing(name, CoreFileError):
        path = Path(os.path.realpath(name))
        mode = mode_of(path, 0o600)
        if not force:
            _check_replaced(name, path)
        with drafted(path, mode) as (draft, out):
            saving = _Saving(target, out.fileno(), progress)
            size = saving.run()
            os.fsync(out.fileno())
            target.check()
            draft.replace(path)
    return size


def _check_replaced(name: str, path: Path) -> None:
    """Refuse to write over what is there and is no core file."""
    try:
        with path.open("rb") as there:
            begins = there.read(18)
    except FileNotFoundError:
        return
    if begins and not (begins[:4] == b"\x7fELF" and begins[16:18] in (b"\4\0", b"\0\4")):
        reason = "is not written over, as what is there is no core file"
        raise CoreFileError(name, f"{reason}; save to another file, or force it")


class _Saving:
    def __init__(self, target: Space, out: int, progress: ProgressFunction | None) -> None:
        self._target = target
        self._memory: Memory = target.memory
        self._out = out
        self._progress = progress
        self._started = self._reported = time.monotonic()
        self._end = _PAGE  # of what is written: behind the header
        self._written: list[Written] = []
        self._bytes = self._done = self._total = 0

    def run(self) -> int:
        """Write it. Returns the bytes of memory that are in it."""
        regions = self._target.regions()
        self._total = sum(region.size for region in regions if _is_read(region))
        for region in regions:
            if _is_read(region):
                self._region(region)
            elif region.path != "[vsyscall]":
                self._add(region, Range(region.start, region.end), None)
            self._done += region.size if _is_read(region) else 0
        process = self._memory.process
        bits = self._target.bits if process is None else process.bits or 64
        tail = tail_of(self._memory, bits, regions, self._written, self._end)
        os.pwrite(self._out, header_of(bits, tail), 0)
        _put(self._out, tail.raw, self._end)
        return self._bytes

    def _region(self, region: Region) -> None:
        """Write what is in memory of a region; of private memory without a file all, with holes."""
        whole = Range(region.start, region.end)
        is_special = region.kind == "special"  # such as [vdso], which is small
        there = [whole] if is_special else list(_in_memory(self._memory, whole))
        if region.path.startswith("/") or region.shared:
            groups = [(run, [run]) for run in there]
        else:
            groups = gathered(whole, there)
        at = region.start
        for span, inside in groups:
            self._gap(region, Range(at, span.start))
            self._run(region, span, inside)
            at = span.end
        self._gap(region, Range(at, region.end))

    def _gap(self, region: Region, span: Range) -> None:
        if span.start < span.end:
            self._add(region, span, None)

    def _run(self, region: Region, span: Range, there: list[Range]) -> None:
        """Write the bytes of a span, zero outside of some runs, around what cannot be read."""
        begun, lost = span.start, False
        for run in there:
            at = run.start
            while at < run.end:
                raw = self._memory.read(at, min(_PART, run.end - at))
                self._store(raw, self._end + at - begun)
                at += len(raw)
                if not raw or len(raw) % _PAGE:
                    stop, at = at - at % _PAGE, at - at % _PAGE + _PAGE
                    self._close(region, Range(begun, stop))
                    self._gap(region, Range(stop, at))
                    begun, lost = at, True
                self._report(region, at)
        if begun < span.end or not lost:
            self._close(region, Range(begun, span.end))

    def _close(self, region: Region, span: Range) -> None:
        """End a stretch of bytes that are in the file."""
        if span.start < span.end:
            self._add(region, span, self._end)
            self._end += span.size

    def _add(self, region: Region, span: Range, offset: int | None) -> None:
        self._written.append(Written(span, region.perms, offset))

    def _store(self, raw: bytes, offset: int) -> None:
        """Write bytes, but for pages of zeros, which stay holes."""
        self._bytes += len(raw)
        for at in range(0, len(raw), _BLOCK):
            block = raw[at : at + _BLOCK]
            if _ZERO not in block:  # there or anywhere: most have none
                _put(self._out, block, offset + at)
                continue
            for inside in range(0, len(block), _PAGE):
                page = block[inside : inside + _PAGE]
                if page.count(0) != len(page):
                    _put(self._out, page, offset + at + inside)

    def _report(self, region: Region, at: int) -> None:
        now = time.monotonic()
        if self._progress is not None and now - self._reported >= _REPORT:
            self._reported = now
            done, pages = self._done + at - region.start, self._bytes // _PAGE
            self._progress(Progress(done, self._total, pages, now - self._started))


def gathered(whole: Range, there: list[Range]) -> list[tuple[Range, list[Range]]]:
    """The runs of a region, with the zeros around them; not where these go on and on.

    No file is as large as what some programs reserve. So more than a gibibyte that nobody touched
    is left out, as though it could not be read.

    Args:
        whole: the region.
        there: runs of it, ascending.

    >>> gathered(Range(0, 5 << 30), [Range(4096, 8192), Range(4 << 30, (4 << 30) + 4096)])[1]
    (Range(start=4294967296, end=5368709120), [Range(start=4294967296, end=4294971392)])
    """
    groups: list[tuple[Range, list[Range]]] = []
    start, inside, end = whole.start, list[Range](), whole.start
    for run in there:
        if run.start - end > _ZEROS:
            if inside:
                groups.append((Range(start, end), inside))
            start, inside = run.start, []
        inside.append(run)
        end = run.end
    if inside or whole.size <= _ZEROS:
        end = whole.end if whole.end - end <= _ZEROS else end
        groups.append((Range(start, end), inside))
    return groups


def _is_read(region: Region) -> bool:
    return region.readable and not region.path.startswith(("[vvar", "[vsyscall"))


def _in_memory(memory: Memory, span: Range) -> Iterator[Range]:
    """The runs of pages that are in memory or swapped out; all where nobody knows."""
    if memory.pid is None:
        yield span
        return
    joined: Range | None = None
    for start in range(span.start, span.end, _ENTRIES * _PAGE):
        count = min(_ENTRIES, (span.end - start) // _PAGE)
        raw = _pagemap(memory.pid, start // _PAGE, count)
        states = raw[7::8].translate(_THERE)
        for found in re.finditer(b"\1+", states):
            run = Range(start + found.start() * _PAGE, start + found.end() * _PAGE)
            if joined is not None and joined.end == run.start:
                joined = Range(joined.start, run.end)
                continue
            if joined is not None:
                yield joined
            joined = run
    if joined is not None:
        yield joined


def _pagemap(pid: int, first: int, count: int) -> bytes:
    """What the kernel says of so many pages: all that they are there, where it does not say."""

    def look(folder: Path) -> bytes:
        with (folder / "pagemap").open("rb", buffering=0) as file:
            return os.pread(file.fileno(), count * 8, first * 8)

    try:
        return ask(folders(pid), look) or b""
    except PermissionError:
        return b"\xff" * (count * 8)


def _put(out: int, raw: bytes, offset: int) -> None:
    done = 0
    while done < len(raw):
        done += os.pwrite(out, raw[done:], offset + done)
