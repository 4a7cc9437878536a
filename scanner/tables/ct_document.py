"""Cheat Engine's files as they are: XML whose every element knows which bytes it is.

So what is not understood stays as it is, byte for byte, when a table is written back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from xml.parsers import expat

from ..errors import TableError
from .ct_kinds import other_kind

#: Elements in one another; groups of groups need two each.
MAX_DEPTH: Final = 128
#: Elements of a file; those of tables are longer than what so many have room for.
MAX_ELEMENTS: Final = 1_000_000
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_SLASH: Final = ord("/")
#: Elements in order; those that have none share an empty tuple.
Children: TypeAlias = "list[Element] | tuple[()]"


@dataclass(eq=False, slots=True)
class Element:
    """One element, and the bytes of the file that it is.

    Attributes:
        tag: its name.
        attributes: by name.
        start: of its first byte.
        inner: of the first byte behind its start tag.
        close: of the first byte of its end tag.
        end: of the first byte behind it.
        text: what is directly in it; blanks between its elements are left out.
        children: its elements, in order.
    """

    tag: str
    attributes: Mapping[str, str]
    start: int
    inner: int = 0
    close: int = 0
    end: int = 0
    text: str = ""
    children: Children = ()
    _firsts: dict[str, Element] | None = None  # of each name, while many are asked for

    def find(self, tag: str) -> Element | None:
        """Its first element of a name."""
        firsts = self._firsts
        if firsts is None:
            firsts = self._firsts = {child.tag: child for child in reversed(self.children)}
        return firsts.get(tag)

    def done(self) -> None:
        """Say that no more is asked for: what was kept for that takes room."""
        self._firsts = None

    def all(self, *path: str) -> Iterator[Element]:
        """All elements that a path of names leads to, in order."""
        found = [child for child in self.children if child.tag == path[0]]
        for tag in path[1:]:
            found = [inner for child in found for inner in child.children if inner.tag == tag]
        return iter(found)

    def said(self, tag: str) -> str:
        """The text of its first element of a name, without blanks around it; "" without one."""
        child = self.find(tag)
        return "" if child is None else child.text.strip()


def parse_document(name: str, raw: bytes) -> Element:
    """The root of a Cheat Engine table.

    Args:
        name: of the file, for errors.
        raw: its bytes.

    Raises:
        TableError: it is none; says what it is, or where it is damaged.
    """
    other = other_kind(raw)
    if other:
        raise TableError(name, other)
    try:
        return _read(name, raw)
    except expat.ExpatError as error:
        raise TableError(
            name,
            f"is damaged at line {error.lineno}, column {error.offset + 1}: "
            f"{expat.errors.messages.get(error.code, 'no XML')}",
        ) from None
    except (ValueError, LookupError):
        raise TableError(name, "is in an encoding that cannot be read") from None


def _read(name: str, raw: bytes) -> Element:
    if raw.count(b"<") - raw.count(b"</") > MAX_ELEMENTS:
        raise TableError(name, f"has more than {MAX_ELEMENTS} elements and comments")
    parser: Any = expat.ParserCreate()
    above = Element("", _NONE, 0)  # what the root is in
    opened = [above]
    more: dict[Element, list[str]] = {}  # texts that come in pieces

    def doctype(*_: object) -> None:
        raise TableError(name, "declares entities or a DTD, which tables do not need")

    def start(tag: str, attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex
        element = Element(tag, attributes or _NONE, at)
        # without attributes there is nothing in quotes that could have a > in it
        element.inner = _tag_end(raw, at) if attributes else raw.find(b">", at) + 1
        parent = opened[-1]
        children = parent.children
        if children:
            children.append(element)
        else:  # few have any
            if len(opened) > MAX_DEPTH:
                raise TableError(name, f"is nested more than {MAX_DEPTH} deep")
            if parent is above and tag != "CheatTable":
                raise TableError(name, f"is no Cheat Engine table: its root is <{tag:.60}>")
            parent.children = [element]
        opened.append(element)

    def end(_: str) -> None:
        element = opened.pop()
        inner = element.inner
        if raw[inner - 2] == _SLASH:
            element.close = element.end = inner
        else:
            element.close = close = parser.CurrentByteIndex
            element.end = raw.find(b">", close) + 1

    def characters(text: str) -> None:
        element = opened[-1]
        if not element.text and not element.children:
            element.text = text
        elif not (element.children and text.isspace()):
            more.setdefault(element, [element.text]).append(text)

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(raw, True)
    for element, texts in more.items():
        element.text = "".join(texts)
    assert above.children  # the parser has refused what has no root
    return above.children[0]


def _tag_end(raw: bytes, at: int) -> int:
    """Behind the end of the tag that begins at an offset."""
    while True:
        close = raw.find(b">", at)
        if close < 0:
            return len(raw)
        quote = min(
            (found for mark in (b'"', b"'") if (found := raw.find(mark, at, close)) >= 0),
            default=-1,
        )
        if quote < 0:
            return close + 1
        at = raw.find(raw[quote : quote + 1], quote + 1) + 1
        if at == 0:
            return len(raw)
