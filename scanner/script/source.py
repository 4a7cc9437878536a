"""The text of a script: its sections and lines, without comments, and what is never run."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final, Literal, NamedTuple, TypeAlias

from ..errors import ScriptError

#: Characters of a script.
MAX_TEXT: Final = 1 << 20
#: Lines of a script.
MAX_LINES: Final = 50_000

Section: TypeAlias = Literal["both", "enable", "disable"]

_COMMENT: Final = re.compile(
    r"""^[ \t]*\[\s*(?P<header>enable|disable)\s*\](?=[ \t]*(?:$|//|/\*|\{))
    | //[^\n]* | /\*.*?(?:\*/|\Z) | \{\$(?P<directive>[^}\n]*)\}? | \{.*?(?:\}|\Z)
    | "[^"\n]*" | '[^'\n]*'""",
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_HEADER: Final = re.compile(r"\[\s*(/?)\s*(enable|disable|32-bit|64-bit)\s*\]", re.IGNORECASE)
#: Where Lua ends: with its section, or where assembly goes on.
_LUA_ENDS: Final = re.compile(
    r"^[ \t]*\[\s*(?:enable|disable)\s*\][ \t]*$|^[ \t]*(?P<asm>\{\$asm\s*\})",
    re.MULTILINE | re.IGNORECASE,
)
#: Directives that begin what we do not run, and what that is.
_OTHERS: Final = {
    "luacode": "Lua is not run",
    "ccode": "C is not compiled",
    "c": "C is not compiled",
    "try": "exceptions are not caught in the target",
    "except": "exceptions are not caught in the target",
    "pascal": "Pascal is not run",
}


class SourceLine(NamedTuple):
    """A line that says something.

    Attributes:
        number: from 1.
        text: without comments and blanks around it.
        section: that it belongs to.
        bits: the width of code it is for, 32 or 64; 0 for both.
        lua: the line at which the piece of Lua begins that it belongs to; 0 for assembly.
    """

    number: int
    text: str
    section: Section
    bits: int
    lua: int = 0


class Source(NamedTuple):
    """A script as lines.

    Attributes:
        lines: that say something.
        strict: whether labels have to be declared.
        refused: what is not run, by line.
        has_sections: whether it can be enabled and disabled.
    """

    lines: tuple[SourceLine, ...]
    strict: bool
    refused: tuple[ScriptError, ...]
    has_sections: bool


def read_source(text: str) -> Source:
    r"""Take a script apart.

    Raises:
        ScriptError: it is too long.

    >>> source = read_source("[ENABLE] // on\n nop\n[DISABLE]\n{ off }")
    >>> source.lines[0]
    SourceLine(number=2, text='nop', section='enable', bits=0, lua=0)
    """
    if len(text) > MAX_TEXT:
        raise ScriptError(0, f"the script has more than {MAX_TEXT} characters")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") >= MAX_LINES:
        raise ScriptError(0, f"the script has more than {MAX_LINES} lines")
    bare, strict, refused, lua = _without_comments(text)
    lines: list[SourceLine] = []
    section: Section = "both"
    bits, sections = 0, False
    for number, line in enumerate(bare.split("\n"), 1):
        word = line.strip()
        header = _HEADER.fullmatch(word)
        if header is None or (number in lua and "-" in header[2]):
            if number in lua:
                lines.append(SourceLine(number, line, section, bits, lua[number]))
            elif word:
                lines.append(SourceLine(number, word, section, bits))
            continue
        closing, name = header[1], header[2].lower()
        if name in ("enable", "disable"):
            section, sections = ("enable" if name == "enable" else "disable"), True
        else:
            bits = 0 if closing else int(name[:2])
    return Source(tuple(lines), strict, tuple(refused), sections)


def has_lua(text: str) -> bool:
    """Whether a script may have Lua in it.

    >>> has_lua("{$lua}"), has_lua("LuaCall(jump())"), has_lua("nop")
    (True, True, False)
    """
    return "{$lua}" in text.lower() or "luacall" in text.lower()


def _without_comments(text: str) -> tuple[str, bool, list[ScriptError], dict[int, int]]:
    """The text with comments as blanks, whether it is strict, what is not run, and Lua's lines.

    Those are as they were, by number, with the line at which their piece begins. A section begins
    as what stands before all sections ends: with Lua, or with assembly.
    """
    parts: list[str] = []
    refused: list[ScriptError] = []
    lua: dict[int, int] = {}
    lines = _Lines(text)
    at, strict = 0, False
    before: int | None = None  # the piece of Lua in which the sections begin
    while (match := _COMMENT.search(text, at)) is not None:
        parts.append(text[at : match.start()])
        found, at = match[0], match.end()
        if found[0] in "\"'":
            parts.append(found)
            continue
        if match["header"] is not None:
            before = 0 if before is None else before
            if not before:
                parts.append(found)
                continue
            piece, at = before, match.start()
        elif match["directive"] is None:
            parts.append(_blank(found))
            continue
        else:
            line = lines.at(match.start())
            words = match["directive"].lower().split()
            directive = words[0] if words else ""
            if directive in _OTHERS:
                refused.append(ScriptError(line, f"{{${directive}}}: {_OTHERS[directive]}"))
                end = _LUA_ENDS.search(text, at)
                at = end.start() if end else len(text)
                parts.append(_blank(text[match.start() : at]))
                continue
            if directive != "lua":
                strict = strict or directive == "strict"
                if directive not in ("asm", "nodebug", "warn", "strict"):
                    said = f"{{${directive:.40}}} is no directive that is known"
                    refused.append(ScriptError(line, said))
                parts.append(_blank(found))
                continue
            parts.append(_blank(found))
            piece = line
        inner, at, before = _lua(text, lines, at, piece, before, lua)
        parts.append(inner)
    parts.append(text[at:])
    return "".join(parts), strict, refused, lua


class _Lines:
    """Which line an offset of a text is in."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def at(self, offset: int) -> int:
        """The number of the line, from 1."""
        return bisect_left(self._ends, offset) + 1


def _lua(
    text: str, lines: _Lines, at: int, piece: int, before: int | None, lua: dict[int, int]
) -> tuple[str, int, int | None]:
    """Take a piece of Lua, with the sections that begin in it.

    Returns:
        Its text, where it ends, and in which piece sections begin, if that is known now.
    """
    start = at
    while True:
        end = _LUA_ENDS.search(text, at)
        stop = end.start() if end else len(text)
        lua.update(dict.fromkeys(range(lines.at(at), lines.at(stop) + 1), piece))
        if end is None:
            return text[start:stop], stop, before
        lua.pop(lines.at(stop), None)
        if end["asm"]:
            return text[start:stop], stop, before
        before = piece if before is None else before
        at = end.end()
        if before != piece:  # the sections begin with assembly
            return text[start:at], at, before


def _blank(text: str) -> str:
    return "".join("\n" if mark == "\n" else " " for mark in text)
