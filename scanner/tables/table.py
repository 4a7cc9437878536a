"""Tables: places with a name, saved as a file that outlives the target."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from typing import Any

from .. import arguments
from ..declarations.registry import Declaration
from ..errors import ArgumentError, TableError
from ..errors.suggest import did_you_mean
from ..values.literals import quote
from . import files
from .code_entry import CodeEntry
from .content import (
    MAX_ENTRIES,
    code_of,
    entry_of,
    parse,
    script_of,
    structures_of,
    written,
)
from .entry import FIELDS, Entry
from .group import TableGroup
from .origin import Origin
from .script_entry import Script
from .table_file import read_file, replace_file


class Table:
    """Entries with unique names, in the order in which they were added, scripts, and code.

    Attributes:
        origin: the file of Cheat Engine's that it was made of, and is written back to; or None.
        symbols: names that the table gives to places, each a pointer path as a text.
        comments: of who made it, for people.
        groups: those that do something to what is in them, by their paths.

    >>> table = Table()
    >>> table.put(Entry("health", "game+0x4010", "i32"))
    >>> table["health"].where, len(table)
    ('game+0x4010', 1)
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._scripts: dict[str, Script] = {}
        self._code: dict[str, CodeEntry] = {}
        self.origin: Origin | None = None
        self.symbols: dict[str, str] = {}
        self.comments = ""
        self.groups: dict[str, TableGroup] = {}

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace the one of its name.

        Raises:
            TableError: there are too many, or another has a structure of the same name that is
                declared differently.

        >>> table = Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> table.put(Entry("health", "game+0x4018", "i32"))
        >>> [entry.where for entry in table]
        ['game+0x4018']
        """
        arguments.instance("entry", entry, Entry, "an Entry")
        self._check_other(entry.name, "entry")
        known = self.structures.get(entry.type) if entry.structure else None
        if known and known != entry.structure:
            raise TableError("", f"the table has another structure {entry.type}")
        if entry.name not in self._entries and len(self) >= MAX_ENTRIES:
            raise TableError("", f"a table has at most {MAX_ENTRIES} entries")
        self._entries[entry.name] = entry

    def change(self, name: str, **fields: Any) -> Entry:
        """Change fields of an entry, and return it as it is now.

        >>> table = Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> table.change("health", frozen="100", note="of the player").frozen
        '100'
        """
        unknown = [field for field in fields if field not in (*FIELDS, "choices", "structure")]
        if unknown:
            raise ArgumentError("change", unknown[0], f"the fields {', '.join(FIELDS)}")
        entry = dataclasses.replace(self[name], **fields)
        self._entries[name] = entry
        return entry

    def rename(self, name: str, new: str) -> Entry:
        """Call an entry otherwise, and return it as it is now. It stays where it is.

        Raises:
            TableError: there is none of that name, or one of the new name.

        >>> table = Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> table.rename("health", "hp").name, "health" in table
        ('hp', False)
        """
        entry = dataclasses.replace(self[name], name=new)
        if new != name:
            self._check_other(new, "")
        if self.origin is not None and new != name:
            self.origin.rename(name, new)
        self.groups = self._headed_by({name: new})
        self._entries = {
            entry.name if known == name else known: entry if known == name else other
            for known, other in self._entries.items()
        }
        return entry

    def remove(self, name: str) -> Entry:
        """Take an entry out, and return it.

        Raises:
            TableError: there is none of that name.

        >>> table = Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> table.remove("health").name, len(table)
        ('health', 0)
        """
        entry = self[name]
        del self._entries[name]
        return entry

    def put_script(self, script: Script) -> None:
        r"""Add a script, or replace the one of its name.

        Raises:
            TableError: there are too many, or an entry has its name.

        >>> table = Table()
        >>> table.put_script(Script("no damage", "[ENABLE]\n[DISABLE]"))
        >>> table.script("no damage").text
        '[ENABLE]\n[DISABLE]'
        """
        arguments.instance("script", script, Script, "a Script")
        self._check_other(script.name, "script")
        if script.name not in self._scripts and len(self._scripts) >= MAX_ENTRIES:
            raise TableError("", f"a table has at most {MAX_ENTRIES} scripts")
        self._scripts[script.name] = script

    def put_code(self, code: CodeEntry) -> None:
        """Add code, or replace that of its name.

        Raises:
            TableError: there is too much, or something else has its name.

        >>> table = Table()
        >>> table.put_code(CodeEntry("no damage", "game+0x1a03", "nop", "89 55 04"))
        >>> [code.where for code in table.code]
        ['game+0x1a03']
        """
        arguments.instance("code", code, CodeEntry, "a CodeEntry")
        self._check_other(code.name, "code")
        if code.name not in self._code and len(self._code) >= MAX_ENTRIES:
            raise TableError("", f"a table has at most {MAX_ENTRIES} pieces of code")
        self._code[code.name] = code

    @property
    def code(self) -> tuple[CodeEntry, ...]:
        """Its code, in the order in which it was added.

        >>> Table().code
        ()
        """
        return tuple(self._code.values())

    def remove_code(self, name: str) -> CodeEntry:
        """Take code out, and return it; what it has changed stays.

        Raises:
            TableError: there is none of that name.

        >>> table = Table()
        >>> table.put_code(CodeEntry("no damage", "game+0x1a03", "nop", "89 55 04"))
        >>> table.remove_code("no damage").kind, table.code
        ('nop', ())
        """
        if arguments.text("name", name) not in self._code:
            raise TableError("", f"the table has no code {quote(name)}")
        return self._code.pop(name)

    def _check_other(self, name: str, kind: str) -> None:
        """Refuse a name that something of another kind has."""
        named = (("entry", self._entries), ("script", self._scripts), ("code", self._code))
        for other, known in named:
            if other != kind and name in known:
                article = {"entry": "an entry", "script": "a script", "code": "code"}[other]
                raise TableError("", f"the table has {article} {quote(name)}")

    def script(self, name: str) -> Script:
        """The script of a name.

        Raises:
            TableError: there is none.

        >>> Table().script("no damage")
        Traceback (most recent call last):
        farfetch.scanner.TableError: the table has no script "no damage"
        """
        if arguments.text("name", name) not in self._scripts:
            near = did_you_mean(name, [quote(known) for known in self._scripts])
            raise TableError("", f"the table has no script {quote(name)}{near}")
        return self._scripts[name]

    def remove_script(self, name: str) -> Script:
        """Take a script out, and return it.

        Raises:
            TableError: there is none of that name.

        >>> table = Table()
        >>> table.put_script(Script("no damage", ""))
        >>> table.remove_script("no damage").name, len(table.scripts)
        ('no damage', 0)
        """
        script = self.script(name)
        del self._scripts[name]
        return script

    def merge(self, other: Table) -> dict[str, str]:
        """Add what another table has, behind what is there.

        What is there in the same way is added once; what only has the same name is called
        ``health (2)``. Of symbols and comments those that are here stay.

        Returns:
            The new names, by those that they had.

        Raises:
            TableError: there would be too many, or structures of one name that are declared
                differently; nothing is added.

        >>> table, other = Table(), Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> other.put(Entry("health", "game+0x4018", "i32"))
        >>> table.merge(other), [entry.name for entry in table]
        ({'health': 'health (2)'}, ['health', 'health (2)'])
        """
        arguments.instance("other", other, Table, "a Table")
        before = self._entries, self._scripts, self._code
        self._entries, self._scripts = dict(self._entries), dict(self._scripts)
        self._code = dict(self._code)
        renamed: dict[str, str] = {}
        try:
            for thing in (*other, *other.scripts, *other.code):
                there = self._named(thing.name)
                if there == thing:
                    continue
                if there is not None:
                    renamed[thing.name] = self._free(thing.name)
                    thing = dataclasses.replace(thing, name=renamed[thing.name])
                if isinstance(thing, Script):
                    self.put_script(thing)
                elif isinstance(thing, CodeEntry):
                    self.put_code(thing)
                else:
                    self.put(thing)
        except BaseException:
            self._entries, self._scripts, self._code = before
            raise
        self.symbols = {**other.symbols, **self.symbols}
        self.comments = self.comments or other.comments
        self.groups = {**other._headed_by(renamed), **self.groups}
        return renamed

    def _headed_by(self, renamed: dict[str, str]) -> dict[str, TableGroup]:
        """Its groups, with their heads called as they are now."""
        return {
            path: group._replace(head=renamed.get(group.head, group.head))
            for path, group in self.groups.items()
        }

    def _named(self, name: str) -> Entry | Script | CodeEntry | None:
        """What has a name, whatever it is."""
        return self._entries.get(name) or self._scripts.get(name) or self._code.get(name)

    def _free(self, name: str) -> str:
        """A name that nothing has yet."""
        number = 2
        while self._named(made := f"{name} ({number})") is not None:
            number += 1
        return made

    @property
    def scripts(self) -> tuple[Script, ...]:
        """Its scripts, in the order in which they were added.

        >>> Table().scripts
        ()
        """
        return tuple(self._scripts.values())

    @property
    def structures(self) -> dict[str, Declaration]:
        """The structures that its entries are of, by name."""
        return {entry.type: entry.structure for entry in self if entry.structure is not None}

    def redeclare(self, declaration: Declaration) -> None:
        """Declare a structure anew for all entries that are of it.

        >>> table = Table()
        >>> before = Declaration("player", "c", "struct player { int hp; };")
        >>> table.put(Entry("me", "game+0x4010", "player", structure=before))
        >>> table.redeclare(Declaration("player", "c", "struct player { int hp, max_hp; };"))
        >>> table["me"].value_type.sizeof()
        8
        """
        arguments.instance("declaration", declaration, Declaration, "a Declaration")
        for entry in self:
            if entry.structure is not None and entry.type == declaration.name:
                self.change(entry.name, structure=declaration)

    def __getitem__(self, name: str) -> Entry:
        if arguments.text("name", name) not in self._entries:
            near = did_you_mean(name, [quote(known) for known in self._entries])
            raise TableError("", f"the table has no entry {quote(name)}{near}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __repr__(self) -> str:
        return f"<Table, entries: {len(self)}>"

    def __len__(self) -> int:
        return len(self._entries)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write it to a file: all of it or nothing. A file that is there stays its owner's.

        Args:
            path: of the file.
            force: even over a file that :meth:`load` does not understand, and that is lost.

        Raises:
            TableError: it cannot be written, or that is such a file; what was there is untouched.

        >>> import tempfile
        >>> table = Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table.save(f"{folder}/game.json")
        ...     [entry.name for entry in Table.load(f"{folder}/game.json")]
        ['health']
        """
        shown = arguments.path("path", path)
        if not arguments.flag("force", force):
            self._check_replaced(shown)
        raw = written(
            tuple(self),
            self.structures.values(),
            self.scripts,
            self.code,
            self.symbols,
            self.comments,
            self.groups.values(),
            self.origin,
        )
        replace_file(shown, raw)

    @classmethod
    def _check_replaced(cls, name: str) -> None:
        """Refuse to write over what is no table, such as Cheat Engine's, or a newer one."""
        try:
            if files.has_content(name):
                cls.load(name)
        except TableError as error:
            reason = f"is not written over, as what is there is no table ({error.reason})"
            raise TableError(name, f"{reason}; save to another file, or force it") from None

    def _add(self, made: Script | CodeEntry) -> None:
        """Add a script or code that is not there yet."""
        if made.name in (self._scripts if isinstance(made, Script) else self._code):
            raise TableError("", f"{quote(made.name)} is there twice")
        if isinstance(made, Script):
            self.put_script(made)
        else:
            self.put_code(made)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Table:
        """Read a file that :meth:`save` has written, or a person.

        Raises:
            TableError: it cannot be read, or is not such a file; says where.

        >>> Table.load("/dev/null")
        Traceback (most recent call last):
        farfetch.scanner.TableError: the table /dev/null: is not a regular file
        """
        name = arguments.path("path", path)
        content = parse(name, read_file(name))
        structures = structures_of(name, content.structures)
        table = cls()
        table.symbols, table.comments = content.symbols, content.comments
        table.groups, table.origin = content.groups, content.origin
        for number, fields in enumerate(content.entries, 1):
            try:
                entry = entry_of(fields, structures)
            except TableError as error:
                raise TableError(name, f"entry {number}: {error.reason}") from None
            if entry.name in table:
                raise TableError(name, f"entry {number}: {quote(entry.name)} is there twice")
            table.put(entry)
        for kind, listed in (("script", content.scripts), ("code", content.code)):
            for number, fields in enumerate(listed, 1):
                try:
                    table._add(script_of(fields) if kind == "script" else code_of(fields))
                except TableError as error:
                    raise TableError(name, f"{kind} {number}: {error.reason}") from None
        return table
