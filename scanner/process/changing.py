"""Changing the code of a process, while all its threads stand still for a moment."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..engine import ffi, lib
from ..errors import PatchError
from ..memory.base import Memory
from ..memory.changes import Change
from ..memory.owner import ProcessInfo
from ..memory.writing import fault
from .refusals import refusal
from .threads import ask, folders


def change(info: ProcessInfo, memory: Memory, changes: Sequence[Change]) -> None:
    """Change bytes while no thread of the process runs: all of them, or none.

    Args:
        info: the process.
        memory: its.
        changes: of which no two overlap.

    Raises:
        PatchError: the old bytes are not there; nothing is changed.
        MemoryFault: some cannot be written; nothing is changed.
        StopError: its threads do not stop, or do not leave what changes.
        AccessDenied: the kernel does not let us stop its threads.
    """
    kept: list[Any] = []
    pieces = ffi.new("struct ff_remote_piece[]", len(changes))
    for piece, one in zip(pieces, changes, strict=True):
        before = ffi.new("uint8_t[]", one.before)
        after = ffi.new("uint8_t[]", one.after)
        kept += (before, after)
        piece.address, piece.size = one.address, len(one.after)
        piece.before, piece.after = before, after
    failed = ffi.new("size_t *")
    with _opened(info, memory) as file:
        code = lib.ff_remote_change(info.pid, file, pieces, len(changes), failed)
    if code == 0:
        return
    if code in (-errno.EILSEQ, -errno.EIO) and memory.alive:
        one = changes[failed[0]]
        there = memory.read(one.address, len(one.before))
        if code == -errno.EILSEQ and len(there) == len(one.before):
            raise PatchError(one.address, one.before, there)
        raise fault(memory, one.address, len(one.after), 0, force=True)
    raise refusal(info, memory, code)


@contextlib.contextmanager
def _opened(info: ProcessInfo, memory: Memory) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CLOEXEC
    try:
        opened = ask(folders(info.pid), lambda folder: (os.open(folder / "mem", flags),))
    except OSError as error:
        raise refusal(info, memory, -(error.errno or errno.EIO)) from None
    if opened is None:
        raise refusal(info, memory, -errno.ESRCH)
    (file,) = opened
    try:
        if not memory.alive:
            raise memory.gone()
        yield file
    finally:
        os.close(file)
