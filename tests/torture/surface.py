"""Everything public that can be called, found by looking: what is new is found the day it comes."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import farfetch.scanner as scanner
from construct import Construct

#: Methods with a special name that people use, as ``len(scan)`` or ``scan[0]``.
_SPECIAL = (
    *("__bool__", "__contains__", "__enter__", "__exit__", "__getitem__", "__hash__"),
    *("__iter__", "__len__"),
)
_EVERYWHERE: Mapping[str, Callable[[object], str]] = {"__repr__": repr, "__str__": str}
#: Elements of an iterator that are asked for.
_TAKEN = 40


class Member(NamedTuple):
    """Something public: a function, a class to make objects of, a method, or an attribute.

    Attributes:
        name: ``"attach"``, ``"Buffer"``, ``"Scan.first"``, ``"Target.alive"``.
        owner: the class that a method or an attribute is of.
        call: what is called, with the object first where there is one.
        hint: what comes back, as it is declared.
        plain: whether it can be called without more arguments.
    """

    name: str
    owner: type | None
    call: Callable[..., Any]
    hint: Any
    plain: bool


@functools.cache
def members() -> dict[str, Member]:
    """All there is, by name."""
    found: dict[str, Member] = {}
    for name in scanner.__all__:
        thing = getattr(scanner, name)
        if inspect.isclass(thing):
            if issubclass(thing, BaseException):
                continue
            found[name] = Member(name, None, thing, thing, False)
            found.update({member.name: member for member in _methods(name, thing)})
        elif inspect.isfunction(thing) or hasattr(thing, "__wrapped__"):
            found[name] = Member(name, None, thing, _returned(thing), _is_plain(thing, 0))
    return found


def classes() -> tuple[type, ...]:
    """The public classes whose objects are passed around."""
    found = [getattr(scanner, name) for name in scanner.__all__]
    return tuple(
        one for one in found if inspect.isclass(one) and not issubclass(one, BaseException)
    )


def _methods(class_name: str, owner: type) -> list[Member]:
    names = {
        name
        for base in owner.__mro__
        if base.__module__.startswith("farfetch.")
        for name in vars(base)
        if not name.startswith("_") or name in _SPECIAL
    }
    listed = [_method(f"{class_name}.{name}", owner, name) for name in sorted(names)]
    shown = [
        Member(f"{class_name}.{name}", owner, call, str, True) for name, call in _EVERYWHERE.items()
    ]
    return [*filter(None, listed), *shown]


def _method(full: str, owner: type, name: str) -> Member | None:
    thing = inspect.getattr_static(owner, name)
    if isinstance(thing, staticmethod | classmethod):
        function = getattr(owner, name)
        return Member(full, None, function, _returned(function), _is_plain(function, 0))
    if inspect.isfunction(thing):
        return Member(full, owner, _by_name(name), _returned(thing), _is_plain(thing, 1))
    hint: Any = Any
    if isinstance(thing, property) and thing.fget is not None:
        hint = _returned(thing.fget)
    elif isinstance(thing, functools.cached_property):
        hint = _returned(thing.func)
    if inspect.isclass(thing) or thing is None:  # __hash__ of what has none
        return None
    return Member(full, owner, functools.partial(_attribute, name), hint, True)


def _by_name(name: str) -> Callable[..., Any]:
    """A method as the object has it, which may be of a class below."""

    def call(thing: Any, *arguments: Any, **named: Any) -> Any:
        return getattr(thing, name)(*arguments, **named)

    return call


def _attribute(name: str, thing: Any) -> Any:
    return getattr(thing, name)


def _is_plain(function: Any, skipped: int) -> bool:
    needed = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    return len(needed) <= skipped


@functools.cache
def _known() -> dict[str, Any]:
    """What annotations may name."""
    known: dict[str, Any] = {}
    for module in pkgutil.walk_packages(scanner.__path__, f"{scanner.__name__}."):
        if not module.name.endswith("._core"):
            known.update(vars(importlib.import_module(module.name)))
    known.update({name: getattr(scanner, name) for name in scanner.__all__})
    return known


def _returned(function: Any) -> Any:
    function = inspect.unwrap(getattr(function, "__func__", function))
    annotation = function.__annotations__.get("return", "Any")
    if not isinstance(annotation, str):
        return annotation
    names = {**vars(typing), **_known(), **function.__globals__, "memoryview": typing.Collection}
    return eval(annotation, names)  # as typing.get_type_hints() does


def fits(value: Any, hint: Any) -> bool:
    """Whether something is what was declared, a few elements deep."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Iterator:
        origin = list  # what was taken from it
    if hint is None or hint is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, one) for one in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple and arguments[-1:] != (...,):
        return isinstance(value, tuple) and all(map(fits, value, arguments))
    if inspect.isclass(origin) and isinstance(value, tuple | list):
        return isinstance(value, origin) and all(fits(one, arguments[0]) for one in value[:_TAKEN])
    wanted = origin if inspect.isclass(origin) else hint
    if wanted is scanner.ValueType:
        wanted = Construct  # any will do for one: its type is for who checks types
    if wanted is Any or not inspect.isclass(wanted) or getattr(wanted, "_is_protocol", False):
        return True  # or it cannot be told
    return isinstance(value, (int, float)) if wanted is float else isinstance(value, wanted)


def taken(value: Any) -> Any:
    """What came back, or what an iterator begins with."""
    is_lazy = isinstance(value, types.GeneratorType) or hasattr(value, "__next__")
    return list(islice(value, _TAKEN)) if is_lazy else value
