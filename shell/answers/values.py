"""Values and addresses of results, for people and for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from construct import Array, Renamed
from farfetch.scanner import format_value, struct_of, type_name

from .result import Json

if TYPE_CHECKING:
    from farfetch.scanner import Target

#: So many elements of an array are shown.
MANY = 8
#: What construct adds to the fields.
_NO_FIELD = "_io"
#: Columns that a cell of a table takes, at the most.
_WIDEST = 60


def shortened(text: str) -> str:
    """The beginning of what would be wider than a table's cell.

    >>> len(shortened("x" * 100)), shortened("health")
    (60, 'health')
    """
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def shown(value_type: Any, value: Any) -> str:
    """Write a value for people; None is one that cannot be read.

    >>> from farfetch.scanner import construct_struct
    >>> shown(construct_struct('Struct("hp" / i32, "at" / u8[3])'), {"hp": 5, "at": [1, 2, 3]})
    '{hp=5, at=[1, 2, 3]}'
    """
    if value is None:
        return "?"
    struct = struct_of(value_type)
    if struct is not None and isinstance(value, Mapping):
        named = [part for part in struct.subcons if part.name]
        fields = (f"{part.name}={shown(part, value.get(part.name))}" for part in named)
        return f"{{{', '.join(fields)}}}"
    inner = _unnamed(value_type)
    if isinstance(inner, Array) and isinstance(value, list):
        elements = [shown(inner.subcon, element) for element in value[:MANY]]
        more = [f"… {len(value) - MANY:,} more"] if len(value) > MANY else []
        return f"[{', '.join([*elements, *more])}]"
    return str(format_value(value_type, value))


def target_label(target: Target) -> str:
    """A target's name, with the pid of a process."""
    return target.name if target.pid is None else f"{target.name} ({target.pid})"


def field(value: Any, path: str) -> Any:
    """The value of a structure's field; None where the structure's cannot be read.

    >>> field({"pos": {"x": 5}}, "pos.x")
    5
    """
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def as_json(value: object) -> Json:
    r"""Turn a value into what JSON has.

    >>> as_json(b"\xde\xad"), as_json(float("inf")), as_json({"pos": [1, 2]})
    ('de ad', 'inf', {'pos': [1, 2]})
    """
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(element) for key, element in value.items() if key != _NO_FIELD}
    if isinstance(value, list):
        return [as_json(element) for element in value]
    return str(value)


def type_label(value_type: Any) -> str:
    """The name of a value type; that of an array is its element's with the length."""
    inner = _unnamed(value_type)
    if isinstance(inner, Array):
        return f"{type_label(inner.subcon)}[{inner.count}]"
    return str(type_name(value_type))


def _unnamed(value_type: Any) -> Any:
    """The construct itself, where names were put around it."""
    while isinstance(value_type, Renamed):
        value_type = value_type.subcon
    return value_type
