"""The parser of the predicate language, which :mod:`.language` describes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final, cast

from ..errors import ExpressionError
from ..errors.suggest import did_you_mean
from ..values.fields import top_names
from ..values.literals import LiteralError, parse_number, unquote
from .any_case import AnyCase
from .byte_pattern import pattern
from .nodes import (
    And,
    Binary,
    Compare,
    Const,
    Expr,
    InRange,
    Near,
    Not,
    Or,
    Predicate,
    SourceValue,
    Unary,
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
from .operators import PRECEDENCE, BinaryOp, CompareOp, UnaryOp
from .regex import regex
from .tokens import Token, tokenize

COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
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
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_KEYWORDS: Final = ("and", "or", "not", "in", "abs", "pattern", "regex", "truncated")

# The parser and whatever walks its trees recurse; these keep them far from Python's limit.
_DEPTH: Final = 50
_LENGTH: Final = 400


class Parser:
    """Recursive descent; binary operators by precedence climbing."""

    def __init__(self, text: str, fields: Collection[str]) -> None:
        self.text = text
        self.fields = top_names(fields)
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = 0
        if len(self.tokens) > _LENGTH:
            raise self._error(f"too long, more than {_LENGTH} words", self.tokens[_LENGTH])

    @property
    def _token(self) -> Token:
        return self.tokens[self.index]

    def _take(self) -> Token:
        token = self._token
        self.index += 1
        return token

    def _expect(self, word: str) -> None:
        if self._token.text != word:
            raise self._error(f'expected "{word}", found {self._token.shown}')
        self._take()

    def _error(self, reason: str, token: Token | None = None) -> ExpressionError:
        return ExpressionError(self.text, (token or self._token).position, reason)

    def whole(self) -> Predicate:
        """A predicate, and nothing behind it."""
        node = self._disjunction()
        self._end()
        return self._predicate(node)

    def value(self) -> Expr:
        """An expression, and nothing behind it."""
        node = self._operand(_LOOSEST)
        self._end()
        return node

    def line(self) -> Predicate:
        """A predicate; or a value or a range alone, which now is to be compared with."""
        node = self._disjunction()
        is_bare = isinstance(node, Expr) and "now" not in uses(node)
        if isinstance(node, Expr) and is_bare:
            node = self._range(now, node) if self._token.text == ".." else now == node
        self._end()
        return self._predicate(node)

    def _end(self) -> None:
        if self._token.text == "=":
            raise self._error('expected "==", found "="')
        if self._token.text == "..":
            raise self._error('a range is written "now in 1..5"')
        if self._token.kind != "end":
            raise self._error(f"expected an operator or the end, found {self._token.shown}")

    def _predicate(self, node: Expr | Predicate) -> Predicate:
        """Demand that what ends here is a predicate."""
        if isinstance(node, Expr):
            raise self._error(f"expected a comparison such as == 5, found {self._token.shown}")
        return node

    def _disjunction(self) -> Expr | Predicate:
        node = self._conjunction()
        while self._token.text == "or":
            left = self._predicate(node)
            self._take()
            node = Or(left, self._predicate(self._conjunction()))
        return node

    def _conjunction(self) -> Expr | Predicate:
        node = self._negation()
        while self._token.text == "and":
            left = self._predicate(node)
            self._take()
            node = And(left, self._predicate(self._negation()))
        return node

    def _negation(self) -> Expr | Predicate:
        if self._token.text != "not":
            return self._comparison()
        self._take()
        with self._deeper():
            return Not(self._predicate(self._negation()))

    def _comparison(self) -> Expr | Predicate:
        left = self._binary(_LOOSEST)
        if isinstance(left, Predicate):
            return left
        chain: Predicate | None = None
        while True:
            link: Predicate
            if self._token.text in COMPARISONS:
                op = cast(CompareOp, self._take().text)
                right = self._operand(_LOOSEST)
                link = Compare(op, left, right)
                left = right
            elif self._token.text == "in":
                self._take()
                link = self._range(left, self._operand(_LOOSEST))
            elif self._token.text == "not" and self.tokens[self.index + 1].text == "in":
                self._take()
                self._take()
                link = Not(self._range(left, self._operand(_LOOSEST)))
            elif self._token.text == "~=":
                self._take()
                link = self._near(left)
                return link if chain is None else And(chain, link)
            else:
                return left if chain is None else chain
            chain = link if chain is None else And(chain, link)

    def _range(self, ranged: Expr, low: Expr) -> InRange:
        """The rest of a range, from its dots on."""
        self._expect("..")
        return InRange(ranged, low, self._operand(_LOOSEST))

    def _near(self, operand: Expr) -> Near:
        """The rest of ``~= 3.14``, from the number on."""
        start = self._token
        number, tolerance = self._decimal(), None
        is_truncated = self._token.text == "truncated"
        if is_truncated:
            self._take()
        elif self._token.text == "±" or self.text.startswith("+-", self._token.position):
            self.index += 1 if self._token.text == "±" else 2
            tolerance = self._decimal()
        try:
            return Near(operand, number, tolerance, is_truncated)
        except ValueError as error:
            raise self._error(str(error), start) from None

    def _decimal(self) -> str:
        """A number with its sign, as it is written."""
        sign = self._take().text if self._token.text == "-" else ""
        token = self._token
        if token.kind != "number" and token.text not in ("inf", "nan"):
            raise self._error(f'after "~=" comes a number, found {token.shown}')
        self._take()
        number = token.text
        if token.kind == "number":
            value = self._number(token).value
            number = str(value) if isinstance(value, int) else number.replace("_", "")
        return sign + number

    def _operand(self, level: int) -> Expr:
        """A value made of operators that bind at least as tightly as the level."""
        start = self._token
        node = self._binary(level)
        if isinstance(node, Predicate):
            raise self._error(f"expected a value, found a predicate ({node})", start)
        return node

    def _binary(self, level: int) -> Expr | Predicate:
        node = self._unary()
        while isinstance(node, Expr) and _BINARY.get(self._token.text, -1) >= level:
            op = cast(BinaryOp, self._take().text)
            node = Binary(op, node, self._operand(_BINARY[op] + 1))
        return node

    def _unary(self) -> Expr | Predicate:
        if self._token.text not in ("-", "~"):
            return self._atom()
        op = cast(UnaryOp, self._take().text)
        is_literal = self._token.kind == "number" or self._token.text in ("inf", "nan")
        start = self._token
        with self._deeper():
            operand = self._unary()
        if isinstance(operand, Predicate):
            raise self._error(f"expected a value, found a predicate ({operand})", start)
        if op == "-" and is_literal and isinstance(operand, Const):
            return Const(-cast(float, operand.value))
        return Unary(op, operand)

    def _atom(self) -> Expr | Predicate:
        token = self._token
        if token.text in ("(", "abs"):
            return self._parentheses()
        if token.text in ("pattern", "regex"):
            return self._call()
        if token.kind == "number":
            self._take()
            return self._number(token)
        if token.kind == "quoted":
            self._take()
            return self._quoted(token)
        if token.text in _WORDS:
            self._take()
            word = _WORDS[token.text]
            return (
                word.field(self._field())
                if self._dotted and isinstance(word, SourceValue)
                else word
            )
        if token.text.startswith("@"):
            if not token.text[1:].isidentifier():  # ² is a digit, and no part of a name
                raise self._error(f"no snapshot is called {token.shown}")
            self._take()
            kept = at(token.text[1:])
            return kept.field(self._field()) if self._dotted else kept
        if token.text in self.fields:
            return now.field(self._path())
        if token.kind == "name" and token.text not in _KEYWORDS:
            raise self._error(f'unknown name "{token.text}"{_near(token.text, self.fields)}')
        if token.text == "+":
            raise self._error(
                'a number has no "+" before it; "+ 5", with a blank, is an increase by 5'
            )
        raise self._error(f"expected a value, found {token.shown}")

    @property
    def _dotted(self) -> bool:
        return self._token.text == "."

    def _field(self) -> str:
        """The path behind a dot."""
        self._take()
        return self._path()

    def _path(self) -> str:
        """A field's name, the indexes behind it, and so on behind the next dot."""
        path = ""
        while True:
            if self._token.kind != "name":
                raise self._error(f"expected a field's name, found {self._token.shown}")
            path += self._take().text
            while self._token.text == "[":
                self._take()
                if not _INDEX.fullmatch(self._token.text):
                    raise self._error(f"expected an index, found {self._token.shown}")
                path += f"[{int(self._take().text)}]"
                self._expect("]")
            if not self._dotted:
                return path
            path += self._take().text

    def _parentheses(self) -> Expr | Predicate:
        is_abs = self._token.text == "abs"
        if is_abs:
            self._take()
        self._expect("(")
        with self._deeper():
            node = Unary("abs", self._operand(_LOOSEST)) if is_abs else self._disjunction()
        self._expect(")")
        return node

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > _DEPTH:
            raise self._error(f"nested too deeply, more than {_DEPTH} levels")
        yield
        self.depth -= 1

    def _number(self, token: Token) -> Const:
        try:
            return Const(parse_number(token.text))
        except LiteralError as error:
            raise self._error(f"{token.text} {error.reason}", token) from None
        except ValueError:
            raise self._error(f'"{token.text}" is not a number', token) from None

    def _call(self) -> Const:
        make = pattern if self._take().text == "pattern" else regex
        self._expect("(")
        token = self._token
        if token.kind != "quoted" or token.text[0] not in "\"'":
            example = 'pattern("48 8B ?? ?F")' if make is pattern else 'regex("HP:[0-9]+")'
            raise self._error(f"expected text in quotes, as in {example}, found {token.shown}")
        self._take()
        text = token.text[1:-1] if make is pattern else self._unquoted(token)
        try:
            constant = Const(make(text))
        except ExpressionError as error:
            position = token.position + 1 + error.position
            raise ExpressionError(self.text, position, error.reason) from None
        self._expect(")")
        return constant

    def _unquoted(self, token: Token) -> str:
        value = self._quoted(token).value
        if not isinstance(value, str):
            raise self._error("a regular expression is plain text in quotes", token)
        return value

    def _quoted(self, token: Token) -> Const:
        any_case = token.text.endswith("i")
        try:
            value = unquote(token.text.removesuffix("i"))
            if any_case and isinstance(value, bytes):
                raise self._error("bytes have no case", token)
            return Const(AnyCase(value) if isinstance(value, str) and any_case else value)
        except LiteralError as error:
            position = token.position + error.offset
            raise ExpressionError(self.text, position, error.reason) from None


def _near(name: str, fields: Collection[str]) -> str:
    known = [*fields, *_WORDS, *_KEYWORDS]
    near = did_you_mean(name, known, count=1, cutoff=0.6)
    return near or f"; there are {', '.join([*fields, *_WORDS])}"
