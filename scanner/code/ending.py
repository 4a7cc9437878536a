"""Which instruction a breakpoint on data has seen: the processor tells only what comes next.

x86 stops behind the instruction that touched the value, and instructions have any length from 1 to
15 bytes: most places in code can be the end of several. So they are decoded from further back,
from the function's start where that is known and else from many places, which soon agree; and what
the registers say of the memory that each would have reached must be the value.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .decoder import LONGEST, decode, decode_one, iced, tools

if TYPE_CHECKING:
    from .instruction import MemoryOperand

#: Where decoding begins that votes: so many bytes back.
_BACK: Final = range(40, 56)
#: Bytes of a function that are decoded from its start.
_FUNCTION: Final = 1 << 16
#: Bytes of a string instruction that may be reached before the processor tells.
_STRING: Final = 128
#: Bytes that instructions reach of which only the processor knows how many (XSAVE).
_UNKNOWN: Final = 4096
_DIRECTION: Final = 1 << 10  # of the flags: string instructions go down

#: Reads bytes at an address, up to the first that is not there.
Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Touched:
    """What is known of a hit.

    Attributes:
        ip: the address that the processor gave.
        start: of the value that was touched.
        size: its bytes.
        writing: whether only writes are looked for.
        registers: as they were behind it; none where that is not known.
        bits: of the code: 32 or 64.
    """

    ip: int
    start: int
    size: int
    writing: bool
    registers: Mapping[str, int]
    bits: int

    def meets(self, address: int, size: int) -> bool:
        """Whether some bytes are of the value."""
        return address < self.start + self.size and self.start < address + size


def ended_at(touched: Touched, read: Read, function: int | None = None) -> int | None:
    """The address of the instruction that touched a value.

    Args:
        touched: what is known of it.
        read: reads the program's code and stack.
        function: where the function begins that the code is in, if that is known.

    Returns:
        None where it is not known: behind a jump through the value, or a return.
    """
    raw, base = _around(touched.ip, read)
    votes = _votes(touched, raw, base, function, read)
    before = _best(touched, _candidates(touched, raw, base), votes)
    called = _call(touched, read)
    if called is not None and called[1]:
        return called[0]
    if before is not None and before[1]:
        return before[0]
    if _repeats(touched, raw, base):
        return touched.ip
    if called is not None:
        return called[0]
    return before[0] if before is not None else None


def _around(ip: int, read: Read) -> tuple[bytes, int]:
    """The bytes before an address and a few behind; and where they begin."""
    base = max(0, ip - _BACK.stop)
    raw = read(base, ip - base + LONGEST)
    if len(raw) <= ip - base:  # what is before it may be on a page that is not there
        page = ip & ~0xFFF
        base = max(base, page)
        raw = read(base, ip - base + LONGEST)
    return raw, base


def _candidates(touched: Touched, raw: bytes, base: int) -> Iterator[Any]:
    for size in range(1, LONGEST + 1):
        at = touched.ip - size - base
        if at < 0:
            return
        decoded = decode_one(raw[at : at + size], touched.ip - size, touched.bits)
        if decoded is not None and decoded.len == size:
            yield decoded


def _votes(
    touched: Touched, raw: bytes, base: int, function: int | None, read: Read
) -> Counter[int]:
    """How many decodes say that an instruction begins at an address and ends at the hit's."""
    votes: Counter[int] = Counter()
    end = touched.ip - base
    for back in _BACK:
        start = _last(raw[max(0, end - back) : end], max(base, touched.ip - back), touched)
        if start is not None:
            votes[start] += 1
    if function is not None and 0 < touched.ip - function <= _FUNCTION:
        start = _last(read(function, touched.ip - function), function, touched)
        if start is not None:
            votes[start] += len(_BACK)
    return votes


def _last(raw: bytes, address: int, touched: Touched) -> int | None:
    """The start of the last instruction, if it ends where the bytes do."""
    last = next(iter(deque(decode(raw, address, touched.bits), 1)), None)
    if last is None or last.is_invalid or last.ip + last.len != touched.ip:
        return None
    return int(last.ip)


def _best(
    touched: Touched, candidates: Iterator[Any], votes: Counter[int]
) -> tuple[int, bool] | None:
    """The likeliest candidate, and whether the registers confirm it."""
    best: tuple[int, bool, int] | None = None
    for decoded in candidates:
        confirmed = reaches(decoded, touched)
        if confirmed is False:
            continue
        rank = (votes[decoded.ip], confirmed is True, -decoded.len)
        if best is None or rank > best:
            best, address = rank, decoded.ip
    return None if best is None else (address, best[1])


def reaches(decoded: Any, touched: Touched, *, reading: bool = False) -> bool | None:
    """Whether an instruction has reached the value; None where the registers do not tell.

    Args:
        decoded: it.
        touched: what is known of the hit.
        reading: whether only reads are meant.
    """
    reads, writes = tools().operands(decoded)
    operands = reads if reading else writes if touched.writing else (*reads, *writes)
    if not operands:
        return False
    states = _before(decoded, touched)
    gone = tools().overwritten(decoded) - states.keys()
    known = [_reach(operand, states, gone) for operand in operands]
    sizes = [operand.size or _UNKNOWN for operand in operands]
    window = _STRING if _is_repeated(decoded) else 0
    for spots, size in zip(known, sizes, strict=True):
        if any(touched.meets(spot - window, size + 2 * window) for spot in spots or ()):
            return True
    return False if all(spots is not None for spots in known) else None


def _reach(
    operand: MemoryOperand, states: Mapping[str, tuple[int, ...]], gone: frozenset[str]
) -> list[int] | None:
    """Where an operand may have been; None when a register that is gone would tell."""
    used = [name for name in (operand.base, operand.index) if name]
    if any(name in gone for name in used):
        return None
    spots = []
    for choice in range(max([1, *(len(states.get(name, ())) for name in used)])):
        registers = {
            name: states[name][min(choice, len(states[name]) - 1)]
            for name in used
            if states.get(name)
        }
        spot = operand.address(registers)
        if spot is None:
            return None
        spots.append(spot)
    return spots


def _before(decoded: Any, touched: Touched) -> dict[str, tuple[int, ...]]:
    """What registers that are known may have been before; those that are gone are left out."""
    after = touched.registers
    changed = tools().overwritten(decoded)
    states: dict[str, tuple[int, ...]] = {
        name: (value,) for name, value in after.items() if name not in changed
    }
    step = decoded.stack_pointer_increment
    if step and "rsp" in after and _keeps_stack(decoded):
        states["rsp"] = (after["rsp"] - step, after["rsp"])
    if decoded.is_string_instruction:
        size = decoded.memory_size and iced().MemorySizeExt.size(decoded.memory_size)
        back = size if after.get("rflags", 0) & _DIRECTION else -size
        for name in ("rsi", "rdi"):
            if name in changed and name in after:
                states[name] = (after[name] + back,)
    return states


def _keeps_stack(decoded: Any) -> bool:
    """Whether the stack pointer is only moved, as by push and pop, and not set."""
    mnemonic = iced().Mnemonic
    if decoded.mnemonic in (mnemonic.LEAVE, mnemonic.ENTER):
        return False
    return not (decoded.mnemonic == mnemonic.POP and tools().full(decoded.op0_register) == "rsp")


def _is_repeated(decoded: Any) -> bool:
    return bool(
        decoded.is_string_instruction and (decoded.has_rep_prefix or decoded.has_repne_prefix)
    )


def _repeats(touched: Touched, raw: bytes, base: int) -> bool:
    """Whether a string instruction is in the middle: then it is the next one, too."""
    decoded = decode_one(raw[touched.ip - base :], touched.ip, touched.bits)
    return decoded is not None and _is_repeated(decoded) and reaches(decoded, touched) is True


def _call(touched: Touched, read: Read) -> tuple[int, bool] | None:
    """A call that has brought us here, and whether that is sure.

    It writes the address behind it to the stack, where a hit on the stack finds it; or it has read
    its target from the value.
    """
    width, top = touched.bits // 8, touched.registers.get("rsp")
    if top is None:
        return None
    behind = int.from_bytes(read(top, width), "little")
    on_stack = touched.meets(top, width)
    raw, base = _around(behind, read)
    if len(raw) <= behind - base:
        return None
    there = Touched(
        behind, touched.start, touched.size, touched.writing, touched.registers, touched.bits
    )
    call = iced().Mnemonic.CALL
    found = [decoded for decoded in _candidates(there, raw, base) if decoded.mnemonic == call]
    for decoded in found:
        if tools().target(decoded) == touched.ip and on_stack:
            return int(decoded.ip), True
    for decoded in found:
        if tools().target(decoded) is None and (on_stack or _through(decoded, touched)):
            return int(decoded.ip), not on_stack
    return None


def _through(decoded: Any, touched: Touched) -> bool:
    """Whether a call has read its target from the value."""
    if touched.writing or decoded.op0_kind != iced().OpKind.MEMORY:
        return False
    return reaches(decoded, touched) is True
