"""Public names: said to be the package's, and their annotations made to mean the same there."""

from __future__ import annotations

import builtins
import sys
from types import FunctionType
from typing import Any, ForwardRef


def publish(thing: Any, package: str) -> Any:
    """Name what is public by where people import it from, in errors, help and pickles.

    :func:`typing.get_type_hints`, and all that asks what the fields of a class are, looks the names
    in annotations up in the module that the class is said to be of. Those are known where it was
    written, so what they mean is looked up before.

    Args:
        thing: a class or function; anything else stays what it is.
        package: that has it in its ``__all__``.

    Returns:
        The same.

    >>> from farfetch.scanner.publishing import publish
    >>> class Found:
    ...     __module__ = "farfetch.scanner.scan.results"
    ...     faults: FaultSet
    >>> publish(Found, "farfetch.scanner").__module__, Found.__annotations__["faults"].__name__
    ('farfetch.scanner', 'FaultSet')
    """
    if isinstance(thing, type | FunctionType) and thing.__module__.startswith(f"{package}."):
        if isinstance(thing, type):
            _resolve(thing)
        thing.__module__ = package
    return thing


def _resolve(owner: type) -> None:
    """Put what the annotations of a class mean in their place."""
    own = owner.__annotations__  # what it inherits is not among them
    if not own:
        return
    known = vars(sys.modules[owner.__module__])
    fields = vars(owner).get("__dataclass_fields__", {})
    for name, said in own.items():
        if isinstance(said, str):
            own[name] = means = _meant(said, known)
            if name in fields:
                fields[name].type = means
        elif isinstance(said, ForwardRef):  # of a named tuple
            said.__forward_module__ = owner.__module__


def _meant(said: str, known: dict[str, Any]) -> Any:
    if said in known:
        return known[said]
    if hasattr(builtins, said):
        return getattr(builtins, said)
    return eval(said, known)
