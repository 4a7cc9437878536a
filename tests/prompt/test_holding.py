"""What is frozen and cannot be held: it is said, waited for and held again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.prompting import Start, enter, toolbar
from support.puppet import PAGE, READ_WRITE, Puppet
from support.targets import TargetProcess
from support.waiting import wait_for

Drive = Callable[..., Any]
Run = Callable[..., Any]
GONE = 0


class Objects:
    """A pointer, and two objects that it may lead to, in a process of our own.

    Attributes:
        path: from the pointer to a value in the object.
        old: the address of that value in the first object.
        new: the same in the second.
    """

    def __init__(self, puppet: Puppet) -> None:
        self.puppet = puppet
        self.pid = puppet.pid
        start = puppet.reserve(3)
        puppet.map(start, 3)
        self.pointer = start
        self.path = f"{start:#x}->0x10"
        self.old, self.new = start + PAGE + 0x10, start + 2 * PAGE + 0x10
        self.lead_to(self.old)

    def lead_to(self, value: int) -> None:
        self.puppet.write(self.pointer, (max(value - 0x10, 0)).to_bytes(8, "little"))

    def value(self, at: int) -> int:
        return int.from_bytes(self.puppet.read(at, 4), "little")


@pytest.fixture
def objects() -> Iterator[Objects]:
    with Puppet() as puppet:
        yield Objects(puppet)


def test_an_entry_follows_its_object_and_waits_for_it(objects: Objects, drive: Drive) -> None:
    shell = drive("-p", objects.pid)
    assert shell.ask("type i32")["ok"]
    assert shell.ask(f"table add {objects.path} hp")["ok"]
    assert shell.ask("table freeze hp 77")["frozen"] == "77"
    assert objects.value(objects.old) == 77
    objects.lead_to(objects.new)
    wait_for(lambda: objects.value(objects.new) == 77)
    objects.puppet.write(objects.old, b"freed")
    (entry,) = shell.ask("table")["entries"]
    assert (entry["address"], entry["value"], entry["active"]) == (f"{objects.new:#x}", 77, True)
    objects.lead_to(GONE)
    wait_for(lambda: shell.ask("info")["not_held"] == 1)
    (entry,) = shell.ask("table")["entries"]
    assert (entry["frozen"], entry["active"], entry["value"]) == ("77", False, None)
    assert "cannot read" in entry["error"]
    (frozen,) = shell.ask("freeze")["frozen"]
    assert (frozen["active"], frozen["holding"]) == (True, False)
    assert frozen["path"] == objects.path.replace("->", " -> ")
    assert "cannot read" in frozen["error"]
    (lost,) = shell.ask("wait 0")["not_held"]
    assert lost["location"] == frozen["path"]
    (lost,) = shell.ask("expect alive")["not_held"]
    assert "cannot read" in lost["reason"]
    assert "not held: 0x" in shell.error("expect matches == 1")["message"]
    objects.lead_to(objects.new)
    objects.puppet.write(objects.new, bytes(4))
    wait_for(lambda: objects.value(objects.new) == 77)
    wait_for(lambda: shell.ask("wait 0")["not_held"] == [])
    assert shell.ask("expect value hp == 77")["not_held"] == []
    assert objects.puppet.read(objects.old, 5) == b"freed"


@pytest.mark.parametrize("line", ["unfreeze hp", "table unfreeze hp", "unfreeze", "freeze hp 5"])
def test_entries_that_lead_nowhere_are_let_go(line: str, objects: Objects, drive: Drive) -> None:
    shell = drive("-p", objects.pid)
    for one in ("type i32", f"table add {objects.path} hp", "table freeze hp 77"):
        assert shell.ask(one)["ok"]
    objects.lead_to(GONE)
    wait_for(lambda: shell.ask("info")["not_held"] == 1)
    if line.startswith("freeze"):
        assert shell.error(line)["type"] == "MemoryFault"  # and the one before goes on
        assert shell.ask("info")["frozen"] == 1
    else:
        assert shell.ask(line)["ok"]
        assert shell.ask("info")["frozen"] == 0


def test_fields_and_names_of_entries_follow_too(objects: Objects, drive: Drive) -> None:
    shell = drive("-p", objects.pid)
    for line in (
        "struct unit { int hp; int mp; };",
        "type unit",
        f"table add {objects.path} hero",
        "freeze hero.mp 77",
    ):
        assert shell.ask(line)["ok"], line
    assert objects.value(objects.old + 4) == 77
    objects.lead_to(objects.new)
    wait_for(lambda: objects.value(objects.new + 4) == 77)


def test_a_table_saves_what_is_held(objects: Objects, drive: Drive, tmp_path: Path) -> None:
    shell = drive("-p", objects.pid)
    for line in (
        "type i32",
        f"table add {objects.path} hp",
        "table freeze hp 77",
        f"write {objects.old:#x} i32 5",
    ):
        assert shell.ask(line)["ok"], line
    assert shell.ask("table")["entries"][0]["frozen"] == "5"
    assert shell.ask(f"write {objects.old:#x} i32 6")["ok"]
    assert shell.ask(f"save {tmp_path}/t.json")["ok"]
    assert '"frozen": "6"' in (tmp_path / "t.json").read_text()


def test_the_list_shows_what_is_held(objects: Objects, drive: Drive, farfetch: Run) -> None:
    at, window = f"{objects.old:#x}", f"{objects.old:#x}..{objects.old + 4:#x}"
    objects.puppet.write(objects.old, (77).to_bytes(4, "little"))
    shell = drive("-p", objects.pid)
    for line in ("type i32", f"where {window}", "first 77"):
        assert shell.ask(line)["ok"]
    (match,) = shell.ask("list")["matches"]
    assert (match["frozen"], match["holding"]) == (None, False)
    assert shell.ask("freeze 0 78")["ok"]
    (match,) = shell.ask("list")["matches"]
    assert (match["frozen"], match["holding"]) == (78, True)
    objects.puppet.protect(objects.old & -PAGE, 1, 0)
    wait_for(lambda: shell.ask("info")["not_held"] == 1)
    (match,) = shell.ask("list")["matches"]
    assert (match["address"], match["frozen"], match["holding"]) == (at, 78, False)
    objects.puppet.protect(objects.old & -PAGE, 1, READ_WRITE)
    lines = [
        part for one in (f"where {window}", "first 78", "freeze 0", "list") for part in ("-c", one)
    ]
    done = farfetch("-p", objects.pid, *lines)
    assert done.stdout.splitlines()[-2].split()[-1] == "FROZEN"
    assert done.stdout.splitlines()[-1].split()[-1] == "78"


def test_people_are_told(objects: Objects, start: Start) -> None:
    terminal = start("-p", objects.pid, size=(40, 160))
    enter(terminal, "type i32", "type i32")
    enter(terminal, f"table add {objects.path} hp", "i32 at")
    enter(terminal, "table freeze hp 77", "frozen at 77")
    toolbar(terminal, "1 frozen \\|")
    terminal.send("wait forever\r")
    terminal.wait_for("wait forever\n")
    objects.lead_to(GONE)
    terminal.wait_for(re.compile(r"0\.\d+|\d+\.\d+  0x\w+ -> 0x10 not held: cannot read"))
    objects.lead_to(objects.new)
    terminal.wait_for(re.compile(r"0x\w+ -> 0x10 is held again"))
    objects.lead_to(GONE)
    terminal.wait_for(re.compile(r"(?s)not held: .*is held again.*not held: "))
    terminal.send("\x03")
    terminal.wait_for(re.compile(r"waited .*; not held: 0x\w+ -> 0x10 \(cannot read"))
    toolbar(terminal, "1 frozen, 1 not held")
    enter(terminal, "freeze", "not held")
    enter(terminal, "table", r"\(77\)")


@pytest.fixture
def hp(game: TargetProcess, drive: Drive) -> Any:
    """A shell that has found the gold of a game, an i64, as the only match."""
    shell = drive("-p", game.pid)
    at = game.command("addresses").number("gold_addr")
    for line in ("type i64", f"where {at:#x}..{at + 8:#x}", "1500"):
        assert shell.ask(line)["ok"]
    return shell


def frozen(shell: Any) -> tuple[str | None, bool, int | None]:
    """What the table says of its first entry: frozen at, whether it is held; and what list says."""
    entry, match = shell.ask("table")["entries"][0], shell.ask("list")["matches"][0]
    return entry["frozen"], entry["active"], match["frozen"]


@pytest.mark.parametrize("first", ["freeze 0 77", "table add 0 gold"])
@pytest.mark.parametrize("thaw", ["unfreeze 0", "unfreeze gold", "unfreeze", "table unfreeze gold"])
def test_frozen_is_one_truth_by_address(hp: Any, first: str, thaw: str) -> None:
    lines = ["freeze 0 77", "table add 0 gold"]
    for line in (first, *(other for other in lines if other != first)):
        assert hp.ask(line)["ok"]
    assert frozen(hp) == ("77", True, 77)
    assert hp.ask("set 0 78")["ok"]
    assert frozen(hp) == ("78", True, 78)
    assert hp.ask(thaw)["ok"]
    assert frozen(hp) == (None, False, None)


def test_frozen_by_its_address_is_seen_after_load_and_saved(hp: Any, tmp_path: Path) -> None:
    hp.ask("table add 0 gold")
    hp.ask(f"save {tmp_path}/t.json")
    hp.ask("freeze gold 2000 --allow increase")
    hp.ask(f"load {tmp_path}/t.json")
    assert frozen(hp) == ("2000", True, 2000)
    assert hp.ask("table")["entries"][0]["allow"] == "increase"
    hp.ask("unfreeze")
    hp.ask("freeze 0 80")
    hp.ask(f"save {tmp_path}/t.json")
    hp.ask("unfreeze")
    assert frozen(hp) == (None, False, None)
    hp.ask(f"load {tmp_path}/t.json --freeze")
    assert frozen(hp) == ("80", True, 80)


def test_frozen_as_another_type(hp: Any) -> None:
    hp.ask("table add 0 gold --type u16")
    hp.ask("freeze 0 0x10002")
    entry = hp.ask("table")["entries"][0]
    assert (entry["frozen"], entry["active"]) == ("2", True)


def test_a_field_that_is_frozen_stands_in_the_list(game: TargetProcess, farfetch: Run) -> None:
    at = game.command("addresses").number("gold_addr")
    lines = (
        "struct purse { int gold; int more; };",
        "type purse",
        f"where {at:#x}..{at + 8:#x}",
        "first gold == 1500",
        "freeze 0.more 7",
        "list",
    )
    done = farfetch("-p", game.pid, *[part for line in lines for part in ("-c", line)])
    assert done.stderr == ""
    (line,) = [line for line in done.stdout.splitlines() if line.lstrip().startswith("0 ")]
    assert line.endswith("more=7")
