"""How long a key takes to show at the prompt: alone, and beside a target with many regions.

python bench/keys.py [--rounds N]

Keys come as from someone who types fast. Each is timed until the screen shows it, with the
terminal's own drawing in it.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from support.prompting import CTRL_U, enter
from support.targets import TargetProcess
from support.terminal import Terminal, TerminalTimeoutError

FARFETCH: Final = (sys.executable, "-m", "farfetch.shell")
#: What nobody notices, in seconds.
NEEDED: Final = 0.05
#: Between two keys, in seconds.
PAUSE: Final = (0.02, 0.15)
LINES: Final = (
    "now == prev - 7 and now > 0",
    "write crowded+0x1f0 i32 99",
    "read [heap]+0x2a0 i32",
    "where module:crowded,heap",
    "attach crowded",
    "freeze 0x7f0000001000 100",
)
NEVER: Final = re.compile(r"(?!)")


def typed(terminal: Terminal, rounds: int) -> list[float]:
    """Type all lines, and give the seconds that each key took.

    A blank that ends a line cannot be seen, so it comes together with the key behind it.
    """
    seconds = []
    for _ in range(rounds):
        for line in LINES:
            shown = "farfetch> "
            for key in re.findall(r" *\S", line):
                shown += key
                begin = time.perf_counter()
                terminal.send(key)
                terminal.wait_for(shown)
                seconds.append(time.perf_counter() - begin)
                with suppress(TerminalTimeoutError):  # takes what else is drawn
                    terminal.wait_for(NEVER, random.uniform(*PAUSE))
            terminal.send(CTRL_U)
            terminal.wait_for(re.compile("^farfetch>$", re.MULTILINE))
    return seconds


def measure(name: str, rounds: int, setting: Sequence[tuple[str, str]]) -> None:
    """Type at a prompt after some lines, each with what it shows, and say how it went."""
    with tempfile.TemporaryDirectory() as state:
        terminal = Terminal([*FARFETCH], size=(24, 100), env={"XDG_STATE_HOME": state})
        with terminal:
            terminal.wait_for(re.compile("^farfetch>$", re.MULTILINE))
            for line, shows in setting:
                enter(terminal, line, shows)
            seconds = typed(terminal, rounds)
    middle = statistics.median(seconds)
    late = statistics.quantiles(seconds, n=100)[-1]
    aim = f"needed {NEEDED * 1000:g}{'' if late < NEEDED else ' !'}"
    print(f"{name:<24} {middle * 1000:8.1f} ms {late * 1000:8.1f} ms  {aim}", flush=True)


def main() -> int:
    """Measure. Returns the exit code."""
    parser = argparse.ArgumentParser(description="How long a key takes to show at the prompt.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--regions", type=int, default=10_000, help="of the target")
    options = parser.parse_args()
    with TargetProcess("crowded", str(options.regions)) as crowded:
        attach = (f"attach {crowded.pid}", "^attached")
        scan = (crowded.greeting["value"], r"^[\d,]+ matches")
        freeze = ("freeze 0 5 --every 0.001", "^frozen")
        print(f"{'':<24} {'median':>11} {'99 in 100':>11}")
        measure("no target", options.rounds, ())
        measure(f"{options.regions:,} regions", options.rounds, (attach, scan))
        measure("and one of them frozen", options.rounds, (attach, scan, freeze))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
