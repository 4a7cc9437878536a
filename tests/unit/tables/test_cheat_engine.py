"""Cheat Engine tables: taken over as far as they can be, and written."""

from __future__ import annotations

import gc
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from farfetch.scanner import (
    Entry,
    Script,
    Table,
    TableError,
    Taken,
    export_table,
    import_table,
    type_named,
)
from hypothesis import given
from hypothesis import strategies as st


def entry(description: str, kind: str = "4 Bytes", address: str = "10", more: str = "") -> str:
    return (
        f"<CheatEntry><Description>{description}</Description><VariableType>{kind}</VariableType>"
        f"<Address>{address}</Address>{more}</CheatEntry>"
    )


def offsets(*texts: str) -> str:
    return f"<Offsets>{''.join(f'<Offset>{text}</Offset>' for text in texts)}</Offsets>"


def file_of(tmp_path: Path, *entries: str) -> Path:
    file = tmp_path / "game.CT"
    content = f"<CheatTable><CheatEntries>{''.join(entries)}</CheatEntries></CheatTable>"
    file.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + content)
    return file


@pytest.mark.parametrize(
    ("xml", "where", "type_name"),
    [
        (entry("a"), "0x10", "u32"),  # unsigned unless it says otherwise
        (entry("a", address="game.exe+12aB"), '"game.exe"+0x12ab', "u32"),
        (entry("a", address='"my game.exe"+1F'), '"my game.exe"+0x1f', "u32"),
        (entry("a", address="my game.exe+1F"), '"my game.exe"+0x1f', "u32"),
        (entry("a", address="gta-sa.exe+69AD74+4"), '"gta-sa.exe"+0x69ad78', "u32"),
        (entry("a", address="libgame.so"), '"libgame.so"+0x0', "u32"),
        (entry("a", address="$process+10"), '"$process"+0x10', "u32"),
        (entry("a", address="symbol-10"), '"symbol"-0x10', "u32"),
        (entry("a", address="007FirstLight.exe+1"), '"007FirstLight.exe"+0x1', "u32"),
        (entry("a", address="[pPlayer]"), '"pPlayer"+0x0 -> 0x0', "u32"),
        (entry("a", address="[game.exe+10]+8"), '"game.exe"+0x10 -> 0x8', "u32"),
        (entry("a", address="[[game.exe+10]+8]-4"), '"game.exe"+0x10 -> 0x8 -> -0x4', "u32"),
        (entry("a", address="10*4+2"), "0x42", "u32"),
        (entry("a", address="0x7f00"), "0x7f00", "u32"),
        (entry("a", address="[p]+[q]"), '=["p"]+["q"]', "u32"),
        (entry("a", address="x+y"), '="x"+"y"', "u32"),
        (entry("a", address="0-game.exe"), '=0x0-"game.exe"', "u32"),
        (entry("a", address="[i]*2+X"), '=["i"]*0x2+"X"', "u32"),
        (entry("a", address="[[p]+8]+[q]*4"), '=[["p"]+0x8]+["q"]*0x4', "u32"),
        (entry("a", address="s+C*(DWORD)[i]+10"), '="s"+0xc*(dword)["i"]+0x10', "u32"),
        (entry("a", address="p", more=offsets("8", "XA")), '=[["p"]+"XA"]+0x8', "u32"),
        (entry("a", address="[p]+4", more=offsets("[i]*8")), '=[["p"]+0x4]+["i"]*0x8', "u32"),
        (entry("a", address="p", more=offsets("2*8", "")), '"p"+0x0 -> 0x0 -> 0x10', "u32"),
        (entry("a", "Byte"), "0x10", "u8"),
        (entry("a", "2 Bytes", more="<ShowAsSigned>0</ShowAsSigned>"), "0x10", "u16"),
        (entry("a", "8 Bytes", more="<ShowAsSigned>1</ShowAsSigned>"), "0x10", "i64"),
        (entry("a", "Float"), "0x10", "f32"),
        (entry("a", "Double"), "0x10", "f64"),
        (entry("a", "Pointer"), "0x10", "pointer"),
        (entry("a", "String", more="<Length>12</Length><Unicode>0</Unicode>"), "0x10", "text[12]"),
        (entry("a", "String", more="<Length>3</Length><Unicode>1</Unicode>"), "0x10", "utf16[3]"),
        (entry("a", "Array of byte", more="<ByteLength>4</ByteLength>"), "0x10", "bytes[4]"),
        (entry("a", "Custom", more="<CustomType>4 Byte Big Endian</CustomType>"), "0x10", "u32be"),
        (entry("a", "Custom", more="<CustomType>Float Big Endian</CustomType>"), "0x10", "f32be"),
        (
            entry("a", more="<Offsets><Offset>20+8</Offset><Offset>-8</Offset></Offsets>"),
            "0x10 -> -0x8 -> 0x28",
            "u32",
        ),
        (
            entry("a", address="[p]+4", more="<Offsets><Offset>8</Offset></Offsets>"),
            '"p"+0x0 -> 0x4 -> 0x8',
            "u32",
        ),
    ],
)
def test_entries_are_taken_over(tmp_path: Path, xml: str, where: str, type_name: str) -> None:
    table, report = import_table(file_of(tmp_path, xml))
    assert [(one.name, one.where, one.type) for one in table] == [("a", where, type_name)]
    assert report == [Taken("a", True, "")]


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (entry("a", "Lunch"), "its type Lunch has no equal here"),
        (entry("a", ""), "has no type"),
        (entry("a", address=""), "has no address"),
        (entry("a", address="+18"), "its address +18 counts from an entry that has none"),
        (entry("a", address="getAddress('x')"), "its address getAddress('x') is Lua, which is"),
        (entry("a", address="p]"), "its address p] is not understood: ']' is not expected here"),
        (entry("a", address='""+4'), 'its address ""+4 names nothing'),
        (entry("a", address="[[p]"), "its address [[p] is not understood: the bracket is not"),
        (entry("a", more=offsets("f(x)*4")), "its offset f(x)*4 is Lua, which is not run"),
        (entry("a", more=offsets("x == 1 and 8 or 4")), "its offset x == 1 and 8 or 4 is Lua"),
        (entry("a", more=offsets("4**")), "its offset 4** is not understood: '*' is not expected"),
        (entry("a", more=offsets("8000000000000000")), "its offset -8000000000000000 is too large"),
        (entry("a", "String"), "its length '' is no number"),
        (entry("a", "Binary"), "its length is 0 bits"),
        (
            entry("a", "Binary", more="<BitStart>60</BitStart><BitLength>9</BitLength>"),
            "it is 9 bits from bit 60 on",
        ),
        (
            entry("a", "Custom", more="<CustomType>Mask</CustomType>"),
            "its type Mask is a script of Cheat Engine's",
        ),
    ],
)
def test_what_cannot_be_taken_is_said(tmp_path: Path, xml: str, reason: str) -> None:
    table, report = import_table(file_of(tmp_path, xml, entry("b")))
    assert [one.name for one in table] == ["b"]
    assert [line.taken for line in report] == [False, True]
    assert reason in report[0].reason


def test_a_negative_address_is_at_the_end_of_all(tmp_path: Path) -> None:
    table, report = import_table(file_of(tmp_path, entry("a", address="-10")))
    assert [len(table), report[0].taken] == [0, False]
    assert "counts from an entry" in report[0].reason


def test_relatives_count_from_the_entry_above_or_a_group(tmp_path: Path) -> None:
    below = (
        f"<CheatEntries>{entry('hp', address='+10')}{entry('mp', address='-8+4')}</CheatEntries>"
    )
    offsets = "<Offsets><Offset>20</Offset></Offsets>"
    header = (
        "<CheatEntry><Description>g</Description><GroupHeader>1</GroupHeader>"
        f"<Address>base</Address>{below}</CheatEntry>"
    )
    xml = entry("player", address="game.exe+100", more=offsets + below)
    deep = entry("c", address="+1", more=f"<CheatEntries>{entry('d', address='+2')}</CheatEntries>")
    chain = entry("b", address="1000", more=f"<CheatEntries>{deep}</CheatEntries>")
    table, report = import_table(file_of(tmp_path, xml, header, chain))
    assert all(line.taken for line in report)
    assert {one.name: one.where for one in table} == {
        "player": '"game.exe"+0x100 -> 0x20',
        "hp": '"game.exe"+0x100 -> 0x30',
        "mp": '"game.exe"+0x100 -> 0x1c',
        "hp (2)": '"base"+0x10',
        "mp (2)": '"base"-0x4',
        "b": "0x1000",
        "c": "0x1001",
        "d": "0x1003",
    }


def test_relatives_pass_over_what_has_no_address(tmp_path: Path) -> None:
    hp = f"<CheatEntries>{entry('hp', address='+10')}</CheatEntries>"
    header = f"<CheatEntry><Description>h</Description><GroupHeader>1</GroupHeader>{hp}"
    script = f"<CheatEntry><AssemblerScript>nop</AssemblerScript>{hp}</CheatEntry>"
    inside = f"<CheatEntries>{header}</CheatEntry>{script}</CheatEntries>"
    table, report = import_table(
        file_of(tmp_path, entry("a", address="0", more=hp), entry("p", address="1000", more=inside))
    )
    assert all(line.taken for line in report)
    assert [one.where for one in table] == ["0x0", "0x10", "0x1000", "0x1010", "0x1010"]


def test_values_of_no_length_and_of_the_tables_own_types_are_there(tmp_path: Path) -> None:
    xml = (
        entry("base", "Array of byte", more="<ByteLength>0</ByteLength>"),
        entry("name", "String", more="<Length>0</Length><Unicode>1</Unicode>"),
        entry("mine", "Custom", more="<CustomType>Masked</CustomType>"),
        "<CheatEntry><AssemblerScript>{$lua}\nregisterCustomTypeAutoAssembler([[\n"
        "TypeName:\ndb 'Masked',0\nByteSize:\n dd 8\n]])</AssemblerScript></CheatEntry>",
    )
    path = file_of(tmp_path, *xml)
    table, report = import_table(path)
    assert [one.type for one in table] == ["bytes[1]", "utf16[1]", "bytes[8]"]
    assert [line.reason for line in report[:3]] == [
        "as one, as its length is 0",
        "as one, as its length is 0",
        "as its bytes: its type Masked is a script of Cheat Engine's",
    ]
    before = Path(path).read_bytes()
    export_table(table, tmp_path / "again.CT")
    assert (tmp_path / "again.CT").read_bytes() == before


def test_bits_hexadecimal_and_choices(tmp_path: Path) -> None:
    bits = "<BitStart>10</BitStart><BitLength>3</BitLength>"
    choices = "<DropDownList ReadOnly='1'>0:Off\n1:On\n2:Both: ways</DropDownList>"
    table, report = import_table(
        file_of(
            tmp_path,
            entry("flag", "Binary", more=bits),
            entry("mode", "Byte", more=f"<ShowAsHex>1</ShowAsHex>{choices}"),
            entry("other", "Byte", more="<DropDownListLink>mode</DropDownListLink>"),
            entry("lost", "Byte", more="<DropDownListLink>nobody</DropDownListLink>"),
        )
    )
    flag, mode, other, lost = table
    assert (flag.type, flag.bits, flag.bit_range) == ("u16", "10:3", (10, 3))
    assert flag.value_type is type_named("u16[10..12]")
    assert (mode.shown, mode.name_of("2")) == ("hex", "Both: ways")
    assert other.choices == mode.choices
    assert (lost.choices, report[3].reason) == (
        (),
        "without the list of choices of nobody, which is not there",
    )


def test_scripts_and_symbols_are_taken_along(tmp_path: Path) -> None:
    text = "[ENABLE]\nnop\n[DISABLE]"
    symbols = "</CheatEntries><UserdefinedSymbols><SymbolEntry><Name>base</Name>"
    symbols += "<Address>game.exe+10</Address></SymbolEntry></UserdefinedSymbols><CheatEntries>"
    script = f"<AssemblerScript>{text}</AssemblerScript>"
    table, report = import_table(
        file_of(tmp_path, entry("s", "Auto Assembler Script", more=script), symbols)
    )
    assert table.scripts == (Script("s", text),)
    assert report == [Taken("s", True, "", "script")]
    assert table.symbols == {"base": '"game.exe"+0x10'}


def test_groups_names_and_what_is_left_behind(tmp_path: Path) -> None:
    inner = f"<GroupHeader>1</GroupHeader><CheatEntries>{entry('hp')}{entry('hp')}</CheatEntries>"
    outer = f"<CheatEntry><Description>'Player'</Description>{inner}</CheatEntry>"
    nested = entry('"boss"', more=f"<CheatEntries>{entry('', more='<Hotkeys/>')}</CheatEntries>")
    table, report = import_table(file_of(tmp_path, outer, nested))
    assert [(one.group, one.name) for one in table] == [
        ("'Player'", "hp"),
        ("'Player'", "hp (2)"),
        ("", "boss"),
        ("boss", "entry 4"),
    ]
    assert report[3].reason == "without its hotkeys"


def veiled(raw: bytes) -> bytes:
    """Bytes as protected trainers have them."""
    made = bytearray(byte ^ (0xCE + at) & 0xFF for at, byte in enumerate(raw))
    for at in range(len(made) - 1):
        made[at] ^= made[at + 1]
    for at in range(len(made) - 1, 1, -1):
        made[at] ^= made[at - 2]
    return bytes(made)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b" \r\n", "has nothing but blanks in it"),
        (bytes(100), "has nothing but zeros in it"),
        (b"<CheatTable><CheatEntries>", "is damaged at line 1"),
        (b"<Lunch/>", "is no Cheat Engine table: its root is <Lunch>"),
        (b"<CheatTable>" + b"<a>" * 200 + b"</a>" * 200, "is nested more than 128 deep"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><CheatTable>&b;</CheatTable>', "declares entities"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><CheatTable/>', "declares entities or a DTD"),
        (b'<?xml version="1.0" encoding="lunch"?><CheatTable/>', "lunch|cannot be read|damaged"),
        (b" " * ((16 << 20) + 1), "is larger than 16 MiB"),
        (b"CHEATENGINE\x06\x00", "is a table of Cheat Engine 5 or older"),
        (b"ZenosEngine\x07\x00", "is a table of Cheat Engine 5 or older"),
        (b"Engine\x07\x00", "is no table"),
        (veiled(b"CHEATENGINE and more"), "is a protected trainer"),
        (veiled(zlib.compress(b"<CheatTable/>")), "is a protected trainer"),
        (b"\x00\x01\x02", "is no table: it begins with the bytes 00 01 02$"),
        (b"<!DOCTYPE html>\n<html>", "is a web page, perhaps one that asks for a login: download"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><!-- a --><HTML lang='en'>", "is a web page"),
        (b"<!-- a -->" * 400 + b"<a", "is damaged at line 1"),
        (b"Rar!\x1a\x07\x00", "is a RAR archive: unpack it, and load the table that is in it"),
        (b"PK\x03\x04", "is a ZIP archive: unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it"),
        (b"MZ\x90\x00", "is a program of Windows, and no table"),
        (b"version https://git-lfs.github.com/spec/v1\n", "get it by git lfs pull"),
        (b"{}", "is JSON, and no table of Cheat Engine's"),
        (b"\r\n[ENABLE]\r\nnop", "is a script alone, which no table is around"),
        (b"-- some Lua\nprint(1)", "is a text, and no table"),
        (b"<CheatTable>" + b"<a/>" * 1_000_001 + b"</CheatTable>", "more than 1000000 elements"),
    ],
    ids=range(28),
)
def test_damaged_and_hostile_files(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "bad.CT"
    file.write_bytes(raw)
    with pytest.raises(TableError, match=said) as raised:
        import_table(file)
    assert str(file) in str(raised.value)


@given(st.binary(max_size=40), st.integers(0, 300))
def test_any_damage_is_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, at: int
) -> None:
    file = file_of(tmp_path_factory.mktemp("tables"), entry("a"), entry("b", "Float"))
    raw = file.read_bytes()
    file.write_bytes(raw[:at] + damage + raw[at + len(damage) :])
    said = ""
    try:
        import_table(file)
    except TableError as error:
        said = str(error)
    assert said.isprintable()


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs"]), min_size=1)


@given(
    st.lists(
        st.builds(
            Entry,
            name=NAMES.filter(lambda name: '"' not in name and name.strip() == name),
            where=st.sampled_from(
                ['"my game"+0x4010', '"game"+0x0 -> 0x18 -> -0x8', "0x7f00", '"a.exe"+0x1 -> 0x0']
            ),
            type=st.sampled_from(["u8", "i16", "u32", "i64", "f32", "f64", "text[5]", "utf16[8]"]),
            group=st.sampled_from(["", "player", "player/bag"]),
        ),
        unique_by=lambda one: one.name,
        max_size=6,
    )
)
def test_what_is_exported_is_imported(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    file = tmp_path_factory.mktemp("tables") / "game.CT"
    table = Table()
    for one in entries:
        table.put(one)
    report = export_table(table, file)
    exported = [one for one, taken in zip(table, report, strict=True) if taken.taken]
    assert sorted(import_table(file)[0], key=lambda one: one.name) == sorted(
        exported, key=lambda one: one.name
    )


@pytest.mark.parametrize(
    ("type_name", "where", "reason"),
    [
        ("bytes", "game", "no type like bytes"),
        ("text", "game", "no type like text"),
        ("i32", "[heap]+0x10", "does not know the place [heap]+0x10"),
    ],
)
def test_what_cannot_be_exported_is_said(
    tmp_path: Path, type_name: str, where: str, reason: str
) -> None:
    (said,) = export_table([Entry("a", where, type_name)], tmp_path / "game.CT")
    assert not said.taken
    assert reason in said.reason


@pytest.mark.parametrize(
    ("xml", "lost"),
    [
        (entry("a", more="<Hotkeys><Hotkey/></Hotkeys>"), 'the Hotkeys of "a"'),
        (entry("a", more="<Color>0000FF</Color>"), 'the Color of "a"'),
        (entry("a", "Custom"), '"a" (its type'),
        (entry("a", address="x+y+z()"), '"a" (its address x+y+z() is Lua'),
        ("<!-- of mine -->", "its comments"),
        (
            "<CheatEntry><GroupHeader>1</GroupHeader><Address>10</Address></CheatEntry>",
            'the Address of ""',
        ),
        ("</CheatEntries><LuaScript>print(1)</LuaScript><CheatEntries>", "its LuaScript"),
        (entry("a") + "<", "all of it: it is damaged at line 2, column "),
    ],
)
def test_what_would_be_lost_is_not_written_over(tmp_path: Path, xml: str, lost: str) -> None:
    file = file_of(tmp_path, xml)
    before = file.read_bytes()
    with pytest.raises(TableError) as raised:
        export_table([Entry("b", "game", "i32")], file)
    said = str(raised.value)
    assert said.startswith(f"the table {file}: is not written over, as it would lose {lost}")
    assert said.endswith("; export to another file, or force it")
    assert "\n" not in said
    assert file.read_bytes() == before
    with pytest.raises(TableError, match="is not written over, as what is there is no table"):
        Table().save(file)
    assert file.read_bytes() == before
    export_table([Entry("b", "game", "i32")], file, force=True)
    assert [one.name for one in import_table(file)[0]] == ["b"]


def test_much_that_would_be_lost_is_counted(tmp_path: Path) -> None:
    others = [entry(f"s{number}", "Lunch") for number in range(7)]
    with pytest.raises(TableError, match=r'"s3" \(its type Lunch has no equal here\) and 3'):
        export_table([], file_of(tmp_path, *others))


def test_what_is_all_understood_is_written_over(tmp_path: Path) -> None:
    file = file_of(
        tmp_path,
        "<CheatEntry><Description>g</Description><GroupHeader>1</GroupHeader><CheatEntries>"
        + entry("a", more='<ID>3</ID><LastState Value="5"/><Offsets><Offset>8</Offset></Offsets>')
        + "</CheatEntries></CheatEntry>",
    )
    table = list(import_table(file)[0])
    export_table(table, file)
    assert list(import_table(file)[0]) == table
    file.write_text("")
    export_table(table, file)
    assert list(import_table(file)[0]) == table


def test_a_list_of_choices_is_read_once_and_given_out_no_more_than_a_million_times(
    tmp_path: Path,
) -> None:
    lines = "".join(f"{number}:n\n" for number in range(30_000))
    link = "<DropDownListLink>first</DropDownListLink>"
    table, report = import_table(
        file_of(
            tmp_path,
            entry("first", more=f"<DropDownList>{lines}</DropDownList>"),
            *(entry(f"linked {number}", more=link) for number in range(40)),
        )
    )
    entries = list(table)
    assert len(entries[0].choices) == 30_000
    assert entries[1].choices is entries[0].choices
    assert entries[-1].choices == ()
    assert report[-1].reason == "without its list of choices, which is too long"


def test_reading_a_table_leaves_the_collector_of_garbage_as_it_was(tmp_path: Path) -> None:
    file = file_of(tmp_path, entry("hp"))
    assert gc.isenabled()
    import_table(file)
    assert gc.isenabled()
    gc.disable()
    try:
        import_table(file)
        assert not gc.isenabled()
    finally:
        gc.enable()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        import_table(file)
        assert gc.get_freeze_count() >= frozen // 2  # those that died meanwhile are gone
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    "inside",
    [
        entry("hp"),
        "<CheatEntry><VariableType>4 Bytes</VariableType><Address>+8</Address></CheatEntry>",
        "<CheatEntry><VariableType>Odd</VariableType><Address>[8</Address></CheatEntry>",
        "<CheatEntry>",
        "<a>" * 200,
        "",
    ],
)
def test_what_was_read_goes_without_being_collected(tmp_path: Path, inside: str) -> None:
    file = file_of(tmp_path, inside)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            with suppress(TableError):
                import_table(file)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_text_in_pieces_is_one_text(tmp_path: Path) -> None:
    file = file_of(
        tmp_path,
        "<CheatEntry> <Description>a<!-- b -->c<![CDATA[<d>]]>&amp;<e/>\r\n<e/>f</Description>\n"
        "<VariableType>4 Bytes</VariableType> <Address>1<!-- -->0</Address>\n</CheatEntry>",
    )
    table, _ = import_table(file)
    assert [(one.name, one.where) for one in table] == [("ac<d>&f", "0x10")]
