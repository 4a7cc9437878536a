"""The text of a script: its sections and lines, without comments, and what is never run."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from ..errors import ScriptError

#: Characters of a script.
MAX_TEXT: Final = 1 << 20
#: Lines of a script.
MAX_LINES: Final = 50_000

Section: TypeAlias = Literal["both", "enable", "disable"]

_COMMENT: Final = re.compile(
    r"""//[^\n]* | /\*.*?(?:\*/|\Z) | \{\$(?P<directive>[^}\n]*)\}? | \{.*?(?:\}|\Z)
    | "[^"\n]*" | '[^'\n]*'""",
    re.VERBOSE | re.DOTALL,
)
_HEADER: Final = re.compile(r"\[\s*(/?)\s*(enable|disable|32-bit|64-bit)\s*\]", re.IGNORECASE)
#: Directives that begin what we do not run, and what that is.
_OTHERS: Final = {
    "lua": "Lua is not run",
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
    """

    number: int
    text: str
    section: Section
    bits: int


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
    SourceLine(number=2, text='nop', section='enable', bits=0)
    """
    if len(text) > MAX_TEXT:
        raise ScriptError(0, f"the script has more than {MAX_TEXT} characters")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") >= MAX_LINES:
        raise ScriptError(0, f"the script has more than {MAX_LINES} lines")
    bare, strict, refused = _without_comments(text)
    lines: list[SourceLine] = []
    section: Section = "both"
    bits, sections = 0, False
    for number, line in enumerate(bare.split("\n"), 1):
        word = line.strip()
        header = _HEADER.fullmatch(word)
        if header is None:
            if word:
                lines.append(SourceLine(number, word, section, bits))
            continue
        closing, name = header[1], header[2].lower()
        if name in ("enable", "disable"):
            section, sections = ("enable" if name == "enable" else "disable"), True
        else:
            bits = 0 if closing else int(name[:2])
    return Source(tuple(lines), strict, tuple(refused), sections)


def _without_comments(text: str) -> tuple[str, bool, list[ScriptError]]:
    """The text with comments as blanks, whether it is strict, and what is not run."""
    parts: list[str] = []
    refused: list[ScriptError] = []
    at, strict = 0, False
    while (match := _COMMENT.search(text, at)) is not None:
        parts.append(text[at : match.start()])
        found, at = match[0], match.end()
        if found[0] in "\"'":
            parts.append(found)
            continue
        if match["directive"] is None:
            parts.append(_blank(found))
            continue
        words = match["directive"].lower().split()
        directive = words[0] if words else ""
        if directive == "strict":
            strict = True
        elif directive in _OTHERS:
            line = text.count("\n", 0, match.start()) + 1
            refused.append(ScriptError(line, f"{{${directive}}}: {_OTHERS[directive]}"))
            end = re.compile(r"\{\$asm\s*\}", re.IGNORECASE).search(text, at)
            stop = end.start() if end else len(text)
            found, at = text[match.start() : stop], stop
        elif directive not in ("asm", "nodebug", "warn"):
            line = text.count("\n", 0, match.start()) + 1
            refused.append(ScriptError(line, f"{{${directive:.40}}} is no directive that is known"))
        parts.append(_blank(found))
    parts.append(text[at:])
    return "".join(parts), strict, refused


def _blank(text: str) -> str:
    return "".join("\n" if mark == "\n" else " " for mark in text)
