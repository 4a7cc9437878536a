"""What it costs a program to have one of its values watched: farfetch, both ways, gdb, a tracer.

A program writes a value and works in between, so that it writes it a hundred, ten thousand and a
million times a second. Rounds by itself and rounds in which it is watched take turns. Its loss is
the part of the watched time that is more, of the time in which it could have got on: that in which
it waited for a processor, because others ran, is left out (proc(5), schedstat), and that in which
somebody held it is not. So the machine's load does not count, and being stopped does.

    python bench/watch.py [--json FILE] [--seconds 4] [--rounds 3] [--rates 100,10000,1000000]
                          [--only NAME]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
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
#: Whose breakpoints rest when they take too much.
RESTING: Final = ("farfetch", "farfetch by ptrace")
NAMES: Final = (
    "farfetch",
    "farfetch, without rests",
    "farfetch by ptrace",
    "farfetch by ptrace, without rests",
    "gdb",
    "a tracer alone",
)
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
    """Seconds of its own that it takes to write so often; None when it does not end."""
    try:
        answer = program.command(f"work {times} {spins}", timeout=PATIENCE * max(expected, 1))
    except Exception:
        return None
    return (answer.number("nanoseconds") - answer.number("waited")) / 1e9


def calibrated(program: TargetProcess) -> float:
    """Seconds of a spin."""
    times = [timed(program, 1, 20_000_000, 1.0) for _ in range(5)]
    return min(time for time in times if time is not None) / 20_000_000


@contextmanager
def by_farfetch(pid: int, address: int, name: str) -> Iterator[Callable[[], int]]:
    """What says how many hits there were, by its account."""
    loss = 1.0 if "without rests" in name else 0.05
    by: Any = "ptrace" if "by ptrace" in name else "perf"
    with attach(pid) as target, target.watchpoint(address, 4, loss=loss, by=by) as hits:
        yield lambda: sum(hit.count for hit in hits)


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


def measure(rates: list[int], seconds: float, rounds: int, only: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        tracer = Path(folder, "tracer")
        source = tracer.with_suffix(".c")
        source.write_text(TRACER)
        subprocess.run(["gcc", "-O2", "-o", tracer, source], check=True)
        for rate in rates:
            for name in NAMES:
                if only not in name or (name == "gdb" and not shutil.which("gdb")):
                    continue
                rows.append(one(name, rate, seconds, rounds, tracer))
                print(shown(rows[-1]), flush=True)
    return rows


def one(name: str, rate: int, seconds: float, rounds: int, tracer: Path) -> dict[str, Any]:
    losses: list[float | None] = []
    counted: list[int | None] = []
    for _ in range(rounds):
        # a new one each time: a tracer that is killed leaves its registers set, which kills it
        with TargetProcess("touch") as program:
            address = program.greeting.number("addr")
            spins = max(0, int(1 / rate / calibrated(program)))
            times = max(1, int(rate * seconds))
            # fewer where each costs so much that it would take minutes
            fewer = times if name in RESTING else max(1, min(times, 20_000))
            alone = [timed(program, times, spins, seconds) or seconds for _ in range(2)]
            with watched_by(name, program.pid, address, tracer) as seen:
                watched = timed(program, fewer, spins, seconds)
            counted.append(None if watched is None else seen())  # with its last rest
            if watched is None:
                losses.append(None)
                break
            losses.append(1 - statistics.mean(alone) * fewer / times / watched)
    ended = [loss for loss in losses if loss is not None]
    counts = [count for count in counted if count is not None]
    return {
        "who": name,
        "rate": rate,
        "loss": statistics.median(ended) if len(ended) == len(losses) else None,
        "losses": losses,
        "written": fewer,
        "counted": statistics.median(counts) if counts and name.startswith("far") else None,
    }


def watched_by(name: str, pid: int, address: int, tracer: Path) -> Any:
    """A context manager of what says how many hits there were, where that is known."""
    if name.startswith("farfetch"):
        return by_farfetch(pid, address, name)
    command = gdb(pid, address) if name == "gdb" else [str(tracer), str(pid), hex(address)]
    return by_process(command, "watching")


def shown(row: dict[str, Any]) -> str:
    loss, counted = row["loss"], row["counted"]
    said = "it did not end" if loss is None else f"{loss:7.1%} lost"
    seen = f", counts {counted:,.0f} of {row['written']:,}" if counted is not None else ""
    each = ", ".join("-" if one is None else f"{one:.1%}" for one in row["losses"])
    return f"{row['rate']:>9,}/s  {row['who']!s:<33} {said} ({each}){seen}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", default=",".join(map(str, RATES)), help="writes a second")
    parser.add_argument("--only", default="", help="those whose names have this")
    given = parser.parse_args()
    rates = [int(rate) for rate in given.rates.split(",")]
    rows = measure(rates, given.seconds, given.rounds, given.only)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
