"""freeze: hold a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import Freeze, MemoryFault, format_address, parse_value

from ..answers import quantities, values
from ..answers.result import Column, Json, Result, Table
from ..command import Alternatives, Argument, Category, Command, Form, Given, Needs, Option
from ..command.kinds import FORCE, PLACES, VALUE, choice, seconds
from ..session import holding, selection, writes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farfetch.scanner import Target

    from ..session.place import Place
    from ..session.selection import Chosen
    from ..session.session import Session

#: So many values are frozen by a line.
MOST = 1_000
#: Of so many that could not be frozen is said why.
_SAID = 5
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
    """Freeze what is chosen, or list what is frozen."""
    target = session.attached
    if given.places is None:
        return _listing(target)
    chosen = selection.find(session, given.places, MOST)
    wanted = [_typed(session, each.place, given.value) for each in chosen]
    if not given.places.is_single:
        return _several(session, given, chosen, wanted)
    entry = _freeze(target, given, *wanted[0])
    line = f"frozen {target.locate(entry.address)} at {values.shown(entry.type, entry.value)}"
    return Result(_fields(target, entry), (line + _terms(session, entry),))


def _typed(session: Session, place: Place, text: str | None) -> tuple[Place, object]:
    """A place, of the first of its types that takes the value, and what it is held at."""
    if text is None:
        return place, place.value  # what is there
    return place.typed(lambda kind: parse_value(kind, text, bits=session.bits))


def _freeze(target: Target, given: Given, place: Place, value: object) -> Freeze:
    return holding.freeze(
        target,
        *(place.lasting, place.type, value),
        *(given.allow, given.every),
        force=given.force,
    )


def _several(
    session: Session,
    given: Given,
    chosen: Sequence[Chosen],
    wanted: Sequence[tuple[Place, object]],
) -> Result:
    """Freeze one after the other; what cannot be is said, and keeps the others from nothing."""
    target, frozen, failed = session.attached, list[Freeze](), dict[str, str]()
    for each, (place, value) in zip(chosen, wanted, strict=True):
        try:
            frozen.append(_freeze(target, given, place, value))
        except MemoryFault as fault:
            failed[each.text] = str(fault)
    lines = [f"{quantities.count(len(frozen), 'value')} frozen"]
    if frozen:
        lines[0] += _terms(session, frozen[0])
    lines += [f"{text}: {reason}" for text, reason in list(failed.items())[:_SAID]]
    if len(failed) > _SAID:
        lines.append(f"{len(failed) - _SAID:,} more could not be frozen")
    fields: list[Json] = [_fields(target, entry) for entry in frozen]
    refused = writes.as_json(list(failed.items()))
    return Result({"frozen": fields, "failed": refused, "refused": refused}, tuple(lines))


def _terms(session: Session, entry: Freeze) -> str:
    """How an entry is held, behind what is said of it."""
    said = f", may {entry.allow}" if entry.allow else ""
    if entry.interval != Freeze.INTERVAL:
        said += f", looked at every {entry.interval:g} s"
    if not session.interactive:
        said += "; holds until the run ends (wait keeps it going)"
    return said


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
    details="PLACES are a match's number in list, 0..3 for the matches 0 to 3, * for all of them, "
    "an entry of the table, an address such as 0x7f12 or game+0x4010, which is of the type that "
    "type says, or several of these with commas between them. Without VALUE it holds what is there "
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
        "freeze 0..3",
        "freeze * 100",
        "freeze game+0x4010 5 --allow increase",
        "freeze 0 --every 0.5",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form(
                    (Argument("places", PLACES), Argument("value", VALUE, optional=True)),
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
