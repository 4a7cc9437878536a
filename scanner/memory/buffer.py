"""Plain bytes that stand for a target: tests, dumps, data that came from elsewhere."""

from __future__ import annotations

from .. import arguments
from ..engine import cell, check, content, ffi, lib
from ..errors import ArgumentError
from .base import Memory
from .regions import Region
from .values import Values


class Buffer(Memory):
    """Bytes in this process, scanned as though they were a target's memory.

    Args:
        contents: the bytes; a bytearray or writable memoryview can be written to as well, and
            scans see what the program does to it meanwhile.
        base: the address of the first byte.

    >>> target = attach(Buffer(b"abcabc", base=0x1000))
    >>> scan = target.scan(u8, where="all")
    >>> scan.first("now == 0x62").matches
    2
    >>> hex(scan[1].address)
    '0x1004'
    """

    def __init__(self, contents: bytes | bytearray | memoryview, base: int = 0x10000) -> None:
        try:
            view = memoryview(contents).cast("B")
        except Exception:  # TypeError, or what its __buffer__ raises
            raise ArgumentError("contents", contents, "bytes, side by side") from None
        base = arguments.address(base, "base")
        if base + len(view) >= 1 << 64:  # the end has to be an address, too
            raise ArgumentError("base", base, f"what leaves room for {len(view)} bytes")
        out = cell("reader")
        pointer = ffi.from_buffer("uint8_t[]", view)
        self._readonly = view.readonly
        self._range = (base, base + len(view))
        check(lib.ff_reader_open_buffer(pointer, len(view), base, out))
        super().__init__("buffer", content(out, pointer))

    def __repr__(self) -> str:
        start, end = self._range
        return f"<Buffer of {end - start} bytes at 0x{start:x}>"

    def regions(self) -> list[Region]:
        """One region, writable if the bytes are.

        >>> Buffer(bytearray(8), base=16).regions()[0].writable, Buffer(b"").regions()
        (True, [])
        """
        self._held.get()  # only to be refused as all else is
        start, end = self._range
        perms = "r--p" if self._readonly else "rw-p"
        return [Region(start, end, perms, 0, "00:00", 0, "", False)] if start < end else []

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        """Write bytes from an address on; none where the contents are not writable.

        >>> Buffer(bytearray(b"abc"), base=16).write(16, b"X")
        1
        >>> Buffer(b"abc", base=16).write(16, b"X")
        0
        """
        return 0 if self._readonly else super().write(address, raw, force=force)

    def write_many(self, values: Values, *, force: bool = False) -> int:
        """Write values at many addresses; none where the contents are not writable."""
        return 0 if self._readonly else super().write_many(values, force=force)
