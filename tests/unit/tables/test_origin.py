"""Files of ours keep what Cheat Engine's had: nothing is lost on the way through them."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from farfetch.scanner import (
    Entry,
    Script,
    Table,
    TableError,
    TableGroup,
    export_table,
    import_table,
)
from hypothesis import given
from hypothesis import strategies as st

SIMPLE = """<CheatTable>
  <CheatEntries>
    <CheatEntry>
      <ID>0</ID>
      <Description>"hp"</Description>
      <VariableType>4 Bytes</VariableType>
      <Address>10</Address>
      <Color>FF</Color>
    </CheatEntry>
  </CheatEntries>
</CheatTable>
"""


def packed(raw: bytes) -> str:
    return base64.b85encode(zlib.compress(raw)).decode()


#: All that Cheat Engine 7.5 writes into a table, each with something that it alone has.
WHOLE = """<?xml version="1.0" encoding="utf-8"?>
<CheatTable CheatEngineTableVersion="45">
  <Forms><MyForm Class="TCEForm" Encoding="Ascii85">r.RMK;,9</MyForm></Forms>
  <Files><readme Encoding="Ascii85">abc</readme></Files>
  <CheatEntries>
    <CheatEntry>
      <ID>3</ID>
      <Description>"a &amp; &lt;b&gt;"</Description>
      <Options moHideChildren="1" moActivateChildrenAsWell="1" moManualExpandCollapse="1"/>
      <LastState Value="5" Activated="1" RealAddress="00400010"/>
      <Color>80000008</Color>
      <VariableType>Auto Assembler Script</VariableType>
      <AssemblerScript Async="1">{ Game : game.exe }
[ENABLE]
[DISABLE]
</AssemblerScript>
      <Hotkeys><Hotkey><Action>Toggle Activation</Action><Keys><Key>112</Key></Keys>
        <Description>on</Description><ActivateSound TTS="EN" Speed="2">Activate</ActivateSound>
        <ID>0</ID></Hotkey></Hotkeys>
      <CheatEntries>
        <CheatEntry>
          <ID>4</ID>
          <Description>"sum"</Description>
          <DropDownList ReadOnly="1" DescriptionOnly="1" DisplayValueAsItem="1">1:one
2:two</DropDownList>
          <ShowAsHex>1</ShowAsHex>
          <VariableType>2 Bytes</VariableType>
          <Address>[p]+[q]*4</Address>
          <Offsets>
            <Offset Interval="1000">[i]*8</Offset>
          </Offsets>
        </CheatEntry>
        <CheatEntry>
          <ID>5</ID>
          <Description>"lua"</Description>
          <DropDownListLink>sum</DropDownListLink>
          <ShowAsSigned>0</ShowAsSigned>
          <VariableType>String</VariableType>
          <Length>8</Length><Unicode>0</Unicode><CodePage>1</CodePage><ZeroTerminate>1</ZeroTerminate>
          <Address>p</Address>
          <Offsets><Offset>f(x)</Offset></Offsets>
        </CheatEntry>
      </CheatEntries>
    </CheatEntry>
    <CheatEntry>
      <ID>6</ID><Description>"h"</Description><Options moRecursiveSetValue="1"/>
      <GroupHeader>1</GroupHeader>
    </CheatEntry>
  </CheatEntries>
  <CheatCodes><CodeEntry><Description>Code :mov</Description>
    <AddressString>game.exe+1</AddressString>
    <Before><Byte>90</Byte></Before></CodeEntry></CheatCodes>
  <UserdefinedSymbols><SymbolEntry><Name>a</Name><Address>[q]+[r]</Address></SymbolEntry>
  </UserdefinedSymbols>
  <Structures StructVersion="2"><Structure Name="player" AutoFill="0"><Elements>
    <Element Offset="16" Vartype="4 Bytes" Bytesize="4" Description="hp"/></Elements></Structure>
  </Structures>
  <Comments>Info about this table: <b>x</b></Comments>
  <LuaScript>if a &lt; b then print(1) end
</LuaScript>
  <DisassemblerComments><DisassemblerComment><Address>"game.exe"+1</Address>
    <Comment>here</Comment></DisassemblerComment></DisassemblerComments>
</CheatTable>
"""


def _said(raw: bytes) -> set[tuple[str, ...]]:
    """Each element by its path, with what is in it and its attributes."""
    root = ElementTree.fromstring(raw)
    found = set()

    def note(element: ElementTree.Element, path: tuple[str, ...]) -> None:
        label = element.findtext("Description", "")
        here = (*path, f"{element.tag} {label}")
        found.add((*here, (element.text or "").strip(), *sorted(map(str, element.items()))))
        for inner in element:
            note(inner, here)

    note(root, ())
    return found


def test_nothing_is_lost_on_the_way_through_a_file_of_ours(tmp_path: Path) -> None:
    """Also when some of it was changed there: only that is another then."""
    raw = WHOLE.encode()
    (tmp_path / "a.CT").write_bytes(raw)
    table, report = import_table(tmp_path / "a.CT")
    assert [(one.name, one.taken) for one in report] == [
        ("a & <b>", True),
        ("sum", True),
        ("lua", False),
    ]
    table.save(tmp_path / "b.json")
    kept = Table.load(tmp_path / "b.json")
    export_table(kept, tmp_path / "c.CT")
    assert (tmp_path / "c.CT").read_bytes() == raw
    kept.rename("sum", "total")
    kept.change("total", type="i32")
    kept.save(tmp_path / "b.json")
    again = Table.load(tmp_path / "b.json")
    export_table(again, tmp_path / "d.CT")
    before, after = _said(raw), _said((tmp_path / "d.CT").read_bytes())
    renamed = {tuple(part.replace("sum", "total") for part in one) for one in before}
    lost = {one for one in renamed - after if "DropDownListLink" not in one[-2]}
    assert {one[-2:] for one in lost} == {("VariableType ", "2 Bytes")}


def test_names_that_have_changed_hands_are_told_apart(tmp_path: Path) -> None:
    """One is taken out, and another called so: the element of the first goes, too."""
    (tmp_path / "a.CT").write_text(SIMPLE)
    table, _ = import_table(tmp_path / "a.CT")
    table.put(Entry("new", "0x30", "u8"))
    table.remove("hp")
    table.rename("new", "hp")
    for kept in (table, _through_json(table, tmp_path)):
        export_table(kept, tmp_path / "b.CT")
        again, _ = import_table(tmp_path / "b.CT")
        assert [(one.name, one.where) for one in again] == [("hp", "0x30")]
        assert "<Color>" not in (tmp_path / "b.CT").read_text()


def _through_json(table: Table, folder: Path) -> Table:
    table.save(folder / "through.json")
    return Table.load(folder / "through.json")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_elements_follow_their_entries_through_any_renaming(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    each = "".join(
        f"<CheatEntry><Description>{name}</Description><VariableType>Byte</VariableType>"
        f"<Color>{name}</Color><Address>{number:x}</Address></CheatEntry>"
        for number, name in enumerate("abc", 16)
    )
    text = f"<CheatTable><CheatEntries>{each}</CheatEntries></CheatTable>"
    (folder / "a.CT").write_text(text)
    table, _ = import_table(folder / "a.CT")
    colours = {name: name for name in "abc"}
    for which, to in moves:
        name, new = "abcdef"[which], "abcdef"[to]
        if name not in table:
            continue
        if new == name:
            table.remove(name)
            colours.pop(name)
        elif new not in table:
            table.rename(name, new)
            colours[new] = colours.pop(name)
    export_table(_through_json(table, folder), folder / "b.CT")
    root = ElementTree.parse(folder / "b.CT").getroot()
    told = {
        (one.findtext("Description") or "").strip('"'): one.findtext("Color")
        for one in root.iter("CheatEntry")
    }
    assert told == colours


def test_groups_are_written_with_what_they_do(tmp_path: Path) -> None:
    table = Table()
    table.put_script(Script("on", "[ENABLE]\n[DISABLE]"))
    table.put(Entry("hp", "0x10", "u8", "on/player"))
    table.put(Entry("all", "0x18", "u8", "others"))
    table.groups = {
        "on": TableGroup("on", ("switch-on", "switch-off"), "on"),
        "others": TableGroup("others", ("hide",)),
    }
    export_table(table, tmp_path / "a.CT")
    again, _ = import_table(tmp_path / "a.CT")
    assert again.groups == table.groups
    assert [(one.name, one.group) for one in again] == [("hp", "on/player"), ("all", "others")]
    assert _through_json(table, tmp_path).groups == table.groups
    merged = Table()
    merged.put(Entry("on", "0x10", "u8"))
    merged.merge(again)
    assert merged.groups["on"].head == "on (2)"
    old = SIMPLE.replace("<ID>0</ID>", '<Options moBindActivation="1"/>')
    (tmp_path / "a.CT").write_text(old)
    assert import_table(tmp_path / "a.CT")[0].groups == {
        "hp": TableGroup("hp", ("switch-on", "switch-off"), "hp")
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cheat_engine": 5}, "is an object of packed and renamed"),
        ({"cheat_engine": {"packed": "\n"}}, "is not packed as it has to be"),
        ({"cheat_engine": {"packed": base64.b85encode(b"xxxxxxxx").decode()}}, "is not packed as"),
        ({"cheat_engine": {"packed": base64.b85encode(b"x").decode()}}, "is not packed|cut off"),
        ({"cheat_engine": {"packed": 5, "renamed": {}}}, "not packed|cut off"),
        ({"cheat_engine": {"packed": packed(bytes(17 << 20))}}, "is larger than 16 MiB"),
        ({"cheat_engine": {"packed": packed(b""), "renamed": {"a": 5}}}, "is an object of names"),
        ({"groups": {}}, "has no list of at most"),
        ({"groups": [5]}, "group 1: has a path, options"),
        ({"groups": [{"path": "a", "options": ["x"]}]}, "group 1: options are of switch-on, "),
        ({"groups": [{"path": "", "options": []}]}, "group 1: path is empty"),
        ({"groups": [{"path": "a", "options": [], "head": 5}]}, "group 1: head is a text"),
    ],
)
def test_hostile_files_of_ours_are_refused(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    whole = {"format": "farfetch table", "version": 5, "entries": [], **fields}
    (tmp_path / "a.json").write_text(json.dumps(whole))
    with pytest.raises(TableError, match=reason):
        Table.load(tmp_path / "a.json")


def test_what_was_no_table_of_cheat_engines_is_said_when_it_is_written(tmp_path: Path) -> None:
    whole = {"format": "farfetch table", "version": 5, "entries": []}
    whole["cheat_engine"] = {"packed": packed(b"<Lunch/>")}
    (tmp_path / "a.json").write_text(json.dumps(whole))
    table = Table.load(tmp_path / "a.json")
    with pytest.raises(TableError, match="its root is <Lunch>"):
        export_table(table, tmp_path / "a.CT")
    assert not (tmp_path / "a.CT").exists()
