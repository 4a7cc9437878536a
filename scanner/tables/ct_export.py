"""Writing tables as Cheat Engine reads them.

A table that was read from such a file is written back into it: what has not changed stays byte for
byte, with all that is not understood.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .. import arguments
from ..errors import FarfetchError, TableError
from ..memory.path_group import PathGroup
from ..values.literals import quote
from .cheat_engine import Taken, description_of, is_script, look_at
from .ct_document import Element, Said, Stretches, parse_document
from .ct_fields import choices_of, path_of, place_fields, type_fields
from .ct_kinds import is_utf16
from .entry import Entry
from .files import has_content
from .group import OPTIONS, TableGroup
from .origin import Origin, Source
from .script_entry import Script
from .table import Table
from .table_file import MAX_BYTES, read_file, replace_file

_NAMED_LOST: Final = 4
#: What of an entry is written, or is said again by what is. The state is the moment's.
_WRITTEN: Final = frozenset(
    (
        *("ID", "Description", "GroupHeader", "CheatEntries", "LastState", "RealAddress"),
        *("VariableType", "ShowAsSigned", "ShowAsHex", "Length", "Unicode", "ZeroTerminate"),
        *("ByteLength", "BitStart", "BitLength", "ShowAsBinary", "CustomType", "CodePage"),
        *("Address", "Offsets", "AssemblerScript", "DropDownList"),
    )
)
#: Elements of an entry that its type and place are said by.
_OF_TYPE: Final = (
    *("VariableType", "ShowAsSigned", "ShowAsHex", "Length", "Unicode", "ZeroTerminate"),
    *("ByteLength", "BitStart", "BitLength", "ShowAsBinary", "CustomType", "CodePage"),
)


def export_table(
    table: Iterable[Entry], path: str | os.PathLike[str], *, force: bool = False
) -> list[Taken]:
    """Write a table as Cheat Engine reads it.

    Args:
        table: its entries; of a :class:`Table` its scripts, too. One that :func:`import_table` gave
            keeps what its file has beside them, and is the same file where nothing was changed.
        path: of the file; one that is there stays its owner's.
        force: even over a table with things that are not taken over, and would be lost.

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
    [Taken(name='health', taken=True, reason='', kind='value')]
    ['"game"+0x4010 -> 0x18']
    """
    scripts = table.scripts if isinstance(table, Table) else ()
    origin = table.origin if isinstance(table, Table) else None
    groups = table.groups if isinstance(table, Table) else {}
    entries = arguments.several("table", table, Entry, "a Table, or entries")
    shown = arguments.path("path", path)
    if not arguments.flag("force", force):
        _check_replaced(shown, origin)
    report: list[Taken] = []
    if origin is not None:
        raw = _edited(shown, origin, [*entries, *scripts], groups, report)
    else:
        raw = _fresh([*entries, *scripts], groups, report)
    if len(raw) > MAX_BYTES:
        raise TableError(shown, f"would be larger than {MAX_BYTES >> 20} MiB")
    replace_file(shown, raw)
    return report


def _fresh(
    things: list[Entry | Script], groups: Mapping[str, TableGroup], report: list[Taken]
) -> bytes:
    root = ElementTree.Element("CheatTable", CheatEngineTableVersion="45")
    _nest(ElementTree.SubElement(root, "CheatEntries"), things, groups, 0, report)
    ElementTree.indent(root)
    raw: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return raw + b"\n"


def _made(thing: Entry | Script, number: int, report: list[Taken]) -> Any:
    """The element of an entry or a script; None where Cheat Engine has nothing like it."""
    kind = "script" if isinstance(thing, Script) else "value"
    try:
        fields = _fields(thing)
    except TableError as error:
        report.append(Taken(thing.name, False, error.reason, kind))
        return None
    report.append(Taken(thing.name, True, _left_behind(thing), kind))
    element = ElementTree.Element("CheatEntry")
    ElementTree.SubElement(element, "ID").text = str(number)
    ElementTree.SubElement(element, "Description").text = f'"{thing.name}"'
    for tag, text in fields.items():
        ElementTree.SubElement(element, tag).text = text
    listed = place_fields(path_of(thing))[1] if isinstance(thing, Entry) else ()
    if listed:
        offsets = ElementTree.SubElement(element, "Offsets")
        for offset in reversed(listed):
            ElementTree.SubElement(offsets, "Offset").text = f"{offset:X}"
    return element


def _left_behind(thing: Entry | Script) -> str:
    """What is not written of an entry; "" where nothing is left behind."""
    left = ["without its note"] if thing.note else []
    if isinstance(thing, Entry) and isinstance(thing.path, PathGroup):
        left.append(f"only the first of its {len(thing.path.paths)} paths")
    return ", ".join(left)


def _fields(thing: Entry | Script) -> dict[str, str]:
    """What Cheat Engine calls the type and the place."""
    texts = (thing.name, thing.group, thing.text if isinstance(thing, Script) else "")
    if any(
        (ord(mark) < 0x20 and mark not in "\t\r\n") or mark in "\ufffe\uffff"
        for text in texts
        for mark in text
    ) or any(mark in thing.name + thing.group for mark in "\t\r\n"):
        raise TableError("", "its name has characters that XML does not have")
    if isinstance(thing, Script):
        return {"VariableType": "Auto Assembler Script", "AssemblerScript": thing.text}
    fields = type_fields(thing)
    if thing.choices:
        fields["DropDownList"] = choices_of(thing)
    fields["Address"] = place_fields(path_of(thing))[0]
    return fields


def _nest(
    root: Any,
    things: list[Entry | Script],
    groups: Mapping[str, TableGroup],
    first: int,
    report: list[Taken],
) -> None:
    """Put the elements of things into one, in their groups."""
    lists: dict[tuple[str, ...], Any] = {(): root}
    headed = {group.head: group for group in groups.values() if group.head}
    heads = [thing for thing in things if thing.name in headed]  # before what is in them
    heads.sort(key=lambda thing: len(_parts(headed[thing.name].path)))
    others = [thing for thing in things if thing.name not in headed]
    for number, thing in enumerate((*heads, *others), first):
        element = _made(thing, number, report)
        if element is None:
            continue
        _group(lists, _parts(thing.group), groups).append(element)
        group = headed.get(thing.name)
        if group is not None and _parts(group.path) not in lists:
            _add_options(element, group)
            lists[_parts(group.path)] = ElementTree.SubElement(element, "CheatEntries")
    for element in root.iter("CheatEntry"):
        inner = element.find("CheatEntries")
        if inner is not None and not len(inner):
            element.remove(inner)


def _parts(group: str) -> tuple[str, ...]:
    return tuple(part for part in group.split("/") if part)


def _add_options(element: Any, group: TableGroup | None) -> None:
    if group is not None and group.options:
        options = {OPTIONS[option]: "1" for option in group.options}
        element.insert(2, ElementTree.Element("Options", options))


def _group(
    lists: dict[tuple[str, ...], Any], path: tuple[str, ...], groups: Mapping[str, TableGroup]
) -> Any:
    if path not in lists:
        header = ElementTree.SubElement(_group(lists, path[:-1], groups), "CheatEntry")
        ElementTree.SubElement(header, "Description").text = f'"{path[-1]}"'
        ElementTree.SubElement(header, "GroupHeader").text = "1"
        _add_options(header, groups.get("/".join(path)))
        lists[path] = ElementTree.SubElement(header, "CheatEntries")
    return lists[path]


class _Edits(Stretches):
    """Stretches of a file that are replaced."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self._edits: list[tuple[int, int, bytes]] = []

    def replace(self, start: int, end: int, new: bytes) -> None:
        """Put other bytes in the place of some."""
        self._edits.append((start, end, new))

    def take_out(self, element: Element) -> None:
        """Leave out an element, with the blanks before it and the line's end before these."""
        at = start = element.start
        while start and self.raw[start - 1 : start] in (b" ", b"\t"):
            start -= 1
        if self.raw[start - 1 : start] == b"\n":
            at = start - (2 if self.raw[start - 2 : start] == b"\r\n" else 1)
        self.replace(at, self.end(element), b"")

    def done(self) -> bytes:
        """The file with all of it."""
        parts, at = [], 0
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if start >= at:  # or it lies in what has been taken out
                parts += [self.raw[at:start], new]
                at = end
        return b"".join((*parts, self.raw[at:]))


def _edited(
    name: str,
    origin: Origin,
    things: list[Entry | Script],
    groups: Mapping[str, TableGroup],
    report: list[Taken],
) -> bytes:
    """The file that a table came from, with what has changed since."""
    look_at(origin)
    sources = origin.sources
    edits = _Edits(origin.raw)
    left: dict[int, str] = {}
    changed: list[tuple[Source, Entry | Script]] = []
    added: list[Entry | Script] = []
    for thing in things:
        source = sources.get(thing.name)
        if (
            source is None
            or type(source.made) is not type(thing)
            or source.made.group != thing.group
        ):
            added.append(thing)
            continue
        left[id(source.element)] = thing.name
        if source.made == thing:
            report.append(Taken(thing.name, True, "", _kind(thing)))
        else:
            changed.append((source, thing))
    gone = [source for source in sources.values() if id(source.element) not in left]
    gone += origin.unnamed
    if is_utf16(origin.raw) and (changed or added or gone):
        raise TableError(
            name,
            "its file is in UTF-16, in which nothing is changed: "
            "save it as UTF-8 in Cheat Engine first",
        )
    for source, thing in changed:
        _change(edits, source, thing, report)
    for source in gone:
        _take_out(edits, source, left, report)
    if added:
        _append(edits, origin, added, groups, report)
    return edits.done()


def _kind(thing: Entry | Script) -> str:
    return "script" if isinstance(thing, Script) else "value"


def _change(edits: _Edits, source: Source, thing: Entry | Script, report: list[Taken]) -> None:
    element, made = source
    try:
        fields = _fields(thing)
        if made.name != thing.name:
            _put(edits, element, "Description", f'"{thing.name}"')
        if isinstance(thing, Script) and isinstance(made, Script):
            if made.text != thing.text:
                _put(edits, element, "AssemblerScript", thing.text)
        elif isinstance(thing, Entry) and isinstance(made, Entry):
            if type_fields(made) != type_fields(thing):
                for tag in _OF_TYPE:
                    _put(edits, element, tag, fields.get(tag))
            if made.choices != thing.choices:
                _put(edits, element, "DropDownList", fields.get("DropDownList"))
            if made.where != thing.where:
                _put(edits, element, "Address", fields["Address"])
                _put_offsets(edits, element, place_fields(path_of(thing))[1])
    except TableError as error:
        report.append(Taken(thing.name, False, f"{error.reason}; it stays as it was", _kind(thing)))
        return
    report.append(Taken(thing.name, True, _left_behind(thing), _kind(thing)))


def _put(edits: _Edits, element: Element, tag: str, text: str | None) -> None:
    """Give an element of an entry another text; None takes it out."""
    child = element.find(tag)
    if child is None:
        if text is not None:
            _insert(edits, element, f"<{tag}>{_escaped(text)}</{tag}>")
    elif text is None:
        edits.take_out(child)
    elif edits.is_closed(child):  # <Length/>
        whole = f"<{tag}>{_escaped(text)}</{tag}>"
        edits.replace(child.start, edits.end(child), whole.encode("ascii"))
    elif child.text.strip() != text:
        edits.replace(edits.inner(child), child.close, _escaped(text).encode("ascii"))


def _put_offsets(edits: _Edits, element: Element, offsets: tuple[int, ...]) -> None:
    listed = "".join(f"<Offset>{offset:X}</Offset>" for offset in reversed(offsets))
    new = f"<Offsets>{listed}</Offsets>" if offsets else ""
    child = element.find("Offsets")
    if child is not None:
        edits.replace(child.start, edits.end(child), new.encode("ascii"))
    elif new:
        _insert(edits, element, new)


def _insert(edits: _Edits, element: Element, text: str) -> None:
    """Put an element behind the description of an entry, or first in it."""
    before = element.find("Description") or element.find("ID")
    at = edits.inner(element) if before is None else edits.end(before)
    edits.replace(at, at, text.encode("ascii"))


def _escaped(text: str) -> str:
    """Text of XML that every encoding has."""
    return escape(text).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _take_out(edits: _Edits, source: Source, left: dict[int, str], report: list[Taken]) -> None:
    if any(id(inner) in left for inner in _inside(source.element)):
        reason = "stays in the file, as there are others in it"
        report.append(Taken(source.made.name, False, reason, _kind(source.made)))
        return
    edits.take_out(source.element)


def _inside(element: Element) -> Iterable[Element]:
    for inner in element.all("CheatEntries", "CheatEntry"):
        yield inner
        yield from _inside(inner)


def _append(
    edits: _Edits,
    origin: Origin,
    added: list[Entry | Script],
    groups: Mapping[str, TableGroup],
    report: list[Taken],
) -> None:
    """Put new entries behind the others, in groups of their own."""
    root = ElementTree.Element("CheatEntries")
    _nest(root, added, groups, 1_000_000, report)
    ElementTree.indent(root)
    inner = b"".join(ElementTree.tostring(element, encoding="us-ascii") for element in root)
    if not inner:
        return
    assert origin.found is not None
    whole_root = origin.found.root
    entries = whole_root.find("CheatEntries")
    if entries is None or edits.is_closed(entries):
        whole = b"<CheatEntries>" + inner + b"</CheatEntries>"
        if entries is not None:
            edits.replace(entries.start, edits.end(entries), whole)
            return
        at = edits.inner(whole_root)
        if edits.is_closed(whole_root):  # <CheatTable/>
            edits.replace(at - 2, at, b">" + whole + b"</CheatTable>")
        else:
            edits.replace(at, at, whole)
        return
    edits.replace(entries.close, entries.close, inner)


def _check_replaced(name: str, origin: Origin | None) -> None:
    """Refuse to write over what is not all understood."""
    if not has_content(name):
        return
    try:
        raw = read_file(name)
        if origin is not None and raw == origin.raw:
            return
        lost = sorted(_lost(name, raw))
    except TableError as error:
        lost = [f"all of it: it {error.reason}"]
    if lost:
        more = f" and {len(lost) - _NAMED_LOST} more" if len(lost) > _NAMED_LOST else ""
        reason = f"is not written over, as it would lose {', '.join(lost[:_NAMED_LOST])}{more}"
        raise TableError(name, f"{reason}; export to another file, or force it")


def _lost(name: str, raw: bytes) -> set[str]:
    """What a Cheat Engine table has that the one written in its place would not."""
    root = parse_document(name, raw)
    lost = {
        f"its {element.tag:.40}"
        for element in root.children
        if element.tag != "CheatEntries" and (element.children or element.text.strip())
    }
    if b"<!--" in raw:
        lost.add("its comments")
    for element in _inside(root):
        said = element.said()
        label = quote(description_of(said)[:60])
        unknown = said.keys() - _WRITTEN
        if "GroupHeader" in said and "Address" in said:
            unknown.add("Address")  # of a group
        lost |= {f"the {tag:.40} of {label}" for tag in unknown}
        if not is_script(said) and "GroupHeader" not in said:
            lost |= _not_taken(element, said, label)
    return lost


def _not_taken(element: Element, said: Said, label: str) -> set[str]:
    from .ct_address import read_place
    from .ct_types import read_type

    try:
        read_type(said, None)
        address = said.get("Address", "")
        if not re.match("[+-]", address):
            offsets = tuple(offset.text for offset in element.all("Offsets", "Offset"))
            read_place(address, offsets, None)
    except FarfetchError as error:
        reason = error.reason if isinstance(error, TableError) else str(error)
        return {f"{label} ({reason})"}
    return set()
