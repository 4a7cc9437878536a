"""What docs/tables.md shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from farfetch.scanner import Script, Table, export_table
from farfetch.scanner.assembler.branches import encode_branch
from farfetch.scanner.script.commands import COMMANDS, NOT_RUN

from support.hooked import Hooked, build

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "tables.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
NO_DAMAGE = "[ENABLE]\nffhooked64!hit:\n nop 3\n[DISABLE]\nffhooked64!hit:\n db 29 77 04\n"


def test_the_program_runs() -> None:
    program = "".join(text for kind, text in BLOCKS if kind == "python")  # one goes on
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_commands_do_what_is_said(
    drive: Callable[..., Any],
    farfetch: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    table = Table()
    table.put_script(Script("no damage", NO_DAMAGE))
    export_table(table, tmp_path / "game.CT")
    offline, switching = [text for kind, text in BLOCKS if not kind]
    command, _, line = shlex.split(offline)
    assert command == "farfetch"
    assert "1 script: 1 can run" in farfetch("-c", line, cwd=tmp_path).stdout
    with Hooked(build(tmp_path)) as running:
        shell = drive("-p", running.pid)
        shell.ask(f"load '{tmp_path}/game.CT'")
        on, off = switching.splitlines()
        assert shell.ask('table check "no damage"')["on"] is False
        shell.ask(on)
        assert running.ask("hit 5")[0] == 100
        shell.ask(off)
        assert running.ask("hit 5")[0] == 95


def test_every_command_is_told() -> None:
    told = set(re.findall(r"`([^`\n]+)`", GUIDE.replace("```", "")))
    words = {word.partition("(")[0] for text in told for word in text.split()}
    assert set(COMMANDS) <= words
    assert {"createthread", "loadlibrary", "luacall", "usemono"} <= words & set(NOT_RUN)


def test_the_lengths_of_far_branches() -> None:
    lengths = [
        len(encode_branch(mnemonic, 1 << 40, 0x1000, 64)[0]) for mnemonic in ("jmp", "call", "je")
    ]
    assert lengths == [14, 16, 18]
    assert "14 and 16 bytes, a conditional jump 18" in GUIDE
