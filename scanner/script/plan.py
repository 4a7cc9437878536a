"""What a script will do in a target: found, allocated, assembled and compared, not yet written."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import PatchError, ScriptError
from ..memory.changes import Change
from ..memory.space import Space
from ..values.literals import quote
from .allocating import Allocated
from .aob import ByteArray
from .layout import Assembled, Names, Piece, value_of
from .rights import Wanted, check
from .search import expression_of, find_first, ranges_of
from .statements import Part, Search
from .taking_back import apart, put_back

if TYPE_CHECKING:
    from .around import TargetAround
    from .lua import LuaSandbox
    from .program import Program

#: The changes of other scripts, by their names.
Others = Sequence[tuple[str, Sequence[Change]]]


class Plan(NamedTuple):
    """A section that is ready to be written.

    Attributes:
        program: that it is of.
        assembled: its bytes and names.
        inside: changes of what it allocated, where nothing runs.
        outside: changes of what the target had before.
        registered: addresses of the names that it registers.
        kept: the same of those that outlive the script.
        rights: memory that is to be readable, writable and executable.
        values: changes that Lua makes, of what the target changes itself.
        unregistered: names that Lua takes away.
    """

    program: Program
    assembled: Assembled
    inside: list[Change]
    outside: list[Change]
    registered: dict[str, int]
    kept: dict[str, int]
    rights: list[Wanted]
    values: list[Change]
    unregistered: list[str]


def prepare(
    part: Part,
    around: TargetAround,
    memory: Allocated,
    others: Others,
    *,
    dry: bool,
    known: Mapping[str, int],
) -> Names:
    """Look for bytes, check those that have to be there, and allocate.

    Args:
        part: of the script.
        around: the target.
        memory: that the script has; what is allocated is added.
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
    memory.allocate(part.allocations, names, around, dry=dry)
    return names


def rights_of(part: Part, names: Names, around: TargetAround, memory: Allocated) -> list[Wanted]:
    """The memory that is to have all rights.

    Args:
        part: of the script.
        names: all of its names, labels too.
        around: the target.
        memory: that the script has; of a dry run it is not there.

    Raises:
        ScriptError: some of it is not mapped, or where it would be is not known.
    """
    asked = []
    for access in part.accesses:
        start = value_of(access.line, access.address, names, around.pointer)
        asked.append(Wanted(access.line, start, start + access.size))
    check(around.space, [one for one in asked if not memory.holds(one.start, one.end - one.start)])
    return asked


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
        done = {id(search) for search in together}
        waiting = [search for search in waiting if id(search) not in done]


def _covered(array: ByteArray, around: TargetAround, others: Others) -> str:
    """Who else has changed bytes that are looked for, if they were there before."""
    reach, expression = len(array.raw) - 1, expression_of(array)
    for name, changes in others:
        for change in changes:
            start = max(0, change.address - reach)
            raw = bytearray(around.space.memory.read(start, len(change.before) + 2 * reach))
            for other in changes:
                for at, byte in enumerate(other.before, other.address - start):
                    if 0 <= at < len(raw):
                        raw[at] = byte
            if expression.search(raw):
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


def changes_of(
    assembled: Assembled, around: TargetAround, memory: Allocated
) -> tuple[list[Change], list[Change]]:
    """The changes that pieces are: of what was allocated, and of what the target had.

    Raises:
        ScriptError: a place cannot be read, or is written twice.
    """
    inside: list[Change] = []
    outside: list[Change] = []
    for piece in _joined(assembled.pieces):
        if memory.holds(piece.address, len(piece.raw)):
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
    groups: list[list[Piece]] = []
    end = -1
    for piece in pieces:
        if not piece.raw:
            continue
        if piece.address == end:
            groups[-1].append(piece)
        else:
            groups.append([piece])
        end = piece.address + len(piece.raw)
    joined = [_in_one(group) for group in groups]
    ordered = sorted(joined, key=lambda piece: piece.address)
    for one, other in itertools.pairwise(ordered):
        if one.address + len(one.raw) > other.address:
            raise ScriptError(other.line, f"0x{other.address:x} is written twice")
    return joined


def _in_one(group: list[Piece]) -> Piece:
    raw = b"".join(piece.raw for piece in group)
    mask = b""
    if any(piece.mask for piece in group):
        mask = b"".join(piece.mask or b"\xff" * len(piece.raw) for piece in group)
    return Piece(group[-1].line, group[0].address, raw, mask)


def overlap(one: Sequence[Change], other: Sequence[Change]) -> int | None:
    """An address that both change; None where there is none."""
    theirs = sorted(other, key=lambda change: change.address)
    starts = [change.address for change in theirs]
    for mine in one:
        end = mine.address + len(mine.after)
        at = bisect_left(starts, end) - 1  # the last that begins before mine ends
        if at >= 0 and theirs[at].address + len(theirs[at].after) > mine.address:
            return max(mine.address, theirs[at].address)
    return None


def apply(space: Space, changes: list[Change]) -> None:
    """Make changes, all or none, while no thread of the target runs.

    Of data that the target itself changes all the time the old bytes are not insisted on: what
    was there last takes their place in the list.

    Raises:
        PatchError: the old bytes of code are not there; nothing is changed.
        MemoryFault: some cannot be written; nothing is changed.
    """
    try:
        space.memory.change(changes)
    except PatchError:
        code, data = apart(space, changes)
        if not data:
            raise
        space.memory.change(code)
        changes[:] = code
        try:
            for change in data:
                before = space.read_bytes(change.address, len(change.after))
                changes.append(change._replace(before=before))
                space.write_bytes(change.address, change.after, force=True)
        except BaseException:
            put_back(space, changes[len(code) :])
            space.memory.change([change.back for change in code])
            raise
