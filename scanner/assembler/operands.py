"""Operands of instructions as text: registers, memory, numbers."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final, NamedTuple, TypeAlias

from iced_x86 import Register as Registers

from ..errors import AssemblyError
from .expressions import Expression, Name, Number, Sum, parse, plain

#: Bytes of what is written before memory.
SIZES: Final = {
    "byte": 1,
    "word": 2,
    "dword": 4,
    "float": 4,
    "fword": 6,
    "qword": 8,
    "double": 8,
    "tbyte": 10,
    "tword": 10,
    "xmmword": 16,
    "dqword": 16,
    "oword": 16,
    "ymmword": 32,
    "yword": 32,
    "qqword": 32,
    "zmmword": 64,
    "zword": 64,
}
_SIZE: Final = re.compile(rf"({'|'.join(SIZES)})\b\s*(?:ptr\b)?\s*(?=\S)", re.IGNORECASE)
_SEGMENT: Final = re.compile(r"([cdefgs]s)\s*:\s*(?=\[)", re.IGNORECASE)
_INSIDE: Final = re.compile(r"\[\s*([cdefgs]s)\s*:", re.IGNORECASE)
_BEGINS: Final = re.compile(r"[\[\w#$('\"]")
_ST: Final = re.compile(r"st\s*(?:\(\s*([0-7])\s*\)|([0-7]))?", re.IGNORECASE)

REGISTERS: Final[dict[str, int]] = {
    name.lower(): value
    for name, value in vars(Registers).items()
    if isinstance(value, int) and name.isupper() and not name.startswith(("DONTUSE", "NONE"))
}
REGISTERS.update({f"r{number}b": REGISTERS[f"r{number}l"] for number in range(8, 16)})
#: Registers that address memory, with their bytes.
ADDRESSING: Final = {
    REGISTERS[name]: size
    for size, prefix in ((4, "e"), (8, "r"))
    for name in (
        *(f"{prefix}{letters}" for letters in ["ax", "bx", "cx", "dx", "si", "di", "sp", "bp"]),
        *(f"r{number}{'d' if size == 4 else ''}" for number in range(8, 16)),
    )
}
#: The 64-bit register that a 32-bit one is half of.
FULL: Final = dict(
    zip(
        [register for register, size in ADDRESSING.items() if size == 4],
        [register for register, size in ADDRESSING.items() if size == 8],
        strict=True,
    )
)


class Register(NamedTuple):
    """A register, by iced's number."""

    number: int


class Immediate(NamedTuple):
    """A number, or an address."""

    tree: Expression
    size: int | None = None


class MemoryOperand(NamedTuple):
    """What lies at an address.

    Attributes:
        size: in bytes; None where it is not said.
        segment: iced's number of the register; 0 for none.
        base: the same of the base.
        index: the same of the index.
        scale: of the index.
        displacement: what is added.
    """

    size: int | None
    segment: int
    base: int
    index: int  # type: ignore[assignment]  # of registers, which tuple.index is not
    scale: int
    displacement: Expression


Operand: TypeAlias = "Register | Immediate | MemoryOperand"


def split(text: str, start: int = 0) -> list[tuple[int, int]]:
    """Where the parts of a text between commas begin and end, without the blanks around them.

    >>> split("eax, [rbx+8]", 0)
    [(0, 3), (5, 12)]
    """
    parts, depth, begin, quote = [], 0, start, ""
    for at in range(start, len(text)):
        mark = text[at]
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        elif mark in "[(":
            depth += 1
        elif mark in "])":
            depth -= 1
        elif mark == "," and depth <= 0:
            parts.append((begin, at))
            begin = at + 1
    parts.append((begin, len(text)))
    return [_trimmed(text, begin, end) for begin, end in parts]


def parted(
    text: str, start: int, end: int, known: Container[str] = ()
) -> list[tuple[int, int]] | None:
    """Two operands between which the comma is missing, as blanks part them, too; None of others.

    >>> parted("mov ebp 0", 4, 9)
    [(4, 7), (8, 9)]
    """
    for blank in re.finditer(r"\s+", text[start:end]):
        first = start, start + blank.start()
        word, rest = text[slice(*first)], text[start + blank.end() : end]
        is_whole = word.endswith("]") or register_of(word, known) is not None
        if is_whole and _BEGINS.match(rest):
            return [first, (start + blank.end(), end)]
    return None


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    part = text[begin:end]
    begin += len(part) - len(part.lstrip())
    return begin, max(begin, begin + len(part.strip()))


def parse_operand(text: str, start: int, end: int, known: Container[str] = ()) -> Operand:
    """Read an operand.

    Args:
        text: of the line.
        start: where the operand begins.
        end: where it ends.
        known: names that are neither registers nor numbers.

    Raises:
        AssemblyError: it is none; says where.

    >>> operand = parse_operand("dword ptr [rbx+rcx*4+10]", 0, 24)
    >>> operand.size, operand.scale, operand.displacement
    (4, 4, Number(value=16))
    """
    word = text[start:end]
    if not word:
        raise AssemblyError(text, start, "an operand is missing here")
    register = register_of(word, known)
    if register is not None:
        return Register(register)
    sized = _SIZE.match(text, start, end)
    size, at = (SIZES[sized[1].lower()], sized.end()) if sized else (None, start)
    segment = _SEGMENT.match(text, at, end)
    if segment is not None:
        at = segment.end()
    inside = _INSIDE.match(text, at, end)
    if text[at : at + 1] == "[" and text[end - 1] == "]" and _closes(text, at, end):
        inner = at + 1 if inside is None else inside.end()
        named = segment or inside
        number = REGISTERS[named[1].lower()] if named else 0
        return _memory(text, inner, end - 1, size, number, known)
    tree = parse(text, at, end, known=known)
    return Immediate(tree, size)


def register_of(word: str, known: Container[str] = ()) -> int | None:
    """The number of the register that a word is; None of other words."""
    if word in known:
        return None
    st = _ST.fullmatch(word)
    if st is not None:
        return REGISTERS[f"st{st[1] or st[2] or 0}"]
    return REGISTERS.get(word.lower())


def _closes(text: str, start: int, end: int) -> bool:
    """Whether the bracket that opens at the start is closed at the end, and not before."""
    depth = 0
    for at in range(start, end):
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return at == end - 1
    return False


def _same_width(base: int, index: int) -> tuple[int, int]:
    """Both registers in full where they differ: Cheat Engine goes by their numbers alone."""
    if base and index and ADDRESSING[base] != ADDRESSING[index]:
        return FULL.get(base, base), FULL.get(index, index)
    return base, index


def _memory(
    text: str, start: int, end: int, size: int | None, segment: int, known: Container[str]
) -> MemoryOperand:
    tree = parse(text, start, end, known=known)
    terms = tree.terms if isinstance(tree, Sum) else ((1, (tree,)),)
    base, index, scale = 0, 0, 1
    rest: list[tuple[int, tuple[Expression, ...]]] = []
    for sign, factors in terms:
        found = [
            (number, factor)
            for factor in factors
            if isinstance(factor, Name)
            and text[factor.position - 1 : factor.position] != '"'
            and (number := register_of(factor.text, known)) is not None
            and not _ST.fullmatch(factor.text)  # which addresses nothing: st4 is a symbol there
        ]
        if not found:
            rest.append((sign, factors))
            continue
        register, name = found[0]
        others = [factor for factor in factors if factor is not name]
        times = plain(Sum(((1, tuple(others)),))) if others else 1
        if len(found) > 1 or sign < 0 or times not in (1, 2, 4, 8):
            raise AssemblyError(text, name.position, f"{name.text} is added once, 2, 4 or 8 times")
        if register not in ADDRESSING:
            raise AssemblyError(text, name.position, f"{name.text} addresses no memory")
        if others and not index:
            index, scale = register, times
        elif not base:
            base = register
        elif not index:
            index, scale = register, times
        else:
            raise AssemblyError(text, name.position, "an address has two registers at most")
    stack = (REGISTERS["esp"], REGISTERS["rsp"])
    if index in stack and scale == 1:
        base, index = index, base
    if index in stack:
        raise AssemblyError(text, start, "the stack pointer is no index")
    base, index = _same_width(base, index)
    if not rest:
        displacement: Expression = Number(0)
    elif len(rest) == 1 and rest[0][0] == 1 and len(rest[0][1]) == 1:
        displacement = rest[0][1][0]
    else:
        displacement = Sum(tuple(rest))
    return MemoryOperand(size, segment, base, index, scale, displacement)
