"""who: which instructions touch a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from farfetch.scanner import format_address, size_of

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.hits import BY, SECOND_WAY
from ..command.kinds import COUNT, PLACE, choice, seconds
from ..session import places, watching

if TYPE_CHECKING:
    from farfetch.scanner import Hit, Watchpoint

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
_WIDEST: Final = 8  # bytes of a value of unknown size


def run(session: Session, given: Given) -> Result:
    """See who touches a place: on the whole terminal at a prompt, else with a line for each."""
    target, place = session.attached, places.find(session, given.place)
    size = given.size or min(_WIDEST, size_of(place.type, bits=session.bits) or _WIDEST)
    with target.watchpoint(place.address, size, _ON[given.does], by=given.by) as hits:
        watching.see(
            session,
            hits,
            given.duration,
            lambda screens: screens.who(hits),
            lambda: map(_news, hits),
        )
    return _result(session, hits)


def _news(hit: Hit) -> tuple[int, str]:
    return hit.address, f"{hit.first:9.3f}  {text_of(hit)}  {hit.where}"


def text_of(hit: Hit) -> str:
    """An instruction as it is shown, or what there is in its place."""
    return "?" if hit.instruction is None else hit.instruction.text


def _result(session: Session, hits: Watchpoint) -> Result:
    state, found = hits.state, list(hits)
    rows = tuple(
        (
            watching.counted(hit.count, state),
            text_of(hit),
            hit.where,
            format_address(hit.address),
            str(len(hit.threads)),
        )
        for hit in found
    )
    return Result(
        {
            **watching.place_fields(session, hits.address),
            "size": hits.size,
            "on": hits.on,
            "hits": [_fields(hit) for hit in found],
            **watching.end_fields(session, state),
        },
        (
            Table(_COLUMNS, rows) if rows else "nobody did",
            watching.summary(state, quantities.count(len(found), "instruction")),
        ),
    )


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
    "registers and the code around, d the code from there on, n makes it do nothing and undoes "
    "that, a puts what does nothing into the table, s shows a signature, p leaves with a line that"
    " scans for pointers to what its base register held, q or Ctrl-C leaves. With --for, and in "
    "scripts, it prints a line for each instruction when it comes, and at the end all of them with"
    " their counts. Registers are as they were behind the instruction. What the kernel itself "
    "writes, as read(2) does, is not seen. Hits may take a twentieth of the target's time; when "
    "there are more, it rests in between, and the counts are estimates, marked with ≥. --size is "
    "of the value, up to 32 bytes; that of its type when not said. "
    f"{SECOND_WAY}",
    examples=(
        "who writes 0",
        "who reads game+0x4010 --for 2",
        "who executes game+0x1a03 --for 5",
        "who writes 0 --by ptrace --for 2",
    ),
    run=run,
    arguments=(Argument("does", choice(*_ON)), Argument("place", PLACE)),
    options=(
        Option("--for", "seconds in all", seconds(), name="duration"),
        Option("--size", "bytes of the value", COUNT, name="size"),
        BY,
    ),
    needs=Needs.TARGET,
    answers="address location size on hits lost estimated by seconds alive",
)
