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
from .regions import Range, Region

_WINDOW: Final = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]{1,20})\.\.(0[xX][0-9a-fA-F]+|[0-9]{1,20})")
_WORDS: Final = ("writable", "all", "heap", "stack", "data", "anon")


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
        asked = {word.kind for word in self.words}
        selected: list[Region] = []
        if "all" in asked or asked == {"range"}:
            selected = readable
        elif asked <= {"writable", "range"}:
            selected = [region for region in readable if region.writable]
        else:
            for word in self.words:
                selected += self._asked_by(word, readable, modules)
            if "writable" in asked:
                selected = [region for region in selected if region.writable]
        windows = [word.window for word in self.words if word.kind == "range"]
        ranges = _merge(_clip(selected, windows or [Range(0, 1 << 64)]))
        if not ranges:
            raise WhereError(self.text, 0, "no region matches")
        return ranges

    def _asked_by(
        self, word: _Word, readable: Sequence[Region], modules: Sequence[Module]
    ) -> list[Region]:
        if word.kind == "module":
            named = [module for module in modules if _has_name(module, word.name)]
            if not named:
                likest = near(word.name, [module.name for module in modules], 3)
                hint = f"; near it: {', '.join(likest)}" if likest else ""
                reason = f'no region matches: no module is called "{word.name}"{hint}'
                raise WhereError(self.text, word.position, reason)
            parts = [region for module in named for region in module.regions]
            return [region for region in parts if _is_readable(region)]
        if word.kind == "data":
            parts = [region for module in modules for region in module.regions]
            return [region for region in parts if region.writable and _is_readable(region)]
        return [region for region in readable if region.kind == word.kind]

    def __str__(self) -> str:
        return self.text


def filter_of(where: str | Where) -> Where:
    """The filter that somebody asks for, as such or as a text.

    Raises:
        WhereError: the text cannot be understood.
    """
    return where if isinstance(where, Where) else Where.parse(where)


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
    known = [*_WORDS, "module:NAME"]
    hint = did_you_mean(word, known, count=1, cutoff=0.6, before="")
    hint = hint or f"there are {', '.join(known)}"
    raise WhereError(text, position, f'no such regions: "{word}"; {hint}')


def _is_readable(region: Region) -> bool:
    return region.readable and not region.path.startswith(("[vvar", "[vsyscall"))


def _has_name(module: Module, name: str) -> bool:
    return name in (module.name, module.path) or any(
        fnmatch.fnmatchcase(known, name) for known in (module.name, module.path)
    )


def _clip(regions: Iterable[Region], windows: Sequence[Range]) -> Iterator[Range]:
    for region in regions:
        for window in windows:
            start, end = max(region.start, window.start), min(region.end, window.end)
            if start < end:
                yield Range(start, end)


def _merge(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for window in sorted(ranges):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged
