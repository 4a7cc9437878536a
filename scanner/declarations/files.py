"""Files that people name: read whole, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ANYBODYS: Final = 0o666  # the mode of a new file, less what the umask takes
_PART: Final = 4 << 20  # bytes written at a time
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class NotRegular(OSError):
    """There is a folder, a device, a pipe or a socket."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "is not a regular file")


def is_there(name: str) -> bool:
    """Whether a name is taken; where that cannot be told, who writes there is told why."""
    return os.path.exists(name)  # noqa: PTH110 - which raises nothing


@contextlib.contextmanager
def opened_regular(name: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A regular file to be read; a pipe that nobody writes to holds nobody up.

    Raises:
        NotRegular: it is no regular file.
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(name, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotRegular
        yield file


def read_regular(name: str | os.PathLike[str], limit: int) -> bytes:
    """The first bytes of a regular file, as :func:`opened_regular` opens it.

    Args:
        name: of the file.
        limit: bytes.

    Raises:
        NotRegular: it is no regular file.
        OSError: it cannot be read.
    """
    with opened_regular(name) as file:
        return file.read(limit)


def mode_of(path: Path, new: int) -> int:
    """The mode of the regular file that is there, or that of a new one.

    Raises:
        NotRegular: what is there is no regular file.
    """
    try:
        known = path.stat()
    except FileNotFoundError:
        return new
    if not stat.S_ISREG(known.st_mode):
        raise NotRegular
    return stat.S_IMODE(known.st_mode)


@contextlib.contextmanager
def drafted(path: Path, mode: int) -> Iterator[tuple[Path, io.FileIO]]:
    """A new file beside another, which is removed unless it takes the other's place."""
    draft = path.with_name(f".farfetch-{os.urandom(6).hex()}.new")
    try:
        with io.FileIO(os.open(draft, _NEW, mode), "w") as file:
            yield draft, file
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def refusing(name: str, error: Callable[[str, str], Exception]) -> Iterator[None]:
    """Tell why a file was not written, in an error made of its name and the reason."""
    try:
        yield
    except NotRegular as wrong:
        raise error(name, str(wrong.strerror)) from None
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "is no name of a file"
        raise error(name, f"{reason}; nothing was written") from None


@contextlib.contextmanager
def replaced(name: str) -> Iterator[io.FileIO]:
    """A new file that takes the place of another at the end of the block, on the disk as a whole.

    Raises:
        NotRegular: what is there is no regular file.
        OSError: it cannot be written; what was there is untouched.
    """
    path = Path(os.path.realpath(name))
    with drafted(path, mode_of(path, _ANYBODYS)) as (draft, file):
        yield file
        os.fsync(file.fileno())
        draft.replace(path)


def put(file: io.FileIO, raw: bytes | memoryview) -> None:
    """Write all of something, however little the kernel takes at a time."""
    left = memoryview(raw)
    while left:
        left = left[file.write(left[:_PART]) :]
