"""The text of C declarations, made ready for a parser that knows only the language itself.

Comments, directives and attributes are blanked out or said in plain C, so that every line and
column stays where it was; names of types that the text does not declare are given a declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from ..errors import DeclarationError
from ..values.structures import MAX_TEXT

#: What a text may have; more is not looked at.
MAX_DEPTH: Final = 32
MAX_IN_A_ROW: Final = 8

#: In front of the names of types that are not declared.
UNKNOWN: Final = "__undeclared_"
#: The file that our own declarations in front of the text seem to be in.
PRELUDE: Final = "<prelude>"

#: C's own type words, and what the usual headers and hands add; ``long`` is as wide as a pointer.
NAMED_TYPES: Final = {
    name: base
    for base, names in {
        "signed char": ("int8_t", "i8", "s8"),
        "unsigned char": ("uint8_t", "u8", "uchar", "u_int8_t", "bool"),
        "short": ("int16_t", "i16", "s16"),
        "unsigned short": ("uint16_t", "u16", "ushort", "u_int16_t", "char16_t"),
        "int": ("int32_t", "i32", "s32", "wchar_t", "pid_t"),
        "unsigned": ("uint32_t", "u32", "uint", "u_int32_t", "char32_t", "uid_t", "gid_t"),
        "long": ("intptr_t", "ssize_t", "ptrdiff_t", "time_t"),
        "unsigned long": ("uintptr_t", "size_t", "ulong"),
        "long long": ("int64_t", "i64", "s64", "intmax_t"),
        "unsigned long long": ("uint64_t", "u64", "u_int64_t", "uintmax_t"),
        "float": ("f32", "float_t"),
        "double": ("f64", "double_t"),
    }.items()
    for name in names
}

_TOKEN: Final = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<directive>^[ \t]*\#(?:[^\n\\]|\\.)*)"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<number>\.?[0-9](?:[\w.]|[eEpP][+-])*)"""
    r"""|(?P<quoted>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<blank>[ \t\r\n\f\v]+)"""
    r"""|(?P<mark>.)""",
    re.DOTALL | re.MULTILINE,
)
_ATTRIBUTE: Final = re.compile(r"__attribute(?:__)?")
_COMMENT: Final = re.compile(r"/\*.*?\*/|//.*", re.DOTALL)
_WORD: Final = re.compile(r"#\s*(\w+)")
_PACK: Final = re.compile(r"#\s*pragma\s+pack\b")
_DEFINE: Final = re.compile(r"#\s*define\s+([A-Za-z_]\w*)\s+([\w \t()+\-*/%<>|&~^]+)")
_LEFT_OUT: Final = re.compile(r"#\s*(?:include\b|pragma\b|define\b|undef\b|line\b|[0-9]|$)")
_GUARD: Final = re.compile(r"\s*#\s*ifndef\s+(\w+)\s*")
_KEYWORDS: Final = frozenset(
    (
        *("auto", "char", "const", "double", "enum", "extern", "float", "inline", "int", "long"),
        *("register", "restrict", "short", "signed", "sizeof", "static", "struct", "typedef"),
        *("union", "unsigned", "void", "volatile", "_Alignas", "_Alignof", "_Atomic", "_Bool"),
        *("_Complex", "_Noreturn", "_Static_assert", "_Thread_local", "__int128"),
    )
)
_BEFORE_A_TYPE: Final = frozenset(
    ("", "{", ";", "(", ",", "const", "volatile", "_Atomic", "typedef", "extern", "static")
)
_SIGNS: Final = ("*", "+", "-", "~", "!")
_CLOSES: Final = {"}": "{", ")": "(", "]": "["}


class Token(NamedTuple):
    """A piece of the text, and where it begins."""

    kind: str
    text: str
    start: int


class Prepared(NamedTuple):
    """A text that is ready to be parsed.

    Attributes:
        text: with a prelude of declarations in front, in lines of their own.
        packed: the lines and columns of each ``struct`` that is packed and of what is behind it.
        names: all names that it mentions.
    """

    text: str
    packed: frozenset[tuple[int, int]]
    names: frozenset[str]


def prepare(text: str) -> Prepared:
    """Make a text of C ready to be parsed.

    Raises:
        DeclarationError: there is something in it that is not taken.
    """
    if len(text) > MAX_TEXT:
        raise DeclarationError(1, 1, f"is longer than {MAX_TEXT:,} characters")
    tokens = list(_tokens(text))
    plain = "".join(
        token.text if token.kind not in ("comment", "directive") else _blanked(token.text)
        for token in tokens
    )
    marks = [token for token in tokens if token.kind not in ("comment", "blank", "directive")]
    _check_nesting(text, marks)
    plain, packed, marks = _without_attributes(text, plain, marks)
    plain = _with_directives(text, plain, [token for token in tokens if token.kind == "directive"])
    names = {token.text for token in marks if token.kind == "name"}
    prelude = [
        f"typedef {NAMED_TYPES[name]} {name};" for name in sorted(names & NAMED_TYPES.keys())
    ]
    unknown = sorted(_undeclared(marks) - NAMED_TYPES.keys())
    prelude += [f"typedef struct {UNKNOWN}{name} {name};" for name in unknown]
    end = ";" if marks and marks[-1].text == "}" else ""
    whole = f'# 1 "{PRELUDE}"\n{"".join(prelude)}\n# 1 "text"\n{plain}{end}\n'
    return Prepared(whole, packed, frozenset(names))


def place(text: str, at: int) -> tuple[int, int]:
    """The line and column of an offset, both counted from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def refused(text: str, at: int, reason: str) -> DeclarationError:
    """Make the error for something at an offset."""
    return DeclarationError(*place(text, at), reason)


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "mark":
            if match[0] == "/" and text.startswith("/*", match.start()):
                raise refused(text, match.start(), "this comment does not end")
            if match[0] in "\"'":
                raise refused(text, match.start(), "this quote is not closed")
            if match[0] not in "{}()[];,:*=+-/%<>&|^~!?.":
                raise refused(text, match.start(), f"{match[0]!r} is not of C's declarations")
        yield Token(kind, match[0], match.start())


def _blanked(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _check_nesting(text: str, marks: list[Token]) -> None:
    """Check that brackets match, and that nothing is so deep that a parser would give up."""
    open_marks: list[Token] = []
    row, before = 0, ""
    for token in marks:
        if token.text in ("{", "(", "["):
            open_marks.append(token)
            if len(open_marks) > MAX_DEPTH:
                raise refused(text, token.start, f"is nested more than {MAX_DEPTH} deep")
        elif token.text in _CLOSES:
            if not open_marks or open_marks[-1].text != _CLOSES[token.text]:
                raise refused(text, token.start, f"this {token.text} closes nothing")
            open_marks.pop()
        both_signs = token.text in _SIGNS and before in _SIGNS
        if both_signs or (token.text == "[" and before == "]"):
            row += 1
        elif token.text in (";", ",", "{", "}"):
            row = 0
        if row > MAX_IN_A_ROW:
            raise refused(text, token.start, f"there are more than {MAX_IN_A_ROW} in a row")
        before = token.text
    if open_marks:
        raise refused(text, open_marks[-1].start, f"this {open_marks[-1].text} is not closed")


def _with_directives(text: str, plain: str, directives: list[Token]) -> str:
    """Put back what directives say, where it can be said in C."""
    if directives and (guard := _GUARD.fullmatch(directives[0].text)):
        behind, last = directives[1:2], directives[-1]
        begins = behind and re.match(rf"\s*#\s*define\s+{guard[1]}\b", behind[0].text)
        if begins and re.match(r"\s*#\s*endif\b", last.text):
            directives = directives[2:-1]
    said = [_directive(text, token) for token in directives]
    for token, line in reversed(list(zip(directives, said, strict=True))):
        lines = "\n" * token.text.count("\n")
        plain = plain[: token.start] + line + lines + plain[token.start + len(token.text) :]
    return plain


def _directive(text: str, token: Token) -> str:
    """What a directive says, in a line that the parser knows; "" for what says nothing here."""
    line = _COMMENT.sub("", token.text.replace("\\\n", " ")).strip()
    if _PACK.match(line):
        return line
    if define := _DEFINE.fullmatch(line):
        return f"enum{{{define[1]}={define[2]}}};"
    if not _LEFT_OUT.match(line):
        word = _WORD.match(line)
        name = word[1] if word else ""
        reason = f"#{name} is not taken: give what the preprocessor makes of it (cpp -P)"
        raise refused(text, token.start + token.text.index("#"), reason)
    return ""


def _undeclared(marks: list[Token]) -> set[str]:
    """Names that stand where only a type can, and another name or a pointer behind them."""
    wanted: set[str] = set()
    stack: list[str] = []  # the brackets that are open, "enum" for those of one
    words: list[str] = []
    for token, behind in pairwise([*marks, Token("mark", "", 0)]):
        before = words[-1] if words else ""
        if token.text in ("{", "(", "["):
            is_enum = token.text == "{" and "enum" in words[-2:]
            stack.append("enum" if is_enum else token.text)
        elif token.text in _CLOSES and stack:
            stack.pop()
        elif (
            token.kind == "name"
            and token.text not in _KEYWORDS
            and before in _BEFORE_A_TYPE
            and (behind.kind == "name" or behind.text == "*")
            and not {"[", "enum"} & set(stack)
        ):
            wanted.add(token.text)
        words = [*words[-1:], token.text]
    return wanted


def _without_attributes(
    text: str, plain: str, marks: list[Token]
) -> tuple[str, frozenset[tuple[int, int]], list[Token]]:
    """Blank attributes out, and tell which structures are packed."""
    packed: set[tuple[int, int]] = set()
    kept: list[Token] = []
    index = 0
    while index < len(marks):
        token = marks[index]
        if not _ATTRIBUTE.fullmatch(token.text):
            kept.append(token)
            index += 1
            continue
        end = index + 1
        depth = 0
        while end < len(marks):
            depth += {"(": 1, ")": -1}.get(marks[end].text, 0)
            end += 1
            if not depth:
                break
        inside = [mark.text for mark in marks[index + 1 : end]]
        names = [name for name in inside if name not in ("(", ")", ",")]
        if not names or {name.strip("_") for name in names} != {"packed"}:
            said = " ".join(names) or "nothing"
            raise refused(text, token.start, f"of attributes only packed is taken, not {said}")
        owners = _owners(kept, marks[end : end + 1])
        if not owners:
            where = "behind struct, or behind its closing brace"
            raise refused(text, token.start, f"packed is taken {where}")
        packed.update(place(text, owner.start) for owner in owners)
        last = marks[end - 1]
        stop = last.start + len(last.text)
        plain = plain[: token.start] + _blanked(plain[token.start : stop]) + plain[stop:]
        index = end
    return plain, frozenset(packed), kept


def _owners(before: list[Token], behind: list[Token]) -> list[Token]:
    """The ``struct`` that an attribute between two tokens belongs to, and the token behind it."""
    if before and before[-1].text == "struct":
        return [before[-1], *behind]
    if not before or before[-1].text != "}":
        return []
    depth = 0
    for at in range(len(before) - 1, 0, -1):
        depth += {"}": 1, "{": -1}.get(before[at].text, 0)
        if not depth:
            break
    for begin in (at - 1, max(at - 2, 0)):  # with and without a tag
        if before[begin].text == "struct":
            return before[begin : begin + 2]
    return []
