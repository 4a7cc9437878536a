"""farfetchd's session with each target: read, edit in a real bvi on a terminal, write back."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import PAGE, SLOW_WAYS, TARGETS, Program
from support.terminal import Terminal

ESC, TAB = "\x1b", "\t"
TYPED = "TYPED!"
TIMEOUT = 120.0  # seconds; programs start slowly where all is emulated
FIXED = ("setarch", "-R", "env", "-i")  # every time at the same addresses

Edit = Callable[..., Terminal]

pytestmark = pytest.mark.usefixtures("forced")


@pytest.fixture(params=SLOW_WAYS)
def edit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Edit]:
    """Run farfetchd by each way in, with what is typed in bvi, to its end."""
    running: list[Terminal] = []

    def session(pid: int, address: int, length: int, keys: str, *options: str) -> Terminal:
        words = [*options, "--memory", request.param, str(pid), f"{address:#x}", str(length)]
        terminal = Terminal(
            [sys.executable, "-m", "farfetch.shell.farfetchd", *words],
            size=(24, 300),
            env={"FARFETCH_TMPDIR": str(tmp_path), "FARFETCH_EDITOR": "", "HOME": str(tmp_path)},
        )
        running.append(terminal)
        if keys:
            opened = re.compile(r'^00000000  .*^".*/farfetchd-[^/]+/0x', re.M | re.S)
            terminal.wait_for(opened, timeout=TIMEOUT)
            terminal.send(keys)
        return terminal

    yield session
    for terminal in running:
        terminal.close()


def type_into(edit: Edit, pid: int, address: int, length: int, *options: str) -> None:
    terminal = edit(pid, address, length, f"{TAB}R{TYPED}{ESC}:wq\r", *options)
    terminal.wait_for(f"6 bytes written at {address:#x}", timeout=TIMEOUT)
    assert terminal.wait(TIMEOUT) == 0


@pytest.mark.parametrize("name", ["malloc", "mmap", "strlit"])
def test_a_string(edit: Edit, start: Start, name: str) -> None:
    program = TARGETS / name
    digest = hashlib.sha256(program.read_bytes()).digest()
    target = start(name)
    before = target.greeting["text"]
    options = ["--force"] if name == "strlit" else []
    type_into(edit, target.pid, target.address(), len(before), *options)
    assert target.ask()["text"] == TYPED + before[6:]
    assert hashlib.sha256(program.read_bytes()).digest() == digest


def test_one_side_of_a_fork(edit: Edit, start: Start) -> None:
    target = start("fork")
    before = target.greeting["text"]
    type_into(edit, int(target.greeting["child_pid"]), target.address(), len(before))
    after = target.ask()
    assert (after["text"], after["child_text"]) == (before, TYPED + before[6:])


def test_arguments_where_they_are_known_to_be(edit: Edit, start: Start) -> None:
    known = start("twecho", "an argument", wrapper=FIXED).address("argv1_addr")
    assert 0x7FFF_FFFF_F000 - PAGE <= known < 0x7FFF_FFFF_F000
    target = start("twecho", "an argument", wrapper=FIXED)
    type_into(edit, target.pid, known, len("an argument"))
    assert target.ask()["argv1"] == "TYPED!ument"


def test_arguments_at_random_places(edit: Edit, start: Start) -> None:
    known = start("twecho", "an argument", wrapper=FIXED).address("argv1_addr")
    target = start("twecho", "an argument")
    type_into(edit, target.pid, target.address("argv1_addr"), len("an argument"))
    assert target.ask()["argv1"] == "TYPED!ument"
    terminal = edit(target.pid, known, 11, "")
    terminal.wait_for(f"farfetchd: cannot read 11 bytes at {known:#x}", timeout=TIMEOUT)
    assert terminal.wait(TIMEOUT) == 1


@pytest.mark.parametrize("kind", ["touched", "readonly", "huge", "swapped"])
def test_a_page_of_the_bag(edit: Edit, start: Start, swap: None, kind: str) -> None:  # noqa: ARG001
    target = start("bag")
    options = ["--force"] if kind == "readonly" else []
    type_into(edit, target.pid, target.address(kind), 8, *options)
    assert target.ask()[f"{kind}_text"].startswith(TYPED)


@pytest.mark.parametrize(("kind", "options"), [("shared_readonly", ["--force"]), ("readonly", [])])
def test_a_page_of_the_bag_that_stays_as_it_is(
    edit: Edit, start: Start, kind: str, options: list[str]
) -> None:
    target: Program = start("bag")
    address = target.address(kind)
    terminal = edit(target.pid, address, 8, f"{TAB}R{TYPED}{ESC}:wq\r", *options)
    terminal.wait_for(f"farfetchd: cannot write 6 bytes at {address:#x}", timeout=TIMEOUT)
    assert terminal.wait(TIMEOUT) == 1
    assert target.ask()[f"{kind}_text"] == f"a {kind} page"
