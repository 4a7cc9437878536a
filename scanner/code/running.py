"""Whether what is at an address is run at all, and by whom."""

from __future__ import annotations

from typing import Final

from ..memory.regions import Region
from ..memory.space import Space

#: Of data that was taken for code.
NOTHING_RUNS: Final = "nothing runs here: this memory is not executable"


def is_data(space: Space, address: int) -> bool:
    """Whether nothing runs there, whatever it looks like; False where nothing is mapped.

    Args:
        space: the target; of what is no process nothing is known.
        address: of what may be an instruction.

    >>> import ctypes, os
    >>> value = ctypes.c_int()
    >>> with attach(os.getpid()) as target:
    ...     print(is_data(target, ctypes.addressof(value)), is_data(target, 16))
    True False
    """
    region = region_of(space, address)
    return region is not None and not region.executable


def region_of(space: Space, address: int) -> Region | None:
    """The region of a process that an address is in; None where nothing is mapped."""
    regions = [] if space.memory.pid is None else space.regions()
    return next((region for region in regions if address in region), None)
