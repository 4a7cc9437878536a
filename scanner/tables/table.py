"""Tables: places with a name, saved as a file that outlives the target."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from .. import arguments
from ..declarations.files import NotRegular, read_regular
from ..declarations.registry import MAX_DECLARATIONS, Declaration
from ..errors import ArgumentError, FarfetchError, TableError
from ..errors.base import short
from ..memory.pointer_path import PointerPath
from ..values.literals import quote
from ..values.names import type_named
from . import files

FORMAT: Final = "farfetch table"
#: Files without structures are of version 1, which older ones read, too.
VERSION: Final = 2

#: What a file may have; more is not read.
MAX_BYTES: Final = 16 << 20
MAX_ENTRIES: Final = 100_000
MAX_TEXT: Final = 4096
#: Characters of all its structures' declarations.
MAX_DECLARED: Final = 1 << 18

_DECLARATION: Final = ("name", "language", "text")
_FIELDS: Final = ("name", "where", "type", "group", "note", "frozen", "allow")
_ALLOW: Final = (None, "increase", "decrease")


@dataclass(frozen=True, slots=True)
class Entry:
    """A place with a name.

    Attributes:
        name: no two of a table are the same.
        where: ``game+0x4010``, ``0x7f…`` or a pointer path ``game+0x4010 -> 0x18``.
        type: name of the value type.
        group: what it belongs to; ``/`` divides groups in groups.
        note: for people.
        frozen: text of the value to hold; None when it is not to be frozen.
        allow: the way a frozen value may still move.
        structure: what declares the type, where that is no plain one.

    Raises:
        TableError: a field is not what it has to be.

    >>> entry = Entry("health", "game+0x4010 -> 0x18", "i32", group="player", frozen="100")
    >>> entry.path.offsets, entry.value_type is i32
    ((24,), True)
    """

    name: str
    where: str
    type: str
    group: str = ""
    note: str = ""
    frozen: str | None = None
    allow: Literal["increase", "decrease"] | None = None
    structure: Declaration | None = None

    def __post_init__(self) -> None:
        for field in _FIELDS:
            _check_text(field, getattr(self, field), needed=field in ("name", "where", "type"))
        if self.allow not in _ALLOW:
            raise TableError("", f"allow is increase or decrease, not {short(self.allow)}")
        if self.structure is not None:
            arguments.instance("structure", self.structure, Declaration, "a Declaration, or None")
        try:
            PointerPath.parse(self.where)
            if self.structure is None:
                type_named(self.type)
        except FarfetchError as error:
            raise TableError("", f"{quote(self.name)}: {error}") from None
        if self.structure is not None and self.structure.name != self.type:
            raise TableError("", f"{quote(self.name)}: {self.type} is not {self.structure.name}")

    @property
    def value_type(self) -> Any:
        """The construct of its value."""
        return type_named(self.type) if self.structure is None else self.structure.type

    @property
    def path(self) -> PointerPath:
        """The pointer path to its place, to be resolved in a target."""
        return PointerPath.parse(self.where)


def _check_text(field: str, value: object, *, needed: bool) -> None:
    if value is None and field in ("frozen", "allow"):
        return
    if not isinstance(value, str):
        raise TableError("", f"{field} is a text, not {short(value)}")
    if needed and not value.strip():
        raise TableError("", f"{field} is empty")
    if len(value) > MAX_TEXT:
        raise TableError("", f"{field} has {len(value)} characters, more than {MAX_TEXT}")
    if any(0xD800 <= ord(mark) < 0xE000 for mark in value):
        raise TableError("", f"{field} has half a surrogate pair, which is no text")


class Table:
    """Entries with unique names, in the order in which they were added.

    >>> table = Table()
    >>> table.put(Entry("health", "game+0x4010", "i32"))
    >>> table["health"].where, len(table)
    ('game+0x4010', 1)
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

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
        known = self.structures.get(entry.type)
        if entry.structure and known and known != entry.structure:
            raise TableError("", f"the table has another structure {entry.type}")
        if entry.name not in self._entries and len(self) >= MAX_ENTRIES:
            raise TableError("", f"a table has at most {MAX_ENTRIES} entries")
        self._entries[entry.name] = entry

    def change(self, name: str, **fields: Any) -> Entry:
        """Change fields of an entry, and return it as it is now.

        Args:
            name: of the entry.
            **fields: those of :class:`Entry` that change, each with what it is to be.

        Raises:
            TableError: there is no such entry, or a field cannot be that.
            ArgumentError: an entry has no such field.

        >>> table = Table()
        >>> table.put(Entry("health", "game+0x4010", "i32"))
        >>> table.change("health", frozen="100", note="of the player").frozen
        '100'
        """
        unknown = [field for field in fields if field not in (*_FIELDS, "structure")]
        if unknown:
            raise ArgumentError("change", unknown[0], f"the fields {', '.join(_FIELDS)}")
        entry = dataclasses.replace(self[name], **fields)
        self._entries[name] = entry
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

    @property
    def structures(self) -> dict[str, Declaration]:
        """The structures that its entries are of, by name."""
        return {one.type: one.structure for one in self if one.structure is not None}

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
            raise TableError("", f"the table has no entry {quote(name)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

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
        listed = [
            {field: getattr(entry, field) for field in _FIELDS if getattr(entry, field)}
            for entry in self
        ]
        structures = [
            {field: getattr(one, field) for field in _DECLARATION}
            for one in self.structures.values()
        ]
        content: dict[str, object] = {"format": FORMAT, "version": VERSION if structures else 1}
        if structures:
            content["structures"] = structures
        content["entries"] = listed
        replace_file(shown, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")

    @classmethod
    def _check_replaced(cls, name: str) -> None:
        """Refuse to write over what is no table, such as Cheat Engine's, or a newer one."""
        try:
            if files.has_content(name):
                cls.load(name)
        except TableError as error:
            reason = f"is not written over, as what is there is no table ({error.reason})"
            raise TableError(name, f"{reason}; save to another file, or force it") from None

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
        entries, declared = _parse(name, read_file(name))
        structures = _structures(name, declared)
        table = cls()
        for number, fields in enumerate(entries, 1):
            try:
                entry = _entry(fields, structures)
            except TableError as error:
                raise TableError(name, f"entry {number}: {error.reason}") from None
            if entry.name in table:
                raise TableError(name, f"entry {number}: {quote(entry.name)} is there twice")
            table.put(entry)
        return table


def _structures(name: str, listed: list[object]) -> dict[str, Declaration]:
    structures: dict[str, Declaration] = {}
    left = MAX_DECLARED
    for number, fields in enumerate(listed, 1):
        where = f"structure {number}"
        if not isinstance(fields, dict) or fields.keys() != set(_DECLARATION):
            raise TableError(name, f"{where}: has a name, a language and a text, and no more")
        if not all(isinstance(text, str) for text in fields.values()):
            raise TableError(name, f"{where}: name, language and text are texts")
        left -= len(fields["text"])
        if left < 0:
            raise TableError(name, f"{where}: the structures are longer than {MAX_DECLARED}")
        if fields["language"] not in ("c", "construct"):
            language = quote(fields["language"][:60])
            raise TableError(name, f"{where}: the language is c or construct, not {language}")
        try:
            made = Declaration(**fields)
        except FarfetchError as error:
            raise TableError(name, f"{where}: {error}") from None
        if made.name in structures:
            raise TableError(name, f"{where}: {made.name} is there twice")
        structures[made.name] = made
    return structures


def _entry(fields: object, structures: dict[str, Declaration]) -> Entry:
    if not isinstance(fields, dict):
        raise TableError("", f"is an object, not {fields!r:.60}")
    for field in ("name", "where", "type"):
        if field not in fields:
            raise TableError("", f"has no {field}")
    for field in fields:
        if field not in _FIELDS:
            raise TableError("", f"has a field {quote(field[:60])}, which tables do not have")
    kind = fields["type"]
    return Entry(**fields, structure=structures.get(kind) if isinstance(kind, str) else None)


def read_file(name: str) -> bytes:
    """Read a regular file of no more than MAX_BYTES.

    Raises:
        TableError: it is another, or cannot be read.
    """
    try:
        raw = read_regular(name, MAX_BYTES + 1)
    except NotRegular as error:
        raise TableError(name, str(error.strerror)) from None
    except OSError as error:
        raise TableError(name, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise TableError(name, "cannot be read: no file is called so") from None
    if len(raw) > MAX_BYTES:
        raise TableError(name, f"is larger than {MAX_BYTES >> 20} MiB, so it is no table")
    return raw


def _parse(name: str, raw: bytes) -> tuple[list[object], list[object]]:
    try:
        content = json.loads(
            raw.decode(), object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise TableError(name, f"is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise TableError(name, f"is damaged at {where}: {error.msg}") from None
    except RecursionError:
        raise TableError(name, "is nested too deeply to be a table") from None
    except ValueError as error:
        raise TableError(name, f"is damaged: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TableError(name, f'is no table: it does not say "format": "{FORMAT}"')
    version = content.get("version")
    if type(version) is not int or version < 1:
        raise TableError(name, f"has no version: {version!r:.60}")
    if version > VERSION:
        raise TableError(
            name, f"is of version {version}, newer than this farfetch reads ({VERSION}): update it"
        )
    entries = content.get("entries")
    if not isinstance(entries, list):
        raise TableError(name, "has no list of entries")
    if len(entries) > MAX_ENTRIES:
        raise TableError(name, f"has {len(entries)} entries, more than {MAX_ENTRIES}")
    structures = content.get("structures", []) if version > 1 else []
    if not isinstance(structures, list) or len(structures) > MAX_DECLARATIONS:
        raise TableError(name, f"has no list of at most {MAX_DECLARATIONS} structures")
    return entries, structures


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def _integer(word: str) -> int:
    if len(word) > 20:
        raise ValueError("a number is too long")
    return int(word)


def replace_file(name: str | os.PathLike[str], raw: bytes) -> None:
    """Write a file so that it has its old content or the new one.

    Raises:
        TableError: it cannot be written; what was there is untouched.
    """
    shown = os.fspath(name)
    try:
        files.replace_file(name, raw)
    except NotRegular as error:
        raise TableError(shown, str(error.strerror)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can be called so"
        raise TableError(shown, f"cannot be written: {reason}") from None
