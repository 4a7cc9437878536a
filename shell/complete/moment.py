"""The session as completion sees it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from itertools import islice

from farfetch.scanner import SCAN_TYPES, TYPES, FarfetchError, format_address, members, processes

from ..line.words import unquoted
from ..session.session import Session
from .cursor import ProcessName

#: How an address begins that may have a field behind it.
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]|\[|[^+]+\+0?[xX]?[0-9a-fA-F]")
#: How long, in seconds, lists that take the kernel a moment to make are good for.
FRESH = 2.0
#: How many functions of a module are known, and how many are offered.
_FUNCTIONS = 200_000
_OFFERED = 200
#: How many files of a folder are looked at.
MAX_FILES = 5000


class SessionMoment:
    """What completion may know of a session, asked of the kernel only when it is needed.

    Args:
        session: to look at; only read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._processes: tuple[float, list[ProcessName]] = (-FRESH, [])
        self._functions: tuple[int, str, list[str]] = (0, "", [])
        self._modules: tuple[float, int, list[str]] = (-FRESH, 0, [])

    @property
    def attached(self) -> bool:
        """Whether there is a target."""
        return self._session.target is not None

    @property
    def matches(self) -> int:
        """How many matches there are."""
        return self._session.matches

    @property
    def types(self) -> Sequence[str]:
        """The value types' names."""
        return (*self.structures, *TYPES, *SCAN_TYPES)

    @property
    def structures(self) -> Sequence[str]:
        """The names of the structures that were declared."""
        return [structure.name for structure in self._session.structures]

    @property
    def fields(self) -> Sequence[str]:
        """The fields that a bare predicate can name."""
        return self._session.fields

    def members(self, place: str) -> Sequence[str]:
        """The fields of the structure at a match's index, an entry or an address."""
        session = self._session
        name = unquoted(place)
        if place == "*" or place.isdecimal():
            kind = session.scan.type if session.scan is not None and session.matches else None
        elif name in session.table:
            kind = session.table[name].value_type
        else:
            kind = session.settings.type if _ADDRESS.match(place) else None
        return (
            [member.name for member in members(kind, bits=session.bits)] if kind is not None else []
        )

    @property
    def frozen(self) -> Sequence[str]:
        """The frozen entries' addresses."""
        target = self._session.target
        return [format_address(entry.address) for entry in target.frozen] if target else []

    @property
    def patches(self) -> Sequence[tuple[str, str]]:
        """The patches' numbers and addresses."""
        target = self._session.target
        made = target.patches if target else ()
        return [(str(patch.number), format_address(patch.address)) for patch in made]

    @property
    def processes(self) -> Sequence[ProcessName]:
        """The processes that could be attached to."""
        now = time.monotonic()
        if now - self._processes[0] > FRESH:
            found = [
                ProcessName(process.pid, process.name, process.user) for process in processes()
            ]
            self._processes = (now, found)
        return self._processes[1]

    @property
    def entries(self) -> Sequence[str]:
        """The names in the table."""
        return [entry.name for entry in self._session.table]

    @property
    def scripts(self) -> Sequence[str]:
        """The names of the table's scripts."""
        return [script.name for script in self._session.table.scripts]

    def symbols(self, typed: str) -> Sequence[str]:
        """The functions whose names, with their modules', begin so."""
        target = self._session.target
        module, _, begins = typed.partition("!")
        if target is None:
            return ()
        if self._functions[:2] != (id(target), module):
            try:
                names = target.functions(f"{module}!", _FUNCTIONS)
            except (FarfetchError, OSError):
                names = []
            self._functions = (id(target), module, names)
        wanted = f"{module}!{begins}"
        matching = (name for name in self._functions[2] if name.startswith(wanted))
        return list(islice(matching, _OFFERED))

    @property
    def code(self) -> Sequence[str]:
        """The names of the table's code."""
        return [code.name for code in self._session.table.code]

    @property
    def paths(self) -> int:
        """How many pointer paths were found."""
        return self._session.hunt.total

    @property
    def snapshots(self) -> Sequence[str]:
        """The names of the snapshots that predicates can say."""
        scan = self._session.scan
        return [snapshot.name for snapshot in scan.snapshots] if scan else []

    @property
    def variables(self) -> Sequence[str]:
        """The names of the variables."""
        return sorted(self._session.variables)

    def files(self, typed: str) -> Sequence[str]:
        """The files and folders whose path begins so; folders end with a slash."""
        folder, slash, name = typed.rpartition("/")
        try:
            with os.scandir(os.path.expanduser(folder + slash) or ".") as listing:  # noqa: PTH111
                found = [
                    file.name + ("/" if file.is_dir() else "")
                    for file in islice(listing, MAX_FILES)
                    if file.name.startswith(name) and (name or not file.name.startswith("."))
                ]
        except (OSError, ValueError):
            return ()
        return [folder + slash + file for file in sorted(found)]

    @property
    def modules(self) -> Sequence[str]:
        """The names of the target's modules; none while they cannot be read."""
        target, now = self._session.target, time.monotonic()
        if target is None:
            return ()
        if self._modules[1] != id(target) or now - self._modules[0] > FRESH:
            try:
                names = [module.name for module in target.modules()]
            except FarfetchError:
                names = []
            self._modules = (now, id(target), names)
        return self._modules[2]
