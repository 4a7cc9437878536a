"""Entries, addresses, matches, ranges and lists of them, wherever values are changed or watched."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farfetch.shell.commands import COMMANDS
from farfetch.shell.complete.line import complete
from farfetch.shell.complete.moment import SessionMoment
from farfetch.shell.session.session import Session

from support.prompting import Start, enter
from support.puppet import PAGE, READ, READ_WRITE, Puppet
from support.waiting import wait_for

#: The values in a page, four bytes each.
COUNT = 6


class Page:
    """A page of a process of our own, with the values 10 to 15 at its beginning."""

    def __init__(self, puppet: Puppet) -> None:
        self.puppet = puppet
        self.pid = puppet.pid
        self.start = puppet.reserve(2)
        puppet.map(self.start, 2)
        self.put(range(10, 10 + COUNT))

    def put(self, numbers: Any) -> None:
        self.puppet.write(self.start, b"".join(number.to_bytes(4, "little") for number in numbers))

    def there(self) -> list[int]:
        raw = self.puppet.read(self.start, 4 * COUNT)
        return [int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4)]

    def at(self, index: int) -> str:
        return f"{self.start + 4 * index:#x}"


@pytest.fixture
def page() -> Iterator[Page]:
    with Puppet() as puppet:
        yield Page(puppet)


def prepare(page: Page) -> tuple[str, ...]:
    """Lines that find the six values, and name the last of them, as two bytes."""
    return (
        f"where {page.start:#x}..{page.start + PAGE:#x}",
        "type i32",
        "first 10..15",
        f"table add {page.at(5)} hp --type u16",
    )


@pytest.fixture
def shell(page: Page, drive: Callable[..., Any]) -> Any:
    shell = drive("-p", page.pid)
    for line in prepare(page):
        assert shell.ask(line)["ok"]
    return shell


def test_files_of_rows_say_what_list_says(page: Page, shell: Any, tmp_path: Path) -> None:
    """Values come in columns where they can; of what is no longer there one by one."""
    file = tmp_path / "it.csv"
    shell.ask(f"where {page.start:#x}..{page.start + 2 * PAGE:#x}")
    for kind in ("u8", "i32", "f64", "i16be"):
        assert shell.ask("reset")["ok"]
        assert shell.ask(f"type {kind}")["ok"]
        assert shell.ask("align 1365")["ok"]
        assert shell.ask("first ?")["ok"]
        for access in (READ_WRITE, 0):
            page.puppet.protect(page.start + PAGE, 1, access)
            listed = shell.ask("list 0..99")["matches"]
            assert shell.ask(f"list --csv {file} --force")["written"] == len(listed) > 0
            _, *rows = csv.reader(file.read_text().splitlines())
            for row, match in zip(rows, listed, strict=True):
                assert row[:3] == [str(match["index"]), match["address"], match["address"]]
                values = [match[time] for time in ("value", "previous", "first")]
                assert [cell or None for cell in row[3:]] == [
                    None if value is None else str(value) for value in values
                ]
        page.puppet.protect(page.start + PAGE, 1, READ_WRITE)


WRITES = [
    ("0 5", [5, 11, 12, 13, 14, 15]),
    ("0..3 5", [5, 5, 5, 5, 14, 15]),
    ("2..2 5", [10, 11, 5, 13, 14, 15]),
    ("0,2 5", [5, 11, 5, 13, 14, 15]),
    ("0..1,4 5", [5, 5, 12, 13, 5, 15]),
    ("* 5", [5] * 6),
    ("hp 5", [10, 11, 12, 13, 14, 5]),
    ("0,hp 5", [5, 11, 12, 13, 14, 5]),
    ("1,'hp',AT3 5", [10, 5, 12, 5, 14, 5]),
]


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("2", [0, 1]),
        ("0", []),
        ("1..3", [1, 2, 3]),
        ("4..4", [4]),
        ("4..900", [4, 5]),
        ("900..901", []),
        ("4 9", [4, 5]),
    ],
)
def test_list_takes_a_range(words: str, listed: list[int], shell: Any, tmp_path: Path) -> None:
    answer = shell.ask(f"list {words}")
    assert [match["index"] for match in answer["matches"]] == listed
    file = tmp_path / "it.csv"
    assert shell.ask(f"list {words} --csv {file}")["written"] == len(listed)
    rows = file.read_text().splitlines()[1:]
    assert [int(row.partition(",")[0]) for row in rows] == listed
    assert shell.error("list 3..1")["type"] == "UsageError"


@pytest.mark.parametrize("command", ["set", "write", "freeze"])
@pytest.mark.parametrize(("words", "after"), WRITES)
def test_a_value_goes_to_all_that_is_chosen(
    command: str, words: str, after: list[int], page: Page, shell: Any
) -> None:
    assert shell.ask(f"{command} {words.replace('AT3', page.at(3))}")["ok"]
    assert page.there() == after
    frozen = after.count(5) if command == "freeze" else 0
    assert shell.ask("unfreeze")["unfrozen"] == frozen


def test_each_is_written_with_its_own_type(page: Page, shell: Any) -> None:
    page.put([10, 11, 12, 13, 14, 0x7FFF0000])
    done = shell.ask("set hp 65_535")
    assert (done["written"], done["failed"], done["refused"]) == (1, 0, [])
    assert page.there()[5] == 0x7FFFFFFF
    assert shell.ask("write hp 1")["type"] == "u16"
    assert page.there()[5] == 0x7FFF0001
    assert shell.ask("write hp i32 2")["type"] == "i32"
    assert page.there()[5] == 2
    assert shell.error("set 0,hp 65_536")["type"] == "ValueRangeError"
    assert page.there()[0] == 10  # nothing is written unless it fits all


def test_entries_need_no_matches(page: Page, shell: Any) -> None:
    shell.ask("reset")
    assert shell.ask("set hp 500")["written"] == 1
    assert page.there()[5] == 500
    assert shell.error("set 0 5")["type"] == "NoMatches"
    assert shell.error("set 0,hp 5")["type"] == "NoMatches"
    assert page.there()[5] == 500


def test_values_are_computed_for_the_matches_of_a_range(page: Page, shell: Any) -> None:
    assert shell.ask("set 1..2,4 now * 2")["written"] == 3
    assert page.there() == [10, 22, 24, 13, 28, 15]
    assert shell.error("set 0,hp now * 2")["type"] == "ValueKindError"
    assert page.there()[0] == 10


def test_what_was_frozen_is_held_at_what_is_written(page: Page, shell: Any) -> None:
    frozen = shell.ask("freeze *")["frozen"]
    assert [entry["value"] for entry in frozen] == [10, 11, 12, 13, 14, 15]
    assert shell.ask("set 0..2,hp 77")["written"] == 4
    page.put([0] * COUNT)
    wait_for(lambda: page.there() == [77, 77, 77, 13, 14, 77])
    assert shell.ask("unfreeze")["unfrozen"] == COUNT


def test_what_cannot_be_written_is_said(page: Page, shell: Any) -> None:
    page.puppet.write(page.start + PAGE, (12).to_bytes(4, "little"))
    page.puppet.protect(page.start + PAGE, 1, READ)
    shell.ask(f"where {page.start:#x}..{page.start + 2 * PAGE:#x}")
    assert shell.ask("first 12")["matches"] == 2
    for command in ("set", "write"):
        done = shell.ask(f"{command} 0..1 5")
        assert (done["written"], done["failed"]) == (1, 1)
        ((entry, reason),) = map(dict.values, done["refused"])
        assert (entry, "read-only mapping" in reason) == ("1", True)
    (refused,) = shell.ask("set * 5")["refused"]
    assert refused["entry"] == f"{page.start + PAGE:#x}"
    frozen = shell.ask("freeze 0,1 6")
    assert [entry["value"] for entry in frozen["frozen"]] == [6]
    (failed,) = frozen["failed"]
    assert failed["entry"] == "1"
    assert "read-only mapping" in failed["reason"]
    assert shell.ask("set 0..1 7 --force")["written"] == 2


def test_ranges_and_lists_are_watched(page: Page, shell: Any) -> None:
    seen = shell.ask(f"watch 0..2 hp,4,{page.at(3)} --for 0")
    called = ["0", "1", "2", "hp", "4", page.at(3)]
    assert [entry["entry"] for entry in seen["entries"]] == called
    assert seen["samples"][0]["values"] == [10, 11, 12, 15, 14, 13]
    assert len(shell.ask("watch * --for 0")["entries"]) == COUNT


def test_the_table_is_watched_when_there_are_no_matches(page: Page, shell: Any) -> None:
    shell.ask(f"table add {page.at(1)} 'my mp' --type i32")
    assert len(shell.ask("watch --for 0")["entries"]) == COUNT  # matches come first
    shell.ask("reset")
    seen = shell.ask("watch --for 0")
    assert [entry["entry"] for entry in seen["entries"]] == ["hp", "my mp"]
    assert seen["samples"][0]["values"] == [15, 11]
    shell.ask("table remove hp")
    shell.ask("table remove 'my mp'")
    assert shell.error("watch --for 0")["type"] == "NoMatches"


def test_entries_that_lead_nowhere_are_not_watched(page: Page, shell: Any) -> None:
    page.puppet.write(page.start + 64, page.start.to_bytes(8, "little") * 2)
    shell.ask(f"table add {page.start + 64:#x}->64->4 led --type i32")
    shell.ask("reset")
    called = [entry["entry"] for entry in shell.ask("watch --for 0")["entries"]]
    assert called == ["hp", "led"]
    page.puppet.write(page.start + 64, bytes(8))
    called = [entry["entry"] for entry in shell.ask("watch --for 0")["entries"]]
    assert called == ["hp"]
    shell.ask("table remove hp")
    assert shell.error("watch --for 0")["type"] == "PointerError"


def test_fields_of_ranges(page: Page, shell: Any) -> None:
    shell.ask("struct pair { int hp; int mp; };")
    shell.ask("type pair")
    assert shell.ask("first hp in 10..14 and mp == hp + 1")["matches"] == 5
    assert shell.ask("next hp == 10 or hp == 12 or hp == 14")["matches"] == 3
    assert shell.ask("set 0..1.mp 7")["written"] == 2
    assert page.there() == [10, 7, 12, 7, 14, 15]
    assert shell.ask("set 0,2.hp now + 1")["ok"] is False  # a whole structure is no number
    assert shell.ask("write 0.hp,2.hp 3")["written"] == 2
    assert page.there() == [3, 7, 12, 7, 3, 15]
    assert len(shell.ask("freeze *.hp")["frozen"]) == 3


def test_an_entry_may_be_called_as_a_range_is(page: Page, shell: Any) -> None:
    for name in ("0..1", "2,3", "*"):
        shell.ask(f"table add {page.at(5)} '{name}' --type i32")
    for number, name in enumerate(("0..1", "2,3", "*"), 20):
        assert shell.ask(f"freeze {name} {number}")["address"] == page.at(5)
        shell.ask("unfreeze")
        assert page.there() == [10, 11, 12, 13, 14, number]
    assert shell.ask("set * 5")["written"] == COUNT  # which has always meant the matches


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("set 3..1 5", "UsageError", "3..1 ends before it begins"),
        ("set 3.. 5", "UsageError", "3.. has one end only: a range is 0..9"),
        ("set 0,..3 5", "UsageError", "..3 has one end only: a range is 0..9"),
        ("set 0, 5", "UsageError", "'0,' has a comma too many"),
        ("freeze 0,,1", "UsageError", "'0,,1' has a comma too many"),
        ("watch 2..6", "MatchIndexError", "no match 6: there are 6"),
        ("set nobody 5", "ExpressionError", "nobody"),
        ("write 0,nobody 5", "ExpressionError", "nobody"),
        ("set 0. 5", "UsageError", "behind the dot stands a field's name"),
        ("set 999999999999999999999 5", "UsageError", "INDEX is far too big"),
        ("write hp soon", "ValueKindError", "soon"),
        ("set 0..3", "UsageError", "VALUE is missing"),
    ],
)
def test_what_is_none(page: Page, shell: Any, line: str, kind: str, said: str) -> None:
    error = shell.error(line)
    assert (error["type"], said in error["message"]) == (kind, True), error
    assert page.there() == [10, 11, 12, 13, 14, 15]


def test_too_many_to_freeze(page: Page, shell: Any) -> None:
    del page
    shell.ask("type u8")
    assert shell.ask("first unknown")["matches"] == PAGE
    error = shell.error("freeze *")
    assert error["type"] == "UsageError"
    assert "4,096 places are too many: 1,000 at most" in error["message"]
    assert shell.ask("freeze")["frozen"] == []


def test_people_read_what_was_done(page: Page, start: Start) -> None:
    terminal = start("-p", page.pid)
    for line in prepare(page):
        terminal.send(line + "\r")
    terminal.wait_for('"hp": u16 at')
    enter(terminal, "set 0..3 5", "^4 matches set to 5$")
    enter(terminal, "set hp 500", '^"hp" set to 500$')
    enter(terminal, "set 0,hp 6", "^2 places set to 6$")
    enter(terminal, "write 0..1 7", "^2 places set to 7$")
    enter(terminal, "freeze 0..3", "^4 values frozen$")


def test_completion_goes_on_behind_a_comma(page: Page) -> None:
    session = Session()
    try:
        session.attach(str(page.pid))
        session.settings.where = f"{page.start:#x}..{page.start + PAGE:#x}"
        session.first(None)
        for line, start in (("set 0", 4), ("freeze 0,1", 9), ("watch 0,hp,1", 11)):
            offered = complete(line, SessionMoment(session), COMMANDS)
            assert line[start:] in [candidate.text for candidate in offered], line
            assert {candidate.start for candidate in offered} == {start}, line
    finally:
        session.close()
