"""Finding what is meant: types and selections as they are typed, and what the screen says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

from support.targets import TargetProcess

Farfetch = Callable[..., "subprocess.CompletedProcess[str]"]


def said(farfetch: Farfetch, game: TargetProcess, *lines: str) -> list[str]:
    """What lines answer, without the sizes and times of scans."""
    done = farfetch("-p", game.pid, stdin="".join(f"{line}\n" for line in lines))
    assert done.stderr == ""
    return re.sub(r" \([^)\n]*? s\)", "", done.stdout).splitlines()


def test_any_finds_every_width_and_writes_what_fits(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    at = game.command("addresses").number("health_addr")
    here = f"where {at:#x}..{at + 1:#x}"
    shown = said(farfetch, game, here, "type any", "100", "list", "set 0 200", "200", "list")
    assert shown[2] == "1 match"
    assert shown[4].endswith("100       100    100  i8 u8")
    assert shown[5:7] == ["1 match set to 200", "1 match"]
    assert shown[8].endswith("200       200    100  u8")
    assert game.command("status").number("health") == 200


def test_a_step_on_a_float_is_rounded_and_one_on_an_integer_is_not(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    at = game.command("addresses").number("player_addr")
    here = f"where {at:#x}..{at + 48:#x}"
    shown = said(
        *(farfetch, game, here, "type f32", f"write {at:#x} f32 10.3", "first ~= 10.3"),
        *(f"write {at:#x} f32 10.4", "+ 0.1", "undo", "now == prev + 0.1", "history"),
    )
    assert shown[3] == "1 match"
    assert shown[5] == "1 match"
    assert "0 matches" in shown
    shown = said(
        *(farfetch, game, here, f"write {at:#x} i32 100", "first 100"),
        *(f"write {at:#x} i32 103", "+ 2..3", "- 5"),
    )
    assert shown[-3:-1] == ["1 match", "0 matches"]
