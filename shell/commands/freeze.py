"""freeze: hold a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Freeze, format_address, parse_value

from ..answers import values
from ..answers.result import Column, Json, Result, Table
from ..command import Alternatives, Argument, Category, Command, Form, Given, Needs, Option
from ..command.kinds import FORCE, PLACE, VALUE, choice, seconds
from ..session import holding, places

if TYPE_CHECKING:
    from farfetch.scanner import Target

    from ..session.session import Session

_COLUMNS = (
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("TYPE"),
    Column("VALUE", right=True, style="bold"),
    Column("ALLOW"),
    Column("EVERY", right=True),
    Column("WRITES", right=True),
    Column("STATE"),
)


def run(session: Session, given: Given) -> Result:
    """Freeze a match or an address, or list what is frozen."""
    target = session.attached
    if given.place is None:
        return _listing(target)
    place = places.find(session, given.place)
    value = place.value
    if given.value is not None:
        value = parse_value(place.type, given.value, bits=target.bits)
    entry = holding.freeze(
        target,
        *(place.lasting, place.type, value),
        *(given.allow, given.every),
        force=given.force,
    )
    line = f"frozen {target.locate(entry.address)} at {values.shown(entry.type, entry.value)}"
    if entry.allow:
        line += f", may {entry.allow}"
    if entry.interval != Freeze.INTERVAL:
        line += f", looked at every {entry.interval:g} s"
    if not session.interactive:
        line += "; holds until the run ends (wait keeps it going)"
    return Result(_fields(target, entry), (line,))


def _listing(target: Target) -> Result:
    entries = target.frozen
    rows = tuple(
        (
            format_address(entry.address),
            holding.place(target, entry),
            values.type_label(entry.type),
            values.shown(entry.type, entry.value),
            entry.allow or "",
            f"{entry.interval:g} s",
            str(entry.writes),
            holding.state(entry),
        )
        for entry in entries
    )
    return Result(
        {"frozen": [_fields(target, entry) for entry in entries]},
        (Table(_COLUMNS, rows) if rows else "nothing is frozen",),
    )


def _fields(target: Target, entry: Freeze) -> dict[str, Json]:
    return {
        "address": format_address(entry.address),
        "location": str(target.locate(entry.address)),
        "type": values.type_label(entry.type),
        "value": values.as_json(entry.value),
        "allow": entry.allow,
        "every": entry.interval,
        "path": str(entry.path) if entry.path else None,
        "force": entry.force,
        "active": entry.active,
        "holding": entry.holding,
        "writes": entry.writes,
        "error": str(entry.error) if entry.error else None,
    }


FREEZE = Command(
    name="freeze",
    category=Category.MATCHES,
    summary="hold a value, or list what is held",
    details="INDEX is a match's number in list, of the scan's type; ADDR is an address such as "
    "0x7f12 or game+0x4010, of the type that type says. Without VALUE it holds what is there "
    "now. A field of a structure is 0.hp or ADDR.hp. --allow lets the value move one way: "
    "increase lets it grow and never shrink. --every sets the time between looks, "
    f"{Freeze.INTERVAL:g} s else. Alone it lists the frozen entries. What is written over one, in "
    "whatever way, is what it holds from then on. An entry that cannot be reached for a while, or "
    "may not be written, is held again as soon as it can be; until then the list says why not. "
    "--force holds what the target may not write itself. They hold until unfreeze, detach or the "
    "end of the run, so a script that freezes ends with wait.",
    examples=(
        "freeze 0 100",
        "freeze 0.hp 100",
        "freeze game+0x4010 5 --allow increase",
        "freeze 0 --every 0.5",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form(
                    (Argument("place", PLACE), Argument("value", VALUE, optional=True)),
                    (
                        Option("--allow", "let it move one way", choice("increase", "decrease")),
                        Option(
                            "--every",
                            "seconds between looks",
                            seconds(0.001, 3600),
                            default=Freeze.INTERVAL,
                        ),
                        FORCE,
                    ),
                ),
            ),
            optional=True,
        ),
    ),
    needs=Needs.TARGET,
)
