"""Regions: what is mapped where in a target, and which of it to scan.

The kernel lists them in /proc/pid/maps; see proc_pid_maps(5).
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from . import arguments
from .errors import AccessDenied, TargetGone, WhereError
from .process import has_exited
from .threads import read_file
from .values.literals import parse_integer

if TYPE_CHECKING:
    from .modules import Module

RegionKind = Literal["heap", "stack", "anon", "file", "special"]

_LINE: Final = re.compile(
    r"([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][ps]) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+)"
    r"(?: +(.*))?",
    re.ASCII | re.DOTALL,
)
_WINDOW: Final = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]{1,20})\.\.(0[xX][0-9a-fA-F]+|[0-9]{1,20})")
_WORDS: Final = ("writable", "all", "heap", "stack", "data", "anon")
_DELETED: Final = " (deleted)"

# Where the kernel starts a name: 25 + 6 * sizeof(void *) - 1 columns, fs/proc/task_mmu.c.
_NAME_COLUMN: Final = 73


class Range(NamedTuple):
    """Addresses from start up to, not including, end."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Region:
    """One mapping of a target.

    Attributes:
        start: its first address.
        end: the first address behind it.
        perms: ``"rw-p"``: read, write, execute, and private or shared.
        offset: of its first byte in the file, in bytes.
        device: of the file, ``"08:01"``: major and minor number in hex.
        inode: of the file; 0 for none.
        path: of the file; or a name in brackets such as ``"[heap]"``; or "".
        deleted: whether the file has been deleted since.

    ``str()`` is the kernel's own line, without the newline.
    """

    start: int
    end: int
    perms: str
    offset: int
    device: str
    inode: int
    path: str
    deleted: bool

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start

    @property
    def readable(self) -> bool:
        """Whether the target may read it."""
        return self.perms[0] == "r"

    @property
    def writable(self) -> bool:
        """Whether the target may write it."""
        return self.perms[1] == "w"

    @property
    def executable(self) -> bool:
        """Whether the target may execute it."""
        return self.perms[2] == "x"

    @property
    def shared(self) -> bool:
        """Whether writes reach the file and other processes."""
        return self.perms[3] == "s"

    @property
    def name(self) -> str:
        """What to show: the path, marked when the file is deleted."""
        return self.path + _DELETED if self.deleted else self.path

    @property
    def kind(self) -> RegionKind:
        """What it is, by its path: "special" are [vdso] and others that the kernel provides."""
        path = self.path
        if path == "[heap]":
            return "heap"
        if path == "[stack]" or path.startswith("[stack:"):
            return "stack"
        if not path or path.startswith(("[anon:", "[anon_shmem:")):
            return "anon"
        return "file" if path.startswith("/") else "special"

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.start <= address < self.end

    def __str__(self) -> str:
        line = (
            f"{self.start:08x}-{self.end:08x} {self.perms} {self.offset:08x} {self.device} "
            f"{self.inode} "
        )
        if not self.path:
            return line
        return line.ljust(_NAME_COLUMN) + self.name.replace("\n", r"\012")


def parse_maps(text: str | bytes) -> list[Region]:
    """The regions that the text of a maps file lists, in its order.

    Args:
        text: all of it, or some whole lines; file names that are not UTF-8 are kept as
            os.fsdecode() has them.

    Raises:
        ValueError: a line is not one of a maps file; it names the line.

    >>> [region] = parse_maps("55d0c000-55d0d000 rw-p 00002000 08:01 42  /opt/my game (deleted)")
    >>> region.path, region.deleted, region.size
    ('/opt/my game', True, 4096)
    """
    lines = (os.fsdecode(text) if isinstance(text, bytes) else text).split("\n")
    return [_parse_line(number, line) for number, line in enumerate(lines, 1) if line]


class RegionReader:
    """Reads a process's regions again and again; a line that it knows is not parsed again.

    With ten thousand regions parsing takes ten times as long as all the rest.

    Args:
        pid: the process.
        name: what to call it in errors.
    """

    def __init__(self, pid: int, name: str = "") -> None:
        self._pid, self._name = pid, name
        self._known: dict[str, Region] = {}

    def read(self) -> list[Region]:
        """The regions by ascending address.

        Raises:
            AccessDenied: the kernel does not let us.
            TargetGone: it has exited.
        """
        try:
            text = os.fsdecode(read_file(self._pid, "maps"))
        except PermissionError:
            raise AccessDenied(self._pid, self._name, "read the regions of") from None
        lines, known = text.removesuffix("\n").split("\n") if text else [], self._known
        regions = [
            known.get(line) or _parse_line(number, line) for number, line in enumerate(lines, 1)
        ]
        if not regions and has_exited(self._pid):  # kernel threads have no regions either
            raise TargetGone(self._pid, self._name, "exited")
        self._known = dict(zip(lines, regions, strict=True))
        return regions


def _parse_line(number: int, line: str) -> Region:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"line {number} is not one of a maps file: {line!r}")
    start, end, perms, offset, device, inode, path = match.groups()
    # The kernel writes a newline in a name so, and nothing else: backslashes are left alone.
    path = (path or "").replace(r"\012", "\n")
    deleted = path.endswith(_DELETED)
    return Region(
        *(int(start, 16), int(end, 16), perms, int(offset, 16), device, int(inode)),
        *(path.removesuffix(_DELETED) if deleted else path, deleted),
    )


class _Word(NamedTuple):
    """One word of a filter: its kind, the name or addresses that it gives, and its position."""

    kind: str
    position: int
    name: str = ""
    window: Range = Range(0, 0)


@dataclass(frozen=True, slots=True)
class Where:
    """Which regions to scan: words joined by commas.

    - ``writable``: what the target may write; this is what is scanned unless told otherwise.
    - ``all``: everything readable.
    - ``heap``, ``stack``: what the kernel calls so.
    - ``data``: the modules' writable mappings and their bss.
    - ``anon``: mappings of no file, other than heap and stack.
    - ``module:NAME``: the modules of that name or path; ``*``, ``?`` and ``[…]`` as in file names.
    - ``0xA..0xB``: addresses from A up to, not including, B.

    The rule: heap, stack, data, anon and module add up. ``writable`` beside them keeps what is
    writable of their sum; without them it means everything writable. ``all`` means everything
    readable, whatever stands beside it. Address ranges add up too and cut what the other words
    leave; alone, they cut everything readable.

    What the target itself cannot read is never selected, and neither are [vvar] and [vsyscall],
    which the kernel lets nobody read from outside.

    Attributes:
        text: as it was given.
        words: the words of it.
    """

    text: str
    words: tuple[_Word, ...]

    @classmethod
    def parse(cls, text: str) -> Where:
        """The filter that a text says.

        Raises:
            WhereError: it cannot be understood; it has the position.

        >>> print(Where.parse("heap,data"))
        heap,data
        """
        arguments.text("where", text)
        words = []
        position = 0
        for part in text.split(","):
            indent = len(part) - len(part.lstrip())
            words.append(_parse_word(text, part.strip(), position + indent))
            position += len(part) + 1
        return cls(text, tuple(words))

    def select(self, regions: Sequence[Region], modules: Sequence[Module]) -> list[Range]:
        """What to scan of a target: ascending, disjoint, not even adjacent.

        Args:
            regions: all regions of the target, ascending.
            modules: all modules of the target.

        Raises:
            WhereError: there is no such module, or nothing is left.
        """
        regions = arguments.several("regions", regions, Region, "regions of a target")
        readable = [one for one in regions if _is_readable(one)]
        asked = {word.kind for word in self.words}
        selected: list[Region] = []
        if "all" in asked or asked == {"range"}:
            selected = readable
        elif asked <= {"writable", "range"}:
            selected = [one for one in readable if one.writable]
        else:
            for word in self.words:
                selected += self._asked_by(word, readable, modules)
            if "writable" in asked:
                selected = [one for one in selected if one.writable]
        windows = [word.window for word in self.words if word.kind == "range"]
        ranges = _merge(_clip(selected, windows or [Range(0, 1 << 64)]))
        if not ranges:
            raise WhereError(self.text, 0, "no region matches")
        return ranges

    def _asked_by(
        self, word: _Word, readable: Sequence[Region], modules: Sequence[Module]
    ) -> list[Region]:
        if word.kind == "module":
            found = [one for one in modules if _has_name(one, word.name)]
            if not found:
                near = arguments.near(word.name, [one.name for one in modules], 3)
                hint = f"; near it: {', '.join(near)}" if near else ""
                reason = f'no region matches: no module is called "{word.name}"{hint}'
                raise WhereError(self.text, word.position, reason)
            return [one for module in found for one in module.regions if _is_readable(one)]
        if word.kind == "data":
            parts = [one for module in modules for one in module.regions]
            return [one for one in parts if one.writable and _is_readable(one)]
        return [one for one in readable if one.kind == word.kind]

    def __str__(self) -> str:
        return self.text


def _parse_word(text: str, word: str, position: int) -> _Word:
    if word in _WORDS:
        return _Word(word, position)
    kind, colon, name = word.partition(":")
    if kind == "module" and colon:
        if not name:
            raise WhereError(text, position + len(word), "expected a name after module:")
        return _Word("module", position, name=name)
    window = _WINDOW.fullmatch(word)
    if window:
        start, end = map(parse_integer, window.groups())
        if start >= end:
            raise WhereError(text, position, "the range is empty: its end comes first")
        return _Word("range", position, window=Range(start, end))
    if ".." in word:
        raise WhereError(text, position, "a range is written 0x1000..0x2000")
    near = arguments.near(word, [*_WORDS, "module:NAME"], 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_WORDS)}, module:NAME"
    raise WhereError(text, position, f'no such regions: "{word}"; {hint}')


def _is_readable(region: Region) -> bool:
    return region.readable and not region.path.startswith(("[vvar", "[vsyscall"))


def _has_name(module: Module, name: str) -> bool:
    return name in (module.name, module.path) or any(
        fnmatch.fnmatchcase(one, name) for one in (module.name, module.path)
    )


def _clip(regions: Iterable[Region], windows: Sequence[Range]) -> Iterator[Range]:
    for region in regions:
        for window in windows:
            start, end = max(region.start, window.start), min(region.end, window.end)
            if start < end:
                yield Range(start, end)


def _merge(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for one in sorted(ranges):
        if merged and one.start <= merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged
