"""What can be said of a table without its program: which places are known, what can run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from .. import arguments
from ..memory.calculation import Calculation
from ..memory.stacks import stack_number
from ..script.offline import OfflineCheck, check_script
from ..values.literals import quote
from .cheat_engine import Taken, look_at
from .ct_fields import path_of
from .entry import Entry
from .reading import read_table
from .script_entry import Script
from .table import Table
from .uncollected import uncollected

Status: TypeAlias = Literal["known", "waiting", "runnable", "refused"]

#: What scripts define as a number; where they register it, it is that for others, too.
_NUMBER: Final = re.compile(
    r"^[ \t]*define[ \t]*\([ \t]*([A-Za-z_][\w.$]*)[ \t]*,[ \t]*(?:\$|0x)?([0-9a-f]{1,16})[ \t]*\)",
    re.IGNORECASE | re.MULTILINE,
)
#: The worse, the later.
_ORDER: Final[tuple[Status, ...]] = ("known", "waiting", "refused")
_BASE: Final = re.compile(r'"([^"]*)"(?:[+-]0x[0-9a-f]+)?|(0x[0-9a-fA-F]+)')


class Checked(NamedTuple):
    """What can be said of one value or script.

    Attributes:
        name: of it.
        kind: ``value`` or ``script``.
        status: ``known`` where a value's place is told, ``waiting`` where a script that can run
            makes it known; ``runnable`` for a script that can be assembled; or ``refused``.
        reason: what it waits for, or why it is refused.
        cause: the same without names, for counting.

    >>> Checked("hp", "value", "waiting", "waits for the symbol pPlayer").status
    'waiting'
    """

    name: str
    kind: str
    status: Status
    reason: str = ""
    cause: str = ""


class TableCheck(NamedTuple):
    """What can be said of a table.

    Attributes:
        entries: its values and scripts, in the order of the file.
        scripts: how many different scripts it has.
        runnable: how many of these can be assembled whole.

    >>> TableCheck((), 0, 0).counts["values"]
    0
    """

    entries: tuple[Checked, ...]
    scripts: int
    runnable: int

    @property
    def counts(self) -> dict[str, int]:
        """Values by status, and scripts.

        >>> TableCheck((Checked("hp", "value", "known"),), 0, 0).counts["known"]
        1
        """
        values = [entry.status for entry in self.entries if entry.kind == "value"]
        return {
            "values": len(values),
            **{status: values.count(status) for status in ("known", "waiting", "refused")},
            "scripts": self.scripts,
            "runnable": self.runnable,
        }


def check_table(path: str | os.PathLike[str], *, lua: bool = False) -> TableCheck:
    """Say of each value and script of a table what can be said without its program.

    Args:
        path: of a Cheat Engine table or one of farfetch's own.
        lua: whether scripts may have Lua that only computes, which needs ``farfetch[lua]``.

    Raises:
        TableError: it cannot be read.
        ScriptError: Lua is asked for, and is not installed.

    >>> import tempfile
    >>> table = Table()
    >>> table.put(Entry("health", "game+0x4010", "i32"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table.save(f"{folder}/game.json")
    ...     check_table(f"{folder}/game.json").counts["known"]
    1
    """
    name = arguments.path("path", path)
    lua = arguments.flag("lua", lua)
    if lua:
        from ..script.lua import check_installed

        check_installed()
    return _checked(*read_table(name), str(Path(name).parent), lua=lua)


def _checked(table: Table, report: Iterable[Taken], folder: str, *, lua: bool) -> TableCheck:
    scripts = {script.name: script for script in table.scripts}
    known = _Known(table, folder, lua=lua)
    checked: list[Checked] = []
    with uncollected():
        for taken in report:
            if not taken.taken:
                cause = _without_names(taken.reason)
                checked.append(Checked(taken.name, taken.kind, "refused", taken.reason, cause))
            elif taken.kind == "script":
                checked.append(known.script(scripts[taken.name]))
            else:
                checked.append(known.value(table[taken.name]))
    return TableCheck(tuple(checked), len(known.checks), known.runnable)


class _Known:
    """Which scripts can run, and which symbols they make known."""

    def __init__(self, table: Table, folder: str, *, lua: bool) -> None:
        if table.origin is not None:
            look_at(table.origin)
        self._sources = table.origin.sources if table.origin else {}
        self._by: dict[str, list[str]] = {}  # names that are registered, by which texts
        self._named: dict[str, str] = {}
        for script in table.scripts:
            if script.text in self._named:
                continue
            self._named[script.text] = script.name
            for name in script.registers:
                self._by.setdefault(name, []).append(script.text)
        self._given = {name.lower() for name in table.symbols}
        numbers = {
            found[1].lower(): int(found[2], 16)
            for text in reversed(self._named)
            for found in _NUMBER.finditer(text)
            if found[1].lower() in self._by
        }
        self.checks: Mapping[str, OfflineCheck] = {
            text: check_script(text, known=self._is_named, numbers=numbers, folder=folder, lua=lua)
            for text in self._named
        }
        for text, check in self.checks.items():
            for name in check.registers:
                self._by.setdefault(name.lower(), [text])
        self._settle()

    def _is_named(self, name: str) -> bool:
        return name.lower() in self._by or name.lower() in self._given

    @property
    def runnable(self) -> int:
        """How many different scripts can be assembled whole."""
        return sum(check.error is None for check in self.checks.values())

    def _settle(self) -> None:
        """Find which symbols come to be known: those of scripts that need no others, and so on."""
        self._come = set(self._given)
        waiting = {text: check for text, check in self.checks.items() if check.error is None}
        while True:
            done = [
                text
                for text, check in waiting.items()
                if all(
                    name.lower() in self._come or name.lower() not in self._by
                    for name in check.waits
                )
            ]
            if not done:
                return
            for text in done:
                self._come |= {name.lower() for name in waiting.pop(text).registers}

    def script(self, script: Script) -> Checked:
        """What can be said of a script."""
        check = self.checks[script.text]
        if check.error is not None:
            reason = check.error.reason
            return Checked(
                script.name, "script", "refused", str(check.error), _without_names(reason)
            )
        said = f"waits for {', '.join(check.waits[:4])}" if check.waits else ""
        return Checked(script.name, "script", "runnable", said)

    def value(self, entry: Entry) -> Checked:
        """What can be said of a value."""
        path = path_of(entry)
        if isinstance(path, Calculation):
            each = [self._named_place(entry, name) for name in path.names]
            worst = max(each, key=lambda one: _ORDER.index(one.status), default=None)
            return worst or Checked(entry.name, "value", "known")
        base = _BASE.fullmatch(path.base)
        if base is None or base[1] is None:
            return Checked(entry.name, "value", "known")
        return self._named_place(entry, base[1])

    def _named_place(self, entry: Entry, name: str) -> Checked:
        """What can be said of a value whose place a name tells."""
        folded = name.lower()
        if folded in self._given:
            return Checked(entry.name, "value", "known")
        if folded in self._come:
            said = f"waits for the symbol {name:.80}"
            return Checked(entry.name, "value", "waiting", said)
        texts = self._by.get(folded)
        if texts:
            reason, cause = self._not_run(name, texts[0])
            return Checked(entry.name, "value", "refused", reason, cause)
        if stack_number(name) is not None:
            return Checked(entry.name, "value", "known", f"waits for {name}")
        is_module = "." in name or folded == "$process" or self._is_quoted(entry)
        if is_module and ":" not in name:
            return Checked(entry.name, "value", "known", f"waits for the module {name:.80}")
        reason = f"no script of the table registers {name:.80}"
        return Checked(entry.name, "value", "refused", reason, "no script registers its symbol")

    def _is_quoted(self, entry: Entry) -> bool:
        """Whether the file has its base in quotes, as modules are written."""
        source = self._sources.get(entry.name)
        if source is None:
            return True
        return source.element.said().get("Address", "").lstrip("[").startswith('"')

    def _not_run(self, name: str, text: str) -> tuple[str, str]:
        check, script = self.checks[text], self._named[text]
        if check.error is None:
            reason = f"{name:.80} is registered by {quote(script[:80])}, which needs others"
            return reason, "its script needs one that is refused"
        reason = (
            f"{name:.80} is registered by {quote(script[:80])}, which is refused: {check.error}"
        )
        return reason, f"its script is refused: {_without_names(check.error.reason)}"


def _without_names(reason: str) -> str:
    """A reason without what differs from entry to entry."""
    reason = re.sub(r'"[^"]*"', "…", reason.rpartition(": ")[2])
    reason = re.sub(r"its (address|offset|type) .*? (is|has|counts)\b", r"its \1 \2", reason)
    return re.sub(r"\b[0-9A-F]{3,}\b", "…", reason)
