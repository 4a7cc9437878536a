"""The content of a table's file: JSON, read with what is wrong in it said at its place."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..declarations.registry import MAX_DECLARATIONS, Declaration
from ..errors import FarfetchError, TableError
from ..memory.path_group import PathGroup
from ..values.literals import quote
from .code_entry import CODE_FIELDS, CodeEntry
from .entry import FIELDS, Entry, check_text
from .group import TableGroup, fields_of_group, group_of
from .origin import Origin
from .script_entry import Script

FORMAT: Final = "farfetch table"
#: Files without calculated places, groups that do something and what Cheat Engine had are of
#: version 4, those without scripts, code, symbols, comments, bits, choices and values shown in
#: another way of version 3, those without groups of paths of version 2, those without structures,
#: too, of version 1: older ones read these as well.
VERSION: Final = 5

#: Entries that are read; a file with more is refused.
MAX_ENTRIES: Final = 100_000
#: Characters of a table's comments.
MAX_COMMENTS: Final = 1 << 16
#: Characters of all its structures' declarations.
MAX_DECLARED: Final = 1 << 18
#: The fields of a declaration.
DECLARATION: Final = ("name", "language", "text")
#: The fields of a script.
SCRIPT: Final = ("name", "group", "note", "text")
#: Fields of entries that version 4 brought.
NEWER: Final = frozenset(("bits", "shown", "choices"))


class Content(NamedTuple):
    """What a file says.

    Attributes:
        entries: as objects.
        structures: as objects.
        scripts: as objects.
        code: as objects.
        symbols: pointer paths of names, as texts.
        comments: for people.
        groups: that do something to what is in them, by their paths.
        origin: the file of Cheat Engine's that it was made of; or None.
    """

    entries: list[object]
    structures: list[object]
    scripts: list[object]
    code: list[object]
    symbols: dict[str, str]
    comments: str
    groups: dict[str, TableGroup]
    origin: Origin | None


def parse(name: str, raw: bytes) -> Content:
    """What is in the bytes of a file.

    Raises:
        TableError: they are no table; says where.
    """
    try:
        content = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise TableError(name, f"is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise TableError(name, f"is damaged at {where}: {error.msg}") from None
    except RecursionError:
        raise TableError(name, "is nested too deeply to be a table") from None
    except ValueError as error:
        raise TableError(name, f"is damaged: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TableError(name, f'is no table: it does not say "format": "{FORMAT}"')
    version = content.get("version")
    if type(version) is not int or version < 1:
        raise TableError(name, f"has no version: {version!r:.60}")
    if version > VERSION:
        raise TableError(
            name, f"is of version {version}, newer than this farfetch reads ({VERSION}): update it"
        )
    entries = content.get("entries")
    if not isinstance(entries, list):
        raise TableError(name, "has no list of entries")
    if len(entries) > MAX_ENTRIES:
        raise TableError(name, f"has {len(entries)} entries, more than {MAX_ENTRIES}")
    structures = content.get("structures", []) if version > 1 else []
    if not isinstance(structures, list) or len(structures) > MAX_DECLARATIONS:
        raise TableError(name, f"has no list of at most {MAX_DECLARATIONS} structures")
    scripts = content.get("scripts", []) if version > 3 else []
    if not isinstance(scripts, list) or len(scripts) > MAX_ENTRIES:
        raise TableError(name, f"has no list of at most {MAX_ENTRIES} scripts")
    code = content.get("code", []) if version > 3 else []
    if not isinstance(code, list) or len(code) > MAX_ENTRIES:
        raise TableError(name, f"has no list of at most {MAX_ENTRIES} pieces of code")
    symbols, comments = {}, ""
    if version > 3:
        symbols, comments = content.get("symbols", {}), content.get("comments", "")
    if not isinstance(symbols, dict) or len(symbols) > MAX_ENTRIES:
        raise TableError(name, f"has no object of at most {MAX_ENTRIES} symbols")
    try:
        for symbol, address in symbols.items():
            check_text("a symbol", symbol, needed=True)
            check_text("the address of a symbol", address, needed=True)
        check_text("comments", comments, needed=False, most=MAX_COMMENTS)
    except TableError as error:
        raise TableError(name, error.reason) from None
    groups = _groups(name, content.get("groups", []) if version > 4 else [])
    origin = None
    if version > 4 and "cheat_engine" in content:
        try:
            origin = Origin.of_fields(content["cheat_engine"])
        except TableError as error:
            raise TableError(name, error.reason) from None
    return Content(entries, structures, scripts, code, symbols, comments, groups, origin)


def _groups(name: str, listed: object) -> dict[str, TableGroup]:
    if not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
        raise TableError(name, f"has no list of at most {MAX_ENTRIES} groups")
    groups = {}
    for number, fields in enumerate(listed, 1):
        try:
            group = group_of(fields)
        except TableError as error:
            raise TableError(name, f"group {number}: {error.reason}") from None
        groups[group.path] = group
    return groups


def written(
    entries: Sequence[Entry],
    structures: Collection[Declaration],
    scripts: Iterable[Script],
    code: Iterable[CodeEntry],
    symbols: Mapping[str, str],
    comments: str,
    groups: Iterable[TableGroup],
    origin: Origin | None,
) -> bytes:
    """The file that a table is, of the oldest version that has it all."""
    listed = [(entry, fields_of(entry)) for entry in entries]
    content: dict[str, object] = {
        "structures": [
            {field: getattr(structure, field) for field in DECLARATION} for structure in structures
        ],
        "entries": [fields for _, fields in listed],
        "scripts": [
            {
                field: getattr(script, field)
                for field in SCRIPT
                if getattr(script, field) or field == "text"
            }
            for script in scripts
        ],
        "code": [fields_of_code(each) for each in code],
        "symbols": dict(symbols),
        "comments": comments,
        "groups": [fields_of_group(group) for group in groups],
        "cheat_engine": origin.fields() if origin else {},
    }
    kept = {name: said for name, said in content.items() if said or name == "entries"}
    wheres = [entry.where for entry in entries]
    if kept.keys() & {"groups", "cheat_engine"} or any(
        where.lstrip().startswith("=") for where in (*wheres, *symbols.values())
    ):
        version = VERSION
    elif kept.keys() & {"scripts", "code", "symbols", "comments"} or any(
        fields.keys() & NEWER for _, fields in listed
    ):
        version = 4
    elif any("|" in entry.where and isinstance(entry.path, PathGroup) for entry, _ in listed):
        version = 3
    else:
        version = 2 if structures else 1
    whole = {"format": FORMAT, "version": version, **kept}
    return json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is there twice")
    return fields


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def _integer(word: str) -> int:
    if len(word) > 20:
        raise ValueError("a number is too long")
    return int(word)


def structures_of(name: str, listed: list[object]) -> dict[str, Declaration]:
    """The structures that a file declares, by name.

    Raises:
        TableError: one cannot be declared; says which.
    """
    structures: dict[str, Declaration] = {}
    left = MAX_DECLARED
    for number, fields in enumerate(listed, 1):
        where = f"structure {number}"
        if not isinstance(fields, dict) or fields.keys() != set(DECLARATION):
            raise TableError(name, f"{where}: has a name, a language and a text, and no more")
        if not all(isinstance(text, str) for text in fields.values()):
            raise TableError(name, f"{where}: name, language and text are texts")
        left -= len(fields["text"])
        if left < 0:
            raise TableError(name, f"{where}: the structures are longer than {MAX_DECLARED}")
        if fields["language"] not in ("c", "construct"):
            language = quote(fields["language"][:60])
            raise TableError(name, f"{where}: the language is c or construct, not {language}")
        try:
            made = Declaration(**fields)
        except FarfetchError as error:
            raise TableError(name, f"{where}: {error}") from None
        if made.name in structures:
            raise TableError(name, f"{where}: {made.name} is there twice")
        structures[made.name] = made
    return structures


def entry_of(fields: object, structures: dict[str, Declaration]) -> Entry:
    """The entry that an object of JSON is.

    Raises:
        TableError: it is none.
    """
    if not isinstance(fields, dict):
        raise TableError("", f"is an object, not {fields!r:.60}")
    for field in ("name", "where", "type"):
        if field not in fields:
            raise TableError("", f"has no {field}")
    for field in fields:
        if field not in (*FIELDS, "choices"):
            raise TableError("", f"has a field {quote(field[:60])}, which tables do not have")
    kind = fields["type"]
    structure = structures.get(kind) if isinstance(kind, str) else None
    choices = fields.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(pair, list) for pair in choices):
        raise TableError("", "choices are a list of pairs of texts")
    named = tuple(map(tuple, choices))
    return Entry(**{**fields, "choices": named}, structure=structure)


def fields_of(entry: Entry) -> dict[str, object]:
    """What a file says of an entry."""
    fields: dict[str, object] = {
        field: getattr(entry, field) for field in FIELDS if getattr(entry, field)
    }
    if entry.choices:
        fields["choices"] = [list(pair) for pair in entry.choices]
    return fields


def script_of(fields: object) -> Script:
    """The script that an object of JSON is.

    Raises:
        TableError: it is none.
    """
    return Script(**_checked(fields, ("name", "text"), SCRIPT, "scripts do"))


def code_of(fields: object) -> CodeEntry:
    """The code that an object of JSON is.

    Raises:
        TableError: it is none.
    """
    return CodeEntry(
        **_checked(fields, ("name", "where", "kind", "before"), CODE_FIELDS, "code does")
    )


def _checked(
    fields: object, needed: tuple[str, ...], known: tuple[str, ...], whose: str
) -> dict[str, Any]:
    """An object of JSON that has what it has to have, and no more."""
    if not isinstance(fields, dict):
        raise TableError("", f"is an object, not {fields!r:.60}")
    for field in needed:
        if field not in fields:
            raise TableError("", f"has no {field}")
    for field in fields:
        if field not in known:
            raise TableError("", f"has a field {quote(field[:60])}, which {whose} not have")
    return fields


def fields_of_code(code: CodeEntry) -> dict[str, object]:
    """What a file says of code."""
    fields = {field: getattr(code, field) for field in CODE_FIELDS if getattr(code, field)}
    if code.kind != "hook":
        del fields["original"]
    return fields
