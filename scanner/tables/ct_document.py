"""Cheat Engine's files as they are: XML whose every element knows which bytes it is.

So what is not understood stays as it is, byte for byte, when a table is written back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from xml.parsers import expat

from ..errors import TableError

#: Elements in one another; groups of groups need two each.
MAX_DEPTH: Final = 128
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_MAGIC: Final = b"CHEATENGINE"
_KEY: Final = 0xCE
_BLANK: Final = b" \t\r\n"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


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
        line: that it begins on, from 1.
        text: what is directly in it.
        children: its elements, in order.
    """

    tag: str
    attributes: Mapping[str, str]
    start: int
    line: int
    inner: int = 0
    close: int = 0
    end: int = 0
    text: str = ""
    text_line: int = 0
    children: Sequence[Element] = ()

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
    _check_kind(name, raw)
    reader = _Reader(name, raw)
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise TableError(
            name,
            f"is damaged at line {error.lineno}, column {error.offset + 1}: "
            f"{expat.errors.messages.get(error.code, 'no XML')}",
        ) from None
    except (ValueError, LookupError):
        raise TableError(name, "is in an encoding that cannot be read") from None
    assert reader.root is not None  # the parser has refused what has no root
    if reader.root.tag != "CheatTable":
        raise TableError(name, f"is no Cheat Engine table: its root is <{reader.root.tag:.60}>")
    return reader.root


def may_be_one(raw: bytes) -> bool:
    """Whether bytes begin as XML does, or are a table or trainer that is none."""
    begin = raw[:64].lstrip(b"\xef\xbb\xbf" + _BLANK)
    if begin.startswith((b"<", _MAGIC)) or raw.startswith(_UTF16):
        return True
    return bool(raw) and not begin.startswith((b"{", b"[")) and _is_protected(raw)


def is_editable(raw: bytes) -> bool:
    """Whether bytes can be put between its bytes: not in UTF-16."""
    return not raw.startswith(_UTF16)


def _check_kind(name: str, raw: bytes) -> None:
    """Say what files are that are no XML."""
    begin = raw[:64].lstrip(b"\xef\xbb\xbf" + _BLANK)
    if not raw or begin.startswith(b"<") or raw.startswith(_UTF16):
        return
    if begin.startswith(_MAGIC):
        raise TableError(
            name,
            "is a table of Cheat Engine 5 or older, which is no XML: "
            "open it in Cheat Engine and save it again",
        )
    if _is_protected(raw):
        reason = "is a protected trainer: whoever made it has hidden what is in it"
        raise TableError(name, reason)


def _is_protected(raw: bytes) -> bool:
    """Whether a file begins, once its veil is off, as protected trainers do (OpenSave.pas)."""
    veiled = bytearray(raw)
    for at in range(2, len(veiled)):
        veiled[at] ^= veiled[at - 2]
    for at in range(len(veiled) - 2, -1, -1):
        veiled[at] ^= veiled[at + 1]
    head = bytes(byte ^ (_KEY + at) & 0xFF for at, byte in enumerate(veiled[:5]))
    return head == _MAGIC[:5]


class _Reader:
    def __init__(self, name: str, raw: bytes) -> None:
        self.name, self.raw = name, raw
        self.root: Element | None = None
        self.open: list[Element] = []
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype

    def doctype(self, *_: object) -> None:
        reason = "declares entities or a DTD, which tables do not need"
        raise TableError(self.name, reason)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        parser = self.parser
        at = parser.CurrentByteIndex
        element = Element(tag, attributes or _NONE, at, parser.CurrentLineNumber)
        # without attributes there is nothing in quotes that could have a > in it
        element.inner = _tag_end(self.raw, at) if attributes else self.raw.find(b">", at) + 1
        if self.open:
            above = self.open[-1]
            if isinstance(above.children, list):
                above.children.append(element)
            else:  # few have any
                above.children = [element]
        else:
            self.root = element
        self.open.append(element)
        if len(self.open) > MAX_DEPTH:
            raise TableError(self.name, f"is nested more than {MAX_DEPTH} deep")

    def end(self, _: str) -> None:
        element = self.open.pop()
        if self.raw[element.inner - 2 : element.inner] == b"/>":
            element.close = element.end = element.inner
        else:
            element.close = self.parser.CurrentByteIndex
            element.end = self.raw.find(b">", element.close) + 1

    def characters(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text


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
