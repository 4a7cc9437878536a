"""Every public call, on what is open, closed, let go, and a parent process's.

Apart from this process, because what goes wrong here used to end the process.
"""

from __future__ import annotations

import faulthandler
import inspect
import os
import sys
import traceback
from typing import Any

import farfetch.scanner as scanner
import pytest

from support import apart
from support.lifetime_rows import PLAIN, ROWS, STATES, Row, World

_DUNDERS = {"__bool__", "__contains__", "__enter__", "__exit__", "__getitem__", "__iter__"} | {
    "__len__",
    "__repr__",
    "__str__",
}


def members(thing: object) -> set[str]:
    """What can be asked of a thing: its public names, and operators that are ours."""
    ours = [class_ for class_ in type(thing).__mro__ if class_.__module__.startswith("farfetch.")]
    operators = {name for class_ in ours for name in _DUNDERS & vars(class_).keys()}
    return {name for name in dir(thing) if not name.startswith("_")} | operators


def missing_rows(kind: str) -> list[str]:
    world = World(kind)
    missing = [
        f"{what}.{name}"
        for what, rows in ROWS.items()
        for name in members(getattr(world, what)) - rows.keys()
    ]
    world.close()
    return sorted(missing)


@pytest.mark.parametrize("kind", ["process", "buffer"])
def test_every_member_has_a_row(kind: str) -> None:
    assert apart.run(missing_rows, kind) == []


def test_every_class_has_rows() -> None:
    world = World("buffer")
    have = {type(getattr(world, what)).__name__ for what in ROWS} | {"Memory"}
    world.close()
    there = {
        name
        for name in scanner.__all__
        if inspect.isclass(one := getattr(scanner, name)) and not issubclass(one, BaseException)
    }
    assert there == have | PLAIN
    assert not have & PLAIN


def outcome(row: Row, state: str, world: World) -> str:
    """What is wrong with what came of a call; "" when nothing is."""
    expected = row.expected(state)
    try:
        row.call(world)
    except Exception as error:
        if expected is None or type(error) is not expected:
            return f"{state}: {traceback.format_exc()}"
        return ""
    return f"{state}: did not raise {expected.__name__}" if expected else ""


def in_a_child(row: Row, world: World) -> str:
    """The same, of a child process."""
    there, here = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(here, outcome(row, "forked", world).encode())
        os._exit(0)
    os.close(here)
    with os.fdopen(there) as said:
        wrong = said.read()
    _, status = os.waitpid(pid, 0)
    return wrong or (f"forked: ended with {status}" if status else "")


def wrong_in(state: str, kind: str) -> list[str]:
    faulthandler.enable(sys.stderr)
    wrong: list[str] = []
    world = World(kind)
    for what, rows in ROWS.items():
        for name, row in rows.items():
            print(f"{state}: {what}.{name}", file=sys.stderr)
            getattr(world, what)  # which is there before anything closes
            world.put_in(state)
            said = in_a_child(row, world) if state == "forked" else outcome(row, state, world)
            if said:
                wrong.append(f"{what}.{name} {said}")
            if state != "forked":  # nothing that a child does is anything to its parent
                world.close()
                world = World(kind)
    world.close()
    return wrong


@pytest.mark.parametrize(
    ("state", "kind"),
    [*((state, "process") for state in STATES), ("target closed", "buffer"), ("forked", "buffer")],
)
def test_every_call(state: str, kind: str) -> None:
    assert apart.run(wrong_in, state, kind) == []


def closed_twice() -> list[Any]:
    """Whatever is closed again, in any order, says nothing."""
    world = World("process")
    for _ in range(2):
        for thing in (world.target, world.scan, world.memory, world.freezer, world.history):
            thing.close()
    return [world.target.alive, bool(world.scan)]


def test_closing_again_does_nothing() -> None:
    assert apart.run(closed_twice) == [False, True]
