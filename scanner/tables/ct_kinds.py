"""What files are that are called tables of Cheat Engine's and are none: said in one line."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = b" \t\r\n"
_MARK: Final = b"\xef\xbb\xbf"  # of UTF-8
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_MAGIC: Final = b"CHEATENGINE"
#: How old tables begin, those of altered Cheat Engines with another name; then comes their version.
_OLD: Final = re.compile(rb"[A-Z]{2,20}ENGINE[\x01-\x0f]", re.IGNORECASE)
_KEY: Final = 0xCE
#: How packed data begins, which is all that older trainers have.
_DEFLATED: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
#: Bytes that are looked at.
_LOOKED_AT: Final = 4096
_AGAIN: Final = "download the table itself"
_UNPACK: Final = "unpack it, and load the table that is in it"
#: How files of other kinds begin, what they are, and what to do.
_OTHERS: Final = (
    (b"Rar!\x1a\x07", f"a RAR archive: {_UNPACK}"),
    (b"PK\x03\x04", f"a ZIP archive: {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {_UNPACK}"),
    (b"\x1f\x8b", f"packed by gzip: {_UNPACK}"),
    (b"\xfd7zXZ\x00", f"packed by xz: {_UNPACK}"),
    (b"MZ", "a program of Windows, and no table: a trainer that is one has its table hidden in it"),
    (b"\x7fELF", "a program of Linux, and no table"),
    (b"%PDF-", f"a PDF document, and no table: {_AGAIN}"),
    (b"\x89PNG", f"a picture, and no table: {_AGAIN}"),
    (b"\xff\xd8\xff", f"a picture, and no table: {_AGAIN}"),
    (b"version https://git-lfs", "what Git LFS has in a file's place: get it by git lfs pull"),
)
#: How web pages begin.
_PAGE: Final = re.compile(
    rb"(?:\s|<\?(?:(?!\?>).)*\?>|<!--(?:(?!-->).)*-->)*"
    rb"<(?:!doctype\s+html|html|head|body|script|meta|title|div)\b",
    re.IGNORECASE | re.DOTALL,
)
_SECTION: Final = re.compile(rb"^\s*\[\s*(?:enable|disable)\s*\]", re.IGNORECASE | re.MULTILINE)
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def other_kind(raw: bytes) -> str:
    r"""What bytes are that are no XML, or a web page, and what to do; "" where they may be a table.

    >>> other_kind(b"<CheatTable/>"), other_kind(b"7z\xbc\xaf\x27\x1c and more")
    ('', 'is a 7z archive: unpack it, and load the table that is in it')
    """
    head = raw[:_LOOKED_AT]
    begin = head.removeprefix(_MARK).lstrip(_BLANK)
    if raw.startswith(_UTF16):
        return ""
    if begin.startswith(b"<"):
        page = _PAGE.match(begin)
        return f"is a web page, perhaps one that asks for a login: {_AGAIN}" if page else ""
    if not begin:
        return "is empty" if not raw else "has nothing but blanks in it"
    if _OLD.match(begin):
        return (
            "is a table of Cheat Engine 5 or older, which is no XML: "
            "open it in Cheat Engine and save it again"
        )
    for magic, said in _OTHERS:
        if begin.startswith(magic):
            return f"is {said}"
    if is_protected(raw):
        return "is a protected trainer: whoever made it has hidden what is in it"
    if not raw.strip(b"\0"):
        return f"has nothing but zeros in it: it was lost when it was written, {_AGAIN}"
    if begin.startswith((b"{", b"[")) and not _SECTION.match(begin):
        return "is JSON, and no table of Cheat Engine's: tables of ours do not end in .CT"
    if _NO_TEXT.search(head):
        return f"is no table: it begins with the bytes {head[:8].hex(' ')}"
    if _SECTION.search(head):
        return "is a script alone, which no table is around: paste it into a table"
    return f"is a text, and no table: {_AGAIN}"


def is_utf16(raw: bytes) -> bool:
    """Whether bytes begin as a text in UTF-16 does."""
    return raw.startswith(_UTF16)


def may_be_one(raw: bytes) -> bool:
    """Whether bytes begin as XML does, or are a table or trainer that is none."""
    begin = raw[:64].removeprefix(_MARK).lstrip(_BLANK)
    if begin.startswith(b"<") or is_utf16(raw) or _OLD.match(begin):
        return True
    return bool(raw) and not begin.startswith((b"{", b"[")) and is_protected(raw)


def is_protected(raw: bytes) -> bool:
    """Whether a file begins, once its veil is off, as protected trainers do (OpenSave.pas).

    Each byte is hidden by the one two before it, then by all behind it, then by where it is.
    """
    behind = _together(raw[::-1][0::4]) ^ _together(raw[::-1][1::4])
    before, head = [0, 0], bytearray()
    for at, byte in enumerate(raw[: len(_MAGIC)]):
        head.append(behind ^ (_KEY + at) & 0xFF)
        before.append(byte ^ before[-2])
        behind ^= before[-1]
    return head.startswith(_MAGIC[:5]) or bytes(head[:2]) in _DEFLATED


def _together(raw: bytes) -> int:
    """The exclusive or of all bytes."""
    number, size = int.from_bytes(raw, "little"), len(raw)
    while size > 1:
        half = (size + 1) // 2
        number = number >> half * 8 ^ number & (1 << half * 8) - 1
        size = half
    return number
