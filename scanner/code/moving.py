"""Instructions that a jump takes the place of: which they are, and whether they can be moved.

A thread that comes back into the middle of them would run half of the jump. So nothing may lead
there: no branch, no return of a call, and no system call that a thread waits in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..errors import CodeError
from ..memory.space import Space
from .decoder import LONGEST, decode, iced, tools
from .symbols import Symbols

#: Bytes of a jump that reaches 2 GiB far.
JUMP: Final = 5
#: Bytes of one that reaches everything, in 64-bit code: where it leads stands behind it.
FAR_JUMP: Final = 14
#: Bytes that a branch surely reaches from any place in what it becomes elsewhere.
_REACH: Final = (1 << 31) - (1 << 10)
#: Bytes of a function that are looked through for branches.
_FUNCTION: Final = 1 << 16
#: As many behind a place of which no function is known.
_BEHIND: Final = 512


def replaced_by_jump(space: Space, symbols: Symbols, address: int, jump: int = JUMP) -> list[Any]:
    """The library's instructions that a jump at an address takes the place of.

    Args:
        space: the target.
        symbols: of it.
        address: of the first.
        jump: its bytes, :data:`JUMP` or :data:`FAR_JUMP`.

    Raises:
        CodeError: these cannot be replaced; says why.
        MemoryFault: they cannot be read.
    """
    raw = space.read_bytes(address, 1) + space.memory.read(address + 1, jump + LONGEST - 1)
    taken = _taken(raw, address, space.bits, jump)
    size = sum(decoded.len for decoded in taken)
    start = _begins(space, symbols, address, size, jump)
    _check_branches(space, address, size, start)
    return taken


def _taken(raw: bytes, address: int, bits: int, jump: int) -> list[Any]:
    taken: list[Any] = []
    size, ended = 0, False
    for decoded in decode(raw, address, bits):
        if size >= jump:
            break
        if decoded.is_invalid:
            raise CodeError(decoded.ip, "this is no instruction")
        if ended and not _is_padding(decoded):
            after = f"{size} byte{'s' if size > 1 else ''}"
            reason = f"the code ends after {after}, and a jump takes {jump}"
            raise CodeError(address, reason)
        _check_movable(decoded, taken)
        taken.append(decoded)
        size += decoded.len
        flow = iced().FlowControl
        ended = ended or decoded.flow_control in (
            flow.RETURN, flow.UNCONDITIONAL_BRANCH, flow.INDIRECT_BRANCH,
        )  # fmt: skip
    if size < jump:
        raise CodeError(address, f"{jump} bytes of instructions cannot be read here")
    return taken


def _is_padding(decoded: Any) -> bool:
    mnemonic = iced().Mnemonic
    return decoded.mnemonic in (mnemonic.NOP, mnemonic.INT3)


def _check_movable(decoded: Any, before: Sequence[Any]) -> None:
    library = iced()
    flow = library.FlowControl
    mnemonics = library.Mnemonic
    if decoded.mnemonic in (mnemonics.SYSCALL, mnemonics.SYSENTER, mnemonics.INT):
        raise CodeError(decoded.ip, "a thread may wait in this system call: hook another place")
    if before and before[-1].flow_control in (flow.CALL, flow.INDIRECT_CALL):
        reason = "a call returns to here, into the middle of the jump: hook another place"
        raise CodeError(decoded.ip, reason)
    if not before and tools().target(decoded) == decoded.ip:
        raise CodeError(decoded.ip, "this jumps to itself")


def _begins(space: Space, symbols: Symbols, address: int, size: int, jump: int) -> int | None:
    """Where the function begins that an address is in; refuses what goes over into another."""
    symbol = symbols.at(address)
    last = symbols.at(address + size - 1)
    if last is not None and address < last.start < address + size and _is_known(space, last.start):
        raise CodeError(address, f"{last} begins within the {jump} bytes that a jump takes")
    return symbol.start if symbol is not None else None


def _is_known(space: Space, start: int) -> bool:
    """Whether something other than padding is there."""
    raw = space.memory.read(start, 1)
    return raw not in (b"\x90", b"\xcc")


def _check_branches(space: Space, address: int, size: int, start: int | None) -> None:
    """Refuse a place into whose middle a branch of the same function leads."""
    if size == 1:
        return
    if start is None or not 0 <= address - start < _FUNCTION:
        start, behind = address, _BEHIND
    else:
        behind = _FUNCTION
    for ip, target in _branches(space, start, behind):
        if address < target < address + size:
            reason = f"0x{ip:x} jumps into the middle of what a jump from here takes"
            raise CodeError(address, f"{reason}: hook another place")


def _branches(space: Space, start: int, size: int) -> Iterator[tuple[int, int]]:
    """Branches of a function, and where they lead."""
    using = tools()
    flow = iced().FlowControl
    farthest = start
    for decoded in decode(space.memory.read(start, size), start, space.bits):
        target = using.target(decoded)
        if target is not None:
            yield decoded.ip, target
            if decoded.flow_control != flow.CALL and start <= target < start + size:
                farthest = max(farthest, target)
        ends = decoded.flow_control in (
            flow.RETURN, flow.UNCONDITIONAL_BRANCH, flow.INDIRECT_BRANCH,
        )  # fmt: skip
        if ends and decoded.ip >= farthest and decoded.mnemonic == iced().Mnemonic.RET:
            return


def moved(space: Space, address: int, to: int) -> bytes:
    """The instruction at an address, as it has to be elsewhere to do the same.

    Raises:
        CodeError: there is none, or it cannot be so far away.
    """
    library = iced()
    raw = space.memory.read(address, LONGEST)
    instruction = library.Decoder(space.bits, raw, ip=address).decode()
    if instruction.is_invalid:
        raise CodeError(address, "this is no instruction")
    target = tools().target(instruction)
    if space.bits == 64 and target is not None and abs(target - to) > _REACH:
        return _far_branch(tools().text(instruction).split()[0], target, address, to)
    encoder = library.BlockEncoder(space.bits)
    encoder.add(instruction)
    try:
        return bytes(encoder.encode(to))
    except ValueError:
        raise CodeError(address, f"the instruction cannot be as far away as 0x{to:x}") from None


def _far_branch(mnemonic: str, target: int, address: int, to: int) -> bytes:
    """A branch with its target beside it; the library would put that where it is run."""
    from ..assembler.branches import MNEMONICS, Form, encode_branch  # which needs iced
    from ..assembler.encoder import CannotEncode

    try:
        if mnemonic in MNEMONICS:
            return encode_branch(mnemonic, target, to, 64, Form.FAR)[0]
    except CannotEncode:
        pass
    raise CodeError(address, f"{mnemonic} cannot lead as far as from 0x{to:x}")
