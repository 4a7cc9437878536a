"""What is public can be asked for the types of its fields, arguments and results."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import farfetch
import farfetch.scanner as scanner
import pytest
from farfetch import pytest_plugin
from farfetch.scanner import Hook, Instruction, Target


def functions(owner: type) -> Iterator[tuple[str, types.FunctionType]]:
    """All that a class has of its own and of ours that it is made of."""
    for base in owner.__mro__:
        if base.__module__.startswith("farfetch."):
            for name, thing in vars(base).items():
                inner = getattr(thing, "fget", None) or getattr(thing, "__func__", thing)
                if isinstance(inner, types.FunctionType):
                    yield f"{base.__qualname__}.{name}", inner


def everything() -> dict[str, object]:
    """All public classes and functions, and what the classes have."""
    found: dict[str, object] = {}
    for name in scanner.__all__:
        thing = getattr(scanner, name)
        if isinstance(thing, type):
            found.update({name: thing, **dict(functions(thing))})
        elif isinstance(thing, types.FunctionType):
            found[name] = thing
    return found


def refused(thing: Any) -> Iterator[str]:
    """What of it cannot be asked for."""
    asked: list[Callable[[], object]] = [
        lambda: typing.get_type_hints(thing),
        lambda: inspect.get_annotations(thing, eval_str=True),
    ]
    if callable(thing):
        asked.append(lambda: inspect.signature(thing, eval_str=True))
    for ask in asked:
        try:
            ask()
        except Exception as error:
            if not str(error).startswith("no signature found"):  # of an exception
                yield repr(error)


def test_all_types_can_be_asked_for() -> None:
    things = everything()
    assert len(things) > 500
    wrong = {name: [*refused(thing)] for name, thing in things.items()}
    # the namespace of a named tuple's __new__ has no builtins, in every program
    assert {name: said for name, said in wrong.items() if said and "__new__" not in name} == {}


def test_the_types_of_pytests_fixtures_can_be_asked_for() -> None:
    kinds = [thing for thing in vars(pytest_plugin).values() if callable(thing)]
    ours = [getattr(thing, "__wrapped__", thing) for thing in kinds]
    ours = [thing for thing in ours if getattr(thing, "__module__", "") == pytest_plugin.__name__]
    assert {thing.__name__: [*refused(thing)] for thing in ours if [*refused(thing)]} == {}
    assert {"farfetch_target", "assert_value"} <= {thing.__name__ for thing in ours}


def test_import_farfetch_is_enough() -> None:
    assert farfetch.scanner is scanner
    with pytest.raises(AttributeError, match="module 'farfetch' has no attribute 'scaner'"):
        farfetch.scaner  # noqa: B018
    code = (
        "import sys, farfetch; print('farfetch.scanner' in sys.modules); "
        "print(farfetch.scanner.i32.__class__.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "False"


def test_fields_have_types_and_no_texts() -> None:
    for name in scanner.__all__:
        thing = getattr(scanner, name)
        if isinstance(thing, type) and is_dataclass(thing):
            own = inspect.get_annotations(thing)
            said = [field.name for field in fields(thing) if isinstance(field.type, str)]
            assert not {*said} & {*own}, name


def test_what_is_loaded_later_is_the_class() -> None:
    assert typing.get_type_hints(Target.hook)["return"] is Hook
    assert typing.get_type_hints(Target.disassemble)["return"] == list[Instruction]


def test_nothing_is_loaded_for_it_before() -> None:
    late = "farfetch.scanner.code.hook", "farfetch.scanner.debug.watchpoint", "iced_x86"
    code = f"import sys, farfetch.scanner; print([n for n in {late} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
