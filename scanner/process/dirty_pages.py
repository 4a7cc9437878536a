"""Pages: what the kernel knows of a target's memory, so that it need not all be read.

Soft-dirty bits say which pages were written to since the kernel was told to forget
(``clear_refs``, see proc(5) and the kernel's ``soft-dirty.rst``). They are looked at only after
this machine's kernel has shown that it keeps them, and no longer once somebody else is seen to
clear them: there is one set for all.
"""

from __future__ import annotations

import functools
import itertools
import mmap
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ..engine import cell, check, content, ffi, lib
from ..errors import TargetClosed
from ..lifetime.life import Descriptor, Held
from ..memory.page_state import PageState
from ..memory.regions import Range, Region
from .threads import ask, folders, has_memory, read_file

_PAGE: Final = mmap.PAGESIZE
_WITNESSES: Final = 64  # dirty pages that are looked at again
_LOOKED_AT: Final = 512  # pages among which they are searched
_SPARSE: Final = 2  # touched memory is worth looking for when there is so much more in all

#: Regions whose untouched pages are zero, by name; others have content of their own.
_ANONYMOUS: Final = ("", "[heap]", "[stack]")


class Pages(PageState):
    """The pages of a process.

    Args:
        pid: of the process.

    Several scans may ask at a time: who has the kernel forget begins an epoch before it does, so
    that another can see afterwards that what it trusted was not to be.

    Attributes:
        epoch: how often the kernel was told to forget; what was clean then is not what is now.
    """

    def __init__(self, pid: int) -> None:
        out = cell("pages")
        code = lib.ff_pages_open(pid, out)
        handle = ffi.NULL if code else content(out)
        self._held = Held(handle, lambda: TargetClosed(pid, ""))
        self._lock = threading.RLock()
        self.epoch = 0
        self._pid = pid
        self._shared = False
        self._claim: Descriptor | None = None
        self._witnesses: tuple[int, ...] = ()

    @property
    def handle(self) -> Any:
        """The core's; NULL where the kernel does not tell."""
        return self._held.get()

    def is_sparse(self, ranges: Sequence[Range]) -> bool:
        """Whether much less than the ranges is resident, so that much may never have been touched.

        What a process has in memory costs nothing to ask; each page's state does.
        """
        try:
            resident = ask(folders(self._pid), _resident)
        except OSError:
            resident = None
        if not self.handle or not resident:
            return False
        return sum(end - start for start, end in ranges) > _SPARSE * resident

    def expecting_zeros(self, regions: Sequence[Region]) -> Any:
        """The core's pages, of which those in regions that nobody touched count as zeros."""
        anonymous = [
            (region.start, region.end)
            for region in regions
            if region.perms[3] == "p" and _is_anonymous(region.path)
        ]
        lazy = _filled_by_others(self._pid)
        zeros = [bounds for bounds in anonymous if bounds not in lazy]
        listed = ffi.new("struct ff_range[]", zeros)
        out = cell("pages")
        check(lib.ff_pages_expect(self.handle, listed, len(zeros), out))
        return content(out)

    def forget(self) -> int | None:
        """Begin an epoch: from now on, pages that are not written to are clean.

        Returns:
            Its number, or None where clean pages cannot be told.
        """
        with self._lock:
            if self._shared or not self.handle or not keeps_soft_dirty() or not self._claims():
                return None
            self.epoch += 1
            self._witnesses = ()
            try:
                if not ask(folders(self._pid), _clear_soft_dirty):
                    return None
            except OSError:
                return None
            return self.epoch

    def _claims(self) -> bool:
        """Whether no other farfetch uses the bits: who does has bound a socket of this name."""
        if self._claim is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
                try:
                    claim.bind(f"\0farfetch-soft-dirty-{self._pid}")
                except OSError:
                    return False
                self._claim = Descriptor(claim.detach())
        return True

    def close(self) -> None:
        """Let go of the process, and others use the bits."""
        self._held.let_go()
        self.epoch += 1
        self._claim = None

    def trusts(self, epoch: int | None) -> bool:
        """Whether what is clean now has been so since an epoch began."""
        if epoch is None or epoch != self.epoch or self._shared:
            return False
        if any(lib.ff_pages_is_clean(self.handle, page) for page in self._witnesses):
            # dirty pages do not become clean by themselves
            self._shared = True
        return not self._shared

    def remember_dirty(self, regions: Sequence[Region], epoch: int) -> None:
        """Note some dirty pages: if one is clean while the epoch lasts, others told the kernel."""
        with self._lock:
            if self._shared or not self.handle or epoch != self.epoch:
                return
            dirty = (page for page in _some_pages(regions) if self._is_dirty(page))
            self._witnesses = tuple(itertools.islice(dirty, _WITNESSES))

    def _is_dirty(self, page: int) -> bool:
        return bool(lib.ff_pages_is_dirty(self.handle, page))


def _resident(folder: Path) -> int:
    """Bytes in memory, by a thread's folder in /proc."""
    return int((folder / "statm").read_bytes().split()[1]) * _PAGE


def _clear_soft_dirty(folder: Path) -> bool:
    """Tell the kernel to forget, by a thread's folder; whether that thread could."""
    if not has_memory(folder):
        return False
    # 4: the soft-dirty bits, see proc(5)
    (folder / "clear_refs").write_text("4")
    return True


def _is_anonymous(name: str) -> bool:
    return name in _ANONYMOUS or name.startswith("[anon:")


def _some_pages(regions: Sequence[Region]) -> Iterator[int]:
    """Pages that a running process is likely to write to: first and last ones of its memory."""
    private = [region for region in regions if region.writable and not region.shared]
    each = max(1, _LOOKED_AT // (2 * len(private) or 1))
    for region in private:
        pages = range(region.start, region.end, _PAGE)
        yield from pages[-each:]
        yield from pages[:-each][:each]


def _filled_by_others(pid: int) -> frozenset[tuple[int, int]]:
    """Regions in which another process fills pages when they are touched; see userfaultfd(2)."""
    try:
        lines = read_file(pid, "smaps").decode(errors="replace").splitlines()
    except OSError:
        return frozenset()
    filled = set()
    bounds = (0, 0)
    for line in lines:
        word = line.split(" ", 1)[0]
        if line.startswith("VmFlags:"):
            if "um" in line.split():
                filled.add(bounds)
        elif not word.endswith(":") and "-" in word:
            start, end = word.split("-")
            bounds = (int(start, 16), int(end, 16))
    return frozenset(filled)


@functools.cache
def keeps_soft_dirty() -> bool:
    """Whether this kernel keeps soft-dirty bits, tried on a page of our own.

    Kernels without CONFIG_MEM_SOFT_DIRTY take the same commands and do nothing.
    """
    out = cell("pages")
    if lib.ff_pages_open(os.getpid(), out):
        return False
    ours = content(out)
    with mmap.mmap(-1, _PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as page:
        page[0] = 1
        view = ffi.from_buffer(page)
        address = int(ffi.cast("uintptr_t", view))
        try:
            Path("/proc/self/clear_refs").write_text("4")
            cleared = lib.ff_pages_is_clean(ours, address)
            page[0] = 2
            return bool(cleared and lib.ff_pages_is_dirty(ours, address))
        except OSError:
            return False
        finally:
            ffi.release(view)  # else the mapping could not be closed
