"""Which script a place waits for."""

from __future__ import annotations

import pytest
from farfetch.scanner import Script, Table
from farfetch.shell.session.waiting import Waiting


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("god", "one"),
        ("GOD", "one"),  # as symbols are, in any case
        ("second", "one"),
        ("third", "two"),
        ("goddess", None),
        ("od", None),
        ("unregistersymbol", None),
        ("gone", None),
        ("", None),
    ],
)
def test_the_first_script_that_registers_a_name(name: str, script: str | None) -> None:
    table = Table()
    table.put_script(Script("none", "[ENABLE]\nunregistersymbol(gone)\n"))
    table.put_script(Script("one", "RegisterSymbol (God, second)\n"))
    table.put_script(Script("two", "registersymbol(god third)\nregistersymbol()\n"))
    waits = Waiting(table).waits_for(f'column 1: no module or region is called "{name}"; or so')
    assert waits == ("" if script is None else f'waits for table on "{script}"')


def test_what_lacks_no_name_waits_for_none() -> None:
    table = Table()
    table.put_script(Script("one", "registersymbol(god)"))
    assert Waiting(table).waits_for("god cannot be read") == ""


def test_scripts_are_read_once() -> None:
    table = Table()
    table.put_script(Script("one", "registersymbol(god)"))
    waiting = Waiting(table)
    assert waiting.waits_for('no module or region is called "other"') == ""
    table.remove_script("one")
    assert waiting.waits_for('no module or region is called "god"') != ""
