"""What is frozen: how it is shown, and what of it is not held at present."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, format_address

from ..answers import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farfetch.scanner import Freeze, Target

    from ..answers.result import Json


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
    return [one for one in target.frozen if not one.holding]


def said(target: Target | None) -> str:
    """What is not held, behind the line of an answer; "" when all is."""
    if target is None:
        return ""
    lost = ", ".join(f"{place(target, one)} ({one.error})" for one in not_held(target))
    return f"; not held: {lost}" if lost else ""


def fields(target: Target | None) -> list[Json]:
    """The same for programs."""
    if target is None:
        return []
    return [
        {
            "address": format_address(one.address),
            "location": place(target, one),
            "reason": str(one.error) if one.error else None,
        }
        for one in not_held(target)
    ]


def at(frozen: Iterable[Freeze], address: int) -> Freeze | None:
    """The entry at an address that is being kept up; None when nothing is."""
    return next((one for one in frozen if one.active and one.address == address), None)
