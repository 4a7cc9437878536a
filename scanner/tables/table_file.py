"""Files of tables, of any kind: read and replaced as a whole, with errors that name them."""

from __future__ import annotations

import os
from typing import Final

from ..declarations.files import NotRegular, read_regular
from ..errors import TableError
from . import files

#: Bytes of a file that is read.
MAX_BYTES: Final = 16 << 20


def read_file(name: str) -> bytes:
    """Read a regular file of no more than MAX_BYTES.

    Raises:
        TableError: it is another, or cannot be read.
    """
    try:
        raw = read_regular(name, MAX_BYTES + 1)
    except NotRegular as error:
        raise TableError(name, str(error.strerror)) from None
    except OSError as error:
        raise TableError(name, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise TableError(name, "cannot be read: no file is called so") from None
    if len(raw) > MAX_BYTES:
        raise TableError(name, f"is larger than {MAX_BYTES >> 20} MiB, so it is no table")
    return raw


def replace_file(name: str | os.PathLike[str], raw: bytes) -> None:
    """Write a file so that it has its old content or the new one.

    Raises:
        TableError: it cannot be written; what was there is untouched.
    """
    shown = os.fspath(name)
    try:
        files.replace_file(name, raw)
    except NotRegular as error:
        raise TableError(shown, str(error.strerror)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can be called so"
        raise TableError(shown, f"cannot be written: {reason}") from None
