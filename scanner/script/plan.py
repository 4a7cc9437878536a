"""What a script will do in a target: found, allocated, assembled and compared, not yet written."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import FarfetchError, ScriptError
from ..memory.changes import Change
from ..values.literals import quote
from .aob import ByteArray
from .layout import Assembled, Names, Piece, value_of
from .search import find_first, ranges_of
from .statements import Allocation, Part, Search

if TYPE_CHECKING:
    from .around import TargetAround
    from .lua import LuaSandbox
    from .program import Program

#: The changes of other scripts, by their names.
Others = Sequence[tuple[str, Sequence[Change]]]
_ALIGN: Final = 16  # of what is allocated
_APART: Final = 1 << 30  # addresses that one block serves


class Block(NamedTuple):
    """Memory that was allocated for a script, which keeps it for the next time.

    A thread may still be in it after the script is disabled, so it is never unmapped.

    Attributes:
        address: of the first byte.
        size: in bytes.
        key: which allocations of the script it is for.
    """

    address: int
    size: int
    key: tuple[tuple[str, int], ...]


class Plan(NamedTuple):
    """A section that is ready to be written.

    Attributes:
        program: that it is of.
        assembled: its bytes and names.
        inside: changes of what it allocated, where nothing runs.
        outside: changes of what the target had before.
        registered: addresses of the names that it registers.
        values: changes that Lua makes, of what the target changes itself.
        unregistered: names that Lua takes away.
    """

    program: Program
    assembled: Assembled
    inside: list[Change]
    outside: list[Change]
    registered: dict[str, int]
    values: list[Change]
    unregistered: list[str]


def prepare(
    part: Part,
    around: TargetAround,
    blocks: list[Block],
    others: Others,
    *,
    dry: bool,
    known: Mapping[str, int],
) -> Names:
    """Look for bytes, check those that have to be there, and allocate.

    Args:
        part: of the script.
        around: the target.
        blocks: that the script has; those that are allocated are added.
        others: what other scripts have changed, with their names.
        dry: only say where it would be allocated.
        known: names that Lua has registered.

    Returns:
        The names that are known then.

    Raises:
        ScriptError: bytes are not found, or not as they have to be.
        MemoryUnavailable: there is no room.
    """
    names = Names(known, around.symbol)
    _search(part.searches, names, around, others)
    for assertion in part.assertions:
        address = value_of(assertion.line, assertion.address, names, around.pointer)
        there = around.space.memory.read(address, len(assertion.array.raw))
        if not assertion.array.matches(there):
            reason = f"0x{address:x} is {there.hex(' ').upper() or 'not readable'}, not "
            raise ScriptError(assertion.line, f"assert(): {reason}{assertion.array}")
    for access in part.accesses:  # code is written through its rights
        value_of(access.line, access.address, names, around.pointer)
    _allocate(part.allocations, names, around, blocks, dry=dry)
    return names


def _search(searches: Sequence[Search], names: Names, around: TargetAround, others: Others) -> None:
    """Find all that is looked for in one place in one pass, unless it depends on another."""
    waiting = list(searches)
    while waiting:
        place = _place(waiting[0], names, around)
        together = [search for search in waiting if _is_same(search, waiting[0])]
        found = find_first(around.space, [search.array for search in together], place)
        for search, address in zip(together, found, strict=True):
            if address is None:
                where = f" in {search.module}" if search.module else " there"
                reason = f"{search.name:.80}: its bytes are not{where}"
                raise ScriptError(search.line, reason + _covered(search.array, around, others))
            names.set(search.name, address)
        waiting = [search for search in waiting if search not in together]


def _covered(array: ByteArray, around: TargetAround, others: Others) -> str:
    """Who else has changed bytes that are looked for, if they were there before."""
    reach = len(array.raw) - 1
    for name, changes in others:
        for change in changes:
            start = max(0, change.address - reach)
            raw = bytearray(around.space.memory.read(start, len(change.before) + 2 * reach))
            for other in changes:
                for at, byte in enumerate(other.before, other.address - start):
                    if 0 <= at < len(raw):
                        raw[at] = byte
            if any(
                array.matches(bytes(raw[at : at + reach + 1])) for at in range(len(raw) - reach)
            ):
                changed = f"the script {quote(name)} has changed 0x{change.address:x}, too"
                return f": {changed}: disable it first"
    return ""


def _is_same(one: Search, other: Search) -> bool:
    """Whether two are looked for in the same place."""
    if one.begin is not None or other.begin is not None:
        return one is other
    return (one.module.lower(), one.executable) == (other.module.lower(), other.executable)


def _place(search: Search, names: Names, around: TargetAround) -> list[tuple[int, int]]:
    if search.begin is not None and search.end is not None:
        begin = value_of(search.line, search.begin, names, around.pointer)
        end = value_of(search.line, search.end, names, around.pointer)
        return ranges_of(around.regions, begin, end)
    if search.module:
        module = around.module(search.module, search.line)
        return ranges_of(around.regions, module.base, module.end)
    return ranges_of(around.regions, executable=search.executable)


def _allocate(
    allocations: Sequence[Allocation],
    names: Names,
    around: TargetAround,
    blocks: list[Block],
    *,
    dry: bool,
) -> None:
    """Allocate what is near the same place, and may be used alike, in one block."""
    groups: dict[tuple[str, int | None], list[Allocation]] = {}
    program = around.symbol("$process")
    for allocation in allocations:
        near = program
        if allocation.near is not None:
            near = value_of(allocation.line, allocation.near, names, around.pointer)
        place = None if near is None else near // _APART
        groups.setdefault((allocation.access, place), []).append(allocation)
        if place is not None:
            names.set(f"@@near {allocation.name}", near or 0)
    for (access, _), group in groups.items():
        key = tuple((allocation.name, allocation.size) for allocation in group)
        near = names.get(f"@@near {group[0].name}")
        size = sum(allocation.size + -allocation.size % _ALIGN for allocation in group)
        address = _block(around, blocks, key, size, near, access, group[0].line, dry=dry)
        for allocation in group:
            names.set(allocation.name, address)
            address += allocation.size + -allocation.size % _ALIGN


def _block(
    around: TargetAround,
    blocks: list[Block],
    key: tuple[tuple[str, int], ...],
    size: int,
    near: int | None,
    access: str,
    line: int,
    *,
    dry: bool,
) -> int:
    known = next((block for block in blocks if block.key == key), None)
    if known is not None:
        return known.address
    memory = around.space.memory
    try:
        if dry:  # behind what would be allocated before it
            before = sum(block.size for block in blocks)
            address = memory.gap(before + size, near=near) + before
        else:
            address = memory.allocate(size, near=near, access=access)
    except FarfetchError as error:
        around.space.check()
        raise ScriptError(line, f"alloc(): {error}") from None
    blocks.append(Block(address, size, key))
    return address


def changes_of(
    assembled: Assembled, around: TargetAround, blocks: Sequence[Block]
) -> tuple[list[Change], list[Change]]:
    """The changes that pieces are: of what was allocated, and of what the target had.

    Raises:
        ScriptError: a place cannot be read, or is written twice.
    """
    inside: list[Change] = []
    outside: list[Change] = []
    for piece in _joined(assembled.pieces):
        end = piece.address + len(piece.raw)
        own = any(
            block.address <= piece.address and end <= block.address + block.size for block in blocks
        )
        if own:
            inside.append(Change(piece.address, b"", piece.raw))
            continue
        there = around.space.memory.read(piece.address, len(piece.raw))
        if len(there) < len(piece.raw):
            raise ScriptError(piece.line, f"0x{piece.address:x} cannot be read")
        raw = bytes(
            new if mask else old
            for new, old, mask in zip(
                piece.raw, there, piece.mask or b"\xff" * len(piece.raw), strict=True
            )
        )
        if raw != there:
            outside.append(Change(piece.address, there, raw))
    return inside, outside


def lua_changes(sandbox: LuaSandbox | None, around: TargetAround) -> tuple[list[Change], list[str]]:
    """The changes that Lua asks for, in order, and the names that it takes away.

    Raises:
        ScriptError: a place can no longer be read.
    """
    if sandbox is None:
        return [], []
    values: list[Change] = []
    for address, raw in sandbox.writes:
        before = around.space.memory.read(address, len(raw))
        if len(before) < len(raw):
            raise ScriptError(0, f"{{$lua}}: 0x{address:x} cannot be read")
        for change in values:  # where it has written before, that is what is there
            low = max(change.address, address)
            high = min(change.address + len(change.after), address + len(raw))
            if low < high:
                part = change.after[low - change.address : high - change.address]
                before = before[: low - address] + part + before[high - address :]
        values.append(Change(address, before, raw))
    return values, sandbox.unregistered


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces with neighbours in one."""
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.raw:
            continue
        last = joined[-1] if joined else None
        if last is not None and last.address + len(last.raw) == piece.address:
            mask = b""
            if last.mask or piece.mask:
                mask = (last.mask or b"\xff" * len(last.raw)) + (
                    piece.mask or b"\xff" * len(piece.raw)
                )
            joined[-1] = Piece(last.line, last.address, last.raw + piece.raw, mask)
        else:
            joined.append(piece)
    ordered = sorted(joined, key=lambda piece: piece.address)
    for one, other in itertools.pairwise(ordered):
        if one.address + len(one.raw) > other.address:
            raise ScriptError(other.line, f"0x{other.address:x} is written twice")
    return joined


def overlap(one: Sequence[Change], other: Sequence[Change]) -> int | None:
    """An address that both change; None where there is none."""
    for mine in one:
        for theirs in other:
            start = max(mine.address, theirs.address)
            if start < min(mine.address + len(mine.after), theirs.address + len(theirs.after)):
                return start
    return None
