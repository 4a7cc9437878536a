"""What is only of this run of a program is said when it enters the table, is saved and loaded."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.prompting import Start, enter
from support.puppet import Puppet
from support.targets import TargetProcess

ONLY = "is only of this run"


@pytest.fixture
def mapped() -> Iterator[tuple[int, int]]:
    """A process of our own, and an address in its anonymous memory."""
    with Puppet() as puppet:
        at = puppet.reserve(1)
        puppet.map(at, 1)
        yield puppet.pid, at


def test_absolute_addresses(
    farfetch: Callable[..., subprocess.CompletedProcess[str]],
    mapped: tuple[int, int],
    tmp_path: Path,
) -> None:
    pid, at = mapped
    lines = (
        f"table add {at:#x} one",
        f"table add {at + 8:#x} two --type u8",
        f"save {tmp_path}/t.json",
        f"load {tmp_path}/t.json",
    )
    done = farfetch("-p", pid, stdin="\n".join(lines))
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert said[0] == f'"one": i32 at {at:#x}'
    assert said[1].startswith(f"{at:#x} {ONLY} of python")
    assert said[5] == "2 of them are absolute addresses, of one run only"
    assert said[7] == said[5]


def test_programs_get_it_as_a_field(
    drive: Callable[..., Any], game: TargetProcess, mapped: tuple[int, int]
) -> None:
    shell = drive("-p", game.pid)
    at = game.command("addresses")
    assert shell.ask(f"table add {at['static_addr']} bonus")["lasts"] is True
    assert shell.ask(f"table add {at['health_addr']} health")["lasts"] is False
    assert shell.ask("table add game+0x4010->0 path")["lasts"] is True
    shell.ask(f"attach {mapped[0]}")
    assert shell.ask(f"table add {mapped[1]:#x} page")["lasts"] is False


def test_at_the_prompt(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses")
    terminal = start("-p", game.pid)
    heap = r"^\[heap\]\+0x\w+ is only of runs that allocate the same: a pointer path lasts"
    enter(terminal, f"table add {at['health_addr']} health", heap)
    enter(terminal, f"table add {at['static_addr']} bonus", r'^"bonus": i32 at game\+0x\w+$')
