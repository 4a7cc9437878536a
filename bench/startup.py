"""How long farfetch takes to say its help, and to be at its prompt, beside Python's own start.

python bench/startup.py [--rounds N]

An installed farfetch has its bytecode beside it (pip compiles it), so one start that is not
measured makes sure that this one has.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from support.terminal import Terminal

FARFETCH: Final = (sys.executable, "-m", "farfetch.shell")


def python() -> float:
    """Seconds that Python takes to do nothing."""
    return _run(sys.executable, "-c", "")


def the_help() -> float:
    """Seconds until ``farfetch --help`` has ended; 0.15 are aimed at."""
    return _run(*FARFETCH, "--help")


def the_prompt() -> float:
    """Seconds until the prompt is on the screen; 0.3 are aimed at."""
    begin = time.perf_counter()
    terminal = Terminal([*FARFETCH], size=(24, 80))
    try:
        terminal.wait_for(re.compile("^farfetch>$", re.MULTILINE))
        return time.perf_counter() - begin
    finally:
        terminal.close()


def _run(*command: str) -> float:
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main() -> int:
    """Measure. Returns the exit code."""
    parser = argparse.ArgumentParser(description="How long farfetch takes to start.")
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    the_prompt()
    measured: list[tuple[str, Callable[[], float], float | None]] = [
        ("python -c ''", python, None),
        ("farfetch --help", the_help, 0.15),
        ("farfetch, at its prompt", the_prompt, 0.3),
    ]
    times: dict[str, list[float]] = {name: [] for name, *_ in measured}
    for _ in range(rounds):
        for name, run, _needed in measured:
            times[name].append(run())
    print(f"medians of {rounds}")
    for name, _, needed in measured:
        seconds = statistics.median(times[name])
        aim = "" if needed is None else f"  needed {needed:g}{'' if seconds < needed else ' !'}"
        print(f"{name:<24} {seconds:7.3f} s{aim}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
