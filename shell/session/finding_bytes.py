"""Searching a target's memory for bytes, from an address on, as a screen does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from farfetch.scanner import Target

_BLOCK: Final = 1 << 20
_PAIRS: Final = re.compile(r"[0-9a-fA-F]{2}(?:\s*[0-9a-fA-F]{2})*")


def wanted(text: str) -> bytes:
    """The bytes that a person looks for: hex pairs, or text, with quotes where it looks like pairs.

    Raises:
        UsageError: it is nothing.

    >>> wanted("4d 5a"), wanted("name"), wanted('"4d"')
    (b'MZ', b'name', b'4d')
    """
    text = text.strip()
    if _PAIRS.fullmatch(text):
        return bytes.fromhex(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not text:
        raise UsageError("look for bytes such as 4d 5a, or for text")
    return text.encode(errors="surrogateescape")


def find(
    target: Target, needle: bytes, start: int, goes_on: Callable[[int], bool] = lambda _: True
) -> int | None:
    """The first place at or behind an address where bytes are; None when there is none.

    Args:
        target: to look through, as far as it can be read.
        needle: the bytes.
        start: the address.
        goes_on: asked now and then, with how many bytes were looked through, whether to.
    """
    done = 0
    for region in target.regions():
        at = max(region.start, start)
        while at < region.end and region.readable:
            if not goes_on(done):
                return None
            size = min(_BLOCK, region.end - at)
            raw = target.memory.read(at, min(size + len(needle) - 1, region.end - at))
            found = raw.find(needle)
            if found >= 0:
                return at + found
            at, done = at + size, done + size
    target.check()  # after the fact: it may have ended, and nothing is there
    return None
