"""The columns of a pointer map: the core's memory, as bytes that can be read and filled."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from ..engine import ffi, lib
from ..errors import PointerMapError
from .room import Room
from .tasks import Tasks

#: What each is called in files, and the bytes of its numbers: where pointers lie, ascending; what
#: they hold, ascending; and of each of these the index among the former.
COLUMNS: Final = (("addresses", 8), ("values", 8), ("order", 4))


def columns_of(handle: Any) -> list[memoryview]:
    """The columns of a core's map.

    Args:
        handle: of the map, which has to stay for as long as they are used.
    """
    pointers = int(lib.ff_pointers_count(handle))
    out = ffi.new("uint64_t **"), ffi.new("uint64_t **"), ffi.new("uint32_t **")
    lib.ff_pointers_columns(handle, *out)
    return [
        memoryview(ffi.buffer(one[0], pointers * size)).cast("B")
        for one, (_, size) in zip(out, COLUMNS, strict=True)
    ]


def check_columns(name: str, handle: Any, room: Room, threads: int) -> None:
    """Look at all columns of a map that was filled; only then is it one to be scanned.

    Args:
        name: of the file that they are from.
        handle: the core's map.
        room: that it takes memory from.
        threads: that look.

    Raises:
        PointerMapError: they are not in order.
        PointersCancelled: by Ctrl-C.
    """
    tasks = Tasks("map")
    start = partial(lib.ff_pointers_check_start, handle, room.handle, threads)
    try:
        tasks.do(start, lambda task: int(lib.ff_task_result(task)), room, tasks.cancels)
    except PointerMapError as error:
        raise PointerMapError(name, f"damaged: {error.reason}") from None
