"""table: places with a name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from farfetch.scanner import Entry, format_address, quote

from ..answers import values
from ..answers.result import Column, Json, Result, Table
from ..command import Command
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Words, quoted
from ..session import entries, forcing, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..session.session import Session

_COLUMNS = (
    Column("GROUP"),
    Column("NAME", style="bold"),
    Column("VALUE", right=True, style="bold"),
    Column("TYPE"),
    Column("WHERE"),
    Column("ADDRESS", right=True, style="cyan"),
    Column("FROZEN"),
    Column("NOTE"),
)
_WIDEST = 60
_OPTIONS = {"--type": "type", "--group": "group", "--note": "note"}


def run(session: Session, words: Words) -> Result:
    """Show the table, or change it."""
    word = words.optional()
    if word is None:
        words.end()
        return _listing(session)
    if word.text not in _ACTIONS:
        raise words.error(f"table takes {', '.join(_ACTIONS)}, not {word.raw!r}")
    return _ACTIONS[word.text](session, words)


def _listing(session: Session) -> Result:
    fields: list[Json] = []
    rows = []
    entries.settle(session)
    for entry in session.table:
        live = entries.live(session, entry)
        shown = _shortened(values.shown(entry.value_type, live.value))
        address = None if live.address is None else format_address(live.address)
        holding = live.held is not None and live.held.holding
        held = "" if entry.frozen is None else entry.frozen if holding else f"({entry.frozen})"
        place = (entry.where, address or "?")
        reason = live.reason or (str(live.held.error or "") if live.held else "")
        said = entry.note or reason
        rows.append((entry.group, entry.name, shown, entry.type, *place, held, said))
        fields.append(
            {
                **_fields(entry),
                "address": address,
                "value": values.as_json(live.value),
                "active": holding,
                "error": reason or None,
            }
        )
    return Result({"entries": fields}, (Table(_COLUMNS, tuple(rows)) if rows else "no entries",))


def _shortened(text: str) -> str:
    """The beginning of what would be wider than a table's cell."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _fields(entry: Entry) -> dict[str, Json]:
    return {
        "name": entry.name,
        "where": entry.where,
        "type": entry.type,
        "group": entry.group,
        "note": entry.note,
        "frozen": entry.frozen,
        "allow": entry.allow,
    }


def _add(session: Session, words: Words) -> Result:
    place, name = words.take("WHERE"), words.take("NAME").text
    options: dict[str, str] = {}
    while (option := words.optional()) is not None:
        key, equals, text = option.text.partition("=")
        if key not in _OPTIONS:
            raise words.error(f"{option.raw!r} is one argument too many")
        options[_OPTIONS[key]] = text if equals else words.take(key).text
    if name in session.table:
        raise words.error(f"{name!r} is in the table; table remove {quoted(name)} takes it out")
    path, value_type = places.pointer_path(session, place.text)
    where = str(path)
    if places.is_index(place):
        found = places.find(session, words.number(place, "INDEX"))
        where, value_type = str(session.attached.locate(found.address)), found.type
    elif not path.offsets:
        found = places.find(session, place.raw)
        where, value_type = str(session.attached.locate(found.address)), found.type
    elif session.target is not None:
        path.follow(session.target)
    type_name = options.get("type", values.type_label(value_type))
    structure = session.structures.get(type_name)
    group, note = options.get("group", ""), options.get("note", "")
    entry = Entry(name, where, type_name, group, note, structure=structure)
    session.table.put(entry)
    return Result(_fields(entry), (f"{quote(name)}: {entry.type} at {entry.where}",))


def _set(session: Session, words: Words) -> Result:
    entry = session.table[words.take("NAME").text]
    text, force = forcing.taken_off(words.need_rest("VALUE"))
    if not text:
        raise words.error("VALUE is missing")
    value = entries.write(session, entry, text, force=force)
    value_type = entry.value_type
    if entry.frozen is not None:
        text = values.shown(value_type, value)
        entry = session.table.change(entry.name, frozen=text)
    said = f"{quote(entry.name)} set to {values.shown(value_type, value)}"
    return Result({**_fields(entry), "value": values.as_json(value)}, (said,))


def _freeze(session: Session, words: Words) -> Result:
    entry = session.table[words.take("NAME").text]
    text, force = forcing.taken_off(words.rest())
    if text:
        entry = session.table[entry.name] if entry.frozen == text else _frozen_at(entry, text)
    held = entries.freeze(session, entry, force=force)
    entry = session.table.change(entry.name, frozen=entries.text_of(held))
    said = f"{quote(entry.name)} frozen at {entry.frozen}"
    if not session.interactive:
        said += "; holds until the run ends (wait keeps it going)"
    return Result(_fields(entry), (said,))


def _frozen_at(entry: Entry, text: str) -> Entry:
    """The same entry with another value to hold; the table has it once it holds."""
    return dataclasses.replace(entry, frozen=text)


def _unfreeze(session: Session, words: Words) -> Result:
    entry = session.table[words.take("NAME").text]
    words.end()
    for one in entries.frozen(session, entry):
        one.stop()
    entry = session.table.change(entry.name, frozen=None)
    return Result(_fields(entry), (f"{quote(entry.name)} is free",))


def _remove(session: Session, words: Words) -> Result:
    name = words.take("NAME").text
    words.end()
    entry = session.table.remove(name)
    return Result(_fields(entry), (f"{quote(name)} is out of the table",))


_ACTIONS: dict[str, Callable[[Session, Words], Result]] = {
    "add": _add,
    "set": _set,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
    "remove": _remove,
}
_NOTES = {
    "add": "a match or an address, with a name",
    "set": "write a value",
    "freeze": "hold a value",
    "unfreeze": "let it go",
    "remove": "take an entry out",
}


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer what can be done, then the names of entries, or places to add."""
    before = cursor.words
    if not before:
        yield from cursor.offer(Choice(name, note) for name, note in _NOTES.items())
    elif before == ["add"]:
        yield from offers.match_index(cursor, moment)
        yield from offers.address(cursor, moment)
    elif before[0] == "add" and before[-1] == "--type":
        yield from cursor.offer(Choice(name, "type") for name in moment.types)
    elif before[0] == "add" and cursor.word and before[-1] not in _OPTIONS:
        yield from cursor.offer(Choice(one) for one in _OPTIONS if one not in before)
    elif before[0] in ("set", "freeze") and len(before) > 1 and cursor.word:
        yield from cursor.offer([Choice(forcing.FORCE, forcing.NOTE)])
    elif len(before) == 1 and before[0] in _NOTES:
        yield from cursor.offer(Choice(quoted(name), "entry") for name in moment.entries)


TABLE = Command(
    name="table",
    usage="table [add WHERE NAME | set|freeze NAME [VALUE] [--force] | unfreeze|remove NAME]",
    summary="keep places under a name, to be saved and loaded",
    details="WHERE is a match's index, an address or a pointer path such as game+0x4010->0x18. "
    "Addresses in modules are kept relative to them, so a saved table fits the next run of the "
    "program. A field of a structure is kept as 0.hp; an entry may be of a whole structure, "
    "too, which is saved along. Alone it shows the entries with their values now; a frozen "
    "value in brackets is not held at present. A frozen entry follows its pointers at each look. "
    "What the target may not write itself takes --force. add takes --type TYPE, --group GROUP and "
    "--note TEXT. save and load keep the table in a file.",
    examples=(
        "table add 0 health",
        "table add 0.hp health",
        'table add game+0x4010->0x18 "max hp" --type u16 --group player',
        "table set health 100",
        "table freeze health",
        "table",
    ),
    run=run,
    complete=complete,
)
