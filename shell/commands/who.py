"""who: which instructions touch a value."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, Literal

from farfetch.scanner import format_address, size_of

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.kinds import COUNT, PLACE, choice, seconds
from ..session import places

if TYPE_CHECKING:
    from farfetch.scanner import Hit, Watchpoint, WatchState

    from ..session.session import Session

_ON: Final[dict[str, Literal["write", "read", "access", "execute"]]] = {
    "writes": "write",
    "reads": "read",
    "touches": "access",
    "executes": "execute",
}
_COLUMNS: Final = (
    Column("COUNT", right=True, style="bold"),
    Column("INSTRUCTION"),
    Column("WHERE"),
    Column("ADDRESS", right=True, style="cyan"),
    Column("THREADS", right=True),
)
_POLL: Final = 0.2  # seconds between looks for instructions that are new
_WIDEST: Final = 8  # bytes of a value of unknown size


def run(session: Session, given: Given) -> Result:
    """See who touches a place: on the whole terminal at a prompt, else with a line for each."""
    target, place = session.attached, places.find(session, given.place)
    size = given.size or min(_WIDEST, size_of(place.type, bits=session.bits) or _WIDEST)
    with target.watchpoint(place.address, size, _ON[given.does]) as hits:
        if session.screens is not None and given.duration is None:
            session.screens.who(hits)
        else:
            _follow(session, hits, math.inf if given.duration is None else given.duration)
    return _result(session, hits)


def _follow(session: Session, hits: Watchpoint, duration: float) -> None:
    """Wait until the time is over, the target ends or Ctrl-C; say each instruction that is new."""
    until = time.monotonic() + duration
    said: set[int] = set()
    seen = 0
    try:
        while (left := until - time.monotonic()) > 0 and not hits.state.ended:
            if hits.wait(min(left, _POLL), hits=seen):
                seen = hits.state.hits
                said = _say_new(session, hits, said)
    except KeyboardInterrupt:
        pass


def _say_new(session: Session, hits: Watchpoint, said: set[int]) -> set[int]:
    for hit in hits:
        if hit.address not in said and session.say is not None:
            session.say(f"{hit.first:9.3f}  {text_of(hit)}  {hit.where}")
    return said | {hit.address for hit in hits}


def text_of(hit: Hit) -> str:
    """An instruction as it is shown, or what there is in its place."""
    return "?" if hit.instruction is None else hit.instruction.text


def _result(session: Session, hits: Watchpoint) -> Result:
    state, found, alive = hits.state, list(hits), session.attached.alive
    rows = tuple(
        (
            f"{'≥' if state.estimated else ''}{hit.count}",
            text_of(hit),
            hit.where,
            format_address(hit.address),
            str(len(hit.threads)),
        )
        for hit in found
    )
    return Result(
        {
            "address": format_address(hits.address),
            "location": str(session.attached.locate(hits.address))
            if session.attached.alive
            else "",
            "size": hits.size,
            "on": hits.on,
            "hits": [_fields(hit) for hit in found],
            "lost": state.lost,
            "estimated": state.estimated,
            "seconds": round(state.elapsed, 3),
            "alive": alive,
        },
        (Table(_COLUMNS, rows) if rows else "nobody did", _summary(state, len(found))),
    )


def _summary(state: WatchState, instructions: int) -> str:
    line = (
        f"{quantities.count(state.hits, 'hit')} of "
        f"{quantities.count(instructions, 'instruction')} in {state.elapsed:.1f} s"
    )
    if state.estimated:
        line += "; so many that it rested in between: the counts are estimates, and low ones"
    if state.lost:
        line += f"; {quantities.count(state.lost, 'more hit')} got lost"
    return line


def _fields(hit: Hit) -> dict[str, Json]:
    return {
        "count": hit.count,
        "seen": hit.seen,
        "address": format_address(hit.address),
        "instruction": None if hit.instruction is None else hit.instruction.text,
        "bytes": None if hit.instruction is None else hit.instruction.raw.hex(" "),
        "location": hit.location,
        "function": None if hit.symbol is None else str(hit.symbol),
        "threads": list(hit.threads),
        "first": round(hit.first, 6),
        "last": round(hit.last, 6),
        "before": None if hit.before is None else hit.before.hex(" "),
        "after": None if hit.after is None else hit.after.hex(" "),
        "registers": {name: format_address(value) for name, value in hit.registers.items()},
    }


WHO = Command(
    name="who",
    category=Category.CODE,
    summary="see which instructions write, read or execute a value, while nothing is stopped",
    details="The processor notes each hit, in every thread; the target runs on and is not traced. "
    "At a prompt it takes the whole terminal: Up and Down choose an instruction, Enter shows its "
    "registers and the code around, n makes it do nothing and undoes that, s shows a signature, "
    "q or Ctrl-C leaves. With --for, and in scripts, it prints a line for each instruction when "
    "it comes, and at the end all of them with their counts. Registers are as they were behind the "
    "instruction. What the kernel itself writes, as read(2) does, is not seen. Hits may take a "
    "twentieth of the target's time; when there are more, it rests in between, and the counts are "
    "estimates, marked with ≥. --size is of the value, up to 32 bytes; that of its type when not "
    "said.",
    examples=("who writes 0", "who reads game+0x4010 --for 2", "who executes game+0x1a03 --for 5"),
    run=run,
    arguments=(Argument("does", choice(*_ON)), Argument("place", PLACE)),
    options=(
        Option("--for", "seconds in all", seconds(), name="duration"),
        Option("--size", "bytes of the value", COUNT, name="size"),
    ),
    needs=Needs.TARGET,
    answers="address location size on hits lost estimated seconds alive",
)
