r"""Regular expressions over bytes: Python's own.

An address matches when the expression matches the bytes that begin there, up to its reach. Every
address is looked at for itself, so matches may overlap: ``1\d+`` is found twice in ``1123``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from .. import arguments
from ..errors import ExpressionError
from .regex_prefix import beginning, needle, parsed, understood_as_today

#: Bytes that a match may have at the most, unless the type has a length of its own.
REACH: Final = 256
_HEAD: Final = 32  # bytes at the beginning that the core looks at


@dataclass(frozen=True)
class Regex:
    r"""A regular expression; :func:`regex` makes one.

    Attributes:
        text: the expression.

    >>> scan = attach(Buffer(b"HP:100 HP:95")).scan(bytes_, where="all")
    >>> scan.first(now == Regex("HP:[0-9]+")).matches
    2
    >>> [match.value for match in scan]
    [b'HP:100', b'HP:95']
    """

    text: str

    def __post_init__(self) -> None:
        arguments.text("text", self.text)

    def __reduce__(self) -> tuple[type[Regex], tuple[str]]:
        """What is worked out of it is worked out again."""
        return Regex, (self.text,)

    @cached_property
    def compiled(self) -> re.Pattern[bytes]:
        """Python's own, of bytes."""
        with understood_as_today():
            return re.compile(self.text.encode("utf-8"))

    @property
    def size(self) -> int:
        """Bytes that a match can have at the most, but no more than 256."""
        return max(1, min(REACH, int(self._tree.getwidth()[1])))

    @property
    def least(self) -> int:
        """Bytes that a match has at the least."""
        return int(self._tree.getwidth()[0])

    @cached_property
    def head(self) -> tuple[frozenset[int], ...]:
        """What each of the first bytes of a match can be, of as many as every match has."""
        return beginning(self._tree, min(self.least, self.size, _HEAD))

    @cached_property
    def needle(self) -> bytes:
        """A text that is somewhere in every match; b"" when there is none."""
        return needle(self._tree)

    def work_out(self) -> None:
        """Work out all that is known of it, so that what is wrong with it shows now."""
        for name in ("compiled", "head", "needle"):
            getattr(self, name)

    @cached_property
    def _tree(self) -> Any:
        return parsed(self.text)

    def found(self, raw: bytes) -> bytes:
        r"""The bytes that match at the beginning of some bytes; b"" when they do not.

        >>> regex(r"HP:\d+").found(b"HP:100 of 200")
        b'HP:100'
        """
        match = self.compiled.match(arguments.raw("raw", raw))
        return match[0] if match else b""


def regex(text: str) -> Regex:
    r"""A regular expression to look for in bytes.

    Args:
        text: of Python's re module; what is not ASCII in it stands for its UTF-8. The more its
            first bytes, or a text anywhere in it, leave open, the longer a scan takes.

    Raises:
        ExpressionError: it cannot be understood, or could match nothing.

    >>> print(now == regex(r"HP:\d+"))
    now == regex("HP:\\d+")
    """
    arguments.text("text", text)
    try:
        expression = Regex(text)
        expression.work_out()
    except re.error as error:
        before = text.encode("utf-8")[: error.pos or 0]  # it counts in bytes
        raise ExpressionError(text, len(before.decode("utf-8", "ignore")), error.msg) from None
    except (RecursionError, OverflowError, ValueError):
        raise ExpressionError(text, 0, "this cannot be looked for") from None
    if not expression.least:
        raise ExpressionError(text, 0, "this would match nothing at all, everywhere")
    return expression
