"""Files that people name, read whole."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class NotRegular(OSError):
    """There is a folder, a device, a pipe or a socket."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "is not a regular file")


def read_regular(name: str | os.PathLike[str], limit: int) -> bytes:
    """The first bytes of a regular file; a pipe that nobody writes to holds nobody up.

    Args:
        name: of the file.
        limit: bytes.

    Raises:
        NotRegular: it is no regular file.
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(name, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotRegular
        return file.read(limit)
