"""What set and write have changed is put back, and many matches are not changed unasked."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from farfetch.shell.run.interpret import interpret
from farfetch.shell.session.session import Session

from support.prompting import CTRL_C, CTRL_D, CTRL_L, Start, enter
from support.puppet import PAGE, READ, READ_WRITE, Puppet
from support.targets import TargetProcess

Drive = Callable[..., Any]
PAGES = 8
COUNT = PAGES * PAGE // 4


class Field:
    """Pages of a process of our own, with the numbers 0 to 8191 in them."""

    def __init__(self, puppet: Puppet) -> None:
        self.puppet = puppet
        self.at = puppet.reserve(PAGES)
        puppet.map(self.at, PAGES)
        puppet.write(self.at, struct.pack(f"<{COUNT}i", *range(COUNT)))

    @property
    def lines(self) -> tuple[str, ...]:
        return (f"where {self.at:#x}..{self.at + PAGES * PAGE:#x}", "first ?")

    def numbers(self) -> list[int]:
        raw = b"".join(self.puppet.read(self.at + at * PAGE, PAGE) for at in range(PAGES))
        return list(struct.unpack(f"<{COUNT}i", raw))

    def put(self, index: int, value: int) -> None:
        self.puppet.write(self.at + 4 * index, struct.pack("<i", value))


@pytest.fixture
def field() -> Iterator[Field]:
    with Puppet() as puppet:
        yield Field(puppet)


@pytest.fixture
def shell(drive: Drive, field: Field) -> Any:
    driver = drive("-p", field.puppet.pid)
    for line in field.lines:
        assert driver.ask(line)["ok"]
    return driver


BEFORE = list(range(COUNT))


@pytest.mark.parametrize(
    "line",
    [
        "set * 5",
        "set * now * 2 + 1",
        "set 3 5",
        "set 0..99 5",
        "set 0,2,5..9 5",
        "write 1 77",
        "write 0..9 77",
        "write AT u64 77",
        'write AT text "some text"',
    ],
)
def test_each_way_of_writing_is_undone(shell: Any, field: Field, line: str) -> None:
    assert shell.ask(line.replace("AT", f"{field.at + 8:#x}"))["ok"]
    changed = sum(ours != theirs for ours, theirs in zip(field.numbers(), BEFORE, strict=True))
    assert changed
    answer = shell.ask("unset")
    assert (answer["ok"], answer["writes"], answer["failed"], answer["changed"]) == (True, 1, 0, 0)
    assert field.numbers() == BEFORE
    assert shell.error("unset")["type"] == "NotWritten"


def test_an_entry_and_a_frozen_value(shell: Any, field: Field) -> None:
    shell.ask("table add 3 three")
    for line in ("table set three 7", "set three 8", "write three 9"):
        assert shell.ask(line)["ok"]
        assert field.numbers()[3] == int(line[-1])
    assert shell.ask("unset 2")["restored"] == 2
    assert field.numbers()[3] == 7
    assert shell.ask("freeze 3 50 --every 0.001")["ok"]
    assert shell.ask("set 3 60")["ok"]
    assert shell.ask("unset")["restored"] == 1
    assert shell.ask("freeze")["frozen"][0]["value"] == 50
    assert shell.ask("unset all")["writes"] == 1


def test_what_something_else_changed_is_left_unless_forced(shell: Any, field: Field) -> None:
    assert shell.ask("set 0..9 -1")["written"] == 10
    field.put(4, 444)
    answer = shell.ask("unset")
    assert (answer["restored"], answer["changed"]) == (9, 1)
    assert field.numbers() == [*range(4), 444, *range(5, COUNT)]
    field.put(0, -7)  # put back already, and nobody's business any more
    answer = shell.ask("unset --force")
    assert (answer["restored"], answer["changed"]) == (1, 0)
    assert field.numbers() == [-7, *range(1, COUNT)]


def test_values_that_overlap_are_put_back(shell: Any, field: Field) -> None:
    for line in ("align 1", "type u32", "first 0", "set * 0x11223344"):
        assert shell.ask(line)["ok"]
    assert field.numbers() != BEFORE
    assert shell.ask("unset")["changed"] == 0
    assert field.numbers() == BEFORE
    for line in ("type i32", "first ?", "set 0,0,1,1 9"):
        assert shell.ask(line)["ok"]
    assert shell.ask("unset")["changed"] == 0
    assert field.numbers() == BEFORE


def test_what_cannot_be_written_any_more_is_counted(shell: Any, field: Field) -> None:
    assert shell.ask("set * 5")["written"] == COUNT
    field.puppet.protect(field.at, 1, READ)
    answer = shell.ask("unset")
    assert (answer["restored"], answer["failed"]) == (
        COUNT - PAGE // 4,
        PAGE // 4 - 1,
    )  # there was a 5
    field.puppet.protect(field.at, 1, READ_WRITE)
    assert shell.ask("unset --force")["restored"] == PAGE // 4 - 1
    assert field.numbers() == BEFORE


@pytest.mark.parametrize("line", ['write {:#x} text[8] "abcdefgh"', "set {:#x},0 1684234849"])
@pytest.mark.parametrize("pages", [PAGES, PAGES - 1], ids=["mapped", "writable"])
def test_what_was_written_up_to_where_memory_ends(
    shell: Any, field: Field, line: str, pages: int
) -> None:
    """The rest was refused, but this much was written."""
    field.puppet.protect(field.at + (PAGES - 1) * PAGE, 1, READ if pages < PAGES else READ_WRITE)
    end = pages * PAGE
    at = field.at + end - (4 if "text" in line else 2)
    answer = shell.ask(line.format(at))
    if answer["ok"]:
        assert (answer["written"], answer["failed"]) == (1, 1)
    else:
        assert ", and 4 bytes before it were written" in answer["error"]["message"]
    changed = field.numbers()
    assert changed[end // 4 - 1] != BEFORE[end // 4 - 1]
    assert shell.ask("unset")["ok"]
    assert field.numbers() == BEFORE


def test_what_cannot_be_put_back_is_named_with_the_reason(shell: Any, field: Field) -> None:
    assert shell.ask("set * 5")["ok"]
    last = field.at + (PAGES - 1) * PAGE
    field.puppet.protect(last, 1, READ)
    answer = shell.ask("unset")
    assert (answer["restored"], answer["failed"]) == (COUNT - PAGE // 4 - 1, PAGE // 4)
    assert len(answer["refused"]) == 100  # of so many it is said
    assert all(
        f"cannot write 4 bytes at {one['entry']}" in one["reason"] for one in answer["refused"]
    )
    assert {int(one["entry"], 16) // PAGE for one in answer["refused"]} == {last // PAGE}


def test_of_bits_only_their_own_are_put_back(shell: Any, field: Field) -> None:
    """What else is in their byte is the program's, and may have changed meanwhile."""
    assert shell.ask(f"write {field.at:#x} u8[0..3] 5")["ok"]
    assert field.numbers()[0] == 0x05
    field.put(0, 0x75)
    assert shell.ask("unset")["restored"] == 1
    assert field.numbers()[0] == 0x70
    for line in (f"where {field.at:#x}..{field.at + 4:#x}", "type u8[4..6]", "first 7", "set * 2"):
        assert shell.ask(line)["ok"], line
    assert field.numbers()[0] == 0x20
    field.put(0, 0x29)
    assert shell.ask("unset")["restored"] == 1
    assert field.numbers()[0] == 0x79
    for name, bits in (("low", "0..3"), ("high", "4..6")):
        line = f"table add {field.at:#x} {name} --type u8[{bits}]"
        assert shell.ask(line)["ok"], line
    assert shell.ask("set low,high 1")["written"] == 2
    field.put(0, 0x11 | 0x80)
    assert shell.ask("unset")["changed"] == 0
    assert field.numbers()[0] == 0x79 | 0x80
    assert shell.ask("set low 1")["written"] == 1
    field.put(0, 0x72 | 0x80)  # one of its own bits
    assert shell.ask("unset")["changed"] == 1
    assert shell.ask("unset --force")["restored"] == 1
    assert field.numbers()[0] == 0x79 | 0x80


def test_a_structure_and_numbers_of_unknown_type(drive: Drive, game: TargetProcess) -> None:
    at = game.command("addresses").number("player_addr")
    shell = drive("-p", game.pid)
    lines = ("type number", f"where {at:#x}..{at + 48:#x}", "first 1500", "set * 7")
    for line in lines:
        assert shell.ask(line)["ok"]
    assert game.command("status")["gold"] == "7"
    assert shell.ask("unset")["restored"] == 1
    assert game.command("status")["gold"] == "1500"
    lines = ("struct pair { int a; int b; };", "type pair", "first a == 1500", "set *.b 9")
    for line in lines:
        assert shell.ask(line)["ok"], line
    assert shell.ask("read 0.b")["value"] == 9
    assert shell.ask("unset")["restored"] == 1
    assert shell.ask("read 0.b")["value"] == 0


def test_another_target_has_nothing_to_put_back(shell: Any, field: Field) -> None:
    shell.ask("set 0 5")
    assert shell.ask(f"attach {field.puppet.pid}")["ok"]
    assert shell.error("unset")["type"] == "NotWritten"
    assert shell.error("unset 3")["type"] == "NotWritten"


def test_many_matches_are_asked_for_at_the_prompt(start: Start, field: Field) -> None:
    terminal = start("-p", field.puppet.pid)
    for line in field.lines:
        enter(terminal, line, "^where 0x|matches")
    question = re.compile(rf"^set {COUNT:,} matches\? \[y/N\]", re.MULTILINE)
    for answer in ("\r", "n\r", "no\r", CTRL_D):
        terminal.send(CTRL_L)
        terminal.send("set * 5\r")
        terminal.wait_for(question)
        terminal.send(answer)
        terminal.wait_for(re.compile(r"^nothing was set\nfarfetch>$", re.MULTILINE))
    assert field.numbers() == BEFORE
    terminal.send(CTRL_L)
    terminal.send("set * 5\r")
    terminal.wait_for(question)
    terminal.send("perhaps\r")
    terminal.wait_for(re.compile(r"^y or n: set", re.MULTILINE))
    terminal.send(CTRL_C)
    terminal.wait_for(re.compile(r"^farfetch: interrupted\nfarfetch>$", re.MULTILINE))
    assert field.numbers() == BEFORE
    terminal.send(CTRL_L)
    terminal.send("set * 5\r")
    terminal.wait_for(question)
    terminal.send("y\r")
    terminal.wait_for(re.compile(rf"^{COUNT:,} matches set to 5\nfarfetch>$", re.MULTILINE))
    assert set(field.numbers()) == {5}
    enter(terminal, "unset", rf"^{COUNT - 1:,} values put back$")
    assert field.numbers() == BEFORE
    enter(terminal, "set 0..999 5", "^1,000 matches set to 5")


def test_ctrl_c_stops_half_way_and_says_how_far(start: Start) -> None:
    with TargetProcess("big", "256") as big:
        terminal = start("-p", big.pid)
        enter(terminal, f"where {big.greeting['start']}..{big.greeting['end']}", "^where 0x")
        enter(terminal, "type u8", "^type u8")
        enter(terminal, "first ?", r"matches \(")
        terminal.send("set * 5\r")
        terminal.wait_for(re.compile(r"^set [\d,]+ matches\?", re.MULTILINE))
        terminal.send("y\r")
        terminal.wait_for(re.compile(r"^ +\d+%, [\d,]+ of [\d,]+ matches written", re.MULTILINE))
        terminal.send(CTRL_C)
        terminal.wait_for(
            re.compile(r"^farfetch: interrupted: [\d,]+ of [\d,]+ matches were written$", re.M)
        )
        enter(terminal, "unset", "^farfetch: nothing was written that could be put back")


def test_what_was_written_until_ctrl_c_is_put_back(field: Field) -> None:
    session = Session()
    session.attach(str(field.puppet.pid))
    session.settings.set_where(f"{field.at:#x}..{field.at + PAGES * PAGE:#x}")
    session.first(None)
    session.interrupted = lambda: True
    with pytest.raises(KeyboardInterrupt, match="4,096 of 8,192 matches were written, unset puts"):
        run(session, "set * 5")
    assert field.numbers() == [5] * 4096 + BEFORE[4096:]
    session.interrupted = lambda: False
    assert run(session, "unset") == {
        "writes": 1,
        "restored": 4095,
        "changed": 0,
        "failed": 0,
        "refused": [],
    }
    assert field.numbers() == BEFORE
    run(session, "set * 5")
    session.interrupted = lambda: True
    with pytest.raises(KeyboardInterrupt, match="values put back, unset goes on"):
        run(session, "unset")
    session.interrupted = lambda: False
    run(session, "unset")
    assert field.numbers() == BEFORE
    session.close()


def run(session: Session, line: str) -> dict[str, Any]:
    """Run a line and give its fields."""
    call = interpret(line, scanning=True)
    assert call is not None
    return dict(call.run(session).fields)


def test_scripts_and_pipes_are_not_asked(
    farfetch: Callable[..., subprocess.CompletedProcess[str]], field: Field
) -> None:
    done = farfetch("-p", field.puppet.pid, stdin="\n".join((*field.lines, "set * 5")))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"{COUNT:,} matches set to 5\n")
    assert set(field.numbers()) == {5}
