"""table: places with a name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farfetch.scanner import (
    CodeEntry,
    Entry,
    ExpressionError,
    PointerPath,
    quote,
)

from ..answers import quantities, values
from ..answers.result import Result
from ..command import Alternatives, Argument, Asked, Category, Command, Form, Given, Kind, Option
from ..command.arguments import as_typed
from ..command.kinds import ENTRY, FILE, FORCE, PLACE, SCRIPT, VALUE, WORD
from ..complete import offers
from ..complete.cursor import Candidate, Cursor, Moment
from ..errors import UsageError
from ..line.words import path_of, quoted, unquoted
from ..session import (
    advice,
    codes,
    entries,
    groups,
    places,
    scripts,
    table_check,
    table_listing,
    table_symbols,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..session.session import Session

_PATCH = re.compile(r"patch:([0-9]{1,18})")
_ENTRY = Argument("entry", ENTRY)

#: Where an entry is: a match's index, an address or a pointer path, as typed.
WHERE = replace(PLACE, label="WHERE", read=lambda _, asked: asked.raw, called="WHERE")
#: A type's name, which the table checks.
TYPE_NAME = Kind(
    "TYPE",
    offer=offers.type_name,
    missing="--type is missing",
    sample="i32",
    refuses=(("i33", "TableError"),),
)
_GROUP = replace(WORD, label="GROUP", missing="--group is missing")
_NOTE = replace(WORD, label="TEXT", missing="--note is missing")


def _new_name(session: Session, asked: Asked) -> str:
    name = asked.text
    if name in session.table:
        said = f"{name!r} is in the table; table remove {quoted(name)} takes it out"
        raise asked.error(said)
    return name


NEW_NAME = Kind("NEW", _new_name, sample="more", refuses=(("hp", "UsageError"),))


def _removed(session: Session, asked: Asked) -> Entry | CodeEntry:
    return codes.named(session, asked.text) or session.table[asked.text]


def _removable(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    yield from offers.names(cursor, moment.entries, "entry")
    yield from offers.names(cursor, moment.code, "code")


_REMOVED = Argument("entry", replace(ENTRY, read=_removed, offer=_removable))
#: What is checked: a table's file.
CHECKED = replace(FILE, label="FILE|SCRIPT", read=as_typed, sample="game.json --offline")
_LUA = Option("--lua", "run Lua that only computes")
_ANYWAY = Option("--force", "whatever is there now")
_REPLACE = Option("--replace", "the entry of that name, if there is one")


def run(session: Session, given: Given) -> Result:
    """Show the table, or change it."""
    if given.action in ("", None, "all"):
        return table_listing.listing(session, every=bool(given.action))
    return _ACTIONS[given.action](session, given)


def _add(session: Session, given: Given) -> Result:
    place, name = given.place, given.name
    patch = _PATCH.fullmatch(place)
    if patch is not None:
        return _add_code(session, given, int(patch[1]))
    replaced = name in session.table
    if replaced and not given.replace:
        said = f"{name!r} is in the table; --replace puts this in its place, and "
        raise UsageError(f"{said}table remove {quoted(name)} takes it out")
    try:
        where, value_type = _located(session, place)
    except ExpressionError:
        if places.is_index(name) or name.startswith("0x"):
            raise UsageError(f"the place comes first: table add {name} {place}") from None
        raise
    type_name = values.type_label(value_type) if given.type is None else given.type
    structure = session.structures.get(type_name)
    entry = Entry(name, where, type_name, given.group, given.note, structure=structure)
    said = f"{quote(name)}: {entry.type} at {entry.where}"
    if replaced:
        before = session.table[name]
        said += f", in place of {before.type} at {before.where}"
    session.table.put(entry)
    advised = advice.fleeting(session, entry)
    return Result({**table_listing.fields_of(entry), "lasts": not advised}, (said, *advised))


def _located(session: Session, place: str) -> tuple[str, Any]:
    """Where an entry of a place would be, and of which type."""
    path, value_type = places.pointer_path(session, unquoted(place))
    if places.is_index(place):
        found = places.find(session, int(place))
    elif isinstance(path, PointerPath) and not path.offsets:
        found = places.find(session, place)
    else:
        if session.target is not None:
            path.follow(session.target)
        return str(path), value_type
    return str(session.attached.locate(found.address)), found.type


def _add_code(session: Session, given: Given, number: int) -> Result:
    if given.type:
        raise UsageError("--type is of a value, and this is code")
    if codes.named(session, given.name) and not given.replace:
        said = f"{given.name!r} is in the table; --replace puts this in its place, and "
        raise UsageError(f"{said}table remove {quoted(given.name)} takes it out")
    return codes.take(session, number, given.name, group=given.group, note=given.note)


def _rename(session: Session, given: Given) -> Result:
    before, name = given.entry, given.new
    entry = session.table.rename(before.name, name)
    return Result(table_listing.fields_of(entry), (f"{quote(before.name)} is {quote(name)} now",))


def _set(session: Session, given: Given) -> Result:
    entry = given.entry
    value, along = groups.write(session, entry, given.value, force=given.force)
    if entry.frozen is not None:
        text = values.shown(entry.value_type, value)
        entry = session.table.change(entry.name, frozen=text)
    said = f"{quote(entry.name)} set to {entries.shown(entry, value)}"
    if along:
        said += f", and {quantities.count(along, 'entry', 'entries')} of its group"
    return Result(
        {**table_listing.fields_of(entry), "value": values.as_json(value), "along": along}, (said,)
    )


def _freeze(session: Session, given: Given) -> Result:
    entry = given.entry
    if given.value is not None and given.value != entry.frozen:
        entry = replace(entry, frozen=given.value)  # the table has it once it holds
    held = entries.freeze(session, entry, force=given.force)
    entry = session.table.change(entry.name, frozen=entries.text_of(session, held, entry))
    said = f"{quote(entry.name)} frozen at {entry.frozen}"
    if not session.interactive:
        said += "; holds until the run ends (wait keeps it going)"
    return Result(table_listing.fields_of(entry), (said,))


def _unfreeze(session: Session, given: Given) -> Result:
    entry = given.entry
    entries.thaw(session, entries.frozen(session, entry))
    entry = session.table.change(entry.name, frozen=None)
    return Result(table_listing.fields_of(entry), (f"{quote(entry.name)} is free",))


def _check(session: Session, given: Given) -> Result:
    if given.offline:
        if given.what is None:
            raise UsageError("FILE is missing: table check FILE --offline")
        return table_check.check_file(path_of(given.what), every=given.list, lua=given.lua)
    if given.list:
        raise UsageError("--list goes with --offline")
    session.attached.check()
    table_symbols.register(session)
    if given.what is None:
        return scripts.check_all(session, lua=given.lua)
    return scripts.check(session, session.table.script(given.what), lua=given.lua)


def _on(session: Session, given: Given) -> Result:
    session.attached.check()
    code = codes.named(session, given.script)
    if code is not None:
        return codes.switch_on(session, code, undo_at_exit=given.undo_at_exit)
    table_symbols.register(session)
    asked = {"undo_at_exit": given.undo_at_exit, "lua": given.lua}
    group = scripts.of_group(session, given.script)
    if group:
        return scripts.switch_group_on(session, given.script, group, **asked)
    script = session.table.script(given.script)
    along = groups.with_scripts(session, script, "switch-on")
    if len(along) > 1:
        return scripts.switch_group_on(session, script.name, along, **asked)
    return scripts.switch_on(session, script, **asked)


def _off(session: Session, given: Given) -> Result:
    session.attached.check()
    name, force = given.script, given.force
    code = codes.named(session, name)
    if code is not None:
        return codes.switch_off(session, code, force=force)
    group = scripts.of_group(session, name)
    if group:
        return scripts.switch_group_off(session, name, group, force=force)
    if name in scripts.not_of(session, session.table):
        return scripts.switch_off(session, name, force=force)
    script = session.table.script(name)
    along = groups.with_scripts(session, script, "switch-off")
    if len(along) > 1 and scripts.is_on(session, script):
        return scripts.switch_group_off(session, script.name, along, force=force)
    return scripts.switch_off(session, name, force=force)


def _remove(session: Session, given: Given) -> Result:
    if isinstance(given.entry, CodeEntry):
        code = session.table.remove_code(given.entry.name)
        said = f"{quote(code.name)} is out of the table"
        if codes.active(session, code):
            said += "; what it has changed stays (patch lists it)"
        return Result(codes.fields(session, code), (said,))
    name = given.entry.name
    entry = session.table.remove(name)
    return Result(table_listing.fields_of(entry), (f"{quote(name)} is out of the table",))


_ACTIONS: dict[str, Callable[[Session, Given], Result]] = {
    "add": _add,
    "set": _set,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
    "rename": _rename,
    "remove": _remove,
    "check": _check,
    "on": _on,
    "off": _off,
}
TABLE = Command(
    name="table",
    category=Category.TABLE,
    summary="keep places under a name, to be saved and loaded",
    details="WHERE is a match's index, an address or a pointer path such as game+0x4010->0x18. "
    "path:0 is the best path of pointers scan, and path:0..3 the best four: an entry of several, "
    "with | between them, is where they lead while they agree. "
    "Addresses in modules are kept relative to them, so a saved table fits the next run of the "
    "program; of an address elsewhere add says that it is only of this run, or of runs that "
    "allocate the same. A field of a structure is kept as 0.hp; an entry may be of a whole "
    "structure, too, which is saved along. Alone it shows the entries with their values now; a "
    "frozen value in brackets is not held at present. A frozen entry follows its pointers at "
    "each look. What the target may not write itself takes --force. add takes --type TYPE, "
    "--group GROUP and --note TEXT; --replace puts it in place of the entry of that name. rename "
    "keeps all but the name. save and load keep the table in a file. check FILE --offline says of "
    "a file, without its program, which values have a place that is known, which wait for a "
    "script that can run, and why others are refused; --list says it of each. on switches an Auto "
    "Assembler script on, as a whole or not at all; off does what its [DISABLE] says, or with "
    "--force puts the old bytes back although others are there now; "
    "the name of a group stands for all scripts in it, in their order, all or none of them; "
    "--undo-at-exit puts the old bytes back when the shell detaches or ends. What a table of Cheat "
    "Engine groups under a script goes on and off with it, and under a value is set with it, where "
    "the table says so; all shows what its groups hide. add patch:N keeps "
    "what a patch, a nop or a hook does, under a name, with the signature of its code: on and off "
    "do it again and undo it, also in another build of the program. check SCRIPT says "
    "what it would change, and check alone which scripts still fit the program. With --lua a "
    "script may have {$lua} that only computes: it is run where it cannot reach files or programs.",
    examples=(
        "table add 0 health",
        "table add 0.hp health",
        "table add path:0..3 coins",
        'table add game+0x4010->0x18 "max hp" --type u16 --group player',
        "table set health 100",
        "table freeze health",
        "table rename health life",
        "table check game.CT --offline",
        'table add patch:0 "no damage"',
        'table on "no damage"',
        "table",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form(
                    (Argument("place", WHERE), Argument("name", WORD)),
                    (
                        Option("--type", "of the value", TYPE_NAME),
                        Option("--group", "that it belongs to", _GROUP, default=""),
                        Option("--note", "for people", _NOTE, default=""),
                        _REPLACE,
                    ),
                    ("add",),
                    "a match or an address, with a name",
                ),
                Form((_ENTRY, Argument("value", VALUE)), (FORCE,), ("set",), "write a value"),
                Form(
                    (_ENTRY, Argument("value", VALUE, optional=True)),
                    (FORCE,),
                    ("freeze",),
                    "hold a value",
                ),
                Form((_ENTRY,), (), ("unfreeze",), "let it go"),
                Form(
                    (_ENTRY, Argument("new", NEW_NAME)), (), ("rename",), "call an entry otherwise"
                ),
                Form((_REMOVED,), (), ("remove",), "take an entry out"),
                Form(
                    (Argument("what", CHECKED, optional=True),),
                    (
                        Option("--offline", "without the program"),
                        Option("--list", "each value and script"),
                        _LUA,
                    ),
                    ("check",),
                    "what of a file can be used, or what a script would change",
                ),
                Form((), (), ("all",), "show what its groups hide, too"),
                Form(
                    (Argument("script", SCRIPT),),
                    (Option("--undo-at-exit", "put the old bytes back"), _LUA),
                    ("on",),
                    "do what a script says",
                ),
                Form((Argument("script", SCRIPT),), (_ANYWAY,), ("off",), "undo what it did"),
            ),
            optional=True,
        ),
    ),
)
