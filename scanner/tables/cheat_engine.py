"""Cheat Engine tables: .CT files, and .CETRAINER files that are not protected.

The format is what Cheat Engine itself writes (XML; numbers of addresses and offsets are
hexadecimal, the offsets of a pointer are listed last first; MemoryRecordUnit.pas). Scripts are
taken along, and run only when they are switched on.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, TypeAlias

from .. import arguments
from ..errors import FarfetchError, TableError
from .content import MAX_COMMENTS, MAX_ENTRIES
from .ct_address import Place, read_place
from .ct_document import Element, parse_document
from .ct_types import own_types, read_choices, read_type
from .entry import MAX_TEXT, Entry
from .group import OPTIONS, TableGroup
from .origin import Found, Origin, Source
from .script_entry import Script
from .table import Table
from .table_file import read_file

#: Elements of an entry that stay in the file and do nothing here.
_LEFT: Final = {"Hotkeys": "its hotkeys"}


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
    with _uncollected():
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


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make objects without a look, now and then, at all of them: none of them goes in circles."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read(name: str, raw: bytes) -> tuple[Table, list[Taken]]:
    root = parse_document(name, raw)
    table, report = Table(), list[Taken]()
    sources: dict[str, Source] = {}
    table.origin = Origin(raw, Found(root, sources))
    table.symbols = _symbols(root)
    table.comments = root.said("Comments")[:MAX_COMMENTS]
    every = list(_entries(root, None, ()))
    by_description: dict[str, Element] = {}
    for element, _, _ in every:
        by_description.setdefault(description_of(element), element)
    own = own_types(_texts(root, every))
    places: dict[int, Place | None] = {}
    names = _Names()
    for element, parent, group in every:
        above = None if parent is None else places.get(id(parent))
        place, refused = _place(element, above)
        # what has no address is passed over by those in it that count from what is above
        has_none = element.said("Address") in ("", "0")
        places[id(element)] = (above or place) if has_none else place
        options = _options(element)
        inner = "/".join((*group, _group_name(element))) if options else ""
        if options:
            table.groups.setdefault(inner, TableGroup(inner, options))
        if is_header(element):
            continue
        if len(report) == MAX_ENTRIES:
            raise TableError(name, f"has more than {MAX_ENTRIES} entries")
        label = names.unique(description_of(element) or f"entry {len(report) + 1}")
        try:
            within = "/".join(group)
            made, left = _made(element, label, within, place, refused, by_description, own)
        except FarfetchError as error:
            reason = error.reason if isinstance(error, TableError) else str(error)
            kind = "script" if is_script(element) else "value"
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


def is_header(element: Element) -> bool:
    """Whether an entry is only what others are grouped under."""
    if is_script(element):
        return False
    return element.find("GroupHeader") is not None and not element.said("VariableType")


def is_script(element: Element) -> bool:
    """Whether an entry is a script."""
    has_text = element.find("AssemblerScript") is not None
    return has_text or element.said("VariableType") == "Auto Assembler Script"


def description_of(element: Element) -> str:
    """What an entry is called; its quotes do not count."""
    text = element.said("Description")
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return (text[1:-1] if quoted else text)[: MAX_TEXT - 20].strip()


_Placed: TypeAlias = "tuple[Element, Element | None, tuple[str, ...]]"


def _texts(root: Element, every: list[_Placed]) -> Iterator[str]:
    """The scripts of a table, those of its entries and its own."""
    yield root.said("LuaScript")
    for element, _, _ in every:
        script = element.find("AssemblerScript")
        if script is not None:
            yield script.text


def _entries(parent: Element, above: Element | None, group: tuple[str, ...]) -> Iterator[_Placed]:
    """All entries, with the one they belong to and the groups they are in."""
    for element in parent.all("CheatEntries", "CheatEntry"):
        yield element, above, group
        if element.find("CheatEntries") is not None:
            yield from _entries(element, element, (*group, _group_name(element)))


def _group_name(element: Element) -> str:
    """What those are grouped under that are in an entry."""
    return description_of(element).replace("/", "\N{BIG SOLIDUS}") or "group"


def _options(element: Element) -> tuple[str, ...]:
    """What an entry does to those in it."""
    said = element.find("Options")
    if said is None:
        return ()
    on = {name for name, value in said.attributes.items() if value == "1"}
    if "moBindActivation" in on:  # of older versions
        on |= {"moActivateChildrenAsWell", "moDeactivateChildrenAsWell"}
    return tuple(option for option, theirs in OPTIONS.items() if theirs in on)


def _place(element: Element, parent: Place | None) -> tuple[Place | None, TableError | None]:
    """Where an entry is, or why that cannot be said."""
    if element.find("Address") is None:
        return None, TableError("", "has no address")
    offsets = tuple(offset.text for offset in element.all("Offsets", "Offset"))
    try:
        return read_place(element.said("Address"), offsets, parent), None
    except TableError as error:
        return None, error
    except FarfetchError as error:
        return None, TableError("", str(error))


def _made(
    element: Element,
    label: str,
    group: str,
    place: Place | None,
    refused: TableError | None,
    by_description: dict[str, Element],
    own: dict[str, int],
) -> tuple[Entry | Script, str]:
    left = [said for tag, said in _LEFT.items() if element.find(tag) is not None]
    without = f"without {' and '.join(left)}" if left else ""
    if is_script(element):
        script = element.find("AssemblerScript")
        return Script(label, "" if script is None else script.text, group), without
    kind, bits, different = read_type(element, own)
    if place is None:
        raise refused or TableError("", "has no address")
    choices, missing = read_choices(element, by_description)
    shown = "hex" if element.said("ShowAsHex") == "1" and kind[0] in "iu" else ""
    entry = Entry(label, str(place), kind, group, bits=bits, shown=shown, choices=choices)
    return entry, "; ".join(filter(None, (different, without, missing)))


def _symbols(root: Element) -> dict[str, str]:
    """The names that the table gives to addresses."""
    found = {}
    for element in root.all("UserdefinedSymbols", "SymbolEntry"):
        name, address = element.said("Name"), element.said("Address")
        if name and address and re.fullmatch(r"[^\s\"]{1,200}", name):
            with suppress(FarfetchError):  # what is none stays in the file
                found[name] = str(read_place(address, (), None))
    return found
