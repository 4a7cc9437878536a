"""Errors of what somebody asked for. The whole tree is drawn in :mod:`.errors`."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from .base import FarfetchError, called, count, either, short


class ArgumentError(FarfetchError, ValueError, TypeError):
    """An argument that a function of the library does not take.

    It is a ValueError and a TypeError as well, for those who look for Python's own.

    Args:
        name: of the argument.
        value: that was given.
        expected: what it takes: ``"a whole number from 1 to 256"``.

    >>> attach(Buffer(b"abc")).read_bytes(-1, 2)
    Traceback (most recent call last):
    farfetch.scanner.ArgumentError: address takes an address from 0 to 0xffffffffffffffff, not -1
    """

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, value, expected)
        self.name = name
        self.value = value
        self.expected = expected

    def _message(self) -> str:
        return f"{self.name} takes {self.expected}, not {short(self.value)}"


class CopyError(FarfetchError, TypeError):
    """An object that cannot be copied or pickled, as it holds on to this process.

    Args:
        kind: of the object: ``"Scan"``.

    >>> import pickle
    >>> pickle.dumps(attach(Buffer(b"abc")))
    Traceback (most recent call last):
    farfetch.scanner.CopyError: a Target belongs to this process, so it is neither copied nor
        pickled: hand on addresses and values
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    def _message(self) -> str:
        return (
            f"a {self.kind} belongs to this process, so it is neither copied nor pickled: "
            "hand on addresses and values"
        )


class TypeNameError(FarfetchError):
    """No such value type, or one that cannot be scanned.

    Args:
        text: the name asked for.
        near: names that come near.
        reason: why a type that is there cannot be used.

    >>> type_named("i33")
    Traceback (most recent call last):
    farfetch.scanner.TypeNameError: no value type is called "i33": did you mean i32, int32 or i32be?
    """

    def __init__(self, text: str, near: Sequence[str] = (), reason: str = "") -> None:
        super().__init__(text, tuple(near), reason)
        self.text = text
        self.near = tuple(near)
        self.reason = reason

    def _message(self) -> str:
        if self.reason:
            return f"{called(self.text)}: {self.reason}"
        if self.near:
            return f'no value type is called "{self.text}": did you mean {either(self.near)}?'
        return f'no value type is called "{self.text}": there are i8 to u64, f32, f64, text, …'


class ValueRangeError(FarfetchError):
    """The value does not fit the type.

    Args:
        value: the value.
        type_name: of the type it should fit.
        low: the lowest value that fits; for text and bytes the lowest length.
        high: the highest; for text and bytes the highest length, in bytes.
        where: among many values: ``"at match 3"``.

    >>> encode(u8, 300)
    Traceback (most recent call last):
    farfetch.scanner.ValueRangeError: 300 does not fit u8 (0..255)
    """

    def __init__(
        self, value: object, type_name: str, low: float, high: float, where: str = ""
    ) -> None:
        super().__init__(value, type_name, low, high, where)
        self.value = value
        self.type_name = type_name
        self.low = low
        self.high = high
        self.where = where

    def _message(self) -> str:
        fits = f"{self.low}..{self.high}"
        if isinstance(self.value, str | bytes):
            bound = "exactly" if self.low == self.high else "at most"
            fits = f"{bound} {count(int(self.high), 'byte')}"
        at = f" {self.where}" if self.where else ""
        return f"{short(self.value)} does not fit {self.type_name} ({fits}){at}"


class ValueKindError(FarfetchError):
    """The value is of another kind than the type.

    Args:
        value: the value.
        type_name: of the type.
        expected: the kind that the type takes.
        where: among many values: ``"at match 3"``.

    >>> encode(u8, "many")
    Traceback (most recent call last):
    farfetch.scanner.ValueKindError: 'many' is not a number for u8
    """

    def __init__(
        self, value: object, type_name: str, expected: str = "a number", where: str = ""
    ) -> None:
        super().__init__(value, type_name, expected, where)
        self.value = value
        self.type_name = type_name
        self.expected = expected
        self.where = where

    def _message(self) -> str:
        at = f" {self.where}" if self.where else ""
        return f"{short(self.value)} is not {self.expected} for {self.type_name}{at}"


class ExpressionError(FarfetchError):
    """A predicate or an address that cannot be understood.

    Args:
        text: all that was given.
        position: where it went wrong, counted in characters from 0 (the text shows it from 1).
        reason: what is wrong there.

    >>> error = ExpressionError("now == == 5", 7, 'expected a value, found "=="')
    >>> print(error)
    now == == 5: column 8: expected a value, found "=="
    >>> print(error.pointer())
    now == == 5
           ^
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(text, position, reason)
        self.text = text
        self.position = position
        self.reason = reason

    def _message(self) -> str:
        where = f"{self.text}: " if self.text.strip() else ""
        return f"{where}column {self.position + 1}: {self.reason}"

    def pointer(self) -> str:
        """Two lines: the text, and a caret under the place where it went wrong.

        >>> try:
        ...     parse_predicate("now ==")
        ... except ExpressionError as error:
        ...     print(error.pointer())
        now ==
              ^
        """
        shown = "".join(mark if mark.isprintable() else " " for mark in self.text)
        before = sum(map(_columns, shown[: self.position]))
        return f"{shown}\n{' ' * before}^"


class WhereError(ExpressionError):
    """A region filter that cannot be understood, or that leaves no region.

    Args:
        text: the whole filter.
        position: of the word at fault, counted in characters from 0.
        reason: what is wrong there.

    >>> Where.parse("heap,stac")
    Traceback (most recent call last):
    farfetch.scanner.WhereError: heap,stac: column 6: no such regions: "stac"; did you mean stack?
    """


class DeclarationError(FarfetchError):
    """A structure's declaration that cannot be taken.

    Args:
        line: where in its text, counted from 1.
        column: where in that line, counted from 1.
        reason: what is wrong there.

    >>> print(DeclarationError(2, 9, "bit fields are not taken"))
    line 2 of the declaration, column 9: bit fields are not taken
    """

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(line, column, reason)
        self.line = line
        self.column = column
        self.reason = reason

    def _message(self) -> str:
        return f"line {self.line} of the declaration, column {self.column}: {self.reason}"


class AlignError(FarfetchError):
    """An alignment outside 1 to 4096.

    Args:
        align: the alignment asked for, in bytes.

    >>> attach(Buffer(b"abc")).scan(u8, align=5000)
    Traceback (most recent call last):
    farfetch.scanner.AlignError: align takes 1 to 4096, not 5000
    """

    def __init__(self, align: object) -> None:
        super().__init__(align)
        self.align = align

    def _message(self) -> str:
        return f"align takes 1 to 4096, not {short(self.align)}"


class PointerError(FarfetchError):
    """A pointer path that cannot be understood or followed.

    Args:
        path: as text.
        reason: which of its pointers, and why.

    >>> PointerPath.parse("0x10 -> 8").resolve(attach(Buffer(b"abc", base=0x1000)))
    Traceback (most recent call last):
    farfetch.scanner.PointerError: the pointer path "0x10 -> 0x8": pointer 1, at 0x10, cannot be
        read
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def _message(self) -> str:
        return f'the pointer path "{self.path:.200}": {self.reason}'


class TableError(FarfetchError):
    """A table, or its file, that cannot be used.

    Args:
        file: its name; "" for what is not in a file.
        reason: what is wrong, and where in it.
        what: the file is, where it is no table.

    >>> Table()["health"]
    Traceback (most recent call last):
    farfetch.scanner.TableError: the table has no entry "health"
    """

    def __init__(self, file: str, reason: str, what: str = "table") -> None:
        super().__init__(file, reason, what)
        self.file = file
        self.reason = reason
        self.what = what

    def _message(self) -> str:
        return f"the {self.what} {called(self.file)}: {self.reason}" if self.file else self.reason


class ConfigurationError(FarfetchError):
    """An environment variable that cannot be used.

    Args:
        name: of the variable.
        value: what it holds.
        reason: why that cannot be used.

    >>> print(ConfigurationError("FARFETCH_ISA", "mmx", "not an instruction set of this machine"))
    FARFETCH_ISA="mmx": not an instruction set of this machine
    """

    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(name, value, reason)
        self.name = name
        self.value = value
        self.reason = reason

    def _message(self) -> str:
        return f'{self.name}="{self.value}": {self.reason}'


def _columns(mark: str) -> int:
    """Columns that a character takes on a terminal."""
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 1
