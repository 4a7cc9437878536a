"""set: change the values of matches."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farfetch.scanner import (
    Expr,
    ExpressionError,
    FarfetchError,
    format_address,
    member,
    parse_expression,
    parse_value,
    quote,
    scan_layout,
)

from ..answers import quantities, values
from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Needs
from ..command.kinds import FORCE, PLACES, VALUE
from ..session import selection, writes
from ..session.place import Place
from ..session.places import FIELD
from ..session.selection import Chosen, Selection
from ..session.writes import Write, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..session.session import Session

#: More matches than these are not set before a person has said so.
MANY = 1000
#: So many matches are asked why they could not be written.
_LOOKED_AT = 4096
#: As other languages set something.
_ASSIGNED = re.compile(r"([^=\"']+)=([^=].*)?")
_SOURCE = re.compile(r"\b(?:now|prev|first)\b")
_MATCH = re.compile(r"(?:[0-9]+|\*)\.(?!\.)")


def _selection(session: Session, asked: Asked) -> Selection:
    assigned = _ASSIGNED.fullmatch(asked.raw)
    if assigned and asked.text not in session.table:
        place, value = assigned[1], assigned[2] or "VALUE"
        raise asked.error(f"a blank stands before the value: set {place} {value}")
    field = _MATCH.match(asked.text)
    if field and not FIELD.fullmatch(asked.text, field.end()):
        behind = asked.text[field.end() :]
        if "," not in behind:
            raise asked.error(f"behind the dot stands a field's name, not {behind!r}")
    return selection.read(session, asked.words, asked.raw, matches_first=True)


#: The same as PLACES, but for entries that are called as matches are.
CHOSEN = replace(
    PLACES,
    read=_selection,
    refuses=(*PLACES.refuses, ("0.", "UsageError"), ("0=100", "UsageError")),
)


def run(session: Session, given: Given) -> Result:
    """Write a value to what is chosen."""
    every = given.chosen.all_matches
    if every is not None:
        return _set_all(session, given, every.field)
    chosen = selection.find(session, given.chosen)
    wanted, shown = _writes(session, chosen, given.value)
    if given.chosen.is_single:
        writes.put(session, wanted[0], force=given.force)
        return _answer(chosen, Written(1, 0), shown)
    done = writes.put_each(session, wanted, force=given.force)
    return _answer(chosen, done, shown, [(chosen[at].text, why) for at, why in done.refused])


def _writes(session: Session, chosen: Sequence[Chosen], text: str) -> tuple[list[Write], str]:
    """What is to be written, with how that is shown; all of it fits, or nothing is written."""
    wanted, shown = [], ""
    for each in chosen:
        place, value = _typed(session, each, text)
        if isinstance(value, Expr):
            shown = shown or str(value)
            field = each.place.field or None
            (value,) = session.matched.compute(value, field=field, start=each.match or 0, count=1)
        wanted.append(Write(place, value))
        shown = shown or values.shown(place.type, value)
    return wanted, shown


def _typed(session: Session, chosen: Chosen, text: str) -> tuple[Place, object]:
    """A value as it is written, and the place with the first of its types that takes it."""
    computes = chosen.match is not None
    return chosen.place.typed(lambda kind: _value(session, kind, text, computes=computes))


def _set_all(session: Session, given: Given, field: str) -> Result:
    """Write a value to every match, or to a field of each."""
    scan = session.matched
    path = member(scan.type, field, bits=session.attached.bits) if field else None
    value_type = path.type if path else scan.type
    value = _value(session, value_type, given.value)
    shown = str(value) if isinstance(value, Expr) else values.shown(value_type, value)
    if len(scan) > MANY and session.ask and not session.ask(f"set {len(scan):,} matches?"):
        return Result({"written": 0, "failed": 0, "refused": []}, ("nothing was set",))
    done = writes.put_all(session, value, path, force=given.force)
    refused = _first_refused(session) if done.failed and not given.force else ()
    kept = done.is_kept or not session.interactive
    return _answer((), done._replace(is_kept=kept), shown, refused)


def _value(session: Session, value_type: Any, text: str, *, computes: bool = True) -> object:
    """A value as it is written, or an expression over the values of matches.

    Raises:
        FarfetchError: it is neither.
    """
    bits = session.attached.bits
    try:
        return parse_value(value_type, text, bits=bits)
    except FarfetchError:
        if not (computes and _SOURCE.search(text)):
            raise
        layout = scan_layout(value_type, bits=bits)
        if not (layout.parts or layout.is_number):
            raise
    expr = parse_expression(text)
    if "@" in text:
        raise ExpressionError(text, text.index("@"), "set knows now, prev and first")
    return expr


def _first_refused(session: Session) -> Sequence[tuple[str, str]]:
    """The first match that the target may not write itself, and why; none where none is soon."""
    regions = iter(session.attached.regions())
    region = next(regions, None)
    for address in session.matched.matches.addresses(count=_LOOKED_AT):
        while region is not None and region.end <= address:
            region = next(regions, None)
        if region is not None and address in region and not region.writable:
            name = region.name or f"{format_address(region.start)}..{format_address(region.end)}"
            at = format_address(address)
            return [(at, f"{at} lies in a read-only mapping of {name}: force it")]
    return ()


def _answer(
    chosen: Sequence[Chosen], done: Written, shown: str, refused: Sequence[tuple[str, str]] = ()
) -> Result:
    """The answer, for places that were chosen; for all matches, when none were."""
    what = quantities.count(done.written, "match", "matches")
    if any(each.match is None for each in chosen):
        what = (
            quote(chosen[0].text) if len(chosen) == 1 else quantities.count(done.written, "place")
        )
    line = f"{what} set to {shown}"
    if done.failed:
        line += f", {done.failed:,} could not be written"
    if refused:
        line += f": {refused[0][1]}"
    if not done.is_kept:
        line += "; they are too many for unset"
    told = {"written": done.written, "failed": done.failed}
    return Result({**told, "refused": writes.as_json(refused)}, (line,))


SET = Command(
    name="set",
    category=Category.MATCHES,
    summary="change the values of matches, entries and addresses",
    details="PLACES are a match's number in list, 0..3 for the matches 0 to 3, * for all of them, "
    "an entry of the table, an address, or several of these with commas between them. The value is "
    "of the scan's type, of the entry's, or at an address of the type that type says. It "
    "is written once: freeze holds it, and what is frozen is held at the new "
    "value. A number may be computed from each match's own values now, prev and first; nothing is "
    "written unless all fit. A field of a structure is set as 0.hp; now is then the value of that "
    "field. unset undoes it. At a prompt more than a thousand matches are only set once you have "
    "said yes; Ctrl-C stops that half way and says how many were set. "
    "What the target may not write itself, such as constants, takes --force.",
    examples=(
        "set 0 9999",
        "set 0.hp 9999",
        "set 0..3 5",
        "set 0,2 5",
        "set * 1_000",
        'set 0 "Ada"',
        "set * now * 2 + 5",
    ),
    run=run,
    arguments=(Argument("chosen", CHOSEN), Argument("value", VALUE)),
    options=(FORCE,),
    needs=Needs.TARGET,
    answers="written failed refused",
)
