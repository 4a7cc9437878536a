"""struct: structures, declared in C or with construct's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from farfetch.scanner import Declaration, construct_struct, members, scan_layout, size_of

from ..answers import quantities, values
from ..answers.result import Block, Column, Json, Result, Table
from ..command import Alternatives, Argument, Asked, Category, Command, Form, Given, Kind
from ..command.kinds import FILE, STRUCTURE
from ..errors import CommandError
from ..line.statements import is_declaration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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


def _declares(text: str, session: Session | None = None) -> bool:  # noqa: ARG001
    return is_declaration(text) or is_declaration(f"struct{text}")


def _whole(session: Session, asked: Asked) -> str:  # noqa: ARG001
    return asked.text if is_declaration(asked.text) else f"struct{asked.text}"


DECLARATION = Kind(
    "NAME { \N{HORIZONTAL ELLIPSIS} }; | NAME = Struct(\N{HORIZONTAL ELLIPSIS})",
    _whole,
    takes="exact",
)


def run(session: Session, given: Given) -> Result:
    """Declare structures, show one or list them, load them from a file or drop one."""
    if given.declaration:
        return _declare(session, given.declaration, _NAMED.match(given.declaration))
    if given.action == "load":
        return _load(session, given.file)
    if given.action == "drop":
        return _drop(session, given.dropped)
    if given.structure is None:
        return _listing(session)
    return Result(_fields(session, given.structure), _shown(session, given.structure))


def _declare(session: Session, text: str, named: re.Match[str] | None) -> Result:
    if named is None:
        return _declared(session, session.structures.add_c(text))
    name = named[1]
    session.structures.check_name(name)
    # blanks in front keep an error's place
    construct_struct(re.sub(r"[^\n]", " ", text[: named.end()]) + text[named.end() :])
    made = session.structures.add_construct(name, text[named.end() :].strip())
    return _declared(session, [made])


def _declared(session: Session, made: Sequence[Declaration]) -> Result:
    """Answer, and let the session's type and the table's entries follow."""
    lines = []
    for declaration in made:
        session.table.redeclare(declaration)
        if session.settings.type.name == declaration.name:
            session.settings.type = declaration.type
        size = size_of(declaration.type, bits=session.bits) or 0
        fields = len(members(declaration.type, bits=session.bits))
        lines.append(
            f"struct {declaration.name}: {quantities.count(size, 'byte')}, "
            f"{quantities.count(fields, 'field')}; type {declaration.name} scans for it"
        )
        if (
            session.matches
            and session.scan is not None
            and session.scan.type.name == declaration.name
        ):
            lines.append("the present matches keep theirs; first or reset begins anew")
    listed: list[Json] = [_fields(session, declaration) for declaration in made]
    return Result({"structures": listed}, tuple(lines))


def _load(session: Session, file: Path) -> Result:
    try:
        made = session.structures.add_header(file)
    except OSError as error:
        said = str(error.strerror)
        reason = said if said.startswith("is ") else f"cannot be read: {said}"
        raise CommandError(f"{file} {reason}") from None
    result = _declared(session, made)
    return Result(
        {"file": str(file), **result.fields}, result.blocks or (f"no structures in {file}",)
    )


def _drop(session: Session, dropped: Declaration) -> Result:
    name = dropped.name
    entries = [entry.name for entry in session.table if entry.structure and entry.type == name]
    if entries:
        said = ", ".join(entries[:5])
        has, them = ("an entry", "it") if len(entries) == 1 else ("entries", "them")
        raise CommandError(f"the table has {has} of struct {name}: {said}; remove {them} first")
    session.structures.remove(name)
    return Result({"dropped": name}, (f"struct {name} is gone",))


def _listing(session: Session) -> Result:
    known = list(session.structures)
    rows = tuple(
        (
            declaration.name,
            str(size_of(declaration.type, bits=session.bits)),
            str(len(members(declaration.type, bits=session.bits))),
            "C" if declaration.language == "c" else "construct",
        )
        for declaration in known
    )
    listed: list[Json] = [_fields(session, declaration) for declaration in known]
    return Result({"structures": listed}, (Table(_LISTED, rows) if rows else "no structures",))


def _fields(session: Session, declaration: Declaration) -> dict[str, Json]:
    layout = scan_layout(declaration.type, bits=session.bits)
    return {
        "name": declaration.name,
        "language": declaration.language,
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
            for field in members(declaration.type, bits=session.bits)
        ],
    }


def _shown(session: Session, declaration: Declaration) -> tuple[Block, ...]:
    layout = scan_layout(declaration.type, bits=session.bits)
    rows = tuple(
        (f"{field.offset:#x}", str(field.size), values.type_label(field.type), field.name)
        for field in members(declaration.type, bits=session.bits)
    )
    said = f"{quantities.count(layout.size or 0, 'byte')}, aligned to {layout.alignment}, "
    return (Table(_FIELDS, rows), said + f"in a target of {session.bits} bits")


STRUCT = Command(
    name="struct",
    category=Category.SETTINGS,
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
    arguments=(
        Alternatives(
            (
                Form((Argument("structure", STRUCTURE),)),
                Form((Argument("declaration", DECLARATION),), when=_declares),
                Form((Argument("file", FILE),), keywords=("load",), note="from a header"),
                Form((Argument("dropped", STRUCTURE),), keywords=("drop",), note="take one out"),
            ),
            optional=True,
        ),
    ),
)
