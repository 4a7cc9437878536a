"""Core files as memories: what is attached to as though it was a process."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Final

from .. import arguments
from ..engine import cell, check, content, ffi, lib
from ..errors import CoreFileError, FarfetchError, ReadOnlyTarget
from ..images.elf import headers_size
from ..memory.base import Memory
from ..memory.modules import Module, modules_of
from ..memory.regions import Footprint, Region
from ..memory.stacks import Stack
from ..memory.values import Values
from ..scan.budget import Budget
from ..scan.disk import snapshot_directory
from .contents import UnpackProgress, opened
from .elf import parse_elf
from .image import CoreThread, Damaged, Image
from .minidump import SIGNATURE, parse_minidump
from .stacks import core_stacks

_HEADERS: Final = 4096  # bytes of a module that its size is said in


class CoreFile(Memory):
    """A core file: the memory of a process at one moment, which can be looked at as a process can.

    ELF cores as the kernel and gdb's gcore write them, also packed with zstd or lz4 as
    systemd-coredump does, and Windows minidumps. What the file leaves out, such as the code of
    programs that are files elsewhere, cannot be read. Nothing can be written.

    Args:
        file: its name.
        directory: for what is unpacked; FARFETCH_TMPDIR, TMPDIR or /var/tmp if None.
        budget: of which what is unpacked may take the disk.
        progress: called with bytes that were unpacked, and that there are.

    Attributes:
        file: its name.
        threads: of the process, the one that ended it first, where one did.
        pid: None: nothing is asked of a process of that number.
        was: the pid that the process had; None where the file does not say.
        command: the name of the process's program; "" where the file does not say.

    Raises:
        CoreFileError: it cannot be read, or is no core file, or is damaged.

    >>> CoreFile("/dev/null")
    Traceback (most recent call last):
    farfetch.scanner.CoreFileError: the core file /dev/null: is not a regular file
    """

    must_be_closed = False

    def __init__(
        self,
        file: str | os.PathLike[str],
        *,
        directory: str | os.PathLike[str] | None = None,
        budget: Budget | None = None,
        progress: UnpackProgress | None = None,
    ) -> None:
        name = arguments.path("file", file)
        if budget is not None:
            arguments.instance("budget", budget, Budget, "a Budget, or None")
        if progress is not None:
            arguments.function("progress", progress)
        with opened(name, snapshot_directory(directory), budget, progress) as core:
            image = _parsed(name, core)
            out = cell("reader")
            pieces = ffi.new("struct ff_piece[]", [tuple(piece) for piece in image.pieces])
            check(lib.ff_reader_open_file(core.fileno(), pieces, len(image.pieces), out))
        super().__init__("core", content(out))
        self.file = name
        self.title = Path(name).name
        self.program = image.program
        self.threads: tuple[CoreThread, ...] = tuple(image.threads)
        self.was = image.pid
        self.command = image.name
        self._image = image

    def regions(self) -> list[Region]:
        """What was mapped, by ascending address."""
        self._held.get()
        return list(self._image.regions)

    @property
    def bits(self) -> int:
        """Width of a pointer in it: 32 or 64."""
        return self._image.bits

    def modules(self, regions: list[Region] | None = None) -> list[Module]:
        """The programs and libraries that were mapped, by ascending address."""
        self._held.get()
        if self._image.modules is not None:
            return list(self._image.modules)
        if regions is None:
            regions = self.regions()
        if regions != self._known[0]:
            self._known = (regions, modules_of(regions, size_of=self._size_of))
        return self._known[1]

    def stacks(self) -> list[Stack]:
        """The stacks of its threads, as far as they are known, by thread."""
        regions = self.regions()
        return core_stacks(self._image, self, regions, self.modules(regions))

    def _size_of(self, first: Region) -> int | None:
        return headers_size(self.read(first.start, _HEADERS))

    def footprints(self) -> list[Footprint]:
        """How much of each region is in the file, by ascending address."""
        self._held.get()
        pieces, footprints, at = self._image.pieces, [], 0
        for region in self._image.regions:
            there = 0
            while at < len(pieces) and pieces[at].start < region.end:
                start, end = max(pieces[at].start, region.start), min(pieces[at].end, region.end)
                there += max(0, end - start)
                if pieces[at].end > region.end:
                    break
                at += 1
            footprints.append(Footprint(region, there, there))
        return footprints

    def check_writable(self) -> None:
        """Raise: nothing can be written."""
        self._held.get()
        raise ReadOnlyTarget(self.title)

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        """Raise: nothing can be written, not by force either."""
        del force
        arguments.address(address)
        arguments.raw("raw", raw)
        self.check_writable()
        return 0

    def write_many(self, values: Values, *, force: bool = False) -> int:
        """Raise: nothing can be written, not by force either."""
        del values, force
        self.check_writable()
        return 0

    def error(self, code: int) -> FarfetchError | None:
        """What an errno of the reader means: nothing that is about the whole file."""
        del code
        return None


def _parsed(name: str, core: io.FileIO) -> Image:
    descriptor, size = core.fileno(), os.fstat(core.fileno()).st_size

    def read(at: int, length: int) -> bytes:
        return os.pread(descriptor, length, at) if 0 <= at < 1 << 63 else b""

    try:
        start = read(0, 4)
        if start == SIGNATURE:
            return parse_minidump(read, size)
        if start == b"\x7fELF":
            return parse_elf(read, size)
        raise Damaged("is no core file: neither of ELF nor a Windows minidump")
    except Damaged as error:
        raise CoreFileError(name, str(error)) from None
    except (struct.error, IndexError):
        raise CoreFileError(name, "is cut short: what it announces is not there") from None
    except (OSError, OverflowError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its numbers make no sense"
        raise CoreFileError(name, f"is damaged: {reason}") from None
