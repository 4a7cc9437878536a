"""Cheat Engine tables: .CT files, and .CETRAINER files that are not protected.

The format is what Cheat Engine itself writes (XML; numbers of addresses and offsets are
hexadecimal, the offsets of a pointer are listed last first; MemoryRecordUnit.pas). Scripts are
taken along, and run only when they are switched on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from .. import arguments
from ..errors import FarfetchError, TableError
from .content import MAX_COMMENTS, MAX_ENTRIES
from .ct_address import Place, read_place
from .ct_document import Element, Said, parse_document
from .ct_types import ChoiceLists, own_types, read_type
from .entry import MAX_TEXT, Entry
from .group import OPTIONS, TableGroup
from .origin import Found, Origin, Source
from .script_entry import Script
from .table import Table
from .table_file import read_file
from .uncollected import uncollected


class Taken(NamedTuple):
    """What became of one entry.

    Attributes:
        name: of the entry.
        taken: whether there is an entry, or a script, of it now.
        reason: why not, or what was left behind; "" when nothing was.
        kind: ``value`` or ``script``.

    >>> print(Taken("health", False, "its type is Custom"))
    Taken(name='health', taken=False, reason='its type is Custom', kind='value')
    """

    name: str
    taken: bool
    reason: str
    kind: str = "value"


def import_table(path: str | os.PathLike[str]) -> tuple[Table, list[Taken]]:
    """Read a Cheat Engine table.

    Returns:
        The table, and what became of each entry in the order of the file. Values and scripts that
        are not taken stay in the file, and :func:`export_table` writes them back.

    Raises:
        TableError: the file cannot be read, or is not such a table.

    >>> import_table("/dev/null")
    Traceback (most recent call last):
    farfetch.scanner.TableError: the table /dev/null: is not a regular file
    """
    name = arguments.path("path", path)
    raw = read_file(name)
    with uncollected():
        return _read(name, raw)


def look_at(origin: Origin) -> None:
    """Find what is in the file that a table was made of, unless that is known.

    Raises:
        TableError: it is no such file.
    """
    if origin.found is None:
        table, _ = _read("", origin.raw)
        assert table.origin is not None
        origin.found = table.origin.found


def _read(name: str, raw: bytes) -> tuple[Table, list[Taken]]:
    root = parse_document(name, raw)
    table, report = Table(), list[Taken]()
    sources: dict[str, Source] = {}
    table.origin = Origin(raw, Found(root, sources))
    table.symbols = _symbols(root)
    table.comments = root.said().get("Comments", "")[:MAX_COMMENTS]
    beside = _Beside(root)
    places: dict[Element, Place | None] = {}  # of those that have others in them
    names = _Names()
    for element, said, parent, group in _entries(root, None, ""):
        above = None if parent is None else places.get(parent)
        place, refused = _place(element, said, above)
        if "CheatEntries" in said:
            # what has no address is passed over by those in it that count from what is above
            has_none = said.get("Address", "") in ("", "0")
            places[element] = (above or place) if has_none else place
        options = _options(element) if "Options" in said else ()
        inner = _inner(group, said) if options else ""
        if options:
            table.groups.setdefault(inner, TableGroup(inner, options))
        if is_header(said):
            continue
        if len(report) == MAX_ENTRIES:
            raise TableError(name, f"has more than {MAX_ENTRIES} entries")
        label = names.unique(description_of(said) or f"entry {len(report) + 1}")
        try:
            made, left = _made(element, said, label, group, place, refused, beside)
        except FarfetchError as error:
            reason = error.reason if isinstance(error, TableError) else str(error)
            kind = "script" if is_script(said) else "value"
            report.append(Taken(label, False, reason, kind))
            continue
        if isinstance(made, Script):
            table.put_script(made)
        else:
            table.put(made)
        sources[label] = Source(element, made)
        if options:
            table.groups[inner] = TableGroup(inner, options, label)
        report.append(Taken(label, True, left, "script" if isinstance(made, Script) else "value"))
    return table, report


class _Names:
    """Names that are given once."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """The name, with a number behind it where it has been given before."""
        label = name
        while label in self._next:
            self._next[name] += 1
            label = f"{name} ({self._next[name]})"
        self._next.setdefault(label, 1)
        return label


def is_header(said: Said) -> bool:
    """Whether an entry is only what others are grouped under."""
    if "GroupHeader" not in said or is_script(said):
        return False
    return not said.get("VariableType")


def is_script(said: Said) -> bool:
    """Whether an entry is a script."""
    return "AssemblerScript" in said or said.get("VariableType") == "Auto Assembler Script"


def description_of(said: Said) -> str:
    """What an entry is called; its quotes do not count."""
    text = said.get("Description", "")
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return (text[1:-1] if quoted else text)[: MAX_TEXT - 20].strip()


class _Beside:
    """What an entry may need of the others, which few do."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self.choices = ChoiceLists()

    @cached_property
    def _every(self) -> list[Element]:
        return [element for element, _, _, _ in _entries(self._root, None, "")]

    @cached_property
    def described(self) -> dict[str, Element]:
        """All entries, by what they are called; the first of each name."""
        return {description_of(element.said()): element for element in reversed(self._every)}

    @cached_property
    def types(self) -> dict[str, int]:
        """The types that scripts of the table make, and how many bytes a value of each has."""
        found = (element.all("AssemblerScript") for element in self._every)
        texts = (script.text for scripts in found for script in scripts)
        return own_types(chain([self._root.said().get("LuaScript", "")], texts))


def _entries(
    parent: Element, above: Element | None, group: str
) -> Iterator[tuple[Element, Said, Element | None, str]]:
    """All entries with what they say, the one they belong to, and the group they are in."""
    for entries in parent.children:
        if entries.tag != "CheatEntries":
            continue
        for element in entries.children:
            if element.tag != "CheatEntry":
                continue
            said = element.said()
            yield element, said, above, group
            if "CheatEntries" in said:
                yield from _entries(element, element, _inner(group, said))


def _inner(group: str, said: Said) -> str:
    """What those are grouped under that are in an entry; what is too long becomes no longer."""
    name = description_of(said).replace("/", "\N{BIG SOLIDUS}") or "group"
    return f"{group}/{name}" if 0 < len(group) <= MAX_TEXT else group or name


def _options(element: Element) -> tuple[str, ...]:
    """What an entry does to those in it."""
    said = element.find("Options")
    if said is None:
        return ()
    on = {name for name, value in said.attributes.items() if value == "1"}
    if "moBindActivation" in on:  # of older versions
        on |= {"moActivateChildrenAsWell", "moDeactivateChildrenAsWell"}
    return tuple(option for option, theirs in OPTIONS.items() if theirs in on)


def _place(element: Element, said: Said, parent: Place | None) -> tuple[Place | None, str]:
    """Where an entry is, or why that cannot be said."""
    address = said.get("Address")
    if address is None:
        return None, "has no address"
    listed = element.find("Offsets") if "Offsets" in said else None
    offsets = () if listed is None else tuple(offset.text for offset in listed.all("Offset"))
    try:
        return read_place(address, offsets, parent), ""
    except FarfetchError as error:
        return None, error.reason if isinstance(error, TableError) else str(error)


def _made(
    element: Element,
    said: Said,
    label: str,
    group: str,
    place: Place | None,
    refused: str,
    beside: _Beside,
) -> tuple[Entry | Script, str]:
    without = "without its hotkeys" if "Hotkeys" in said else ""  # they stay in the file
    if is_script(said):
        script = element.find("AssemblerScript")
        return Script(label, "" if script is None else script.text, group), without
    kind, bits, different = read_type(said, beside)
    if place is None:
        raise TableError("", refused or "has no address")
    choices, missing = beside.choices.of(element, said, beside)
    shown = "hex" if said.get("ShowAsHex") == "1" and kind[0] in "iu" else ""
    entry = Entry(label, str(place), kind, group, bits=bits, shown=shown, choices=choices)
    return entry, "; ".join(filter(None, (different, without, missing)))


def _symbols(root: Element) -> dict[str, str]:
    """The names that the table gives to addresses."""
    found = {}
    for element in root.all("UserdefinedSymbols", "SymbolEntry"):
        said = element.said()
        name, address = said.get("Name", ""), said.get("Address", "")
        if name and address and re.fullmatch(r"[^\s\"]{1,200}", name):
            with suppress(FarfetchError):  # what is none stays in the file
                found[name] = str(read_place(address, (), None))
    return found
