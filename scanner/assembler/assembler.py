"""A line of assembly, as people write it, to bytes.

The dialect is Cheat Engine's: Intel's order, hexadecimal numbers, unsized memory is a dword. Each
line is decoded again and compared before its bytes are given out. What is not known here is asked
of Keystone, where that is installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from typing import Final, NamedTuple

from .. import arguments
from ..errors import ArgumentError, AssemblyError
from .branches import ALIASES, MNEMONICS, Form, encode_branch
from .encoder import Ambiguous, CannotEncode, Memory, Resolved, Value, encode
from .encodings import CLASSES, WIDTHS
from .expressions import Name, Read, Resolve, evaluate, names
from .operands import (
    FULL,
    REGISTERS,
    Immediate,
    MemoryOperand,
    Operand,
    Register,
    parse_operand,
    parted,
    split,
)
from .second import encode_otherwise, is_there

#: Characters of a line.
MAX_LINE: Final = 4096
_SOMEWHERE: Final = 0x1000  # what names stand for until it is known

_PREFIXES: Final = {
    "lock": b"\xf0",
    "rep": b"\xf3",
    "repe": b"\xf3",
    "repz": b"\xf3",
    "repne": b"\xf2",
    "repnz": b"\xf2",
}
_WORD: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)")
_STRAY: Final = re.compile(r"\s*,(?=.*\S)")
_DISTANCE: Final = re.compile(r"(short|near|long|far)\s+(?=\S)", re.IGNORECASE)
_STRINGS: Final = {
    "movsb": "a4",
    "movsw": "66a5",
    "movsd": "a5",
    "movsq": "48a5",
    "cmpsb": "a6",
    "cmpsw": "66a7",
    "cmpsd": "a7",
    "cmpsq": "48a7",
    "stosb": "aa",
    "stosw": "66ab",
    "stosd": "ab",
    "stosq": "48ab",
    "lodsb": "ac",
    "lodsw": "66ad",
    "lodsd": "ad",
    "lodsq": "48ad",
    "scasb": "ae",
    "scasw": "66af",
    "scasd": "af",
    "scasq": "48af",
    "insb": "6c",
    "insd": "6d",
    "outsb": "6e",
    "outsd": "6f",
    "xlatb": "d7",
    "xlat": "d7",
}
_SYNONYMS: Final = {
    "retn": "ret",
    "sal": "shl",
    "fwait": "wait",
    "movabs": "mov",
    "loopz": "loope",
    "loopnz": "loopne",
    "wbinvd": "wbinvd",
    "xlat": "xlatb",
    **{f"set{one}": f"set{other}" for one, other in ALIASES.items()},
    **{f"cmov{one}": f"cmov{other}" for one, other in ALIASES.items()},
    **{f"j{one}": f"j{other}" for one, other in ALIASES.items()},
}
#: What a mnemonic without a width means, by the width of code.
_WIDE: Final = {
    32: {"pushf": "pushfd", "popf": "popfd", "pusha": "pushad", "popa": "popad", "iret": "iretd"},
    64: {"pushf": "pushfq", "popf": "popfq", "pushfd": "pushfq", "popfd": "popfq"},
}
_WAITING: Final = {"finit", "fstcw", "fstsw", "fclex", "fsave", "fstenv"}
_COMPARISONS: Final = ("eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord")
_COMPARE: Final = re.compile(rf"cmp({'|'.join(_COMPARISONS)})(ss|sd|ps|pd)")
_ST: Final = tuple(REGISTERS[f"st{number}"] for number in range(8))
_POPPING: Final = frozenset(["faddp", "fmulp", "fsubp", "fsubrp", "fdivp", "fdivrp"])
_COMPARING: Final = frozenset(
    ["fcom", "fcomp", "fucom", "fucomp", "fcomi", "fcomip", "fucomi", "fucomip", "fxch"]
)
_SHIFTS: Final = frozenset(["shl", "shr", "sar", "rol", "ror", "rcl", "rcr"])
_POINTER_SIZED: Final = frozenset(["jmp", "call", "push", "pop"])
_WIDENING: Final = frozenset(["movzx", "movsx"])


class Line(NamedTuple):
    """A line that has been read.

    Attributes:
        text: as it was written.
        prefix: bytes in front.
        mnemonic: in small letters, one name of several.
        operands: read, not resolved.
        distance: ``short``, ``near``, ``long`` or ``far``, where a branch says so.
        position: of the mnemonic.
        refused: why it could not be read here, where the second assembler knows it.
    """

    text: str
    prefix: bytes
    mnemonic: str
    operands: tuple[Operand, ...]
    distance: str
    position: int
    refused: AssemblyError | None = None

    @property
    def target(self) -> Immediate | None:
        """Where it branches to, if it does so to an address."""
        if self.mnemonic in MNEMONICS and len(self.operands) == 1:
            [operand] = self.operands
            return operand if isinstance(operand, Immediate) else None
        return None

    @property
    def names(self) -> Iterator[Name]:
        """The names that have to be resolved."""
        for operand in self.operands:
            if isinstance(operand, Immediate):
                yield from names(operand.tree)
            elif isinstance(operand, MemoryOperand):
                yield from names(operand.displacement)


def read_line(text: str, *, known: Container[str] = ()) -> Line:
    """Read a line.

    Args:
        text: one instruction, without a comment.
        known: names that are neither registers nor numbers.

    Raises:
        AssemblyError: it is none; says where.

    >>> read_line("mov [rbx+48],eax").mnemonic
    'mov'
    """
    try:
        return _read(text, known)
    except AssemblyError as refused:
        if len(text) <= MAX_LINE and is_there():
            for bits in (64, 32):
                if _otherwise(text, _SOMEWHERE, bits, lambda _: _SOMEWHERE) is not None:
                    return Line(text, b"", "", (), "", 0, refused)
        raise


def _read(text: str, known: Container[str]) -> Line:
    if len(text) > MAX_LINE:
        raise AssemblyError(text[:40], 0, f"a line has at most {MAX_LINE} characters")
    prefix, at = b"", 0
    while True:
        word = _WORD.match(text, at)
        if word is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise AssemblyError(text, min(start, len(text)), "expected an instruction")
        mnemonic, position, at = word[1].lower(), word.start(1), word.end()
        if mnemonic not in _PREFIXES or not text[at:].strip():
            break
        prefix += _PREFIXES[mnemonic]
    if text[at : at + 1] not in ("", " ", "\t", "[", "(", "'", '"', "-", ","):
        raise AssemblyError(text, at, f"{text[at]!r} is not expected here")
    stray = _STRAY.match(text, at)  # commas and blanks part alike: mov,eax,[rbx]
    at = at if stray is None else stray.end()
    mnemonic = _SYNONYMS.get(mnemonic, mnemonic)
    distance = ""
    if mnemonic in MNEMONICS:
        blank = len(text[at:]) - len(text[at:].lstrip())
        said = _DISTANCE.match(text, at + blank)
        if said is not None:
            distance, at = said[1].lower(), said.end()
    operands: tuple[Operand, ...] = ()
    if text[at:].strip():
        operands = tuple(_operands(text, at, known))
    return Line(text, prefix, mnemonic, operands, distance, position)


def _operands(text: str, at: int, known: Container[str]) -> Iterator[Operand]:
    parts = split(text, at)
    if len(parts) > 2 and parts[-1][0] == parts[-1][1]:  # mov eax,ebx,
        parts.pop()
    for start, end in parts:
        try:
            yield parse_operand(text, start, end, known)
        except AssemblyError:
            two = parted(text, start, end, known)
            if two is None:
                raise
            for part in two:
                yield parse_operand(text, *part, known)


def encode_line(
    line: Line,
    address: int,
    bits: int,
    resolve: Resolve,
    read: Read,
    least: Form = Form.SHORT,
) -> tuple[bytes, Form]:
    """The bytes of a line, and the form of its branch.

    Args:
        line: that :func:`read_line` gave.
        address: where it will be.
        bits: 32 or 64.
        resolve: says what a name stands for.
        read: the pointer at an address.
        least: the shortest form to take.

    Raises:
        AssemblyError: no instruction is like that.
    """
    if line.refused is None:
        try:
            return _encoded(line, address, bits, resolve, read, least)
        except CannotEncode as error:
            refused = AssemblyError(line.text, _position(line, resolve), error.reason)
            if isinstance(error, Ambiguous):
                raise refused from None
    else:
        refused = line.refused
    raw = None if line.target else _otherwise(line.text, address, bits, resolve)
    if raw is None:
        raise refused
    return raw, Form.SHORT


def _position(line: Line, resolve: Resolve) -> int:
    """Where a line is refused: at the name that stands for nothing, or else at its mnemonic."""
    for name in line.names:
        try:
            resolve(name.text)
        except CannotEncode:
            return name.position
    return line.position


def _otherwise(text: str, address: int, bits: int, resolve: Resolve) -> bytes | None:
    """What the second assembler says; None where it is not there, or knows none."""
    try:
        return encode_otherwise(text, address, bits, resolve)
    except CannotEncode:  # a name is not known
        return None


def _encoded(
    line: Line, address: int, bits: int, resolve: Resolve, read: Read, least: Form
) -> tuple[bytes, Form]:
    if line.target is not None:
        if line.distance == "far":
            least = Form.FAR
        elif line.distance in ("near", "long"):
            least = max(least, Form.NEAR)
        target = evaluate(line.target.tree, resolve, read)
        raw, form = encode_branch(line.mnemonic, target, address, bits, least)
        if line.distance == "short" and form is not Form.SHORT:
            if least is Form.SHORT:
                raise CannotEncode("a short jump reaches no farther than 128 bytes")
            raw, form = encode_branch(line.mnemonic, target, address, bits)
        return line.prefix + raw, form
    if line.distance in ("short", "far"):  # a far pointer in memory is another instruction
        raise CannotEncode(f"{line.mnemonic} {line.distance} takes an address")
    operands = [_resolved(operand, resolve, read) for operand in line.operands]
    at = address + len(line.prefix)
    return line.prefix + _plain(line.mnemonic, operands, at, bits), Form.SHORT


def _resolved(operand: Operand, resolve: Resolve, read: Read) -> Resolved:
    if isinstance(operand, Immediate):
        return Value(evaluate(operand.tree, resolve, read), operand.size)
    if isinstance(operand, MemoryOperand):
        return Memory(operand, evaluate(operand.displacement, resolve, read))
    return operand


def _plain(mnemonic: str, operands: list[Resolved], address: int, bits: int) -> bytes:
    """The bytes of what is no branch to an address."""
    if not operands and mnemonic in _STRINGS:
        raw = bytes.fromhex(_STRINGS[mnemonic])
        if bits == 32 and raw[0] == 0x48:
            raise CannotEncode(f"code of 32 bits has no {mnemonic}")
        return raw
    if mnemonic == "nop" and len(operands) == 1 and isinstance(operands[0], Value):
        if not 0 < operands[0].number <= MAX_LINE:
            raise CannotEncode(f"nop takes 1 to {MAX_LINE:X} bytes")
        return b"\x90" * operands[0].number
    if mnemonic == "int" and operands == [Value(3)]:
        return b"\xcc"
    if mnemonic in _WAITING:
        return b"\x9b" + _plain(f"fn{mnemonic[1:]}", operands, address + 1, bits)
    mnemonic = _WIDE[bits].get(mnemonic, mnemonic)
    compared = _COMPARE.fullmatch(mnemonic)
    if compared is not None:
        mnemonic = f"cmp{compared[2]}"
        operands = [*operands, Value(_COMPARISONS.index(compared[1]))]
    if mnemonic in _POINTER_SIZED:  # Cheat Engine takes a dword for one, too
        operands = [_memory_of(operand, bits // 8, (None, 4)) for operand in operands]
    elif mnemonic in _WIDENING and _is_wide(operands):  # it takes a byte where no size is said
        operands = [_memory_of(operand, 1, (None,)) for operand in operands]
    refused: CannotEncode | None = None
    for name, others in _readings(mnemonic, operands, bits):
        try:
            return encode(name, others, address, bits)
        except CannotEncode as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _is_wide(operands: list[Resolved]) -> bool:
    """Whether the first is a register of 32 or of 64 bits."""
    first = operands[0] if operands else None
    return isinstance(first, Register) and WIDTHS.get(first.number) in (4, 8)


def _memory_of(operand: Resolved, size: int, said: tuple[int | None, ...]) -> Resolved:
    """Memory of a size, where what is said is another; other operands as they are."""
    if isinstance(operand, Memory) and operand.operand.size in said:
        return operand._replace(operand=operand.operand._replace(size=size))
    return operand


def _readings(
    mnemonic: str, operands: list[Resolved], bits: int
) -> Iterator[tuple[str, list[Resolved]]]:
    """What a line may mean, with what it leaves out written down; the first that is one is it."""
    yield mnemonic, operands
    if bits == 64 and _has_narrow(mnemonic, operands):
        yield mnemonic, [_in_full(operand) for operand in operands]
    stack = [Register(number) for number in _ST]
    registers = [one for one in operands if isinstance(one, Register)]
    if mnemonic in _POPPING | _COMPARING and not operands:
        yield mnemonic, [stack[1], stack[0]] if mnemonic in _POPPING else [stack[0], stack[1]]
        yield mnemonic, [stack[1]]
    elif mnemonic.startswith("f") and len(operands) == 1 and registers:
        yield mnemonic, [stack[0], operands[0]]
        yield mnemonic, [operands[0], stack[0]]
    elif mnemonic.startswith("f") and len(operands) == 2 and operands[0] == stack[0]:
        yield mnemonic, operands[1:]
    elif mnemonic in _SHIFTS and len(operands) == 1:
        yield mnemonic, [*operands, Value(1)]
    elif mnemonic == "imul" and len(operands) == 2:
        yield mnemonic, [operands[0], *operands]
    elif mnemonic in ("test", "xchg") and len(operands) == 2:
        yield mnemonic, operands[::-1]
    elif mnemonic == "movd" and any(one.number in CLASSES["R64"] for one in registers):
        yield "movq", operands
    elif mnemonic == "movsx":
        yield "movsxd", operands


def _has_narrow(mnemonic: str, operands: list[Resolved]) -> bool:
    """Whether a 32-bit register is written for a 64-bit one: Cheat Engine goes by its number."""
    widths = [WIDTHS.get(one.number) for one in operands if isinstance(one, Register)]
    return widths == [4] if mnemonic in _POINTER_SIZED else 4 in widths and 8 in widths


def _in_full(operand: Resolved) -> Resolved:
    if isinstance(operand, Register):
        return Register(FULL.get(operand.number, operand.number))
    return operand


def _unknown(name: str) -> int:
    raise CannotEncode(f'nothing is called "{name}"')


def assemble(
    text: str,
    *,
    address: int = 0,
    bits: int = 64,
    resolve: Callable[[str], int] | None = None,
) -> bytes:
    """The bytes of an instruction, as Cheat Engine's scripts write it.

    Numbers are hexadecimal (``#10`` is decimal), memory of no said size is a dword.

    Args:
        text: one instruction.
        address: where it will be.
        bits: of the code, 32 or 64.
        resolve: says what a name stands for; no name is known if None.

    Raises:
        AssemblyError: it is no instruction, or it cannot be at that address; has the column.

    >>> assemble("sub [rbx+48],5").hex(" ")
    '83 6b 48 05'
    >>> assemble("mov eax,[rbx")
    Traceback (most recent call last):
    farfetch.scanner.AssemblyError: mov eax,[rbx: column 9: the bracket is not closed
    """
    arguments.text("text", text)
    address = arguments.address(address)
    if type(bits) is not int or bits not in (32, 64):
        raise ArgumentError("bits", bits, "32 or 64")
    if resolve is not None and not callable(resolve):
        raise ArgumentError("resolve", resolve, "a function of a name, or None")
    line = read_line(text)

    def read(_: int) -> int:
        raise CannotEncode("pointers are read in a target, and here is none")

    return encode_line(line, address, bits, resolve or _unknown, read)[0]
