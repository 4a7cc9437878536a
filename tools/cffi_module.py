"""The C source of a module that Python imports, as cffi writes it: with any cffi that there is.

    python tools/cffi_module.py NAME CDEF SOURCE OUT

cffi has a command of its own for that from 2.1 on, which is newer than what Debian 13 builds with.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cffi import FFI


def main() -> int:
    """Write the source. Returns the exit code."""
    name, cdef, source, out = sys.argv[1:]
    ffi = FFI()
    ffi.cdef(Path(cdef).read_text())
    ffi.set_source(name, Path(source).read_text())
    ffi.emit_c_code(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
