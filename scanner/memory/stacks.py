"""Stacks of threads, and places in them that are the same in every run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from .regions import Range

#: ``stack[0]``, and as Cheat Engine calls it.
_NAME: Final = re.compile(r"stack\[([0-9]{1,6})\]|THREADSTACK([0-9]{1,6})", re.IGNORECASE)


class Stack(NamedTuple):
    """The stack of a thread.

    Attributes:
        number: of the thread: 0 for the one that the process began with, then as they were
            started, of those that still run.
        top: the address that places in it are counted from, as in ``stack[0]-0x1f8``: where its
            frames begin, less what differs from run to run.
        range: of it that may hold pointers; the most of it lies below the top.

    >>> str(Stack(1, 0x7F2000, Range(0x7E0000, 0x7F3000)).number)
    '1'
    """

    number: int
    top: int
    range: Range


def stack_label(number: int) -> str:
    """What the stack of a thread is called in addresses.

    >>> from farfetch.scanner.memory.stacks import stack_label
    >>> stack_label(0)
    'stack[0]'
    """
    return f"stack[{number}]"


def stack_number(name: str) -> int | None:
    """The number of the thread whose stack is called so; None where it is no such name.

    >>> from farfetch.scanner.memory.stacks import stack_number
    >>> stack_number("stack[12]"), stack_number("THREADSTACK0"), stack_number("[stack]")
    (12, 0, None)
    """
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1] or found[2])


def names_stack(text: str) -> bool:
    """Whether an address may be said by a stack, so that it is worth looking for them."""
    return _NAME.match(text.strip().lstrip('"')) is not None


def stack_top(name: str, stacks: Iterable[Stack]) -> int | None:
    """The address that the name of a stack stands for; None where there is none."""
    number = stack_number(name)
    return next((one.top for one in stacks if one.number == number), None)
