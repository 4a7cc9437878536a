"""The bytes of a core file: as they are, or unpacked where systemd-coredump has packed them."""

from __future__ import annotations

import importlib
import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from ..errors import CoreFileError
from ..scan.budget import Budget

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_LZ4: Final = b"\x04\x22\x4d\x18"
_PART: Final = 1 << 20  # bytes that are unpacked at a time
_PAGE: Final = 4096
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

#: Called with bytes that were read of a packed file, and how many there are.
UnpackProgress = Callable[[int, int], object]


class _Format(NamedTuple):
    """A way to pack.

    Attributes:
        name: of it.
        magic: that a file begins with.
        modules: that unpack it, the first that is there; each with the name of what does.
        command: that unpacks it by hand.
    """

    name: str
    magic: bytes
    modules: tuple[tuple[str, Callable[[Any], Any]], ...]
    command: str


_FORMATS: Final = (
    _Format(
        "zstd",
        _ZSTD,
        (
            ("compression.zstd", lambda module: module.ZstdDecompressor()),
            ("zstandard", lambda module: module.ZstdDecompressor().decompressobj()),
        ),
        "zstd -d",
    ),
    _Format("lz4", _LZ4, (("lz4.frame", lambda module: module.LZ4FrameDecompressor()),), "lz4 -d"),
)


def opened(
    name: str, directory: str, budget: Budget | None, progress: UnpackProgress | None
) -> io.FileIO:
    """The file, open to be read; an unlinked one with its content where it is packed.

    Args:
        name: of the file.
        directory: for what is unpacked.
        budget: of which it may take the disk.
        progress: called now and then while it is unpacked.

    Raises:
        CoreFileError: it cannot be read or unpacked.
    """
    try:
        descriptor = os.open(name, _READ)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file is called so"
        raise CoreFileError(name, f"cannot be read: {reason}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CoreFileError(name, "is not a regular file")
    file = io.FileIO(descriptor, "r")
    try:
        start = os.pread(file.fileno(), 4, 0)
        packed = next((one for one in _FORMATS if start == one.magic), None)
        if packed is None:
            return file
        limit = (Budget() if budget is None else budget).of(directory).disk
        unpacked = _unpack(name, file, packed, directory, limit, progress)
    except BaseException:
        file.close()
        raise
    file.close()
    return unpacked


def _unpack(
    name: str,
    file: io.FileIO,
    packed: _Format,
    directory: str,
    limit: int,
    progress: UnpackProgress | None,
) -> io.FileIO:
    unpacker = _unpacker(name, packed)
    total, taken, size = os.fstat(file.fileno()).st_size, 0, 0
    try:
        descriptor, path = tempfile.mkstemp(prefix=".farfetch-core-", dir=directory)
        os.unlink(path)  # noqa: PTH108
    except OSError as error:
        raise CoreFileError(name, f"cannot be unpacked in {directory}: {error.strerror}") from None
    out = io.FileIO(descriptor, "r+")
    try:
        for part in _parts(file, unpacker):
            for at in range(0, len(part), _PAGE):
                page = part[at : at + _PAGE]
                if page.count(0) != len(page):  # else it stays a hole
                    taken += len(page)
                    if taken > limit:
                        said = f"more than its budget of disk in {directory}, {limit:,} bytes"
                        raise CoreFileError(name, f"takes {said}, to be unpacked")
                    os.pwrite(descriptor, page, size + at)
            size += len(part)
            if progress is not None:
                progress(file.tell(), total)
        if not unpacker.eof:
            raise CoreFileError(name, f"is cut short: its {packed.name} data have no end")
        os.ftruncate(descriptor, size)
    except CoreFileError:
        out.close()
        raise
    except OSError as error:
        out.close()
        raise CoreFileError(name, f"cannot be unpacked in {directory}: {error.strerror}") from None
    except MemoryError:
        out.close()
        raise
    except Exception as error:  # each library has errors of its own
        out.close()
        said = str(error).splitlines()[0] if str(error) else "not so packed"
        raise CoreFileError(name, f"is damaged: its {packed.name} data, {said}") from None
    except BaseException:
        out.close()
        raise
    return out


def _unpacker(name: str, packed: _Format) -> Any:
    for module, make in packed.modules:
        try:
            return make(importlib.import_module(module))
        except ImportError:
            continue
    cure = f"pip install 'farfetch[cores]', or unpack it first: {packed.command} {name}"
    raise CoreFileError(name, f"is packed with {packed.name}: {cure}")


def _parts(file: io.FileIO, unpacker: Any) -> Iterator[bytes]:
    file.seek(0)
    while not unpacker.eof:
        raw = file.read(_PART >> 3)
        if not raw:
            return
        yield unpacker.decompress(raw)
