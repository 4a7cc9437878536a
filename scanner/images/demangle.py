"""Names of functions as C++ has them, made readable: by the C++ library, where it is installed."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any, Final

_LIBRARIES: Final = ("libstdc++.so.6", "libc++abi.so.1")
_LONGEST: Final = 1024  # characters of a name that is tried


@functools.cache
def _demangler() -> Callable[[bytes], bytes | None] | None:
    for name in _LIBRARIES:
        try:
            return _of(ctypes.CDLL(name).__cxa_demangle, ctypes.CDLL(None).free)
        except (OSError, AttributeError):
            continue
    return None


def _of(demangle: Any, free: Any) -> Callable[[bytes], bytes | None]:
    demangle.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    demangle.restype = ctypes.c_void_p
    free.argtypes = (ctypes.c_void_p,)

    def call(mangled: bytes) -> bytes | None:
        made = demangle(mangled, None, None, None)
        if not made:
            return None
        try:
            return ctypes.string_at(made)
        finally:
            free(made)

    return call


@functools.lru_cache(4096)
def demangled(name: str) -> str:
    """A name as people write it; what is none of C++ is as it was.

    >>> demangled("main")
    'main'
    """
    if not name.startswith("_Z") or len(name) > _LONGEST:
        return name
    demangle = _demangler()
    made = demangle(name.encode()) if demangle else None
    return made.decode(errors="backslashreplace") if made else name
