"""The root of everything that farfetch raises on purpose; :mod:`.errors` has the whole tree."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 1000  # characters of an error; what somebody gave may be far longer


def called(name: str) -> str:
    """A name as errors say it: with quotes where nothing of it is to be seen."""
    return name if name.strip() else f'"{name}"'


class FarfetchError(Exception):
    """The root: catches everything that farfetch raises on purpose.

    >>> try:
    ...     attach(Buffer(b"abc")).read(0, "u23")
    ... except FarfetchError as error:
    ...     print(error)
    no value type is called "u23": did you mean u32, u24 or u32be?
    """

    def _message(self) -> str:
        return " ".join(map(str, self.args))

    def __str__(self) -> str:
        return _printable(self._message())


def count(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def either(words: Sequence[str]) -> str:
    """Some words, of which one will do.

    >>> either(["i8"]), either(["i8", "i16", "i32"])
    ('i8', 'i8, i16 or i32')
    """
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def short(value: object) -> str:
    """What somebody gave, as it is shown in an error, whatever it is."""
    # Python refuses to write very large numbers in decimal.
    is_huge = isinstance(value, int) and value.bit_length() > 256
    try:
        text = f"{value:#x}" if is_huge else repr(value)
    except Exception:  # not even that can be asked of it
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else f"{text[:40]}…{text[-10:]}"


def _printable(text: str) -> str:
    """The text with what a terminal would obey, or could not show, written as escapes."""
    whole = "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii")
        for mark in text
    )
    return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 100]}…{whole[-90:]}"
