"""accesses: which addresses an instruction reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farfetch.scanner import format_address

from ..answers import quantities
from ..answers.result import Column, Json, Result, Table
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.hits import BY, SECOND_WAY
from ..command.kinds import PLACE, seconds
from ..session import places, watching

if TYPE_CHECKING:
    from farfetch.scanner import Access, Accesses

    from ..session.session import Session

_COLUMNS: Final = (
    Column("COUNT", right=True, style="bold"),
    Column("ADDRESS", right=True, style="cyan"),
    Column("VALUE", right=True),
    Column("WHERE"),
    Column("BASE", right=True, style="cyan"),
    Column("THREADS", right=True),
)


def run(session: Session, given: Given) -> Result:
    """See what an instruction reaches: on the whole terminal at a prompt, else line by line."""
    target, place = session.attached, places.find(session, given.place)
    with target.accesses_of(place.address, by=given.by) as accesses:
        watching.see(
            session,
            accesses,
            given.duration,
            lambda screens: screens.accesses(accesses),
            lambda: map(_news, accesses),
        )
    return _result(session, accesses)


def _news(access: Access) -> tuple[int, str]:
    return access.address, f"{access.first:9.3f}  {format_address(access.address)}"


def _result(session: Session, accesses: Accesses) -> Result:
    state, found, instruction = accesses.state, list(accesses), accesses.instruction
    rows = tuple(
        (
            watching.counted(access.count, state),
            format_address(access.address),
            watching.value_text(session, access),
            access.location,
            format_address(access.base),
            str(len(access.threads)),
        )
        for access in found
    )
    return Result(
        {
            **watching.place_fields(session, instruction.address),
            "instruction": instruction.text,
            "accesses": [_fields(access) for access in found],
            "hits": state.hits,
            **watching.end_fields(session, state),
        },
        (
            Table(_COLUMNS, rows) if rows else f"{instruction.text} has not run",
            watching.summary(state, quantities.count(len(found), "address", "addresses")),
        ),
    )


def _fields(access: Access) -> dict[str, Json]:
    return {
        "address": format_address(access.address),
        "location": access.location,
        "size": access.size,
        "on": access.on,
        "count": access.count,
        "seen": access.seen,
        "threads": list(access.threads),
        "first": round(access.first, 6),
        "last": round(access.last, 6),
        "value": None if access.value is None else access.value.hex(" "),
        "base": format_address(access.base),
        "registers": {name: format_address(value) for name, value in access.registers.items()},
    }


ACCESSES = Command(
    name="accesses",
    category=Category.CODE,
    summary="see which addresses an instruction reads or writes, while nothing is stopped",
    details="The counterpart of who: each time that the instruction is about to run, in any "
    "thread, the processor notes what its registers hold, and so which memory it reaches; the "
    "target runs on and is not traced. Code that takes the health of every creature leads to all "
    "of them this way. BASE is what its base register held, where a structure begins most of the "
    "time. At a prompt it takes the whole terminal: Up and Down choose an address, Enter shows the "
    "registers, h its memory and b that at the base, where t lays a structure over it; a puts it "
    "into the table, p leaves with a line that scans for pointers to the base, q or Ctrl-C leaves. "
    "With --for, and in scripts, it prints a line for each address when it comes, and at the end "
    "all of them. Values are those of now. Counts marked with ≥ are estimates, as those of who. "
    f"{SECOND_WAY}",
    examples=("accesses game!obey+0x283", "accesses game!obey+0x283 --for 5"),
    run=run,
    arguments=(Argument("place", PLACE),),
    options=(Option("--for", "seconds in all", seconds(), name="duration"), BY),
    needs=Needs.TARGET,
    answers="address location instruction accesses hits lost estimated by seconds alive",
)
