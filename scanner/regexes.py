r"""Regular expressions over bytes: Python's own, and how they begin.

An address matches when the expression matches the bytes that begin there, up to its reach. Every
address is looked at for itself, so matches may overlap: ``1\d+`` is found twice in ``1123``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from .errors import ExpressionError

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_parse  # re's own parser; Python has no other name for it that all versions know

#: Bytes that a match may have at the most, unless the type has a length of its own.
REACH: Final = 256
_IGNORED: Final = re.IGNORECASE | re.LOCALE


@dataclass(frozen=True)
class Regex:
    r"""A regular expression; :func:`regex` makes one.

    Attributes:
        text: the expression.
    """

    text: str

    @cached_property
    def compiled(self) -> re.Pattern[bytes]:
        """Python's own, of bytes."""
        with _understood_as_today():
            return re.compile(self.text.encode("utf-8"))

    @property
    def size(self) -> int:
        """Bytes that a match can have at the most, but no more than :data:`REACH`."""
        return max(1, min(REACH, int(_parsed(self.text).getwidth()[1])))

    @property
    def least(self) -> int:
        """Bytes that a match has at the least."""
        return int(_parsed(self.text).getwidth()[0])

    @property
    def head(self) -> tuple[bytes, bytes]:
        """What every match begins with: bytes, and which of their bits that is said of."""
        value, mask = bytearray(), bytearray()
        for byte, bits in _head(_parsed(self.text)):
            value.append(byte)
            mask.append(bits)
        while mask and not mask[-1]:
            del value[-1], mask[-1]
        return bytes(value[: self.size]), bytes(mask[: self.size])

    def found(self, raw: bytes) -> bytes:
        r"""The bytes that match at the beginning of some bytes; b"" when they do not.

        >>> regex(r"HP:\d+").found(b"HP:100 of 200")
        b'HP:100'
        """
        match = self.compiled.match(raw)
        return match[0] if match else b""


def regex(text: str) -> Regex:
    r"""A regular expression to look for in bytes.

    Args:
        text: of Python's re module; what is not ASCII in it stands for its UTF-8. It has to begin
            with something definite, a letter or some letters, so that not every address of memory
            has to be tried.

    Raises:
        ExpressionError: it cannot be understood, could match nothing, or could begin with anything.

    >>> from farfetch.scanner import now
    >>> print(now == regex(r"HP:\d+"))
    now == regex("HP:\\d+")
    """
    try:
        one = Regex(text)
        compiled = one.compiled
        least = one.least
    except re.error as error:
        raise ExpressionError(text, error.pos or 0, error.msg) from None
    except (RecursionError, OverflowError, UnicodeEncodeError):
        raise ExpressionError(text, 0, "this cannot be looked for") from None
    if not least:
        raise ExpressionError(text, 0, "this would match nothing at all, everywhere")
    if compiled.flags & _IGNORED or not any(one.head[1]):
        reason = "it has to begin with a letter or some letters, not with anything"
        raise ExpressionError(text, 0, reason)
    return one


def _parsed(text: str) -> Any:
    with _understood_as_today():
        return sre_parse.parse(text.encode("utf-8"))  # type: ignore[arg-type]  # bytes will do


@contextmanager
def _understood_as_today() -> Iterator[None]:
    """Say nothing of what re may come to understand otherwise, such as ``[[a]``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _head(parsed: Iterable[Any]) -> Iterator[tuple[int, int]]:
    """Value and mask of each byte that all matches begin with, as far as that can be said."""
    for op, argument in parsed:
        name = str(op)
        if name == "LITERAL":
            yield argument, 0xFF
        elif name == "NOT_LITERAL" or name == "ANY":
            yield 0, 0
        elif name == "IN":
            yield _common(argument)
        elif name == "AT":
            continue
        elif name == "SUBPATTERN" and not argument[1] and not argument[2]:
            yield from _head(argument[3])
            if not _is_fixed(argument[3]):
                return
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            for _ in range(min(int(low), REACH)):
                yield from _head(inner)
                if not _is_fixed(inner):
                    return
            if int(low) != int(high):
                return
        else:
            return


def _is_fixed(parsed: Any) -> bool:
    """Whether what follows is always as far behind, and the head has said all of this."""
    low, high = parsed.getwidth()
    return bool(low == high) and len(list(_head(parsed))) == int(low)


def _common(choices: Iterable[Any]) -> tuple[int, int]:
    """The bits that all bytes of a set have in common."""
    allowed: set[int] = set()
    for op, argument in choices:
        if str(op) == "LITERAL":
            allowed.add(argument)
        elif str(op) == "RANGE":
            allowed.update(range(argument[0], argument[1] + 1))
        elif str(op) == "CATEGORY" and str(argument) == "CATEGORY_DIGIT":
            allowed.update(b"0123456789")
        else:
            return 0, 0
    every, some = 0xFF, 0
    for byte in allowed:
        every &= byte
        some |= byte
    mask = 0xFF ^ every ^ some
    return every & mask, mask
