"""Files of programs that a process names: opened without waiting, read in parts."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, overload

from ..lifetime.bound import Closing
from ..lifetime.life import Descriptor

_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FIND: Final = os.O_PATH | os.O_CLOEXEC


class ImageFile(Closing):
    r"""A file's bytes, indexed and sliced as ``bytes`` are; each part is read when it is asked for.

    It is not mapped: a file that shrinks while it is read, as when a program is built anew, ends
    there, where a mapping of it would end us. What is no regular file is refused without being
    opened: a pipe that nobody writes to, or a device, which may begin to do something then.

    Args:
        path: of the file.
        inode: that it must have, so that another file of that name is not taken for it; None for
            any.

    Raises:
        OSError: it cannot be read, or is another one, or no regular file.

    >>> with ImageFile(Path("/proc/self/exe")) as file:
    ...     file[:4], len(file) > 64
    (b'\x7fELF', True)
    """

    def __init__(self, path: Path, inode: int | None = None) -> None:
        place = Descriptor(os.open(path, _FIND))
        known = os.fstat(place.number)
        if not stat.S_ISREG(known.st_mode) or inode not in (None, known.st_ino):
            raise FileNotFoundError
        self._size = known.st_size
        #: Closed with the last who has it, should Ctrl-C come before anybody closes this.
        self._file: Descriptor | None = Descriptor(os.open(f"/proc/self/fd/{place.number}", _READ))

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> bytes: ...

    def __getitem__(self, at: int | slice) -> int | bytes:
        if isinstance(at, int):
            found = self[at : at + 1 or None]  # empty where the file has become shorter
            return found[0]
        start, stop, step = at.indices(self._size)
        if step != 1:
            raise ValueError("a file is read forwards")
        if self._file is None:
            raise ValueError("the file is closed")
        return os.pread(self._file.number, max(0, stop - start), start)

    def close(self) -> None:
        """Read nothing more; more than once does nothing more."""
        self._file = None
