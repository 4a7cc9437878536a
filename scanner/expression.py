r"""The predicate language as text.

What it knows, from loosest to tightest; every operator of two sides takes the left side first::

    or      and      not
    == != < <= > >=     chained as in 1 < now <= 5
    in 1..5             both ends included; not in 1..5
    ~= 3.14             rounded to those digits; ~= 3.1 truncated, ~= 3.14 +- 0.01
    |   ^   &   << >>   + -   * / %
    - ~                 in front of a value
    now prev first      the value now, at the last scan, at the first
    @lunch              the value in the snapshot of that name
    now.hp prev.pos.x   a field of a structure; hp alone is now.hp
    changed unchanged increased decreased unknown ?
    100 0x64 0b11 1_000 1.5e3 inf nan "text" 'text' b"\x00bytes" abs(…) (…)
    "text"i             in any case
    pattern("48 8B ?? ?F") regex("HP:[0-9]+")
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final, cast

from .errors import ExpressionError
from .letter_case import AnyCase
from .literals import LiteralError, parse_number, unquote
from .patterns import pattern
from .predicates import (
    PRECEDENCE,
    And,
    Binary,
    BinaryOp,
    Compare,
    CompareOp,
    Const,
    Expr,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    Unary,
    UnaryOp,
    Value,
    at,
    changed,
    decreased,
    first,
    increased,
    now,
    prev,
    unchanged,
    unknown,
    uses,
)
from .regexes import regex
from .tokens import Token, tokenize

_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
_BINARY: Final = {op: PRECEDENCE[op] for op in ("|", "^", "&", "<<", ">>", "+", "-", "*", "/", "%")}
_LOOSEST: Final = min(_BINARY.values())
_WORDS: Final[dict[str, Expr | Predicate]] = {
    "now": now,
    "prev": prev,
    "first": first,
    "changed": changed,
    "unchanged": unchanged,
    "increased": increased,
    "decreased": decreased,
    "unknown": unknown,
    "?": unknown,
    "inf": Const(float("inf")),
    "nan": Const(float("nan")),
}
_KEYWORDS: Final = ("and", "or", "not", "in", "abs", "pattern", "regex", "truncated")

_ALONE: Final = {">": increased, "<": decreased, "=": unchanged, "!=": changed}

#: How a pattern begins that is written without quotes: no other line has two such words.
_BARE_PATTERN: Final = re.compile(r"\s*[0-9a-fA-F?]{2}\s+[0-9a-fA-F?]{1,2}(?!\S)")

# The parser and whatever walks its trees recurse; these keep them far from Python's limit.
_DEPTH: Final = 50
_LENGTH: Final = 400


def parse_predicate(text: str, fields: Collection[str] = ()) -> Predicate:
    """The predicate that a text says.

    Args:
        text: in the language.
        fields: names that stand for fields of a structure.

    Raises:
        ExpressionError: it cannot be understood; it has the position.

    >>> parse_predicate("now - prev > 1 or changed") == (now - prev > 1) | changed
    True
    >>> print(parse_predicate("not (changed or now in -1..prev+1)"))
    not (changed or now in -1..prev + 1)
    """
    return _Parser(text, fields).whole()


def parse_expression(text: str) -> Expr:
    """The value that a text computes.

    Raises:
        ExpressionError: it cannot be understood, or is a predicate; it has the position.

    >>> print(parse_expression("(now + 5) * 2"))
    (now + 5) * 2
    """
    parser = _Parser(text, ())
    node = parser.operand(_LOOSEST)
    parser.end()
    return node


def parse_scan(text: str, fields: Collection[str] = ()) -> Predicate:
    """The predicate that a whole line of the shell says: :func:`parse_predicate` with shorthands.

    ======================  =====================================================
    ``100`` ``"abc"``       ``now == 100``
    ``1..5``                ``now in 1..5``
    ``48 8B ?? ?F``         ``now == pattern("48 8B ?? ?F")``
    ``> 50`` ``= 50``       ``now > 50``, ``now == 50``, and so on
    ``+ 5`` ``- 5``         ``now == prev + 5``; with a blank, for -5 is a number
    ``> < = !=``            ``increased``, ``decreased``, ``unchanged``, ``changed``
    ``?``                   ``unknown``
    ======================  =====================================================

    Args:
        text: the line.
        fields: names that stand for fields of a structure.

    Raises:
        ExpressionError: it cannot be understood; it has the position.

    >>> for line in ("-5", "- 5", "1..5", "= 5", ">", "> 5 and now != 7"):
    ...     print(parse_scan(line))
    now == -5
    now == prev - 5
    now in 1..5
    now == 5
    increased
    now > 5 and now != 7
    """
    if _BARE_PATTERN.match(text):
        return now == pattern(text)
    start, *rest = tokenize(text)
    if len(rest) == 1 and start.text in _ALONE:
        return _ALONE[start.text]
    if start.text in ("=", "~=", *_COMPARISONS):
        return _after(text, start, "now ", "==" if start.text == "=" else start.text, fields)
    if start.text in ("+", "-") and text[start.position + 1 : start.position + 2].isspace():
        return _after(text, start, "now == prev ", start.text, fields)
    return _Parser(text, fields).line()


def _after(text: str, start: Token, before: str, sign: str, fields: Collection[str]) -> Predicate:
    """Parse a line that lacks its left side, with errors placed in the line as it was written."""
    complete = before + sign + text[start.position + len(start.text) :]
    try:
        return parse_predicate(complete, fields)
    except ExpressionError as error:
        position = max(start.position, error.position + len(text) - len(complete))
        raise ExpressionError(text, position, error.reason) from None


class _Parser:
    """Recursive descent; binary operators by precedence climbing."""

    def __init__(self, text: str, fields: Collection[str]) -> None:
        self.text = text
        self.fields = {name.partition(".")[0]: None for name in fields}
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = 0
        if len(self.tokens) > _LENGTH:
            raise self.error(f"too long, more than {_LENGTH} words", self.tokens[_LENGTH])

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.token
        self.index += 1
        return token

    def expect(self, word: str) -> None:
        if self.token.text != word:
            raise self.error(f'expected "{word}", found {self.token.shown}')
        self.take()

    def error(self, reason: str, token: Token | None = None) -> ExpressionError:
        return ExpressionError(self.text, (token or self.token).position, reason)

    def whole(self) -> Predicate:
        node = self.disjunction()
        self.end()
        return self.predicate(node)

    def line(self) -> Predicate:
        """A predicate; or a value or a range alone, which now is to be compared with."""
        node = self.disjunction()
        is_bare = isinstance(node, Expr) and "now" not in uses(node)
        if isinstance(node, Expr) and is_bare:
            node = self.range(now, node) if self.token.text == ".." else now == node
        self.end()
        return self.predicate(node)

    def end(self) -> None:
        if self.token.text == "=":
            raise self.error('expected "==", found "="')
        if self.token.text == "..":
            raise self.error('a range is written "now in 1..5"')
        if self.token.kind != "end":
            raise self.error(f"expected an operator or the end, found {self.token.shown}")

    def predicate(self, node: Expr | Predicate) -> Predicate:
        """Demand that what ends here is a predicate."""
        if isinstance(node, Expr):
            raise self.error(f"expected a comparison such as == 5, found {self.token.shown}")
        return node

    def disjunction(self) -> Expr | Predicate:
        node = self.conjunction()
        while self.token.text == "or":
            left = self.predicate(node)
            self.take()
            node = Or(left, self.predicate(self.conjunction()))
        return node

    def conjunction(self) -> Expr | Predicate:
        node = self.negation()
        while self.token.text == "and":
            left = self.predicate(node)
            self.take()
            node = And(left, self.predicate(self.negation()))
        return node

    def negation(self) -> Expr | Predicate:
        if self.token.text != "not":
            return self.comparison()
        self.take()
        with self.deeper():
            return Not(self.predicate(self.negation()))

    def comparison(self) -> Expr | Predicate:
        left = self.binary(_LOOSEST)
        if isinstance(left, Predicate):
            return left
        chain: Predicate | None = None
        while True:
            link: Predicate
            if self.token.text in _COMPARISONS:
                op = cast(CompareOp, self.take().text)
                right = self.operand(_LOOSEST)
                link = Compare(op, left, right)
                left = right
            elif self.token.text == "in":
                self.take()
                link = self.range(left, self.operand(_LOOSEST))
            elif self.token.text == "not" and self.tokens[self.index + 1].text == "in":
                self.take()
                self.take()
                link = Not(self.range(left, self.operand(_LOOSEST)))
            elif self.token.text == "~=":
                self.take()
                link = self.near(left)
                return link if chain is None else And(chain, link)
            else:
                return left if chain is None else chain
            chain = link if chain is None else And(chain, link)

    def range(self, ranged: Expr, low: Expr) -> InRange:
        """The rest of a range, from its dots on."""
        self.expect("..")
        return InRange(ranged, low, self.operand(_LOOSEST))

    def near(self, operand: Expr) -> Near:
        """The rest of ``~= 3.14``, from the number on."""
        start = self.token
        number, tolerance = self.decimal(), None
        is_truncated = self.token.text == "truncated"
        if is_truncated:
            self.take()
        elif self.token.text == "±" or self.text.startswith("+-", self.token.position):
            self.index += 1 if self.token.text == "±" else 2
            tolerance = self.decimal()
        try:
            return Near(operand, number, tolerance, is_truncated)
        except ValueError as error:
            raise self.error(str(error), start) from None

    def decimal(self) -> str:
        """A number with its sign, as it is written."""
        sign = self.take().text if self.token.text == "-" else ""
        token = self.token
        if token.kind != "number" and token.text not in ("inf", "nan"):
            raise self.error(f'after "~=" comes a number, found {token.shown}')
        self.take()
        number = token.text
        if token.kind == "number":
            value = self.number(token).value
            number = str(value) if isinstance(value, int) else number.replace("_", "")
        return sign + number

    def operand(self, level: int) -> Expr:
        """A value made of operators that bind at least as tightly as the level."""
        start = self.token
        node = self.binary(level)
        if isinstance(node, Predicate):
            raise self.error(f"expected a value, found a predicate ({node})", start)
        return node

    def binary(self, level: int) -> Expr | Predicate:
        node = self.unary()
        while isinstance(node, Expr) and _BINARY.get(self.token.text, -1) >= level:
            op = cast(BinaryOp, self.take().text)
            node = Binary(op, node, self.operand(_BINARY[op] + 1))
        return node

    def unary(self) -> Expr | Predicate:
        if self.token.text not in ("-", "~"):
            return self.atom()
        op = cast(UnaryOp, self.take().text)
        is_literal = self.token.kind == "number" or self.token.text in ("inf", "nan")
        start = self.token
        with self.deeper():
            operand = self.unary()
        if isinstance(operand, Predicate):
            raise self.error(f"expected a value, found a predicate ({operand})", start)
        if op == "-" and is_literal and isinstance(operand, Const):
            return Const(-cast(float, operand.value))
        return Unary(op, operand)

    def atom(self) -> Expr | Predicate:
        token = self.token
        if token.text in ("(", "abs"):
            return self.parentheses()
        if token.text in ("pattern", "regex"):
            return self.call()
        if token.kind == "number":
            self.take()
            return self.number(token)
        if token.kind == "quoted":
            self.take()
            return self.quoted(token)
        if token.text in _WORDS:
            self.take()
            word = _WORDS[token.text]
            return word.field(self.field()) if self.dotted and isinstance(word, Value) else word
        if token.text.startswith("@"):
            self.take()
            kept = at(token.text[1:])
            return kept.field(self.field()) if self.dotted else kept
        if token.text in self.fields:
            return now.field(self.take().text + ("." + self.field() if self.dotted else ""))
        if token.kind == "name" and token.text not in _KEYWORDS:
            raise self.error(f'unknown name "{token.text}"{_near(token.text, self.fields)}')
        if token.text == "+":
            raise self.error(
                'a number has no "+" before it; "+ 5", with a blank, is an increase by 5'
            )
        raise self.error(f"expected a value, found {token.shown}")

    @property
    def dotted(self) -> bool:
        return self.token.text == "."

    def field(self) -> str:
        """The names behind the dots."""
        names = []
        while self.dotted:
            self.take()
            if self.token.kind != "name":
                raise self.error(f"expected a field's name, found {self.token.shown}")
            names.append(self.take().text)
        return ".".join(names)

    def parentheses(self) -> Expr | Predicate:
        is_abs = self.token.text == "abs"
        if is_abs:
            self.take()
        self.expect("(")
        with self.deeper():
            node = Unary("abs", self.operand(_LOOSEST)) if is_abs else self.disjunction()
        self.expect(")")
        return node

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > _DEPTH:
            raise self.error(f"nested too deeply, more than {_DEPTH} levels")
        yield
        self.depth -= 1

    def number(self, token: Token) -> Const:
        try:
            return Const(parse_number(token.text))
        except ValueError:
            raise self.error(f'"{token.text}" is not a number', token) from None

    def call(self) -> Const:
        make = pattern if self.take().text == "pattern" else regex
        self.expect("(")
        token = self.token
        if token.kind != "quoted" or token.text[0] not in "\"'":
            example = 'pattern("48 8B ?? ?F")' if make is pattern else 'regex("HP:[0-9]+")'
            raise self.error(f"expected text in quotes, as in {example}, found {token.shown}")
        self.take()
        text = token.text[1:-1] if make is pattern else self.unquoted(token)
        try:
            constant = Const(make(text))
        except ExpressionError as error:
            position = token.position + 1 + error.position
            raise ExpressionError(self.text, position, error.reason) from None
        self.expect(")")
        return constant

    def unquoted(self, token: Token) -> str:
        value = self.quoted(token).value
        if not isinstance(value, str):
            raise self.error("a regular expression is plain text in quotes", token)
        return value

    def quoted(self, token: Token) -> Const:
        any_case = token.text.endswith("i")
        try:
            value = unquote(token.text.removesuffix("i"))
            if any_case and isinstance(value, bytes):
                raise self.error("bytes have no case", token)
            return Const(AnyCase(value) if isinstance(value, str) and any_case else value)
        except LiteralError as error:
            position = token.position + error.offset
            raise ExpressionError(self.text, position, error.reason) from None


def _near(name: str, fields: Collection[str]) -> str:
    near = difflib.get_close_matches(name.lower(), [*fields, *_WORDS, *_KEYWORDS], n=1)
    return f": did you mean {near[0]}?" if near else f"; there are {', '.join([*fields, *_WORDS])}"
