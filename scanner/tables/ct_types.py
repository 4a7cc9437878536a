"""Types of Cheat Engine's entries, and the values that they give names to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from ..errors import TableError
from .ct_document import Element, Said

#: Cheat Engine's integers: unsigned here, and signed.
NUMBERS: Final = {
    "Byte": ("u8", "i8"),
    "2 Bytes": ("u16", "i16"),
    "4 Bytes": ("u32", "i32"),
    "8 Bytes": ("u64", "i64"),
}
FLOATS: Final = {"Float": "f32", "Double": "f64"}
#: Types that Cheat Engine keeps as scripts; these come with it.
CUSTOM: Final = {
    "2 Byte Big Endian": ("u16be", "i16be"),
    "4 Byte Big Endian": ("u32be", "i32be"),
    "8 Byte Big Endian": ("u64be", "i64be"),
    "Float Big Endian": ("f32be", "f32be"),
    "Double Big Endian": ("f64be", "f64be"),
}
_MAX_LISTED: Final = 1 << 16
_MAX_GIVEN: Final = 1 << 20  # by all lists together, each as often as it is linked to
#: How the scripts of a table say a type of their own: its name, and how many bytes a value has.
_OWN: Final = re.compile(
    r"""^[ \t]*(?:
    TypeName:\s*db\s+'(?P<name>[^'\n]{1,200})' | ByteSize:\s*d[bwdq]\s+(?P<size>[0-9]{1,2})\b
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def own_types(texts: Iterable[str]) -> dict[str, int]:
    r"""The types that scripts of a table make, and how many bytes a value of each has.

    >>> own_types(["TypeName:\ndb 'Masked',0\nByteSize:\ndd 4\nConvertRoutine:\nret"])
    {'Masked': 4}
    """
    found: dict[str, int] = {}
    for text in texts:
        name = ""
        for said in _OWN.finditer(text):
            if said["name"]:
                name = said["name"]
            elif name and 0 < int(said["size"]) <= 64:
                found.setdefault(name, int(said["size"]))
    return found


class Beside(Protocol):
    """What a type or a list of choices may need of the rest of its table."""

    @property
    def described(self) -> Mapping[str, Element]:
        """All entries, by what they are called."""

    @property
    def types(self) -> Mapping[str, int]:
        """Types that the table makes, and how many bytes a value of each has."""


def read_type(said: Said, beside: Beside | None) -> tuple[str, str, str]:
    """The name of an entry's type, the bits of it that count, and what is different here.

    Args:
        said: by the elements of the entry.
        beside: what is beside it; None where types of the table's own do not count.

    Raises:
        TableError: there is none like it here.
    """
    theirs = said.get("VariableType", "")
    is_signed = said.get("ShowAsSigned") == "1"
    if theirs in NUMBERS:
        return NUMBERS[theirs][is_signed], "", ""
    if theirs in FLOATS:
        return FLOATS[theirs], "", ""
    if theirs == "Pointer":
        return "pointer", "", ""
    if theirs == "Binary":
        return *_bits(said), ""
    if theirs == "String":
        return _sized(said, "utf16" if said.get("Unicode") == "1" else "text", "Length")
    if theirs == "Array of byte":
        return _sized(said, "bytes", "ByteLength")
    if theirs == "Custom":
        custom = said.get("CustomType", "")
        if custom in CUSTOM:
            return CUSTOM[custom][is_signed], "", ""
        reason = f"its type {custom:.80} is a script of Cheat Engine's"
        size = None if beside is None else beside.types.get(custom)
        if size is None:
            raise TableError("", reason)
        return f"bytes[{size}]", "", f"as its bytes: {reason}"
    raise TableError("", f"its type {theirs:.80} has no equal here" if theirs else "has no type")


def _bits(said: Said) -> tuple[str, str]:
    numbers = [said.get(tag) or "0" for tag in ("BitStart", "BitLength")]
    if not all(re.fullmatch("[0-9]{1,2}", number) for number in numbers):
        raise TableError("", "its bits are no numbers")
    start, count = map(int, numbers)
    if count == 0:
        raise TableError("", "its length is 0 bits")
    if start + count > 64:
        raise TableError("", f"it is {count} bits from bit {start} on, and values have 64")
    width = next(bits for bits in (8, 16, 32, 64) if start + count <= bits)
    return f"u{width}", f"{start}:{count}"


def _sized(said: Said, kind: str, tag: str) -> tuple[str, str, str]:
    """A type with a length. One of none is what tables show an address with: it is there."""
    text = said.get(tag, "")
    if not re.fullmatch("[0-9]{1,6}", text):
        raise TableError("", f"its length {text!r:.60} is no number of characters or bytes")
    if int(text) == 0:
        return f"{kind}[1]", "", "as one, as its length is 0"
    return f"{kind}[{int(text)}]", "", ""


class ChoiceLists:
    """The lists of choices of a table: each is read once, whoever links to it."""

    def __init__(self) -> None:
        self._read: dict[Element, tuple[tuple[str, str], ...]] = {}
        self._given = 0

    def of(
        self, element: Element, said: Said, beside: Beside
    ) -> tuple[tuple[tuple[str, str], ...], str]:
        """The values of an entry that have names, and what is missing of them."""
        source = element.find("DropDownList") if "DropDownList" in said else None
        if source is None:
            link = said.get("DropDownListLink")
            if not link:
                return (), ""
            other = beside.described.get(link.strip('"'))
            source = None if other is None else other.find("DropDownList")
            if source is None:
                return (), f"without the list of choices of {link:.60}, which is not there"
        pairs = self._read.get(source)
        if pairs is None:
            pairs = self._read[source] = tuple(_pairs(source.text))
        self._given += len(pairs)
        if len(pairs) > _MAX_LISTED or self._given > _MAX_GIVEN:
            return (), "without its list of choices, which is too long"
        return pairs, ""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        value, colon, name = line.partition(":")
        if colon and value.strip():
            yield value.strip()[:200], name.strip()[:200]
