"""Structures as construct declares them, from text, which is read and never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, Final, cast

import construct
from construct import Array, Construct, Padding, Struct

from .. import arguments
from ..errors import DeclarationError, FarfetchError, TypeNameError
from ..values.names import TYPES
from ..values.structures import LARGEST, MAX_TEXT, scan_layout
from ..values.types import bytes_, sized, text, utf16
from ..values.value_type import Container, ValueType

#: What a text may have; more is not looked at.
MAX_DEPTH: Final = 32
MAX_FIELDS: Final = 4096

_SIGNS: Final = ("ul", "sl", "ub", "sb")
#: construct's own names that can be said, and our value types.
_NAMES: Final[dict[str, Construct]] = {
    **TYPES,
    "bytes_": bytes_,
    **{
        f"Int{bits}{sign}": getattr(construct, f"Int{bits}{sign}")
        for bits in (8, 16, 24, 32, 64)
        for sign in _SIGNS
    },
    **{
        f"Float{bits}{end}": getattr(construct, f"Float{bits}{end}")
        for bits in (16, 32, 64)
        for end in "lb"
    },
    **{name: getattr(construct, name) for name in ("Byte", "Short", "Int", "Long", "Flag")},
    **{name: getattr(construct, name) for name in ("Half", "Single", "Double")},
}
_SIZED: Final = {"text": text, "utf16": utf16, "bytes": bytes_, "bytes_": bytes_}
_ENCODINGS: Final = {
    **dict.fromkeys(("utf8", "utf-8", "utf_8", "ascii"), (text, 1)),
    **dict.fromkeys(("utf16", "utf-16", "utf_16", "utf-16-le", "utf_16_le"), (utf16, 2)),
}
_TOKEN: Final = re.compile(
    r"""(?P<mark>[()\[\],/=])|[A-Za-z_]\w*|(?:0[xX][0-9a-fA-F]+|[0-9]+)(?!\w)"""
    r"""|"[^"\\\n]*"|'[^'\\\n]*'|[ \t\r\n]+|\#[^\n]*|(?P<other>.)""",
    re.DOTALL,
)


def construct_struct(text: str) -> ValueType[Container]:
    """The structure that a text declares with construct's words.

    Args:
        text: ``Struct("hp" / Int32ul, "pos" / Struct("x" / f32, "y" / f32), "slots" / u16[4])``.
            Known are construct's plain numbers, Bytes, PaddedString, Padding, Array and Struct, and
            the value types' names.

    Raises:
        DeclarationError: it cannot be taken.

    >>> construct_struct('Struct("hp" / i32, Padding(4), "name" / text[8])').sizeof()
    16
    """
    arguments.text("text", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # which end lines for Python, too
    _check(text)
    try:
        tree = ast.parse(text.strip(), mode="eval")
        struct = _Reader(text).construct(tree.body)
    except SyntaxError as error:
        lead = _lead(text)
        line, column = (error.lineno or 1) + lead.count("\n"), error.offset or 1
        raise DeclarationError(line, max(column, 1), "is not understood here") from None
    except (RecursionError, MemoryError, ValueError):
        raise DeclarationError(1, 1, "is nested too deeply, or has too long a number") from None
    if not isinstance(struct, Struct):
        raise DeclarationError(1, 1, 'a structure begins as Struct("hp" / Int32ul, …')
    try:
        scan_layout(struct)
    except TypeNameError as error:
        raise DeclarationError(1, 1, error.reason) from None
    return cast("ValueType[Container]", struct)


def _lead(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _check(text: str) -> None:
    """Check that there is nothing in a text that a declaration does not need."""
    if len(text) > MAX_TEXT:
        raise DeclarationError(1, 1, f"is longer than {MAX_TEXT:,} characters")
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["other"]:
            line = text.count("\n", 0, token.start()) + 1
            column = token.start() - text.rfind("\n", 0, token.start())
            raise DeclarationError(line, column, f"{token[0]!r} has no place in a declaration")
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token["mark"] or "", 0)
        if depth > MAX_DEPTH:
            raise DeclarationError(1, 1, f"is nested more than {MAX_DEPTH} deep")
    if depth > 0:
        raise DeclarationError(1, 1, "a bracket is not closed")


class _Reader:
    """Reads a syntax tree, of which everything that is not known is refused."""

    def __init__(self, text: str) -> None:
        self._lines = text.strip().split("\n")
        self._first = _lead(text).count("\n") + 1
        self._shift = len(_lead(text).rpartition("\n")[2])
        self._fields = 0
        self._calls: dict[str, Callable[[ast.Call], Construct]] = {
            "Struct": self._struct,
            "Array": self._array,
            "Padding": self._padding,
            "Bytes": self._bytes,
            "PaddedString": self._string,
        }

    def construct(self, node: ast.expr) -> Construct:
        """What an expression stands for."""
        if isinstance(node, ast.Name):
            if node.id in self._calls:
                raise self._error(node, f"{node.id} takes arguments, in brackets")
            if node.id not in _NAMES:
                raise self._error(node, f"no type is called {node.id}")
            return _NAMES[node.id]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in self._calls:
                known = ", ".join(self._calls)
                raise self._error(node, f"{node.func.id} is not one of {known}")
            if node.keywords and node.func.id != "Struct":
                raise self._error(node, f"{node.func.id} takes no names")
            return self._calls[node.func.id](node)
        if isinstance(node, ast.Subscript):
            length = self._number(node.slice)
            if isinstance(node.value, ast.Name) and node.value.id in _SIZED:
                return self._sized(node, _SIZED[node.value.id], length)
            return self._repeated(node, self.construct(node.value), length)
        raise self._error(node, "a type is expected here")

    def _struct(self, node: ast.Call) -> Construct:
        parts: list[Construct] = []
        names: set[str] = set()
        for argument in node.args:
            if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Div):
                name = self._text(argument.left)
                parts.append(self._named(argument, names, name, argument.right))
                continue
            part = self.construct(argument)
            if not isinstance(argument, ast.Call) or getattr(argument.func, "id", "") != "Padding":
                raise self._error(argument, 'a field is its name / its type, as in "hp" / Int32ul')
            parts.append(part)
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self._error(keyword.value, "a field has a name")
            parts.append(self._named(keyword.value, names, keyword.arg, keyword.value))
        return Struct(*parts)

    def _named(self, at: ast.expr, names: set[str], name: str, kind: ast.expr) -> Construct:
        if not (name.isascii() and name.isidentifier()) or name.startswith("_"):
            reason = "a field's name is letters, digits and _, a letter in front"
            raise self._error(at, f"{reason}, not {name!r:.60}")
        if name in names:
            raise self._error(at, f"the field {name} is there twice")
        names.add(name)
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise self._error(at, f"has more than {MAX_FIELDS} fields")
        made = self.construct(kind)
        if made in (text, utf16, bytes_):
            raise self._error(kind, f"needs a length here, as in {made.name}[16]")
        return name / made

    def _array(self, node: ast.Call) -> Construct:
        length, kind = self._arguments(node, "a length and a type")
        return self._repeated(node, self.construct(kind), self._number(length))

    def _repeated(self, node: ast.expr, kind: Construct, length: int) -> Construct:
        if kind in (text, utf16, bytes_):
            raise self._error(node, f"needs a length of its own, as in {kind.name}[16]")
        return Array(length, kind)

    def _padding(self, node: ast.Call) -> Construct:
        (length,) = self._arguments(node, "a length")
        return Padding(self._number(length))

    def _bytes(self, node: ast.Call) -> Construct:
        (length,) = self._arguments(node, "a length")
        return self._sized(node, bytes_, self._number(length))

    def _string(self, node: ast.Call) -> Construct:
        length, encoding = self._arguments(node, "a length and an encoding")
        name = self._text(encoding).lower()
        if name not in _ENCODINGS:
            raise self._error(encoding, f"the encodings are utf8 and utf16, not {name!r:.60}")
        kind, unit = _ENCODINGS[name]
        return self._sized(node, kind, self._number(length) // unit)

    def _sized(self, node: ast.expr, kind: Construct, length: int) -> Construct:
        try:
            return sized(kind, length)
        except FarfetchError as error:
            raise self._error(node, getattr(error, "reason", str(error))) from None

    def _arguments(self, node: ast.Call, what: str) -> list[ast.expr]:
        wanted = 2 if " and " in what else 1
        if len(node.args) != wanted:
            raise self._error(node, f"{ast.unparse(node.func)} takes {what}")
        return node.args

    def _number(self, node: ast.expr) -> int:
        value = node.value if isinstance(node, ast.Constant) else None
        if type(value) is not int or not 1 <= value <= LARGEST:
            raise self._error(node, f"a length is a number from 1 to {LARGEST}")
        return value

    def _text(self, node: ast.expr) -> str:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            raise self._error(node, 'a name in quotes is expected here, as in "hp" / Int32ul')
        return node.value

    def _error(self, node: Any, reason: str) -> DeclarationError:
        before = self._lines[node.lineno - 1].encode()[: node.col_offset].decode("utf-8", "ignore")
        column = len(before) + 1 + (self._shift if node.lineno == 1 else 0)
        return DeclarationError(node.lineno - 1 + self._first, column, reason)
