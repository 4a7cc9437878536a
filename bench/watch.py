"""What it costs a program to have one of its values watched: farfetch, gdb, and a tracer alone.

A program writes a value and works in between, so that it writes it a hundred, ten thousand and a
million times a second. It is timed by itself and while it is watched; its loss is the part of the
watched time that is more.

    python bench/watch.py [--json FILE] [--seconds 2]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from farfetch.scanner import attach  # noqa: E402

from support.targets import TargetProcess  # noqa: E402

RATES: Final = (100, 10_000, 1_000_000)
#: A watched run is not waited for longer than so many times as long as it should take.
PATIENCE: Final = 60.0

#: The least that a tracer can do: a debug register, and the thread goes on at each stop.
TRACER: Final = """
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
int main(int argc, char **argv)
{
	pid_t pid = atoi(argv[1]);
	unsigned long address = strtoul(argv[2], NULL, 0);
	size_t registers = offsetof(struct user, u_debugreg);
	int status;
	if (argc < 3 || ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		return 1;
	waitpid(pid, &status, __WALL);
	ptrace(PTRACE_POKEUSER, pid, registers, address);
	ptrace(PTRACE_POKEUSER, pid, registers + 7 * sizeof(long), 0xd0001);
	ptrace(PTRACE_CONT, pid, 0, 0);
	puts("watching");
	fflush(stdout);
	while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status)) {
		ptrace(PTRACE_POKEUSER, pid, registers + 6 * sizeof(long), 0);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	return 0;
}
"""


def timed(program: TargetProcess, times: int, spins: int, expected: float) -> float | None:
    """Seconds that it takes to write so often; None when it does not end."""
    try:
        answer = program.command(f"work {times} {spins}", timeout=PATIENCE * max(expected, 1))
    except Exception:
        return None
    return answer.number("nanoseconds") / 1e9


def calibrated(program: TargetProcess) -> float:
    """Seconds of a spin."""
    best = min(program.command("work 1 20000000").number("nanoseconds") for _ in range(3))
    return best / 20_000_000 / 1e9


@contextmanager
def by_farfetch(program: TargetProcess, address: int, loss: float) -> Iterator[Callable[[], int]]:
    with attach(program.pid) as target, target.watchpoint(address, 4, loss=loss) as hits:
        yield lambda: hits.state.hits


@contextmanager
def by_process(command: list[str], ready: str) -> Iterator[Callable[[], None]]:
    """Something else that watches, once it says that it does."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        try:
            while ready not in (line := process.stdout.readline()):
                if not line:
                    raise RuntimeError(f"{command[0]} ended")
            yield lambda: None
        finally:
            process.kill()


def gdb(pid: int, address: int) -> list[str]:
    script = [
        *("set pagination off", "set confirm off", f"watch *(int *){address:#x}"),
        *("python gdb.breakpoints()[0].silent = True", "python print('watching', flush=True)"),
        "python\nwhile True:\n    gdb.execute('continue', to_string=True)",
    ]
    words = [word for line in script for word in ("-ex", line)]
    return ["gdb", "-q", "-nx", "-batch", "-p", str(pid), *words]


def measure(seconds: float) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        tracer = Path(folder, "tracer")
        source = tracer.with_suffix(".c")
        source.write_text(TRACER)
        subprocess.run(["gcc", "-O2", "-o", tracer, source], check=True)
        for rate in RATES:
            for name in ("farfetch", "farfetch, without rests", "gdb", "a tracer alone"):
                if name == "gdb" and not shutil.which("gdb"):
                    continue
                rows.append(one(name, rate, seconds, tracer))
                print(shown(rows[-1]), flush=True)
    return rows


def one(name: str, rate: int, seconds: float, tracer: Path) -> dict[str, Any]:
    with TargetProcess("touch") as program:
        address = program.greeting.number("addr")
        spins = max(0, int(1 / rate / calibrated(program)))
        times = max(1, int(rate * seconds))
        alone = min(timed(program, times, spins, seconds) or seconds for _ in range(3))
        how: Any  # a context manager of what says how many hits were seen
        if name.startswith("farfetch"):
            how = by_farfetch(program, address, 0.05 if name == "farfetch" else 1.0)
        elif name == "gdb":
            how = by_process(gdb(program.pid, address), "watching")
        else:
            how = by_process([str(tracer), str(program.pid), hex(address)], "watching")
        with how as seen:
            # fewer where each costs so much that it would take minutes
            fewer = times if name == "farfetch" else max(1, min(times, 20_000))
            watched = timed(program, fewer, spins, seconds)
            hits = seen()
        plain = alone * fewer / times
        return {
            "who": name,
            "rate": rate,
            "alone": plain,
            "watched": watched,
            "loss": None if watched is None else max(0.0, 1 - plain / watched),
            "written": fewer,
            "hits": hits,
        }


def shown(row: dict[str, Any]) -> str:
    loss, hits = row["loss"], row["hits"]
    said = "it did not end" if loss is None else f"{loss:7.1%} lost"
    counted = f", {hits:,} of {row['written']:,} hits seen" if hits is not None else ""
    return f"{row['rate']:>9,}/s  {row['who']!s:<24} {said}{counted}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    rows = measure(given.seconds)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
