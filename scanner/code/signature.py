"""Signatures: the shortest pattern of bytes by which code is found again in its module.

Eight bytes of it count at least: with fewer, something else in the next build would have them, too.

Of each instruction, what depends on where its module, and others, are loaded or linked is left
wild: displacements from the instruction, targets of branches, and addresses that stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from ..errors import CodeError
from ..memory.modules import Module
from ..memory.space import Space
from ..predicates.byte_pattern import Pattern
from .decoder import iced, tools

_MOST: Final = 256  # bytes of a pattern
_LEAST: Final = 8  # of them that count: fewer would soon be somewhere else, too


#: Bytes at an address as they were before patches: takes those that are there now.
Original = Callable[[int, bytes], bytes]


def signature_of(space: Space, address: int, original: Original) -> Pattern:
    """The shortest pattern of eight bytes or more that is nowhere else in its module's code.

    Args:
        space: the target.
        address: of an instruction.
        original: gives the code as it was before patches.

    Raises:
        CodeError: it is in no module, no code, or no pattern of 256 bytes is unique.
        MemoryFault: it cannot be read.
    """
    modules = space.modules()
    module = next((module for module in modules if address in module), None)
    region = next(
        (
            region
            for region in (module.regions if module else ())
            if address in region and region.executable
        ),
        None,
    )
    if module is None or region is None:
        raise CodeError(address, "it is in no module's code, so there is nothing to be unique in")
    raw = original(address, space.read_bytes(address, min(_MOST, region.end - address)))
    pattern = _kept(space, raw, address, modules)
    code = [
        original(region.start, space.read_bytes(region.start, region.size))
        for region in module.regions
        if region.executable and region.readable
    ]
    counting = 0
    for size, byte in enumerate(pattern, 1):
        counting += byte is not None
        enough = counting >= _LEAST or size == len(pattern)
        if byte is not None and enough and _is_unique(pattern[:size], code):
            return _pattern(pattern[:size])
    reason = f"no pattern of up to {len(pattern)} bytes from here is unique in {module.name}"
    raise CodeError(address, reason)


def _kept(space: Space, raw: bytes, address: int, modules: list[Module]) -> list[int | None]:
    """The bytes of whole instructions; None for those that may be others in another build."""
    kept: list[int | None] = []
    decoder = iced().Decoder(space.bits, raw, ip=address)
    for decoded in decoder:  # which tells where constants are of the last one only
        if decoded.is_invalid:
            break
        at = decoded.ip - address
        part: list[int | None] = list(raw[at : at + decoded.len])
        for begin, size in _moving(decoder, decoded, modules):
            part[begin : begin + size] = [None] * size
        kept += part
    if not kept:
        raise CodeError(address, "this is no instruction")
    return kept


def _moving(decoder: Any, decoded: Any, modules: list[Module]) -> Iterator[tuple[int, int]]:
    """Where in an instruction there are operands that move between builds: offsets and sizes."""
    offsets = decoder.get_constant_offsets(decoded)
    is_near = tools().target(decoded) is not None
    if offsets.has_displacement and (
        decoded.is_ip_rel_memory_operand or _is_address(decoded.memory_displacement, modules)
    ):
        yield offsets.displacement_offset, offsets.displacement_size
    if offsets.has_immediate:
        value = 0 if is_near else _immediate(decoded)
        if (is_near and offsets.immediate_size > 1) or _is_address(value, modules):
            yield offsets.immediate_offset, offsets.immediate_size


def _immediate(decoded: Any) -> int:
    kinds = iced().OpKind
    large = {kinds.IMMEDIATE32, kinds.IMMEDIATE64, kinds.IMMEDIATE32TO64}
    for operand in range(decoded.op_count):
        if decoded.op_kind(operand) in large:
            return int(decoded.immediate(operand))
    return 0


def _is_address(value: int, modules: list[Module]) -> bool:
    return any(value in module for module in modules)


def _is_unique(pattern: list[int | None], code: list[bytes]) -> bool:
    words = [b"." if byte is None else re.escape(bytes([byte])) for byte in pattern]
    wanted = re.compile(b"(?=" + b"".join(words) + b")", re.DOTALL)
    found = 0
    for raw in code:
        for _ in wanted.finditer(raw):
            found += 1
            if found > 1:
                return False
    return found == 1


def _pattern(pattern: list[int | None]) -> Pattern:
    return Pattern(
        bytes(byte or 0 for byte in pattern),
        bytes(0 if byte is None else 0xFF for byte in pattern),
    )
