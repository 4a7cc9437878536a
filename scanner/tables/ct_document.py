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
#: What the elements of one say, by their names.
Said: TypeAlias = Mapping[str, str]


@dataclass(eq=False, slots=True)
class Element:
    """One element, and where in the file it is.

    Attributes:
        tag: its name.
        attributes: by name.
        start: of its first byte.
        close: of the first byte of its end tag; behind it where it is its own, as ``<a/>``.
        text: what is directly in it; blanks between its elements are left out.
        children: its elements, in order.
    """

    tag: str
    attributes: Mapping[str, str]
    start: int
    close: int = 0
    text: str = ""
    children: Children = ()

    def find(self, tag: str) -> Element | None:
        """Its first element of a name."""
        for child in self.children:
            if child.tag == tag:
                return child
        return None

    def all(self, *path: str) -> Iterator[Element]:
        """All elements that a path of names leads to, in order."""
        found = [child for child in self.children if child.tag == path[0]]
        for tag in path[1:]:
            found = [inner for child in found for inner in child.children if inner.tag == tag]
        return iter(found)

    def said(self) -> Said:
        """The texts of its elements by their names, without blanks around them.

        Of elements that have the same name it is the first.
        """
        return {child.tag: child.text.strip() for child in reversed(self.children)}


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
    texts: list[str] = []  # what has come since the last tag
    more: dict[Element, list[str]] = {}  # texts between elements

    def doctype(*_: object) -> None:
        raise TableError(name, "declares entities or a DTD, which tables do not need")

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, attributes or _NONE, parser.CurrentByteIndex)
        parent = opened[-1]
        if texts:
            if len(texts) > 1 or not texts[0].isspace():
                keep(parent)
            texts.clear()
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
        element.close = parser.CurrentByteIndex
        if texts:
            if not element.children:
                element.text = texts[0] if len(texts) == 1 else "".join(texts)
            elif len(texts) > 1 or not texts[0].isspace():
                keep(element)
            texts.clear()

    def keep(parent: Element) -> None:
        if not all(map(str.isspace, texts)):
            more.setdefault(parent, []).extend(texts)

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(raw, True)
    finally:  # who is called by the parser knows it: all that was read would wait to be collected
        parser.StartElementHandler = parser.EndElementHandler = None
        parser.CharacterDataHandler = parser.StartDoctypeDeclHandler = None
    for element, said in more.items():
        element.text = "".join(said)
    assert above.children  # the parser has refused what has no root
    return above.children[0]


class Stretches:
    """Which bytes of a file its elements are.

    Args:
        raw: the file.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def inner(self, element: Element) -> int:
        """The first byte behind its start tag."""
        return _tag_end(self.raw, element.start)

    def is_closed(self, element: Element) -> bool:
        """Whether its start tag is its end tag, as ``<a/>``."""
        return self.raw[self.inner(element) - 2] == _SLASH

    def end(self, element: Element) -> int:
        """The first byte behind it."""
        if self.is_closed(element):
            return self.inner(element)
        return self.raw.find(b">", element.close) + 1


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
