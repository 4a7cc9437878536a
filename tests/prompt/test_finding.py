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
