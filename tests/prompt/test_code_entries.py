"""Code of tables at the command line, in two builds of a program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from farfetch.scanner import attach

from support.entries import Running, build, taking
from support.machine import only_x86

pytestmark = only_x86


def test_the_shell_switches_it_on_and_off(tmp_path: Path, drive: Callable[..., Any]) -> None:
    programs, file = build(tmp_path), tmp_path / "hunt.json"
    with Running(programs[0]) as running, attach(running.pid) as target:
        at = taking(target)
        shell = drive("-p", running.pid)
        assert shell.ask(f"nop {at:#x}")["patch"] == 0
        added = shell.ask('table add patch:0 "no damage" --group player')
        assert (added["kind"], added["on"], added["group"]) == ("nop", True, "player")
        hooked = shell.ask("hook ffentry!hit push rsi; add esi,1; pop rsi; mov esi,1")
        assert hooked["patch"] == 1
        assert shell.ask("table add patch:1 single")["kind"] == "hook"
        assert running.hit(5) == 100
        shell.ask(f"save '{file}'")
        assert shell.ask("table remove single")["on"] is True
        assert shell.ask("table add patch:0 single")["kind"] == "nop"
        shell.ask(f"load '{file}'")  # where single is what it was
        assert shell.ask("table")["code"][1]["address"] == hooked["address"]
        assert shell.ask('table off "no damage"')["on"] is False
        assert running.hit(5) == 97
        assert shell.ask("unpatch 1")["unpatched"] == 1
        on = {each["name"]: each["on"] for each in shell.ask("table")["code"]}
        assert on == {"no damage": False, "single": False}
        assert "is not on" in shell.error("table off single")["message"]
        assert running.hit(1) == 94
        wrong = shell.error("table add patch:0 again")["message"]
        assert "there is no patch 0" in wrong
        shell.ask(f"save '{file}'")
    with Running(programs[1]) as running, attach(running.pid) as target:
        before = target.read_bytes(target.address("ffentry!hit"), 64)
        shell = drive("-p", running.pid)
        shell.ask(f"load '{file}'")
        assert shell.ask("table check")["scripts"][0]["status"] == "fits"
        on = shell.ask('table on "no damage" --undo-at-exit')
        assert (on["on"], on["undo_at_exit"]) == (True, True)
        assert running.hit(5) == 100
        assert shell.ask("table on single")["patch"] == 1
        shell.ask("table off single")
        assembled = shell.ask("assemble ffentry!hit mov esi,2 --dry-run")
        assert assembled["patch"] is None
        assert shell.ask("table remove single")["name"] == "single"
        shell.ask("detach")
        assert running.hit(5) == 85
        assert target.read_bytes(target.address("ffentry!hit"), 64) == before
