"""What expressions and predicates have in common: their text, and their structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ..errors import ArgumentError


class Node:
    """A part of a predicate: every kind of it is a dataclass."""

    def _text(self) -> tuple[str, int]:
        """The node's text, and how tightly its outermost operator binds."""
        raise NotImplementedError

    def _key(self) -> tuple[object, ...]:
        parts = (getattr(self, part.name) for part in fields(self))  # type: ignore[arg-type]
        return (type(self), *(p._key() if isinstance(p, Node) else p for p in parts))

    def children(self) -> Iterator[Any]:
        """The nodes directly below this one, from left to right."""
        for part in fields(self):  # type: ignore[arg-type]
            value = getattr(self, part.name)
            if isinstance(value, Node):
                yield value

    def __str__(self) -> str:
        """Its text, as the predicate language reads it.

        Raises:
            ArgumentError: it is too deep.
        """
        try:
            return self._text()[0]
        except RecursionError:
            raise too_deep() from None


def same(node: Node, other: Node) -> bool:
    """Whether two trees are the same.

    Raises:
        ArgumentError: they are too deep.
    """
    try:
        return node._key() == other._key()
    except RecursionError:
        raise too_deep() from None


def inside(node: Node, level: int) -> str:
    """A node's text inside an operator of that level, in parentheses where they are needed."""
    text, binds = node._text()
    return text if binds >= level else f"({text})"


def too_deep() -> ArgumentError:
    """The error of a tree with more nodes in one another than can be followed."""
    expected = "a few hundred operators in one another at the most"
    return ArgumentError("an expression", "so many", expected)
