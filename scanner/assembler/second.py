"""A second assembler for what ours does not know, where it is installed: Keystone.

It is asked with each number and name resolved, for it reads numbers in another way, and what it
gives is decoded again and compared, word by word: it leaves out segments, cuts numbers off, and
takes instructions for others without a word.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import iced_x86

from .operands import REGISTERS, SIZES

_BEFORE: Final = ("lock", "rep", "repe", "repz", "repne", "repnz", "xacquire", "xrelease")
_HEAD: Final = re.compile(
    rf"\s*((?:(?:{'|'.join(_BEFORE)})\s+)*)([a-z]\w*)(?:\s+(.*))?",
    re.IGNORECASE | re.DOTALL,
)
#: What stands before an instruction and is none: before memory alone it would read for ever.
_PREFIXES: Final = frozenset((*_BEFORE, "rex64", "data16", "data32", "addr16", "addr32"))
_PART: Final = re.compile(
    r"""\s*(?:(?P<decoration>\{[\w-]+\}) | (?P<stack>st\s*\(\s*[0-7]\s*\))
    | \#(?P<decimal>[0-9]+) | (?:\$|0x)(?P<hex>[0-9a-f]+)(?![\w.])
    | "(?P<quoted>[^"]*)" | (?P<word>[\w.!?@]+) | (?P<mark>[\[\]+*,:-]))\s*""",
    re.VERBOSE | re.IGNORECASE,
)
#: How an operand is made, by a letter for each part: it is not asked what it might overlook.
_TERM: Final = r"(?:N|R(?:\*N)?|N\*R)"
_MADE: Final = re.compile(rf"(?:(?:SP?)?(?:R:)?\[{_TERM}(?:[+-]{_TERM})*\]|R|-?N)D*")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_KEYWORDS: Final = frozenset(["ptr", "rip", "eip", *SIZES])
#: Where a register does not say how wide the memory is.
_SEVERAL: Final = re.compile(r"movzx|movsx|crc32|v?cvt.*|sh[lr]|sa[lr]|ro[lr]|rc[lr]|in|out")
_ALIKE: Final = {"repz": "repe", "repnz": "repne"}
_MASK: Final = (1 << 64) - 1
_LOCK: Final = threading.Lock()


class _Operand(NamedTuple):
    """An operand in a form that can be compared.

    Attributes:
        size: that is said before memory; "" for none.
        segment: that is said.
        decorations: masks and the like.
        words: registers, with their scales; whatever else is said.
        number: all that is added.
        negative: whether a number is subtracted, so that its width is that of the operand.
        brackets: whether it is memory.
    """

    size: str
    segment: str
    decorations: tuple[str, ...]
    words: tuple[str, ...]
    number: int
    negative: bool
    brackets: bool

    def says(self, other: _Operand) -> bool:
        """Whether a decoded one is what this one asks for."""
        if self.size and other.size and SIZES[self.size] != SIZES[other.size]:
            return False
        if self[1:4] != other[1:4] or self.brackets != other.brackets:
            return False
        widths = (8, 16, 32, 64) if self.negative and not self.brackets else (64,)
        return any((self.number - other.number) % (1 << width) == 0 for width in widths)


@functools.cache
def _engine(bits: int) -> Any | None:
    """Keystone; None where it is not installed."""
    try:
        import keystone
    except ImportError:  # or its library cannot be loaded
        return None
    mode = keystone.KS_MODE_64 if bits == 64 else keystone.KS_MODE_32
    return keystone.Ks(keystone.KS_ARCH_X86, mode)


def is_there() -> bool:
    """Whether there is a second assembler."""
    return _engine(64) is not None


def encode_otherwise(
    text: str, address: int, bits: int, resolve: Callable[[str], int]
) -> bytes | None:
    """The bytes of an instruction; None where it knows none either, or another one.

    Args:
        text: in the dialect of tables.
        address: where it will be.
        bits: 32 or 64.
        resolve: says what a name stands for, or raises what this lets pass.
    """
    engine, head = _engine(bits), _HEAD.fullmatch(text)
    if engine is None or head is None or head[2].lower() in _PREFIXES:
        return None
    operands = _translated(head[3] or "", resolve)
    if operands is None:
        return None
    line = f"{head[1]}{head[2]} {operands}".lower()
    with _LOCK:
        try:
            found, _ = engine.asm(line, address, True)
        except Exception:  # its own, which has no name without it
            return None
    raw = bytes(found or b"")
    asked = _read(line)
    if any(asked is not None and _same(asked, _read(one)) for one in _decoded(raw, address, bits)):
        return raw
    return None


def _translated(text: str, resolve: Callable[[str], int]) -> str | None:
    """Operands with their numbers and names as it reads them; None of what it is not given."""
    parts: list[str] = []
    made = ""
    for part in _parts(text):
        if part is None:
            return None
        word = part["word"]
        made += _letter(part)
        if part["decimal"] is not None:
            parts.append(hex(int(part["decimal"])))
        elif part["hex"] is not None:
            parts.append(f"0x{part['hex']}")
        elif part["quoted"] is not None:
            parts.append(hex(resolve(part["quoted"]) & _MASK))
        elif word is None or word.lower() in _KEYWORDS or word.lower() in REGISTERS:
            parts.append("".join(part[0].split()))
        elif _HEXADECIMAL.fullmatch(word):
            parts.append(f"0x{word}")
        else:
            parts.append(hex(resolve(word) & _MASK))
    if text and not all(_MADE.fullmatch(operand) for operand in made.split(",")):
        return None
    return " ".join(parts)


def _parts(text: str) -> Iterator[re.Match[str] | None]:
    """The parts of operands, one behind the other; None, and no more, at what is none."""
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        yield part
        if part is None:
            return
        at = part.end()


def _letter(part: re.Match[str]) -> str:
    word = (part["word"] or "").lower()
    if part["mark"] is not None:
        return part["mark"]
    if part["decoration"] is not None:
        return "D"
    if part["stack"] is not None or word in REGISTERS or word in ("rip", "eip"):
        return "R"
    return "S" if word in SIZES else "P" if word == "ptr" else "N"


def _decoded(raw: bytes, address: int, bits: int) -> Iterator[str]:
    """How an instruction may be written; nothing of what is none, or more than one."""
    decoded = iced_x86.Decoder(bits, raw, ip=address).decode() if raw else None
    if decoded is None or decoded.is_invalid or decoded.len != len(raw):
        return
    for pseudo in (False, True):
        formatter = iced_x86.Formatter(iced_x86.FormatterSyntax.INTEL)
        formatter.hex_prefix, formatter.hex_suffix = "0x", ""
        formatter.rip_relative_addresses = True
        formatter.use_pseudo_ops = pseudo
        formatter.memory_size_options = iced_x86.MemorySizeOptions.ALWAYS
        yield formatter.format(decoded).lower()


def _read(text: str) -> tuple[str, tuple[_Operand, ...]] | None:
    """The words in front, and the operands."""
    head = _HEAD.fullmatch(text)
    if head is None:
        return None
    words = " ".join(_ALIKE.get(word, word) for word in (*head[1].split(), head[2]))
    operands = []
    for part in (head[3] or "").split(","):
        if part.strip():
            operand = _operand(part)
            if operand is None:
                return None
            operands.append(operand)
    return words, tuple(operands)


def _operand(text: str) -> _Operand | None:
    size, segment, scaled = "", "", ""
    decorations, words = list[str](), list[str]()
    number, sign, negative, brackets = 0, 1, False, False
    for part in _parts(text):
        if part is None:
            return None
        said = "".join(part[0].split())
        if part["decoration"] is not None:
            decorations.append(said)
        elif part["mark"] is not None:
            brackets = brackets or said == "["
            if said == ":":
                segment = words.pop() if words else ""
            scaled = words.pop() if said == "*" and words else ""
            sign = -1 if said == "-" else 1
        elif part["hex"] is not None or (_HEXADECIMAL.fullmatch(said) and said not in REGISTERS):
            value = int(part["hex"] or said, 16)
            if scaled:
                words.append(f"{scaled}*{value}" if value != 1 else scaled)
                scaled = ""
                continue
            number += sign * value
            negative = negative or sign < 0
        elif said in SIZES and said not in REGISTERS:
            size = said
        elif said != "ptr":
            words.append(said)
    return _Operand(
        size, segment, tuple(sorted(decorations)), tuple(sorted(words)), number, negative, brackets
    )


def _same(
    asked: tuple[str, tuple[_Operand, ...]], got: tuple[str, tuple[_Operand, ...]] | None
) -> bool:
    if got is None or asked[0] != got[0] or len(asked[1]) != len(got[1]):
        return False
    if any(one.brackets and not one.size for one in asked[1]):
        plain = any(one.words and not one.brackets for one in asked[1])
        if _SEVERAL.fullmatch(asked[0].split()[-1]):
            return False
        if not plain and any(one.brackets and one.size != "dword" for one in got[1]):
            return False  # unsized memory is a dword
    return all(one.says(other) for one, other in zip(asked[1], got[1], strict=True))
