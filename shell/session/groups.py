"""Groups of the table that do something to what is in them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from farfetch.scanner import FarfetchError

from . import entries, scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Entry, Script, TableGroup

    from .session import Session

_DEEP: Final = 64  # groups in one another that are gone through


def with_scripts(session: Session, script: Script, option: str) -> tuple[Script, ...]:
    """A script, and those that are switched along with it, in their order."""
    found: dict[str, Script] = {}
    left = [script]
    while left:
        one = left.pop(0)
        if one.name not in found:  # a file may say that a script is in itself
            found[one.name] = one
            paths = set(_paths(session, one.name, option))
            left[:0] = [more for more in session.table.scripts if more.group in paths]
    return tuple(found.values())


def with_values(session: Session, entry: Entry) -> tuple[Entry, ...]:
    """An entry, and those that are written along with it."""
    found = {entry.name: entry}
    left = [entry]
    while left:
        paths = set(_paths(session, left.pop().name, "write"))
        inside = session.table if paths else ()
        more = [one for one in inside if one.group in paths and one.name not in found]
        found.update((one.name, one) for one in more)
        left += more
    return tuple(found.values())


def write(session: Session, entry: Entry, text: str, *, force: bool) -> tuple[object, int]:
    """Write a value to an entry and to those that go along with it.

    Returns:
        The value, and how many of the others took it: some may be of a type that does not.
    """
    value = entries.write(session, entry, text, force=force)
    taken = 0
    for other in with_values(session, entry)[1:]:
        with suppress(FarfetchError):
            entries.write(session, other, text, force=force)
            taken += 1
        session.attached.check()
    return value, taken


class Hidden:
    """Which groups are not listed now.

    Args:
        session: whose table is meant.
    """

    def __init__(self, session: Session) -> None:
        self._paths = tuple(
            f"{group.path}/" for group in session.table.groups.values() if _hides(session, group)
        )

    def __call__(self, group: str) -> bool:
        """Whether what belongs to a group is not listed."""
        return bool(self._paths) and f"{group}/".startswith(self._paths)


def _hides(session: Session, group: TableGroup) -> bool:
    if "hide" in group.options:
        return True
    return "hide-while-off" in group.options and bool(group.head) and not _is_on(session, group)


def _is_on(session: Session, group: TableGroup) -> bool:
    """Whether the script that heads a group is on, or the value frozen."""
    if group.head in session.table:
        return session.table[group.head].frozen is not None
    target = session.target
    if target is None or not target.alive:
        return False
    return any(
        scripts.is_on(session, script)
        for script in session.table.scripts
        if script.name == group.head
    )


def _paths(session: Session, head: str, option: str) -> Iterator[str]:
    """The group that something heads, if it has an option; and those in it that have it."""
    groups = session.table.groups
    known = [
        group.path for group in groups.values() if group.head == head and option in group.options
    ]
    within = [group.path for group in groups.values() if not group.head and option in group.options]
    for _ in range(_DEEP):
        if not known:
            return
        yield from known
        known = [path for path in within if path.rpartition("/")[0] in known]
