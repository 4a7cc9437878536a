"""Every way to write does the same: what is frozen moves along, and protections are kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import MemoryFault, attach, bytes_, i32, sized
from farfetch.shell.commands import COMMANDS

from support.prompting import Start, enter
from support.puppet import PAGE, READ, READ_WRITE, Puppet
from support.readers import every_reader_and_auto
from support.targets import ROOT
from support.terminal import Terminal
from support.waiting import wait_for
from support.writing_ways import (
    CALLS,
    KEYS,
    LINES,
    NEW,
    NEW_RAW,
    OLD,
    OLD_RAW,
    PATCHERS,
    READERS,
    Lines,
)

FAST = 0.001
#: Where in its page the value lies.
OFFSET = 64

every_line = pytest.mark.parametrize("row", LINES.values(), ids=LINES)
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
every_key = pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)


class Page:
    """A page of a process of our own, with a value in it that a test may freeze.

    Attributes:
        at: the value's address.
        pid: of the process.
    """

    def __init__(self, puppet: Puppet) -> None:
        self.puppet = puppet
        self.pid = puppet.pid
        self.start = puppet.reserve(1)
        self.at = self.start + OFFSET
        puppet.map(self.start, 1)

    def put(self, raw: bytes) -> None:
        self.puppet.write(self.at, raw)

    def there(self) -> bytes:
        return self.puppet.read(self.at, 4)

    def protect(self, raw: bytes) -> None:
        """Put bytes there and make the page read-only."""
        self.put(raw)
        self.puppet.protect(self.start, 1, READ)

    def put_back(self, offset: int = 0) -> bytes:
        """Change what a value is held over, and give what is put back there."""
        self.puppet.write(self.at + offset, b"\xff" * 4)
        wait_for(lambda: 0xFF not in self.puppet.read(self.at + offset, 4))
        return self.puppet.read(self.at + offset, 4)

    def line(self, line: str, *, force: bool = False) -> str:
        """A line of a row, with its places in it."""
        line = line.replace("PAGE", f"{self.start:#x}..{self.start + PAGE:#x}")
        return line.replace("AT", f"{self.at:#x}").replace("FORCE", "--force" * force).strip()


@pytest.fixture
def page() -> Iterator[Page]:
    with Puppet() as puppet:
        yield Page(puppet)


@pytest.fixture
def shell(page: Page, drive: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> Any:
    monkeypatch.chdir(tmp_path)
    return drive("-p", page.pid)


def refusal(answer: dict[str, Any]) -> str:
    """Why an answer's command has not written; "" where it has."""
    if not answer["ok"]:
        return f"{answer['error']['type']}: {answer['error']['message']}"
    if answer.get("failed") == 1:
        return "MemoryFault: read-only mapping of: force it"
    return f"MemoryFault: {answer['failed'][0]['reason']}" if answer.get("failed") else ""


def prepare(
    shell: Any, page: Page, row: Lines, freeze: Callable[[Page], tuple[str, ...]] | None = None
) -> None:
    """Run all lines of a row but the last, and freeze something behind them."""
    before = [page.line(line) for line in row.lines[:-1]]
    for line in before:
        assert shell.ask(line)["ok"], line
    if freeze is not None:
        for line in (*freeze(page), *(line for line in before if line.startswith("type "))):
            assert shell.ask(line)["ok"], line


def freeze_it(page: Page) -> tuple[str, ...]:
    """Lines that freeze the value."""
    return ("type i32", f"freeze {page.at:#x} {OLD} --every {FAST}")


def freeze_a_part(page: Page) -> tuple[str, ...]:
    """Lines that freeze four bytes, of which two are the value's last two."""
    behind = page.puppet.read(page.at + 2, 2) + b"\xaa\xbb"
    return ("type bytes[4]", f"freeze {page.at + 2:#x} {behind.hex(' ')} --every {FAST}")


def write(shell: Any, page: Page, row: Lines, *, force: bool = False) -> str:
    """Run the line of a row that writes. Returns why it did not."""
    return refusal(shell.ask(page.line(row.lines[-1], force=force)))


# What is frozen


@every_line
def test_lines_over_a_frozen_value(row: Lines, page: Page, shell: Any) -> None:
    page.put(row.begins)
    prepare(shell, page, row, freeze_it)
    assert write(shell, page, row) == ""
    assert page.there() == NEW_RAW
    assert page.put_back() == NEW_RAW
    (one,) = shell.ask("freeze")["frozen"]
    assert (one["value"], one["holding"], one["error"]) == (NEW, True, None)


@every_line
def test_lines_over_a_part_of_a_frozen_value(row: Lines, page: Page, shell: Any) -> None:
    page.put(row.begins)
    prepare(shell, page, row, freeze_a_part)
    assert write(shell, page, row) == ""
    assert page.there() == NEW_RAW
    assert page.put_back(2) == NEW_RAW[2:] + b"\xaa\xbb"


@every_call
def test_calls_over_a_frozen_value(call: tuple[Any, bool], page: Page) -> None:
    page.put(OLD_RAW)
    with attach(page.pid) as target:
        held = target.freeze(page.at, i32, OLD, interval=FAST)
        call[0](target, page.at, False)
        assert page.put_back() == NEW_RAW
        assert (held.value, held.holding) == (NEW, True)


@every_call
def test_calls_over_a_part_of_a_frozen_value(call: tuple[Any, bool], page: Page) -> None:
    page.put(OLD_RAW)
    with attach(page.pid) as target:
        behind = OLD_RAW[2:] + b"\xaa\xbb"
        held = target.freeze(page.at + 2, sized(bytes_, 4), behind, interval=FAST)
        call[0](target, page.at, False)
        assert page.put_back(2) == held.value == NEW_RAW[2:] + b"\xaa\xbb"


def test_undoing_a_patch_over_a_frozen_value(page: Page) -> None:
    page.put(NEW_RAW)
    with attach(page.pid) as target:
        patch = target.patch(page.at, OLD_RAW)
        held = target.freeze(page.at, i32, interval=FAST)
        patch.undo()
        assert page.put_back() == NEW_RAW
        assert held.value == NEW


@every_key
@pytest.mark.parametrize("freeze", [freeze_it, freeze_a_part])
def test_keys_over_what_is_frozen(
    freeze: Callable[[Page], tuple[str, ...]],
    keys: tuple[str, str, str],
    page: Page,
    start: Start,
) -> None:
    page.put(OLD_RAW)
    terminal = start("-p", page.pid)
    for line in (*freeze(page), "type i32"):
        enter(terminal, line, "type|frozen")
    press(terminal, page, keys)
    wait_for(lambda: page.there() == NEW_RAW)
    if freeze is freeze_it:
        assert page.put_back() == NEW_RAW
    else:
        assert page.put_back(2) == NEW_RAW[2:] + b"\xaa\xbb"


def press(
    terminal: Terminal, page: Page, keys: tuple[str, str, str], *, force: bool = False
) -> None:
    """Go to the screen of a row and type what writes there."""
    _, line, typed = keys
    terminal.send(page.line(line, force=force) + "\r")
    terminal.wait_for("q quit")
    terminal.send(typed)


# Read-only mappings


@every_line
@pytest.mark.parametrize("force", [False, True])
def test_lines_on_a_read_only_mapping(force: bool, row: Lines, page: Page, shell: Any) -> None:
    page.protect(row.begins)
    prepare(shell, page, row)
    refused = write(shell, page, row, force=force)
    if force or row.forces:
        assert (refused, page.there()) == ("", NEW_RAW)
    else:
        assert refused.startswith("MemoryFault: ")
        assert "read-only mapping of" in refused
        assert "force it" in refused
        assert page.there() == OLD_RAW


def test_what_patches_force_is_said(page: Page, shell: Any) -> None:
    for protection, forced in ((READ, True), (READ_WRITE, False)):
        page.puppet.protect(page.start, 1, protection)
        assert shell.ask(f"patch {page.at:#x} 90")["forced"] is forced
        assert [one["forced"] for one in shell.ask("patch")["patches"]][-1] is forced


@every_reader_and_auto
@every_call
@pytest.mark.parametrize("force", [False, True])
def test_calls_on_a_read_only_mapping(
    force: bool, call: tuple[Any, bool], reader: str, page: Page
) -> None:
    page.protect(OLD_RAW)
    write, forces = call
    with attach(page.pid, memory=reader) as target:
        if force or forces:
            write(target, page.at, force)
            assert page.there() == NEW_RAW
        else:
            with pytest.raises(MemoryFault, match="read-only"):
                write(target, page.at, force)
            assert page.there() == OLD_RAW


@every_reader_and_auto
def test_a_forced_freeze_holds(reader: str, page: Page) -> None:
    page.protect(OLD_RAW)
    with attach(page.pid, memory=reader) as target:
        held = target.freeze(page.at, i32, OLD, interval=FAST, force=True)
        target.memory.write(page.at, NEW_RAW, force=True)  # past the freezer
        wait_for(lambda: held.writes)
        assert page.there() == OLD_RAW


@every_reader_and_auto
def test_a_write_stops_where_the_target_may_not_go_on(reader: str) -> None:
    with Puppet() as puppet, attach(puppet.pid, memory=reader) as target:
        start = puppet.reserve(2)
        puppet.map(start, 2)
        puppet.protect(start + PAGE, 1, READ)
        with pytest.raises(MemoryFault, match="read-only mapping of 0x") as raised:
            target.write_bytes(start + PAGE - 3, b"sevens!")
        assert raised.value.done == 3
        assert puppet.read(start + PAGE - 3, 7) == b"sev\0\0\0\0"
        target.write_bytes(start + PAGE - 3, b"sevens!", force=True)
        assert puppet.read(start + PAGE - 3, 7) == b"sevens!"


@every_reader_and_auto
def test_what_is_shared_read_only_cannot_be_forced(reader: str, page: Page) -> None:
    with attach(page.pid, memory=reader) as target:
        vvar = next(one for one in target.regions() if one.path.startswith("[vvar"))
        with pytest.raises(MemoryFault, match="which not even force writes"):
            target.write_bytes(vvar.start, b"x", force=True)


@every_key
@pytest.mark.parametrize("force", [False, True])
def test_keys_on_a_read_only_mapping(
    force: bool, keys: tuple[str, str, str], page: Page, start: Start
) -> None:
    page.protect(OLD_RAW)
    terminal = start("-p", page.pid, size=(24, 200))
    enter(terminal, "type i32", "type i32")
    press(terminal, page, keys, force=force)
    if force:
        wait_for(lambda: page.there() == NEW_RAW)
    else:
        terminal.wait_for(re.compile("read-only mapping of 0x.*: force it"))
        assert page.there() == OLD_RAW


def test_a_key_freezes_and_the_mark_says_whether_it_is_held(page: Page, start: Start) -> None:
    page.protect(OLD_RAW)
    terminal = start("-p", page.pid)
    enter(terminal, "type i32", "type i32")
    terminal.send(page.line("watch AT --every 0.05") + "\r")
    terminal.wait_for("q quit")
    terminal.send("f")
    terminal.wait_for(re.compile("^>F", re.MULTILINE))
    with attach(page.pid) as other:
        other.write(page.at, i32, NEW, force=True)
    terminal.wait_for(re.compile("^>f", re.MULTILINE))
    assert page.there() == NEW_RAW
    page.puppet.protect(page.start, 1, READ_WRITE)
    terminal.wait_for(re.compile("^>F", re.MULTILINE))
    assert page.there() == OLD_RAW


# None is missing


def test_every_command_is_one_that_writes_or_does_not() -> None:
    writers = {row.command for row in LINES.values()} | {command for command, *_ in KEYS.values()}
    writers |= PATCHERS
    assert writers.isdisjoint(READERS)
    missing = set(COMMANDS) - writers - READERS
    assert not missing, f"{missing} have no row in tests/support/writing_ways.py"
    assert writers | READERS == set(COMMANDS)


def calls(file: Path) -> set[str]:
    """The calls in a file by which bytes get into a target."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        whose, name = ast.unparse(node.func.value), node.func.attr
        outright = name in ("write_bytes", "write_all", "write_many", "freeze", "_put", "_put_each")
        known = ("target", "attached", "memory", "_target", "tabled")
        of_target = name in ("write", "patch") and whose.rpartition(".")[2] in known
        if of_target or (outright and whose not in ("self._path", "gc")):
            found.add(name)
    return found


#: The files with such calls: of a command, which has its rows, or of what is said behind it.
CALLERS = {
    "shell/commands/write.py": "write",
    "shell/commands/freeze.py": "freeze",
    "shell/commands/table.py": "table",
    "shell/commands/load.py": "load",
    "shell/commands/patch.py": "patch",
    "shell/session/writes.py": "set and write",
    "shell/session/overwritten.py": "unset",
    "shell/commands/assemble.py": "assemble, by Target.patch",
    "scanner/script/live_script.py": "scripts, whose tests are their own",
    "scanner/script/plan.py": "scripts, whose tests are their own",
    "scanner/script/taking_back.py": "scripts, whose tests are their own",
    "scanner/script/hooking.py": "hooks, whose tests are their own",
    "scanner/tables/code_entry.py": "a table's code, by Target.patch and hooks",
    "shell/session/entries.py": "table and load",
    "shell/session/holding.py": "freeze and what freezes",
    "shell/screens/watch.py": "watch s, watch f",
    "shell/screens/hex.py": "hex",
    "shell/farfetchd/edit.py": "farfetchd, in test_editing.py",
    "scanner/target.py": "Target.freeze, patch",
    "scanner/live/access.py": "Target.write and write_many",
    "scanner/scan/scan.py": "Scan.write_all",
    "scanner/scan/writing.py": "Scan.write_all",
    "scanner/live/patch.py": "Target.patch",
    "scanner/live/frozen.py": "what the freezer puts back",
    "scanner/memory/writing.py": "the one way",
    "scanner/process/ways.py": "the way there",
    "scanner/memory/buffer.py": "the way there",
}


def test_nothing_else_writes() -> None:
    files = [*(ROOT / "shell").rglob("*.py"), *(ROOT / "scanner").rglob("*.py")]
    found = {str(file.relative_to(ROOT)) for file in files if calls(file)}
    assert found <= set(CALLERS), "a new way to write needs a row in tests/support/writing_ways.py"
