"""Cheat Engine tables: .CT files, taken over and written.

The format is what Cheat Engine itself writes (XML; numbers of addresses and offsets are
hexadecimal, the offsets of a pointer are listed last first). Scripts are never run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from .. import arguments
from ..errors import FarfetchError, TableError
from ..memory.path_group import PathGroup
from ..memory.pointer_path import PointerPath
from ..values.literals import quote
from .content import MAX_ENTRIES
from .entry import MAX_TEXT, Entry
from .files import has_content
from .table import MAX_BYTES, Table, read_file, replace_file

#: Elements in one another; groups of groups need two each.
MAX_DEPTH: Final = 128

_PLACE: Final = re.compile(
    r'"?(?P<module>[^"+]*[^"+0-9A-Fa-f][^"+]*)"?(?:\+(?P<offset>[0-9A-Fa-f]{1,16}))?'
    r"|(?P<plain>[0-9A-Fa-f]{1,16})"
)
_NUMBERS: Final = {
    "Byte": ("u8", "i8"),
    "2 Bytes": ("u16", "i16"),
    "4 Bytes": ("u32", "i32"),
    "8 Bytes": ("u64", "i64"),
}
_FLOATS: Final = {"Float": "f32", "Double": "f64"}
_NAMES: Final = {ours: theirs for theirs, both in _NUMBERS.items() for ours in both}
#: What of an entry is written, or is said again by what is. The state is the moment's.
_WRITTEN: Final = frozenset(
    (
        *("ID", "Description", "GroupHeader", "CheatEntries", "LastState", "RealAddress"),
        *("VariableType", "ShowAsSigned", "Length", "Unicode", "ZeroTerminate", "ByteLength"),
        *("Address", "Offsets"),
    )
)
_NAMED_LOST: Final = 4
_SIGNED: Final = tuple(both[1] for both in _NUMBERS.values())


class Taken(NamedTuple):
    """What became of one entry.

    Attributes:
        name: of the entry.
        taken: whether there is an entry of it now.
        reason: why not, or what was left behind; "" when nothing was.

    >>> print(Taken("health", False, "its type is Custom"))
    Taken(name='health', taken=False, reason='its type is Custom')
    """

    name: str
    taken: bool
    reason: str


def import_table(path: str | os.PathLike[str]) -> tuple[Table, list[Taken]]:
    """Read a Cheat Engine table.

    Returns:
        The table, and what became of each entry in the order of the file.

    Raises:
        TableError: the file cannot be read, or is not such a table.

    >>> import_table("/dev/null")
    Traceback (most recent call last):
    farfetch.scanner.TableError: the table /dev/null: is not a regular file
    """
    name = arguments.path("path", path)
    root = _parse(name)
    if root.tag != "CheatTable":
        raise TableError(name, f"is no Cheat Engine table: its root is <{root.tag:.60}>")
    table, report = Table(), list[Taken]()
    for element, group in _entries(root, ()):
        if len(report) == MAX_ENTRIES:
            raise TableError(name, f"has more than {MAX_ENTRIES} entries")
        label = _unique(table, _description(element) or f"entry {len(report) + 1}")
        try:
            entry, left = _entry(element, label, "/".join(group))
        except FarfetchError as error:
            reason = error.reason if isinstance(error, TableError) else str(error)
            report.append(Taken(label, False, reason))
            continue
        table.put(entry)
        report.append(Taken(label, True, left))
    return table, report


def _parse(name: str) -> Any:
    raw, depth, root = read_file(name), 0, None
    events = ("start", "end")
    try:
        for event, element in iterparse(_Source(raw), events=events, forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > MAX_DEPTH:
                raise TableError(name, f"is nested more than {MAX_DEPTH} deep")
    except DefusedXmlException:
        raise TableError(name, "declares entities or a DTD, which tables do not need") from None
    except ElementTree.ParseError as error:
        line, column = error.position
        raise TableError(name, f"is damaged at line {line}, column {column + 1}") from None
    except (ValueError, LookupError):
        raise TableError(name, "is in an encoding that cannot be read") from None
    assert root is not None  # the parser has refused what has no root
    return root


class _Source:
    """Bytes as a file that is read a block at a time."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._raw) if size < 0 else self._at + size
        block = self._raw[self._at : end]
        self._at += len(block)
        return block


def _entries(parent: Any, group: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """All entries that are no plain group, with the groups they are in."""
    for element in parent.iterfind("CheatEntries/CheatEntry"):
        if element.find("GroupHeader") is None:
            yield element, group
        inner = (*group, _description(element).replace("/", "\N{BIG SOLIDUS}") or "group")
        yield from _entries(element, inner)


def _text(element: Any, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _description(element: Any) -> str:
    text = _text(element, "Description")
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return (text[1:-1] if quoted else text)[: MAX_TEXT - 20].strip()


def _unique(table: Table, name: str) -> str:
    label, number = name, 2
    while label in table:
        label, number = f"{name} ({number})", number + 1
    return label


def _entry(element: Any, label: str, group: str) -> tuple[Entry, str]:
    left = []
    if element.find("AssemblerScript") is not None or "Script" in _text(element, "VariableType"):
        raise TableError("", "is a script, and scripts are not run")
    path = PointerPath(_base(_text(element, "Address")), _offsets(element))
    if element.find("DropDownList") is not None:
        left.append("its list of choices")
    if element.find("Hotkeys") is not None:
        left.append("its hotkeys")
    entry = Entry(label, str(path), _type(element), group)
    return entry, f"without {' and '.join(left)}" if left else ""


def _base(text: str) -> str:
    if not text:
        raise TableError("", "has no address")
    place = _PLACE.fullmatch(text)
    if place is None or text.startswith("+"):
        raise TableError("", f"its address {text:.80} is a calculation")
    if place["plain"]:
        return f"0x{int(place['plain'], 16):x}"
    return f'"{place["module"]}"+0x{int(place["offset"] or "0", 16):x}'


def _offsets(element: Any) -> tuple[int, ...]:
    offsets = []
    for offset in element.iterfind("Offsets/Offset"):
        word = (offset.text or "").strip()
        if not re.fullmatch(r"-?[0-9A-Fa-f]{1,15}", word):
            raise TableError("", f"its offset {word:.80} is a calculation")
        offsets.append(int(word, 16))
    return tuple(reversed(offsets))


def _type(element: Any) -> str:
    theirs = _text(element, "VariableType")
    if theirs in _NUMBERS:
        return _NUMBERS[theirs][_text(element, "ShowAsSigned") != "0" and theirs != "Byte"]
    if theirs in _FLOATS:
        return _FLOATS[theirs]
    if theirs == "String":
        size = _size(element, "Length")
        return f"utf16[{size}]" if _text(element, "Unicode") == "1" else f"text[{size}]"
    if theirs == "Array of byte":
        return f"bytes[{_size(element, 'ByteLength')}]"
    raise TableError("", f"its type {theirs:.80} has no equal here" if theirs else "has no type")


def _size(element: Any, tag: str) -> int:
    text = _text(element, tag)
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) == 0:
        raise TableError("", f"its length {text!r:.60} is no number of characters or bytes")
    return int(text)


def export_table(
    table: Iterable[Entry], path: str | os.PathLike[str], *, force: bool = False
) -> list[Taken]:
    """Write a table as Cheat Engine reads it.

    Args:
        table: its entries.
        path: of the file; one that is there stays its owner's.
        force: even over a table with scripts and other things that are not taken over, and would
            be lost.

    Returns:
        What became of each entry.

    Raises:
        TableError: the file cannot be written, or is such a table; what was there is untouched.

    >>> import tempfile
    >>> table = Table()
    >>> table.put(Entry("health", "game+0x4010 -> 0x18", "i32"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_table(table, f"{folder}/game.CT")
    ...     [entry.where for entry in import_table(f"{folder}/game.CT")[0]]
    [Taken(name='health', taken=True, reason='')]
    ['"game"+0x4010 -> 0x18']
    """
    entries = arguments.several("table", table, Entry, "a Table, or entries")
    shown = arguments.path("path", path)
    if not arguments.flag("force", force):
        _check_replaced(shown)
    root = ElementTree.Element("CheatTable", CheatEngineTableVersion="45")
    groups: dict[tuple[str, ...], Any] = {(): ElementTree.SubElement(root, "CheatEntries")}
    report = []
    for number, entry in enumerate(entries):
        try:
            fields = _fields(entry)
        except TableError as error:
            report.append(Taken(entry.name, False, error.reason))
            continue
        parts = tuple(part for part in entry.group.split("/") if part)
        _put(_group(groups, parts), entry, number, fields)
        report.append(Taken(entry.name, True, _left_behind(entry)))
    ElementTree.indent(root)
    raw = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    if len(raw) > MAX_BYTES:
        raise TableError(shown, f"would be larger than {MAX_BYTES >> 20} MiB")
    replace_file(shown, raw)
    return report


def _check_replaced(name: str) -> None:
    """Refuse to write over what is not all understood."""
    try:
        lost = sorted(_lost(name)) if has_content(name) else []
    except TableError as error:
        lost = [f"all of it: it {error.reason}"]
    if lost:
        more = f" and {len(lost) - _NAMED_LOST} more" if len(lost) > _NAMED_LOST else ""
        reason = f"is not written over, as it would lose {', '.join(lost[:_NAMED_LOST])}{more}"
        raise TableError(name, f"{reason}; export to another file, or force it")


def _lost(name: str) -> set[str]:
    """What a Cheat Engine table has that the one written in its place would not."""
    root = _parse(name)
    if root.tag != "CheatTable":
        raise TableError("", "is no Cheat Engine table")
    lost = {
        f"its {element.tag:.40}"
        for element in root
        if element.tag != "CheatEntries" and (len(element) or (element.text or "").strip())
    }
    if b"<!--" in read_file(name):
        lost.add("its comments")
    for element in root.iterfind(".//CheatEntry"):
        label = quote(_description(element)[:60])
        unknown = {child.tag for child in element} - _WRITTEN
        if element.find("GroupHeader") is None:
            try:
                _entry(element, "entry", "")
            except FarfetchError as error:
                reason = error.reason if isinstance(error, TableError) else str(error)
                lost.add(f"{label} ({reason})")
                continue
        elif element.find("Address") is not None:
            unknown.add("Address")  # of a group
        lost |= {f"the {tag:.40} of {label}" for tag in unknown}
    return lost


def _fields(entry: Entry) -> dict[str, str]:
    """What Cheat Engine calls the type and the place."""
    texts = (entry.name, entry.group)
    if any(ord(mark) < 0x20 or mark in "\ufffe\uffff" for text in texts for mark in text):
        raise TableError("", "its name has characters that XML does not have")
    sized = re.fullmatch(r"(text|utf16|bytes)\[([0-9]+)\]", entry.type)
    fields = {}
    if entry.type in _NAMES:
        fields["ShowAsSigned"] = "1" if entry.type in _SIGNED else "0"
        fields["VariableType"] = _NAMES[entry.type]
    elif entry.type in _FLOATS.values():
        fields["VariableType"] = "Float" if entry.type == "f32" else "Double"
    elif sized is not None and sized[1] == "bytes":
        fields |= {"VariableType": "Array of byte", "ByteLength": sized[2]}
    elif sized is not None:
        fields |= {"VariableType": "String", "Length": sized[2], "ZeroTerminate": "1"}
        fields["Unicode"] = "1" if sized[1] == "utf16" else "0"
    else:
        raise TableError("", f"Cheat Engine has no type like {entry.type}")
    fields["Address"] = _address(_path(entry).base)
    return fields


def _path(entry: Entry) -> PointerPath:
    """The path that is written: of a group the first."""
    path = entry.path
    return path.paths[0] if isinstance(path, PathGroup) else path


def _left_behind(entry: Entry) -> str:
    """What is not written of an entry; "" where nothing is left behind."""
    path = entry.path
    left = ["without its note"] if entry.note else []
    if isinstance(path, PathGroup):
        left.append(f"only the first of its {len(path.paths)} paths")
    return ", ".join(left)


def _address(base: str) -> str:
    plain = re.fullmatch(r"0[xX]([0-9a-fA-F]{1,16})", base)
    if plain:
        return plain[1]
    place = re.fullmatch(r'"?([^"+\[\]]+)"?(?:\+0[xX]([0-9a-fA-F]{1,16}))?', base)
    if place is None:
        raise TableError("", f"Cheat Engine does not know the place {base}")
    return f'"{place[1]}"+{place[2] or "0"}'


def _group(groups: dict[tuple[str, ...], Any], path: tuple[str, ...]) -> Any:
    if path not in groups:
        header = ElementTree.SubElement(_group(groups, path[:-1]), "CheatEntry")
        ElementTree.SubElement(header, "Description").text = f'"{path[-1]}"'
        ElementTree.SubElement(header, "GroupHeader").text = "1"
        groups[path] = ElementTree.SubElement(header, "CheatEntries")
    return groups[path]


def _put(parent: Any, entry: Entry, number: int, fields: dict[str, str]) -> None:
    element = ElementTree.SubElement(parent, "CheatEntry")
    ElementTree.SubElement(element, "ID").text = str(number)
    ElementTree.SubElement(element, "Description").text = f'"{entry.name}"'
    for tag, text in fields.items():
        ElementTree.SubElement(element, tag).text = text
    path = _path(entry)
    if path.offsets:
        offsets = ElementTree.SubElement(element, "Offsets")
        for offset in reversed(path.offsets):
            ElementTree.SubElement(offsets, "Offset").text = f"{offset:X}"
