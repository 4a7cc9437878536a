"""The edge to the C core: its library, its errors, and what the environment chooses for it."""

from __future__ import annotations

import contextlib
import operator
import os
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from ._core import __file__ as _core_file
from ._core import ffi as _ffi
from ._core import lib as _lib
from .errors import ConfigurationError

ffi: Final[Any] = _ffi
lib: Final[Any] = _lib
#: The program that traces others for a watch; it is installed beside the core.
GUARDIAN: Final = Path(_core_file).with_name("farfetch-guardian")


def cell(name: str) -> Any:
    """A pointer for the core to put what it makes in: that ends with the pointer.

    So it ends even if Ctrl-C comes before anybody has looked at it.

    Args:
        name: of what is made: ``"store"`` is for a ``struct ff_store *``.
    """
    return ffi.gc(ffi.new(f"struct ff_{name} **"), getattr(lib, f"ff_{name}_cell_end"))


def content(filled: Any, uses: object = None) -> Any:
    """What the core has put in a cell; that ends with the last of the two.

    Args:
        filled: the cell.
        uses: what it looks at, to be kept as long.
    """
    # a destructor that does nothing but keep these, and no Python in it: see :func:`cell`
    return ffi.gc(filled[0], partial(operator.is_, (uses, filled)))


def check(code: int) -> int:
    """A core function's result; its negative errno becomes an exception.

    Raises:
        OSError: always; callers that know more of the cause catch it by its errno.
    """
    if code >= 0:
        return code
    raise OSError(-code, os.strerror(-code))


def isas() -> tuple[str, ...]:
    """The instruction sets that scans can use on this machine, fastest first.

    >>> isas()[-1]
    'scalar'
    """
    names: list[str] = []
    while (name := lib.ff_isa_name(len(names))) != ffi.NULL:
        names.append(ffi.string(name).decode())
    return tuple(names)


def isa() -> str:
    """The instruction set that scans use: FARFETCH_ISA if set, else the fastest.

    Raises:
        ConfigurationError: FARFETCH_ISA names none that this machine has.

    >>> isa() in isas()
    True
    """
    wanted = os.environ.get("FARFETCH_ISA", "")
    if not wanted:
        return isas()[0]
    if wanted not in isas():
        reason = f"not an instruction set of this machine; there are {', '.join(isas())}"
        raise ConfigurationError("FARFETCH_ISA", wanted, reason)
    return wanted


def isa_index(name: str) -> int:
    """The core's number for an instruction set that :func:`isas` lists."""
    return check(lib.ff_isa_find(name.encode()))


@cache
def shared_cache() -> int:
    """Bytes of the largest cache of a processor, which others mostly share.

    As its folder of sysfs has it: Documentation/ABI/testing/sysfs-devices-system-cpu; 0 where the
    kernel says nothing. A virtual machine may have less of it than its processor tells.
    """
    found = [0]
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        with contextlib.suppress(OSError, ValueError):
            found.append(int(path.read_text().strip().removesuffix("K")) << 10)
    return max(found)


def default_threads() -> int:
    """Worker threads of a scan unless told otherwise: the processors this process may use.

    >>> import os
    >>> default_threads() == len(os.sched_getaffinity(0))
    True
    """
    return len(os.sched_getaffinity(0))
