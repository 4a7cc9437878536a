"""Where to scan: a filter of regions, as people write it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from .. import arguments
from ..errors import WhereError
from ..errors.suggest import did_you_mean, near
from ..values.literals import parse_integer
from .modules import Module
from .regions import Range, Region, cut_out, merged

_WINDOW: Final = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]{1,20})\.\.(0[xX][0-9a-fA-F]+|[0-9]{1,20})")
_WORDS: Final = ("writable", "all", "heap", "stack", "data", "anon")
_ONCE: Final = "once"


class _Word(NamedTuple):
    """One word of a filter: its kind, the name or addresses that it gives, and its position."""

    kind: str
    position: int
    name: str = ""
    window: Range = Range(0, 0)
    excluded: bool = False


class _Piece(NamedTuple):
    """Addresses of a region."""

    range: Range
    region: Region


@dataclass(frozen=True, slots=True)
class Where:
    """Which regions to scan: words joined by commas.

    - ``writable``: what the target may write; this is what is scanned unless told otherwise.
    - ``all``: everything readable.
    - ``heap``, ``stack``: what the kernel calls so.
    - ``data``: the modules' writable mappings and their bss.
    - ``anon``: mappings of no file, other than heap and stack; shared ones, those of shmget(2) and
      huge pages too.
    - ``module:NAME``: the modules of that name or path; ``*``, ``?`` and ``[…]`` as in file names.
    - ``/NAME``: mappings by what they are of, as the target's map has it: ``/memfd:ram``,
      ``/dev/shm/*``; ``[anon:NAME]`` is one, too.
    - ``0xA..0xB``: addresses from A up to, not including, B.
    - ``-`` before any of these leaves that out: ``-module:libc.so.6``, ``all,-writable``.
    - ``once``: of a file that is mapped and shared several times, each byte in its largest mapping,
      of several such in the first.

    The rule: heap, stack, data, anon, modules and other mappings add up. ``writable`` beside them
    keeps what is writable of their sum; without them it means everything writable. ``all`` means
    everything readable, whatever stands beside it. Address ranges add up too and cut what the
    other words leave; alone, they cut everything readable. Then what has a ``-`` is left out, of
    everything writable where nothing else stands beside it.

    What the target itself cannot read is never selected, and neither are [vvar] and [vsyscall],
    which the kernel lets nobody read from outside.

    Attributes:
        text: as it was given.
        words: the words of it.

    >>> scan = attach(Buffer(bytearray(64), base=0x1000)).scan(u8, where="writable,0x1010..0x1018")
    >>> print(scan.where)
    writable,0x1010..0x1018
    >>> scan.first("now == 0").matches
    8
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

        >>> target = attach(Buffer(bytearray(4096), base=0x1000))
        >>> Where.parse("0..0x1800").select(target.regions(), target.modules())
        [Range(start=4096, end=6144)]
        """
        regions = arguments.several("regions", regions, Region, "regions of a target")
        readable = [region for region in regions if _is_readable(region)]
        wanted = [word for word in self.words if not word.excluded and word.kind != "once"]
        asked = {word.kind for word in wanted}
        selected: list[Region] = []
        if "all" in asked or asked == {"range"}:
            selected = readable
        elif asked <= {"writable", "range"}:
            selected = [region for region in readable if region.writable]
        else:
            for word in (word for word in wanted if word.kind != "writable"):
                selected += self._asked_by(word, readable, modules)
            if "writable" in asked:
                selected = [region for region in selected if region.writable]
        windows = [word.window for word in wanted if word.kind == "range"]
        pieces = _without(
            _clip(selected, windows or [Range(0, 1 << 64)]), self._excluded(readable, modules)
        )
        if any(word.kind == "once" for word in self.words):
            pieces = list(_once(pieces))
        ranges = merged(piece.range for piece in pieces)
        if not ranges:
            raise WhereError(self.text, 0, "no region matches")
        return ranges

    def _excluded(self, readable: Sequence[Region], modules: Sequence[Module]) -> list[Range]:
        """What is left out, ascending."""
        ranges: list[Range] = []
        for word in self.words:
            if word.excluded and word.kind == "range":
                ranges.append(word.window)
            elif word.excluded:
                chosen = self._asked_by(word, readable, modules)
                ranges += [Range(region.start, region.end) for region in chosen]
        return merged(ranges)

    def _asked_by(
        self, word: _Word, readable: Sequence[Region], modules: Sequence[Module]
    ) -> list[Region]:
        if word.kind == "module":
            called = [module for module in modules if _has_name(module, word.name)]
            if not called:
                raise self._nothing_called(word, [module.name for module in modules])
            parts = [region for module in called for region in module.regions]
            return [region for region in parts if _is_readable(region)]
        if word.kind == "mapping":
            named = [region for region in readable if _is_of(region, word.name)]
            if not named:
                raise self._nothing_called(word, sorted({region.path for region in readable}))
            return named
        if word.kind in ("all", "writable"):
            return [region for region in readable if region.writable or word.kind == "all"]
        if word.kind == "data":
            parts = [region for module in modules for region in module.regions]
            return [region for region in parts if region.writable and _is_readable(region)]
        return [region for region in readable if region.kind == word.kind]

    def _nothing_called(self, word: _Word, known: Sequence[str]) -> WhereError:
        likest = near(word.name, list(filter(None, known)), 3)
        hint = f"; near it: {', '.join(likest)}" if likest else ""
        reason = f'no region matches: no {word.kind} is called "{word.name}"{hint}'
        return WhereError(self.text, word.position, reason)

    def __str__(self) -> str:
        return self.text


def filter_of(where: str | Where) -> Where:
    """The filter that somebody asks for, as such or as a text.

    Raises:
        WhereError: the text cannot be understood.
    """
    return where if isinstance(where, Where) else Where.parse(where)


def _parse_word(text: str, word: str, position: int) -> _Word:
    if word.startswith("-") and not word.startswith("--") and word[1:] != _ONCE:
        inner = word[1:].lstrip()
        found = _parse_word(text, inner, position + len(word) - len(inner))
        return found._replace(excluded=True)
    if word in _WORDS or word == _ONCE:
        return _Word(word, position)
    if word.startswith(("/", "[")):
        return _Word("mapping", position, name=word)
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
    known = [*_WORDS, "module:NAME", "/NAME", _ONCE]
    hint = did_you_mean(word, known, count=1, cutoff=0.6, before="")
    hint = hint or f"there are {', '.join(known)}"
    raise WhereError(text, position, f'no such regions: "{word}"; {hint}')


def _is_readable(region: Region) -> bool:
    return region.readable and not region.path.startswith(("[vvar", "[vsyscall"))


def _has_name(module: Module, name: str) -> bool:
    return name in (module.name, module.path) or any(
        fnmatch.fnmatchcase(known, name) for known in (module.name, module.path)
    )


def _is_of(region: Region, name: str) -> bool:
    return region.path == name or fnmatch.fnmatchcase(region.path, name)


def _clip(regions: Iterable[Region], windows: Sequence[Range]) -> Iterator[_Piece]:
    for region in regions:
        for window in windows:
            start, end = max(region.start, window.start), min(region.end, window.end)
            if start < end:
                yield _Piece(Range(start, end), region)


def _without(pieces: Iterable[_Piece], excluded: Sequence[Range]) -> list[_Piece]:
    return [
        piece._replace(range=left) for piece in pieces for left in cut_out(piece.range, excluded)
    ]


def _once(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """What is mapped several times, in its largest mapping and of several such the first."""
    seen: dict[tuple[str, int], list[Range]] = {}
    for piece in sorted(pieces, key=lambda piece: (-piece.range.size, piece.range)):
        region, (start, end) = piece.region, piece.range
        if not (region.shared and region.inode):
            yield piece
            continue
        known = seen.setdefault((region.device, region.inode), [])
        shift = region.offset - region.start
        in_file = Range(start + shift, end + shift)
        for left in cut_out(in_file, known):
            yield _Piece(Range(left.start - shift, left.end - shift), region)
        known[:] = merged([*known, in_file])
