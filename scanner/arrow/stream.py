"""Streams of batches, and the capsules that Python's libraries hand them on in."""

from __future__ import annotations

import atexit
import errno
from collections.abc import Iterator
from typing import Any, Final

from ..engine import ffi, lib
from ..errors import ArgumentError, ForkedError
from ..lifetime.life import Process, this_process
from .batch import Batch


class _Stream:
    """One stream: where its batches come from.

    Attributes:
        batches: that are to come.
        process: that it is of.
        handle: by which the core knows it.
        failure: what has ended it, and ends each further call; "" where nothing has.
    """

    def __init__(self, batches: Iterator[Batch]) -> None:
        self.batches = batches
        self.process: Process = this_process()
        self.handle = ffi.new_handle(self)
        self.failure = ""


_open: Final[set[_Stream]] = set()  # until their ends are told of


def export_schema(columns: Any) -> object:
    """A capsule with the schema of some columns."""
    made = lib.ff_arrow_schema_create(columns)
    return _capsule("schema", made)


def export_stream(columns: Any, batches: Iterator[Batch], requested: object) -> object:
    """A capsule with a stream of batches.

    Args:
        columns: the core's description of them.
        batches: each is asked for when it is wanted, by any thread.
        requested: None, or a capsule with a schema.

    Raises:
        ArgumentError: ``requested`` is neither.
    """
    if requested is not None:
        _check_requested(requested)
    stream = _Stream(batches)
    _open.add(stream)
    made = lib.ff_arrow_stream_create(columns, _SOURCE, stream.handle)
    if made == ffi.NULL:
        _open.discard(stream)
    return _capsule("stream", made)


def _quietly(*error: object) -> None:
    """Nothing: what comes before or after what is caught, such as Ctrl-C, is a reader's EINTR."""
    del error


@ffi.def_extern(error=errno.EINTR, onerror=_quietly)  # type: ignore[untyped-decorator]
def ff_arrow_next_in_python(context: Any, stream: Any) -> int:
    """What whoever reads a stream calls; on any thread."""
    source: _Stream = ffi.from_handle(context)
    try:
        if source.failure:  # there is no more, but that is no end
            lib.ff_arrow_stream_fail(stream, source.failure.encode("utf-8", "replace"))
            return errno.EIO
        if source.process is not this_process():
            raise ForkedError(source.process.pid)
        batch = next(source.batches, None)
        if batch is not None:
            lib.ff_arrow_stream_give(stream, batch.cell)
    except BaseException as error:  # who reads has to raise it
        source.failure = str(error) or type(error).__name__
        lib.ff_arrow_stream_fail(stream, source.failure.encode("utf-8", "replace"))
        return errno.ECANCELED if isinstance(error, KeyboardInterrupt) else errno.EIO
    return 0


@ffi.def_extern(onerror=_quietly)  # type: ignore[untyped-decorator]
def ff_arrow_ended_in_python(context: Any) -> None:
    """What is called when nobody reads a stream any more; on any thread."""
    _open.discard(ffi.from_handle(context))


def _capsule(what: str, made: Any) -> object:
    """What the core has made, in a capsule that ends it."""
    import ctypes  # which few runs need

    if made == ffi.NULL:
        raise MemoryError("not enough memory for a stream of rows")
    new = ctypes.PYFUNCTYPE(ctypes.py_object, *[ctypes.c_void_p] * 3)
    name = getattr(lib, f"ff_arrow_{what}_name")()
    end = ffi.addressof(lib, f"ff_arrow_{what}_capsule_end")
    numbers = [int(ffi.cast("uintptr_t", pointer)) for pointer in (made, name, end)]
    capsule: object = new(("PyCapsule_New", ctypes.pythonapi))(*numbers)
    return capsule


def _check_requested(requested: object) -> None:
    import ctypes

    valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)
    if not valid(("PyCapsule_IsValid", ctypes.pythonapi))(requested, b"arrow_schema"):
        raise ArgumentError("requested_schema", requested, "a capsule with a schema, or None")


_SOURCE: Final[Any] = ffi.new(
    "struct ff_arrow_source *", (lib.ff_arrow_next_in_python, lib.ff_arrow_ended_in_python)
)
atexit.register(lib.ff_arrow_stop)
