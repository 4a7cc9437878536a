"""What is frozen: how it is shown, and what of it is not held at present."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from farfetch.scanner import (
    FarfetchError,
    Freeze,
    encode,
    format_address,
    members,
    size_of,
)

from ..answers import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farfetch.scanner import Target

    from ..answers.result import Json
    from .place import AnyPath


def place(target: Target, entry: Freeze) -> str:
    """Where an entry is, for people: its path, or what its address is in."""
    if entry.path is not None:
        return str(entry.path)
    try:
        return str(target.locate(entry.address))
    except FarfetchError:
        return format_address(entry.address)


def shown(entry: Freeze) -> str:
    """The value that is held; in brackets while it is not."""
    value = values.shown(entry.type, entry.value)
    return value if entry.holding else f"({value})"


def state(entry: Freeze) -> str:
    """What has become of an entry."""
    error = entry.error  # which the freezer's thread may change meanwhile
    if not entry.active:
        return str(error) if error else "stopped"
    return f"not held: {error}" if error else "active"


def not_held(target: Target | None) -> list[Freeze]:
    """The entries that are not held at present; none of a target that has ended."""
    if target is None or not target.alive:
        return []
    return [entry for entry in target.frozen if not entry.holding]


def said(target: Target | None) -> str:
    """What is not held, behind the line of an answer; "" when all is."""
    if target is None:
        return ""
    lost = ", ".join(f"{place(target, entry)} ({entry.error})" for entry in not_held(target))
    return f"; not held: {lost}" if lost else ""


def fields(target: Target | None) -> list[Json]:
    """The same for programs."""
    if target is None:
        return []
    return [
        {
            "address": format_address(entry.address),
            "location": place(target, entry),
            "reason": str(entry.error) if entry.error else None,
        }
        for entry in not_held(target)
    ]


def at(frozen: Iterable[Freeze], address: int) -> Freeze | None:
    """The entry at an address that is being kept up; None when nothing is."""
    return next((entry for entry in frozen if entry.active and entry.address == address), None)


def within(frozen: Iterable[Freeze], address: int, value_type: Any, bits: int) -> str:
    """What is held at an address, or of the bytes of the value there, for people; "" for nothing.

    Args:
        frozen: the entries of the target.
        address: of the value.
        value_type: of it; what is held of its fields is said with their names.
        bits: of the target.
    """
    frozen = list(frozen)
    whole = at(frozen, address)
    if whole is not None and not members(value_type, bits=bits):
        return shown(whole)
    size = 0
    with suppress(FarfetchError):
        size = size_of(value_type, bits=bits) or 0
    fields = {field.offset: field.name for field in members(value_type, bits=bits)}
    return " ".join(
        f"{fields.get(offset) or f'{offset:+#x}'}={shown(entry)}"
        for entry in frozen
        if entry.active
        for offset in [entry.address - address]
        if -_size(entry, bits) < offset < size
    )


def _size(entry: Freeze, bits: int) -> int:
    try:
        return len(encode(entry.type, entry.value, bits=bits))
    except FarfetchError:
        return 1


def freeze(
    target: Target,
    address: int | AnyPath,
    value_type: Any,
    value: object = None,
    allow: Literal["increase", "decrease"] | None = None,
    interval: float = Freeze.INTERVAL,
    *,
    force: bool = False,
) -> Freeze:
    """Freeze a value, in place of an entry at the same address.

    Args:
        target: to hold it in.
        address: where, or the path there.
        value_type: its type.
        value: to hold; None for what is there now.
        allow: the way it may still move.
        interval: seconds between looks.
        force: even where the target may not write itself.
    """
    made = target.freeze(address, value_type, value, allow=allow, interval=interval, force=force)
    before = of(target, made.address)
    if made.path is not None:
        before += of(target, made.path)
    for entry in before:
        if entry is not made:
            entry.stop()
    return made


def of(target: Target, address: int | AnyPath) -> tuple[Freeze, ...]:
    """The frozen entries at an address, or of a path, wherever that leads."""
    return tuple(
        entry
        for entry in target.frozen
        if (entry.address if isinstance(address, int) else entry.path) == address
    )
