"""Addresses and numbers as Cheat Engine writes them: ``game.exe+10``, ``[[p]+8]-4``, ``#10``.

Numbers are hexadecimal; ``#10`` is decimal, ``$10`` and ``0x10`` are hexadecimal, too. The rules
are those of Cheat Engine's symbol handler and assembler (its wiki, Auto Assembler: Commands).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Container, Iterator
from typing import Final, NamedTuple, TypeAlias

from ..errors import AssemblyError

#: Brackets in one another.
MAX_DEPTH: Final = 32
#: Terms of a sum.
MAX_TERMS: Final = 256

_TOKEN: Final = re.compile(
    r"""\s*(?:
    "(?P<quoted>[^"]*)" | '(?P<text>[^']*)'
    | \(\s*(?P<cast>float|double|int|dword|qword|word|byte)\s*\)\s*
      (?P<literal>[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|nan))(?![\w.])
    | \#(?P<decimal>[+-]?[0-9]+) | (?:\$|0[xX])(?P<hex>[0-9A-Fa-f]+)(?![\w.])
    | (?P<name>(?:[A-Za-z_][\w.]*-)+[\w.]*\.(?:exe|dll|EXE|DLL)(?![\w]) | [^\s"'\[\]()+*,\-]+)
    | (?P<mark>[\[\]()+*\-])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_DECIMAL: Final = re.compile(r"[0-9]+")
#: What a value is cut to by a type before it, as in ``(DWORD)[p]``: its bits, and whether signed.
_CASTS: Final = {
    "byte": (8, False),
    "word": (16, False),
    "dword": (32, False),
    "qword": (64, False),
    "uint64": (64, False),
    "char": (8, True),
    "short": (16, True),
    "long": (32, True),
    "longlong": (64, True),
    "int64": (64, True),
}
_CAST: Final = re.compile(rf"\s*\(\s*({'|'.join(_CASTS)})\s*\)", re.IGNORECASE)
#: The same of a bracket, which no number is: ``hook+7+(DWORD)[hook+3]``.
_CAST_OF_BRACKET: Final = re.compile(rf"{_CAST.pattern}(?=\s*\[)", re.IGNORECASE)


class Number(NamedTuple):
    """A number that is written there."""

    value: int


class Name(NamedTuple):
    """A symbol, a module or a register, and where it stands in the text."""

    text: str
    position: int


class Pointer(NamedTuple):
    """What the pointer at an address holds."""

    address: Expression


class Sum(NamedTuple):
    """Products that are added, or with a sign of -1 subtracted."""

    terms: tuple[tuple[int, tuple[Expression, ...]], ...]


class Cast(NamedTuple):
    """What is left of a value in fewer bits."""

    bits: int
    signed: bool
    value: Expression


Expression: TypeAlias = "Number | Name | Pointer | Sum | Cast"
Resolve: TypeAlias = Callable[[str], int]
Read: TypeAlias = Callable[[int], int]


class _Parser:
    def __init__(
        self, text: str, at: int, end: int, known: Container[str], *, place: bool, decimal: bool
    ) -> None:
        self.text, self.at, self.end, self.known = text, at, end, known
        self.place = place
        self.digits = _DECIMAL if decimal else _HEX
        self.base = 10 if decimal else 16
        self.depth = 0

    def peek(self) -> re.Match[str] | None:
        rest = self.text[self.at : self.end]
        if not rest.strip():
            return None
        match = _TOKEN.match(self.text, self.at, self.end)
        if match is None:
            skipped = len(rest) - len(rest.lstrip())
            raise self.error(f"{rest.lstrip()[0]!r} is not expected here", self.at + skipped)
        return match

    def error(self, reason: str, position: int | None = None) -> AssemblyError:
        return AssemblyError(self.text, self.at if position is None else position, reason)

    def sum(self) -> Expression:
        terms: list[tuple[int, tuple[Expression, ...]]] = []
        sign, factors = 1, list[Expression]()
        while True:
            token = self.peek()
            mark = token["mark"] if token else None
            if token is not None and mark in ("+", "-") and not factors:  # signs pile up: +-8
                sign, self.at = -sign if mark == "-" else sign, token.end()
                continue
            factors.append(self.factor())
            token = self.peek()
            mark = token["mark"] if token else None
            if token is not None and mark == "*":
                self.at = token.end()
                continue
            terms.append((sign, tuple(factors)))
            if len(terms) > MAX_TERMS:
                raise self.error(f"more than {MAX_TERMS} terms are added")
            if token is None or mark not in ("+", "-"):
                break
            sign, factors = 1, []
        if len(terms) == 1 and terms[0][0] == 1 and len(terms[0][1]) == 1:
            return terms[0][1][0]
        return Sum(tuple(terms))

    def factor(self) -> Expression:
        cast = (_CAST if self.place else _CAST_OF_BRACKET).match(self.text, self.at, self.end)
        if cast is not None:
            self.deeper(cast.start())
            self.at = cast.end()
            value = self.factor()
            self.depth -= 1
            return Cast(*_CASTS[cast[1].lower()], value)
        token = self.peek()
        if token is None:
            raise self.error("a number or a name is missing here")
        start, self.at = token.start() + len(token[0]) - len(token[0].lstrip()), token.end()
        if token["mark"] in ("[", "("):
            return self.nested(token["mark"], start)
        if token["mark"] is not None:
            raise self.error(f"{token['mark']!r} is not expected here", start)
        if token["cast"] is not None:
            return Number(self.cast(token["cast"].lower(), token["literal"], start))
        if token["decimal"] is not None:
            return Number(self.integer(token["decimal"], 10, start))
        if token["hex"] is not None:
            return Number(self.integer(token["hex"], 16, start))
        if token["text"] is not None:
            raw = token["text"].encode("utf-8", "surrogatepass")
            if not 0 < len(raw) <= 8:
                raise self.error("a text that is a number has one to eight bytes", start)
            return Number(int.from_bytes(raw, "little"))
        quoted = token["quoted"] is not None
        word = token["quoted"] if quoted else token["name"]
        if word not in self.known and self.digits.fullmatch(word):
            return Number(self.integer(word, self.base, start))
        return Name(word, start)

    def deeper(self, start: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"brackets are nested more than {MAX_DEPTH} deep", start)

    def nested(self, mark: str, start: int) -> Expression:
        self.deeper(start)
        inner = self.sum()
        closing = self.peek()
        if closing is None or closing["mark"] != {"[": "]", "(": ")"}[mark]:
            raise self.error("the bracket is not closed", start)
        self.at = closing.end()
        self.depth -= 1
        return Pointer(inner) if mark == "[" else inner

    def integer(self, digits: str, base: int, position: int) -> int:
        short = len(digits) <= 256 and len(digits.lstrip("+-0")) <= 32
        value = int(digits, base) if short else 1 << 64
        if not -(1 << 63) <= value < 1 << 64:
            raise self.error("a number has at most 64 bits", position)
        return value

    def cast(self, kind: str, literal: str, position: int) -> int:
        try:
            if kind == "float":
                return int.from_bytes(struct.pack("<f", float(literal)), "little")
            if kind == "double":
                return int.from_bytes(struct.pack("<d", float(literal)), "little")
            return int(literal)
        except (ValueError, OverflowError):
            raise self.error(f"{literal} is no {kind}", position) from None


def parse(
    text: str,
    start: int = 0,
    end: int | None = None,
    *,
    known: Container[str] = (),
    place: bool = False,
    decimal: bool = False,
) -> Expression:
    """Read an address or a number.

    Args:
        text: that it is in.
        start: where it begins.
        end: where it ends; at the end of the text if None.
        known: names that are no numbers, though they look like them.
        place: whether a type may stand before what it cuts, as in places: ``(DWORD)[p]``.
        decimal: whether a number is decimal that does not say otherwise.

    Raises:
        AssemblyError: it is none; says where.

    >>> parse("[pPlayer]")
    Pointer(address=Name(text='pPlayer', position=1))
    """
    end = len(text) if end is None else end
    parser = _Parser(text, start, end, known, place=place, decimal=decimal)
    tree = parser.sum()
    rest = parser.peek()
    if rest is not None:
        at = rest.start() + len(rest[0]) - len(rest[0].lstrip())
        raise parser.error(f"{rest[0].strip()[:20]!r} is not expected here", at)
    return tree


def evaluate(tree: Expression, resolve: Resolve, read: Read) -> int:
    """The number that an expression is.

    Args:
        tree: that :func:`parse` made.
        resolve: says what a name stands for.
        read: the pointer at an address.

    >>> evaluate(parse("[p]+10*2"), {"p": 0x1000}.__getitem__, lambda address: address + 1)
    4129
    """
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        return resolve(tree.text)
    if isinstance(tree, Pointer):
        return read(evaluate(tree.address, resolve, read))
    if isinstance(tree, Cast):
        return _cut(tree, evaluate(tree.value, resolve, read))
    total = 0
    for sign, factors in tree.terms:
        product = sign
        for factor in factors:
            product *= evaluate(factor, resolve, read)
        total += product
    return total


def names(tree: Expression) -> Iterator[Name]:
    """The names in an expression, from left to right."""
    if isinstance(tree, Name):
        yield tree
    elif isinstance(tree, Pointer):
        yield from names(tree.address)
    elif isinstance(tree, Cast):
        yield from names(tree.value)
    elif isinstance(tree, Sum):
        for _, factors in tree.terms:
            for factor in factors:
                yield from names(factor)


def plain(tree: Expression) -> int | None:
    """The number that an expression without names and pointers is; None of others.

    >>> plain(parse("10+#10")), plain(parse("game.exe+10"))
    (26, None)
    """
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Cast):
        value = plain(tree.value)
        return None if value is None else _cut(tree, value)
    if not isinstance(tree, Sum):
        return None
    total = 0
    for sign, factors in tree.terms:
        product = sign
        for factor in factors:
            value = plain(factor)
            if value is None:
                return None
            product *= value
        total += product
    return total


def _cut(cast: Cast, value: int) -> int:
    value %= 1 << cast.bits
    return value - (1 << cast.bits) if cast.signed and value >> cast.bits - 1 else value


def written(tree: Expression, prefix: str = "0x") -> str:
    """The text of an expression, which is read as the same in hexadecimal and in decimal.

    Args:
        tree: that :func:`parse` made.
        prefix: of numbers; without one they are only read as the same in hexadecimal.

    >>> written(parse("[game.exe+10]+[q]*4-(DWORD)[r]", place=True))
    '["game.exe"+0x10]+["q"]*0x4-(dword)["r"]'
    """
    if isinstance(tree, Number):
        return f"{'-' if tree.value < 0 else ''}{prefix}{abs(tree.value):x}"
    if isinstance(tree, Name):
        return f'"{tree.text}"'
    if isinstance(tree, Pointer):
        return f"[{written(tree.address, prefix)}]"
    if isinstance(tree, Cast):
        name = next(name for name, kind in _CASTS.items() if kind == (tree.bits, tree.signed))
        return f"({name}){_factor(tree.value, prefix)}"
    terms = (
        ("-" if sign < 0 else "+") + "*".join(_factor(factor, prefix) for factor in factors)
        for sign, factors in tree.terms
    )
    return "".join(terms).removeprefix("+")


def _factor(tree: Expression, prefix: str) -> str:
    text = written(tree, prefix)
    return f"({text})" if isinstance(tree, Sum) or text.startswith("-") else text
