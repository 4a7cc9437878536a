"""Tables in files: what is saved is loaded, and nothing else is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from farfetch.scanner import Declaration, Entry, Table, TableError
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = TEXTS.filter(str.strip)
ENTRIES = st.builds(
    Entry,
    name=NAMES,
    where=st.sampled_from(["game+0x4010", "[heap]+0x2a0 -> 0x18 -> -8", "0x7f00", '"my game"+1']),
    type=st.sampled_from(["i32", "4 Bytes", "utf16[8]", "f64be"]),
    group=TEXTS,
    note=TEXTS,
    frozen=st.none() | TEXTS.filter(bool),
    allow=st.sampled_from([None, "increase", "decrease"]),
)


PLAYER = Declaration("player", "c", "struct player { int hp; };")
MOB = Declaration("mob", "construct", 'Struct("hp" / i32)')


def table_of(*entries: Entry) -> Table:
    table = Table()
    for entry in entries:
        table.put(entry)
    return table


@given(st.lists(ENTRIES, max_size=6))
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    file = tmp_path_factory.mktemp("tables") / "one.json"
    table = table_of(*entries)
    table.save(file)
    assert list(Table.load(file)) == list(table)
    assert [file_.name for file_ in file.parent.iterdir()] == ["one.json"]


def test_structures_are_saved_with_the_entries_that_are_of_them(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    entries = [
        Entry("me", "game+0x10", "player", structure=PLAYER),
        Entry("hp", "game+0x10", "i32"),
        Entry("foe", "game+0x40 -> 0x8", "mob", structure=MOB),
        Entry("other", "game+0x50", "player", structure=PLAYER),
    ]
    table_of(*entries).save(file)
    saved = json.loads(file.read_bytes())
    assert saved["version"] == 2
    assert [structure["name"] for structure in saved["structures"]] == ["player", "mob"]
    loaded = Table.load(file)
    assert list(loaded) == entries
    assert loaded.structures == {"player": PLAYER, "mob": MOB}
    table_of(entries[1]).save(file)
    assert json.loads(file.read_bytes()) == {
        "format": "farfetch table",
        "version": 1,
        "entries": [{"name": "hp", "where": "game+0x10", "type": "i32"}],
    }


def test_a_structure_is_declared_once_in_a_table() -> None:
    table = table_of(
        Entry("me", "game+0x10", "player", structure=PLAYER), Entry("hp", "game", "i32")
    )
    longer = Declaration("player", "c", "struct player { int hp, mp; };")
    with pytest.raises(TableError, match="the table has another structure player"):
        table.put(Entry("you", "game+0x20", "player", structure=longer))
    table.redeclare(longer)
    assert table["me"].value_type.sizeof() == 8
    with pytest.raises(TableError, match="i32 is not player"):
        Entry("me", "game+0x10", "i32", structure=PLAYER)


ONE = {"name": "hp", "where": "game+0x10", "type": "i32"}


ME = {"name": "me", "where": "game+0x10", "type": "player"}
SAID = {"name": "player", "language": "c", "text": "struct player { int hp; };"}


def with_structures(*structures: object) -> bytes:
    return as_file(ME, version=2, structures=list(structures))


def as_file(*entries: object, **fields: object) -> bytes:
    whole = {"format": "farfetch table", "version": 1, "entries": list(entries)}
    return json.dumps(whole | fields).encode()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is damaged at line 1, column 1"),
        (as_file(ONE)[:-9], "is damaged at line 1, column "),
        (b"\xff\xfe{}", "is not UTF-8 at byte 0"),
        (b"[]", "is no table"),
        (b'{"format": "lunch"}', "is no table"),
        (as_file(version=6), "is of version 6, newer than this farfetch reads (5): update it"),
        (as_file(version=True), "has no version: True"),
        (as_file(version="1"), "has no version: '1'"),
        (as_file(version=0), "has no version: 0"),
        (b'{"version": ' + b"9" * 5000 + b"}", "a number is too long"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a": 1, "a": 2}', "a field is there twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (as_file(entries={}), "has no list of entries"),
        (as_file(entries=[0] * 100_001), "has 100001 entries, more than 100000"),
        (as_file(5), "entry 1: is an object, not 5"),
        (as_file(ONE, ONE), 'entry 2: "hp" is there twice'),
        (as_file({"name": "hp", "where": "game"}), "entry 1: has no type"),
        (as_file(ONE | {"colour": 1}), 'entry 1: has a field "colour"'),
        (as_file(ONE | {"name": 5}), "entry 1: name is a text, not 5"),
        (as_file(ONE | {"name": " "}), "entry 1: name is empty"),
        (as_file(ONE | {"name": "\ud800"}), "half a surrogate pair"),
        (as_file(ONE | {"note": "x" * 4097}), "note has 4097 characters, more than 4096"),
        (as_file(ONE | {"note": None}), "note is a text, not None"),
        (as_file(ONE | {"type": "i33"}), 'no value type is called "i33"'),
        (as_file(ONE | {"where": "-> 8"}), "begins with a place"),
        (as_file(ONE | {"where": "game" + "->1" * 65}), "has 65 steps, more than 64"),
        (as_file(ONE | {"where": f"game->{1 << 63}"}), "offset 1 is too large"),
        (as_file(ONE | {"allow": "both"}), "allow is increase or decrease, not 'both'"),
        (as_file(ONE | {"frozen": 5}), "frozen is a text, not 5"),
        (as_file(ME), 'no value type is called "player"'),
        (as_file(ME, structures=[SAID]), 'no value type is called "player"'),
        (as_file(version=2, structures={}), "has no list of at most 1000 structures"),
        (as_file(version=2, structures=[SAID] * 1001), "has no list of at most 1000 structures"),
        (with_structures(5), "structure 1: has a name, a language and a text, and no more"),
        (with_structures(SAID | {"size": 4}), "structure 1: has a name, a language and a text"),
        (with_structures(SAID | {"text": 5}), "structure 1: name, language and text are texts"),
        (with_structures(SAID | {"language": "b"}), 'the language is c or construct, not "b"'),
        (with_structures(SAID, SAID), "structure 2: player is there twice"),
        (with_structures(SAID | {"text": "struct player {"}), "structure 1: line 1 of the decl"),
        (with_structures(SAID | {"name": "p"}), "structure 1: line 1 of the declaration, col"),
        (with_structures(SAID | {"name": "u8"}), "structure 1: line 1 of the declaration, col"),
        (with_structures(SAID | {"text": "x" * 300_000}), "structures are longer than 262144"),
        (with_structures(SAID | {"text": "(" * 60_000}), "is nested more than 32 deep"),
        (b" " * ((16 << 20) + 1), "is larger than 16 MiB"),
    ],
    ids=str,
)
def test_damaged_and_hostile_files(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(raw)
    with pytest.raises(TableError) as raised:
        Table.load(file)
    assert said in str(raised.value)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_any_damage_is_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, at: int
) -> None:
    file = tmp_path_factory.mktemp("tables") / "one.json"
    raw = as_file(ONE, ONE | {"name": "mp", "frozen": "5"})
    file.write_bytes(raw[:at] + damage + raw[at + len(damage) :])
    said = ""
    try:
        Table.load(file)
    except TableError as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize("what", ["fifo", "folder"])
def test_only_regular_files(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(TableError, match=r"is not a regular file|Is a directory"):
        Table.load(path)
    with pytest.raises(TableError, match="is not a regular file"):
        table_of().save(path)
    with pytest.raises(TableError, match="no file is called so"):
        Table.load("a\0b")
    with pytest.raises(TableError, match="no file can be called so"):
        table_of().save("a\0b")


def test_saving_goes_where_a_link_leads_and_keeps_its_mode(tmp_path: Path) -> None:
    file, link = tmp_path / "one.json", tmp_path / "link.json"
    table_of().save(file)
    file.chmod(0o640)
    link.symlink_to(file)
    table_of(Entry("hp", "game", "i32")).save(link)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert len(Table.load(file)) == 1


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ("my notes", "is damaged at line 1, column 1: Expecting value"),
        ('<?xml version="1.0"?><CheatTable/>', "is damaged at line 1"),
        ('{"format": "farfetch table", "version": 99, "entries": []}', "is of version 99, newer"),
        ('{"name": "package"}', "is no table: it does not say"),
    ],
)
def test_what_is_no_table_is_not_written_over(tmp_path: Path, there: str, why: str) -> None:
    file = tmp_path / "one.json"
    file.write_text(there)
    with pytest.raises(TableError) as raised:
        table_of(Entry("hp", "game", "i32")).save(file)
    said = str(raised.value)
    assert said.startswith(
        f"the table {file}: is not written over, as what is there is no table ({why}"
    )
    assert said.endswith("; save to another file, or force it")
    assert file.read_text() == there
    table_of(Entry("hp", "game", "i32")).save(file, force=True)
    assert len(Table.load(file)) == 1
    file.write_text("")
    table_of().save(file)
    assert len(Table.load(file)) == 0
