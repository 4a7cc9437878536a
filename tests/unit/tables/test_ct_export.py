"""Cheat Engine's files are written back byte for byte, but for what was changed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from farfetch.scanner import Entry, Script, Table, TableError, export_table, import_table
from hypothesis import given, settings
from hypothesis import strategies as st

#: What XML may hold.
MARKS = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"
)
TEXT = st.text(MARKS, max_size=12)
KINDS = st.sampled_from(
    (
        *("Byte", "2 Bytes", "4 Bytes", "8 Bytes", "Float", "Double", "Pointer", "Binary"),
        *("String", "Array of byte", "Custom", "Auto Assembler Script", "Lunch", ""),
    )
)
ADDRESSES = st.sampled_from(
    [
        "[p]+[q]*4",
        "10",
        "game.exe+10",
        '"my game.exe"-8',
        "[p]+4",
        "+10",
        "-8",
        "a+b",
        "",
        "$process+1",
        "sym",
    ]
)
EXTRA = st.lists(
    st.sampled_from(
        [
            "<ShowAsSigned>1</ShowAsSigned>",
            "<ShowAsHex>1</ShowAsHex>",
            "<Color>0000FF</Color>",
            "<Hotkeys><Hotkey><Keys><Key>65</Key></Keys></Hotkey></Hotkeys>",
            "<Offsets>\n<Offset>8</Offset><Offset>-10</Offset></Offsets>",
            "<Length>5</Length>",
            "<ByteLength>5</ByteLength>",
            "<BitStart>1</BitStart><BitLength>2</BitLength>",
            "<CustomType>2 Byte Big Endian</CustomType>",
            '<LastState Value="5" RealAddress="10"/>',
            "<DropDownList>1:a\r\n2:b</DropDownList>",
            "<AssemblerScript>[ENABLE]\r\n//&lt;x&gt;\r\n[DISABLE]</AssemblerScript>",
            "<!-- mine -->",
            "<Strange a='>'><Inner/></Strange>",
            '<Options moHideChildren="1"/>',
        ]
    ),
    max_size=4,
    unique=True,
)


@st.composite
def entries(draw: st.DrawFn, depth: int = 2) -> str:
    """An entry, and those in it."""
    blank = draw(st.sampled_from(["", "\n", "\r\n  ", " "]))
    parts = [
        f"<ID>{draw(st.integers(0, 99))}</ID>",
        f'<Description>"{escape(draw(TEXT))}"</Description>',
        f"<VariableType>{draw(KINDS)}</VariableType>",
        f"<Address>{draw(ADDRESSES)}</Address>",
        *draw(EXTRA),
    ]
    if draw(st.booleans()):
        parts[2:4] = ["<GroupHeader>1</GroupHeader>"]
    if depth:
        inner = "".join(draw(st.lists(entries(depth - 1), max_size=3)))
        if inner:
            parts.append(f"<CheatEntries>{inner}</CheatEntries>")
    return f"{blank}<CheatEntry>{blank}{blank.join(parts)}{blank}</CheatEntry>"


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A whole table."""
    inner = "".join(draw(st.lists(entries(), max_size=5)))
    rest = draw(
        st.sampled_from(["", "<LuaScript>if a &lt; b then end</LuaScript>", "<!-- end -->\n"])
    )
    head = draw(st.sampled_from(["", '<?xml version="1.0" encoding="utf-8"?>\r\n', "\ufeff"]))
    body = f"<CheatTable v='1'><CheatEntries>{inner}</CheatEntries>{rest}</CheatTable>\n"
    return (head + body).encode()


@settings(max_examples=1000)
@given(files())
def test_a_thousand_tables_are_written_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "a.CT").write_bytes(raw)
    table, report = import_table(folder / "a.CT")
    export_table(table, folder / "b.CT")
    assert (folder / "b.CT").read_bytes() == raw
    again, said = import_table(folder / "b.CT")
    assert (list(again), again.scripts, said) == (list(table), table.scripts, report)
    table.save(folder / "c.json")
    kept = Table.load(folder / "c.json")
    assert (list(kept), kept.scripts, kept.groups) == (list(table), table.scripts, table.groups)
    export_table(kept, folder / "d.CT")
    assert (folder / "d.CT").read_bytes() == raw


@given(files(), st.data())
def test_what_is_changed_is_all_that_changes(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "a.CT").write_bytes(raw)
    table, _ = import_table(folder / "a.CT")
    if not len(table):
        return
    entry = data.draw(st.sampled_from(list(table)))
    others = [(one.where, one.type, one.bits, one.choices) for one in table if one != entry]
    table.change(entry.name, type="i16", bits="", where='"moved.exe"+0x20 -> 0x8', choices=())
    table.rename(entry.name, "renamed \u00e4<&>")
    (line,) = [
        one for one in export_table(table, folder / "b.CT") if one.name == "renamed \u00e4<&>"
    ]
    assert line.taken
    again = import_table(folder / "b.CT")[0]
    changed = again["renamed \u00e4<&>"]
    assert (changed.where, changed.type, changed.bits) == ('"moved.exe"+0x20 -> 0x8', "i16", "")
    link = "DropDownListLink"
    assert link not in (folder / "b.CT").read_text()
    left = [(one.where, one.type, one.bits, one.choices) for one in again if one != changed]
    absolute = [one for one in others if "moved" not in one[0]]
    assert len(left) == len(others)
    assert all(one in left or _relative(raw) for one in absolute)


def _relative(raw: bytes) -> bool:
    """Whether some entries go where the one above them goes."""
    return re.search(rb"<Address>[+-]", raw) is not None


SIMPLE = """<?xml version="1.0" encoding="utf-8"?>
<CheatTable>
  <CheatEntries>
    <CheatEntry>
      <ID>0</ID>
      <Description>"hp"</Description>
      <VariableType>4 Bytes</VariableType>
      <Address>10</Address>
      <Color>FF</Color>
    </CheatEntry>
    <CheatEntry>
      <Description>"s"</Description>
      <VariableType>Auto Assembler Script</VariableType>
      <AssemblerScript>[ENABLE]</AssemblerScript>
    </CheatEntry>
  </CheatEntries>
  <Comments>mine</Comments>
</CheatTable>
"""


def test_entries_are_added_taken_out_and_changed(tmp_path: Path) -> None:
    file = tmp_path / "a.CT"
    file.write_text(SIMPLE)
    table, _ = import_table(file)
    table.put(Entry("more", "0x20", "u8", "player"))
    export_table(table, file)  # over the file it came from, which loses nothing
    text = file.read_text()
    assert text.startswith(SIMPLE[: SIMPLE.index("  </CheatEntries>")])
    again, _ = import_table(file)
    assert [(one.name, one.group) for one in again] == [("hp", ""), ("more", "player")]
    again.remove("hp")
    again.put_script(replace(again.script("s"), text="[ENABLE]\n//<on>"))
    export_table(again, file)
    text = file.read_text()
    assert '"hp"' not in text
    assert "<Color>" not in text
    assert "<Comments>mine</Comments>" in text
    assert import_table(file)[0].scripts == (Script("s", "[ENABLE]\n//<on>"),)


def test_an_entry_with_others_in_it_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.CT"
    inner = (
        "<CheatEntries><CheatEntry><Description>b</Description><VariableType>Byte</VariableType>"
    )
    inner += "<Address>+1</Address></CheatEntry></CheatEntries>"
    file.write_text(SIMPLE.replace("      <Color>FF</Color>\n", inner))
    table, _ = import_table(file)
    table.remove("hp")
    (said,) = [one for one in export_table(table, tmp_path / "b.CT") if not one.taken]
    assert (said.name, said.reason) == ("hp", "stays in the file, as there are others in it")
    assert [one.name for one in import_table(tmp_path / "b.CT")[0]] == ["hp", "b"]


def test_what_cheat_engine_has_not_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.CT"
    file.write_text(SIMPLE)
    table, _ = import_table(file)
    table.change("hp", type="text")
    said = export_table(table, tmp_path / "b.CT")
    assert said[-1].reason == "Cheat Engine has no type like text; it stays as it was"
    assert (tmp_path / "b.CT").read_text() == SIMPLE


def test_utf_16_is_kept_and_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "a.CT"
    raw = SIMPLE.replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16")
    file.write_bytes(raw)
    table, _ = import_table(file)
    export_table(table, tmp_path / "b.CT")
    assert (tmp_path / "b.CT").read_bytes() == raw
    table.change("hp", type="u8")
    with pytest.raises(TableError, match="is in UTF-16, in which nothing is changed"):
        export_table(table, tmp_path / "c.CT")
