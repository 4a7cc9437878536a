"""struct: structures, declared in C or with construct's words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from farfetch.scanner import Declaration, TableError, construct_struct, members
from farfetch.scanner.declarations.registry import check_name
from farfetch.scanner.tables.table import read_file
from farfetch.scanner.values.structures import scan_layout

from ..answers import quantities, values
from ..answers.result import Block, Column, Json, Result, Table
from ..command import Command
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..errors import CommandError
from ..line.statements import is_declaration
from ..line.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..session.session import Session

_LISTED = (
    Column("STRUCT", style="bold"),
    Column("SIZE", right=True),
    Column("FIELDS", right=True),
    Column("DECLARED IN"),
)
_FIELDS = (
    Column("OFFSET", right=True),
    Column("SIZE", right=True),
    Column("TYPE"),
    Column("FIELD", style="bold"),
)
#: ``struct NAME =``, with what stands behind it.
_NAMED = re.compile(r"\s*(?:struct\s+)?([^\s={]+)\s*=")


def run(session: Session, words: Words) -> Result:
    """Declare structures, show one or list them, load them from a file or drop one."""
    text = words.text()
    whole = text if is_declaration(text) else f"struct{text}"
    if is_declaration(whole):
        return _declare(session, whole, _NAMED.match(whole))
    words = Words(text, 0, STRUCT.usage)
    word = words.optional()
    if word is None:
        return _listing(session)
    if word.text == "load":
        return _load(session, words)
    if word.text == "drop":
        name = words.take("NAME").text
        words.end()
        return _drop(session, name)
    words.end()
    declaration = session.structures[word.text]
    return Result(_fields(session, declaration), _shown(session, declaration))


def _declare(session: Session, text: str, named: re.Match[str] | None) -> Result:
    if named is None:
        return _declared(session, session.structures.add_c(text))
    name = named[1]
    check_name(name)
    # blanks in front keep an error's place
    construct_struct(re.sub(r"[^\n]", " ", text[: named.end()]) + text[named.end() :])
    made = session.structures.add_construct(name, text[named.end() :].strip())
    return _declared(session, [made])


def _declared(session: Session, made: Sequence[Declaration]) -> Result:
    """Answer, and let the session's type and the table's entries follow."""
    lines = []
    for one in made:
        session.table.redeclare(one)
        if session.type.name == one.name:
            session.type = one.type
        size = scan_layout(one.type, bits=session.bits).size or 0
        fields = len(members(one.type, bits=session.bits))
        lines.append(
            f"struct {one.name}: {quantities.count(size, 'byte')}, "
            f"{quantities.count(fields, 'field')}; type {one.name} scans for it"
        )
        if session.matches and session.scan is not None and session.scan.type.name == one.name:
            lines.append("the present matches keep theirs; first or reset begins anew")
    listed: list[Json] = [_fields(session, one) for one in made]
    return Result({"structures": listed}, tuple(lines))


def _load(session: Session, words: Words) -> Result:
    word = words.take("FILE")
    words.end()
    file = str(Path(word.text).expanduser())
    try:
        text = read_file(file).decode("utf-8", "replace")
    except TableError as error:
        raise CommandError(f"{file} {error.reason}") from None
    result = _declared(session, session.structures.add_c(text))
    return Result({"file": file, **result.fields}, result.blocks or (f"no structures in {file}",))


def _drop(session: Session, name: str) -> Result:
    entries = [entry.name for entry in session.table if entry.structure and entry.type == name]
    if entries:
        said = ", ".join(entries[:5])
        raise CommandError(f"the table has entries of struct {name}: {said}; remove them first")
    session.structures.remove(name)
    return Result({"dropped": name}, (f"struct {name} is gone",))


def _listing(session: Session) -> Result:
    known = list(session.structures)
    rows = tuple(
        (
            one.name,
            str(scan_layout(one.type, bits=session.bits).size),
            str(len(members(one.type, bits=session.bits))),
            "C" if one.language == "c" else "construct",
        )
        for one in known
    )
    listed: list[Json] = [_fields(session, one) for one in known]
    return Result({"structures": listed}, (Table(_LISTED, rows) if rows else "no structures",))


def _fields(session: Session, one: Declaration) -> dict[str, Json]:
    layout = scan_layout(one.type, bits=session.bits)
    return {
        "name": one.name,
        "language": one.language,
        "size": layout.size,
        "align": layout.alignment,
        "bits": session.bits,
        "fields": [
            {
                "name": field.name,
                "offset": field.offset,
                "size": field.size,
                "type": values.type_label(field.type),
            }
            for field in members(one.type, bits=session.bits)
        ],
    }


def _shown(session: Session, one: Declaration) -> tuple[Block, ...]:
    layout = scan_layout(one.type, bits=session.bits)
    rows = tuple(
        (f"{field.offset:#x}", str(field.size), values.type_label(field.type), field.name)
        for field in members(one.type, bits=session.bits)
    )
    said = f"{quantities.count(layout.size or 0, 'byte')}, aligned to {layout.alignment}, "
    return (Table(_FIELDS, rows), said + f"in a target of {session.bits} bits")


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the structures and what can be done with them; inside of one, its types."""
    if is_declaration(cursor.line):
        yield from offers.declared_types(cursor.line, moment)
    elif not cursor.words:
        does = [Choice("load", "from a header"), Choice("drop", "take one out")]
        yield from cursor.offer([*(Choice(name) for name in moment.structures), *does])
    elif cursor.words == ["drop"]:
        yield from cursor.offer(Choice(name) for name in moment.structures)
    elif cursor.words == ["load"]:
        yield from offers.files(cursor, moment)


STRUCT = Command(
    name="struct",
    usage="struct [NAME | NAME { … }; | NAME = Struct(…) | load FILE | drop NAME]",
    summary="declare structures, whose fields scans compare",
    details="A structure is declared in C, as it stands in a header, or with construct's words. It "
    "is a value type from then on: type player, then hp < max_hp. A declaration goes on over the "
    "lines below until its brackets are closed. typedef, enum, #define and #pragma pack are "
    "understood, and later structures may use earlier ones; bit fields and unions are not taken. "
    "Sizes and offsets are those of the target. A field of it is called 0.hp at a match and "
    "ADDR.hp at an address, wherever a place is expected. Without arguments it lists the "
    "structures, with a name it shows one.",
    examples=(
        "struct player { int hp, max_hp; float x, y; };",
        'struct mob = Struct("hp" / Int32ul, "name" / PaddedString(16, "utf8"))',
        "struct player",
        "struct load game.h",
        "struct drop mob",
    ),
    run=run,
    complete=complete,
)
