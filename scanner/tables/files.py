"""Files that are written for people: all of a file or nothing, and as whose it was."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..declarations.files import NotRegular

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE: Final = 0o666  # of new files, less what the umask takes
#: What a folder says that lets nobody, or us, put another file in the place of one.
_CANNOT: Final = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTSUP),
    *(errno.EBUSY, errno.EINVAL),  # it is mounted there by itself; its owner is in no namespace
)
#: Attributes that the kernel gives to a file by itself; who may not set them need not.
_KERNELS: Final = ("security.", "trusted.")


def has_content(name: str | os.PathLike[str]) -> bool:
    """Whether there is a regular file of this name that is not empty."""
    try:
        known = Path(name).stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(known.st_mode) and known.st_size > 0


def replace_file(name: str | os.PathLike[str], raw: bytes) -> None:
    """Write a file so that it has its old content or the new one, whatever happens.

    A file that is there keeps its owner, group, mode, access list and other attributes, and stays
    where a link leads. Where another file cannot take its place with these (its folder cannot be
    written to, we may not give files to its owner, it has several names) it is written over: a
    full disk leaves it as it was then, too, but a loss of power may not.

    Args:
        name: of the file.
        raw: all that will be in it.

    Raises:
        NotRegular: there is something that is no regular file.
        OSError: it cannot be written; what was there is untouched.
    """
    path = Path(os.path.realpath(name))
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a device may do things
            raise NotRegular
        there = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        _create(path, raw)
        return
    try:
        known = os.fstat(there)
        if not stat.S_ISREG(known.st_mode):
            raise NotRegular
        if known.st_nlink > 1 or not _take_place(path, raw, there, known):
            _write_over(there, raw)
    finally:
        os.close(there)


def _create(path: Path, raw: bytes) -> None:
    with _opened(path.parent) as folder, _drafted(folder, raw, _MODE) as draft:
        _rename(folder, draft, path.name)


def _take_place(path: Path, raw: bytes, there: int, known: os.stat_result) -> bool:
    """Let a new file with all that is known of the old one take its place; whether it could."""
    try:
        with _opened(path.parent) as folder, _drafted(folder, raw, 0o600) as draft:
            new = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                _make_like(new, there, known)
            finally:
                os.close(new)
            _rename(folder, draft, path.name)
    except OSError as error:
        if error.errno in _CANNOT:
            return False
        raise
    return True


def _make_like(new: int, there: int, known: os.stat_result) -> None:
    given = os.fstat(new)
    if (given.st_uid, given.st_gid) != (known.st_uid, known.st_gid):
        os.fchown(new, known.st_uid, known.st_gid)
    os.fchmod(new, stat.S_IMODE(known.st_mode))
    try:
        attributes = os.listxattr(there)
    except OSError:  # this file system has none
        attributes = []
    for attribute in attributes:
        try:
            os.setxattr(new, attribute, os.getxattr(there, attribute))
        except OSError:
            if not attribute.startswith(_KERNELS):
                raise PermissionError(errno.EPERM, f"{attribute} cannot be kept") from None
    os.fsync(new)


def _write_over(there: int, raw: bytes) -> None:
    """Write in place, once there is room for all of it; put the old content back when it fails."""
    size = os.fstat(there).st_size
    before = os.pread(there, size, 0)
    try:
        if len(raw) > size:
            os.posix_fallocate(there, 0, len(raw))
        _write(there, raw)
        os.ftruncate(there, len(raw))
        os.fsync(there)
    except OSError:
        with contextlib.suppress(OSError):
            _write(there, before)
        os.ftruncate(there, size)
        raise


def _write(file: int, raw: bytes) -> None:
    done = 0
    while done < len(raw):
        done += os.pwrite(file, raw[done:], done)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # what is in it may still be known by name
        folder = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def _drafted(folder: int, raw: bytes, mode: int) -> Iterator[str]:
    """A new file in a folder, on the disk, which is removed unless it has been renamed."""
    draft = f".farfetch-{os.urandom(6).hex()}.new"
    file = os.open(draft, _NEW, mode, dir_fd=folder)
    try:
        try:
            _write(file, raw)
            os.fsync(file)
        finally:
            os.close(file)
        yield draft
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)


def _rename(folder: int, draft: str, name: str) -> None:
    os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    with contextlib.suppress(OSError):  # not every file system, nor folder, can
        os.fsync(folder)
