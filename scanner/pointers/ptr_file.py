r"""Cheat Engine's files of pointer paths: ``.PTR``.

What is known of the format is what Cheat Engine's PointerscanresultReader.pas reads. Numbers are
little-endian. The file itself has no paths::

    1   0xce
    1   version: 1 or 2
    4   number of modules; of each 4 bytes of length, the name, 8 bytes of its base then
    4   offsets that a path has at the most
    1   1 where paths are packed, and then
        1   1 where the lowest two bits of offsets are left out, being zero
        4   bits of a module's number, of an offset in it, of a number of offsets, and of an offset
        1   number of last offsets that all paths share; of each 4 bytes
    1   from version 2 on: 1 where bases were limited, and then 8 bytes

They are in files beside it, ``NAME.PTR.results.0`` and so on, whose ending is a hexadecimal number.
A path that is not packed has the number of its module (4 bytes, signed; -1 for plain addresses), an
offset in it (8, signed), the number of its offsets (4), and room for all offsets (4 each, signed),
the last offset first. A packed one has the offset in the module first, then the others, as bits.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .. import arguments
from ..declarations.files import (
    NotRegular,
    is_there,
    opened_regular,
    put,
    read_regular,
    refusing,
    replaced,
)
from ..errors import PointerMapError
from ..memory.addresses import format_address
from ..memory.pointer_path import MAX_STEPS, PointerPath
from ..memory.stacks import stack_label, stack_number
from ..values.literals import parse_integer

_MAGIC: Final = 0xCE
_VERSION: Final = 2
_LONGEST: Final = 16 << 20  # bytes of the file that has no paths
_MODULES: Final = 1 << 16
_NAME: Final = 1 << 12
_PART: Final = 1 << 16  # paths that are read at a time
_RESULTS: Final = re.compile(r"\.results\.([0-9a-fA-F]{1,16})")
_BASE: Final = re.compile(r'("[^"]+"|[^"]+?)(?:([+-]0[xX][0-9a-fA-F]+|\+[0-9]+))?')
_STACK: Final = "THREADSTACK"


class _Packing(NamedTuple):
    """How paths are packed."""

    shift: int
    module: int
    base: int
    level: int
    offset: int
    ends: tuple[int, ...]


class _Header(NamedTuple):
    modules: tuple[str, ...]
    most: int
    packing: _Packing | None

    @property
    def size(self) -> int:
        """Bytes of a path."""
        packing = self.packing
        if packing is None:
            return 16 + 4 * self.most
        bits = packing.base + packing.module + packing.level
        return (bits + packing.offset * (self.most - len(packing.ends)) + 7) // 8


def import_paths(file: str | os.PathLike[str]) -> Iterator[PointerPath]:
    """The pointer paths in a file of Cheat Engine's, and in the files of results beside it.

    They are read as they are asked for. What Cheat Engine calls ``THREADSTACK0`` is ``stack[0]``
    here; the two are counted from the same place where the program is one for Windows.

    Args:
        file: its name, as ``game.PTR``.

    Raises:
        PointerMapError: it cannot be read, or is no such file, or is damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_paths([PointerPath.parse("game.exe+0x4010 -> 0x18 -> 8")], f"{folder}/game.PTR")
    ...     [str(path) for path in import_paths(f"{folder}/game.PTR")]
    1
    ['game.exe+0x4010 -> 0x18 -> 0x8']
    """
    name = arguments.path("file", file)
    header = _read_header(name)
    results = _results(name)
    if not results:
        raise PointerMapError(name, "has no paths: there is no file of results beside it")
    return (path for result in results for path in _read(result, header))


def export_paths(
    paths: Iterable[PointerPath], file: str | os.PathLike[str], *, force: bool = False
) -> int:
    """Write pointer paths as Cheat Engine has them: a file, and its results beside it.

    Args:
        paths: such as a scan has found, or some of them.
        file: its name, as ``game.PTR``; the results are in ``game.PTR.results.0``.
        force: replace files that are there.

    Returns:
        How many were written: not those whose base is neither in a module of one name nor in a
        thread's stack nor an address, or whose offsets have more than 31 bits.

    Raises:
        PointerMapError: they cannot be written, or are there; then nothing has changed.

    >>> import tempfile
    >>> paths = [PointerPath.parse("[heap]+0x10 -> 8"), PointerPath.parse("game+0x10 -> 8")]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_paths(paths, f"{folder}/game.PTR")
    1
    """
    arguments.like("paths", paths, ("__iter__",), "paths, each a PointerPath")
    name = arguments.path("file", file)
    force = arguments.flag("force", force)
    results = f"{name}.results.0"
    if not force:
        for known in (name, *_results(name)):
            if is_there(known):
                said = "is there: write to another file, or force it"
                raise PointerMapError(known, said)
    kept = []
    modules: dict[str, int] = {}
    for path in paths:
        arguments.instance("paths", path, PointerPath, "paths, each a PointerPath")
        path._check()
        entry = _entry(path, modules)
        if entry is not None:
            kept.append(entry)
    most = max(1, *(len(offsets) for _, _, offsets in kept), 0)
    raw = b"".join(
        struct.pack("<iqi", module, base, len(offsets))
        + struct.pack(f"<{most}i", *reversed(offsets), *(0 for _ in range(most - len(offsets))))
        for module, base, offsets in kept
    )
    _write(results, raw)
    _write(name, _header_of(modules, most))
    for other in _results(name):
        if other != results:
            Path(other).unlink(missing_ok=True)  # of another scan, which these take the place of
    return len(kept)


def _entry(path: PointerPath, modules: dict[str, int]) -> tuple[int, int, tuple[int, ...]] | None:
    """A path in numbers; None for one that cannot be said so."""
    if any(not -(1 << 31) <= offset < 1 << 31 for offset in path.offsets):
        return None
    try:
        address = parse_integer(path.base)
    except ValueError:
        found = _BASE.fullmatch(path.base)
        called = found[1].strip('"') if found else ""
        thread = stack_number(called)
        if thread is not None:
            called = f"{_STACK}{thread}"
        if not found or called.endswith("]") or called.startswith("["):
            return None
        number = modules.setdefault(called, len(modules))
        return number, parse_integer(found[2].lstrip("+")) if found[2] else 0, path.offsets
    return (-1, address, path.offsets) if 0 <= address < 1 << 63 else None


def _header_of(modules: dict[str, int], most: int) -> bytes:
    raw = struct.pack("<2BI", _MAGIC, _VERSION, len(modules))
    for name in modules:
        encoded = os.fsencode(name)
        raw += struct.pack("<I", len(encoded)) + encoded + bytes(8)
    return raw + struct.pack("<I2B", most, 0, 0)


def _write(name: str, raw: bytes) -> None:
    with refusing(name, PointerMapError), replaced(name) as file:
        put(file, raw)


def _results(name: str) -> list[str]:
    """The files of results beside a file, in their order."""
    path = Path(name)
    found = []
    try:
        for beside in path.parent.iterdir():
            ending = beside.name.removeprefix(path.name)
            match = _RESULTS.fullmatch(ending) if ending != beside.name else None
            if match:
                found.append((int(match[1], 16), str(beside)))
    except OSError:
        return []
    return [name for _, name in sorted(found)]


def _read_header(name: str) -> _Header:
    try:
        raw = read_regular(name, _LONGEST)
        return _parse_header(raw)
    except (struct.error, IndexError):
        raise PointerMapError(name, "is cut short, or no file of Cheat Engine's paths") from None
    except NotRegular as error:
        raise PointerMapError(name, str(error.strerror)) from None
    except OSError as error:
        raise PointerMapError(name, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise PointerMapError(name, f"is no file of Cheat Engine's paths: {error}") from None


def _parse_header(raw: bytes) -> _Header:
    magic, version, count = struct.unpack_from("<2BI", raw)
    if magic != _MAGIC or not 1 <= version <= _VERSION:
        raise ValueError("it does not begin as such")
    if count > _MODULES:
        raise ValueError(f"it lists {count:,} modules")
    at, modules = 6, []
    for _ in range(count):
        (length,) = struct.unpack_from("<I", raw, at)
        if length > _NAME or at + 12 + length > len(raw):
            raise ValueError("a module's name is too long")
        modules.append(os.fsdecode(raw[at + 4 : at + 4 + length]))
        at += 12 + length
    most, packed = struct.unpack_from("<IB", raw, at)
    if not 1 <= most <= 1000:
        raise ValueError(f"its paths have up to {most:,} offsets")
    if packed != 1:
        return _Header(tuple(modules), most, None)
    aligned, module, base, level, offset, ends = struct.unpack_from("<6B", raw, at + 5)
    if base not in (32, 64) or max(module, level, offset) > 32 or ends > most:
        raise ValueError("the widths of its numbers are none")
    listed = struct.unpack_from(f"<{ends}i", raw, at + 11)
    packing = _Packing(2 if aligned == 1 else 0, module, base, level, offset, listed)
    return _Header(tuple(modules), most, packing)


def _read(name: str, header: _Header) -> Iterator[PointerPath]:
    size = header.size
    try:
        with opened_regular(name) as file:
            while raw := file.read(size * _PART):
                if len(raw) % size:
                    raise PointerMapError(name, "is cut short: its last path is not whole")
                for at in range(0, len(raw), size):
                    yield _path(name, raw[at : at + size], header)
    except NotRegular as error:
        raise PointerMapError(name, str(error.strerror)) from None
    except OSError as error:
        raise PointerMapError(name, f"cannot be read: {error.strerror}") from None


def _path(name: str, raw: bytes, header: _Header) -> PointerPath:
    if header.packing is None:
        module, base, count = struct.unpack_from("<iqi", raw)
        offsets = struct.unpack_from(f"<{header.most}i", raw, 16)
    else:
        module, base, count, offsets = _unpacked(raw, header.packing)
    known = -1 <= module < len(header.modules)
    if not known or not 0 <= count <= min(len(offsets), MAX_STEPS):
        raise PointerMapError(name, "is damaged: a path has no such module, or too many offsets")
    return PointerPath(_base(module, base, header), tuple(reversed(offsets[:count])))


def _unpacked(raw: bytes, packing: _Packing) -> tuple[int, int, int, tuple[int, ...]]:
    bits = int.from_bytes(raw, "little")

    def take(width: int) -> int:
        nonlocal bits
        taken = bits & ((1 << width) - 1)
        bits >>= width
        return taken

    base = take(packing.base)
    base -= (base >> (packing.base - 1)) << packing.base
    module = take(packing.module)
    if packing.module and module >> (packing.module - 1):
        module = -1
    count = take(packing.level)
    offsets = tuple(take(packing.offset) << packing.shift for _ in range(min(count, MAX_STEPS + 1)))
    return module, base, count + len(packing.ends), (*packing.ends, *offsets)


def _base(module: int, offset: int, header: _Header) -> str:
    if module < 0:
        return format_address(offset % (1 << 64))
    label = header.modules[module]
    thread = stack_number(label)
    if thread is not None:
        label = stack_label(thread)
    if any(map(str.isspace, label)):
        label = f'"{label}"'
    return f"{label}{'-' if offset < 0 else '+'}0x{abs(offset):x}"
