"""Watching for a long time leaves the target, and this process, as they were.

Ten threads of a program write a value, half of them started anew each time. Watchpoints and
accesses are opened on it, looked at, and closed or forgotten, round after round; each round's
counts are held to what the program says. At the end, memory, threads, descriptors and debug
registers are compared with those after the first rounds.

    python bench/watch_soak.py [--seconds 600]
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from farfetch.scanner import Target, attach  # noqa: E402

from support.targets import TargetProcess  # noqa: E402

#: Rounds before the first look: what is loaded once has been loaded by then.
BEFORE: Final = 50
#: Bytes that either may have more at the end: allocators keep a little.
SLACK: Final = 8 << 20


class State(NamedTuple):
    """What a process has."""

    resident: int
    threads: int
    files: int


def state_of(pid: int | str) -> State:
    """What a process has now."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return State(int(fields["VmRSS"].split()[0]) << 10, int(fields["Threads"]), files)


def play(program: TargetProcess, target: Target, choice: random.Random) -> str:
    """One round. What was wrong in it, or ""."""
    at, site = program.greeting.number("addr"), program.greeting.number("write_site")
    loss = choice.choice([0.05, 1])
    watch = (
        target.watchpoint(
            at, choice.choice([1, 4, 8]), choice.choice(["write", "access"]), loss=loss
        )
        if choice.random() < 0.6
        else target.accesses_of(site, loss=loss)
    )
    times, pause = choice.choice([(20, 100_000), (100, 0), (2000, 0), (1, 0)])
    written = program.command(f"threads {times} {pause}").number("count")
    if choice.random() < 0.1:
        return ""  # forgotten while it is open
    list(watch)
    watch.close()
    # not that which reads the value to answer
    state, found = watch.state, [one for one in watch if one.address in (at, site)]
    counted = sum(each.count for each in found)
    if not state.estimated and not counted <= written <= counted + state.lost:
        return f"{watch}: {counted} counted and {state.lost} lost of {written}"
    return ""


def soak(seconds: float, seed: int) -> int:
    choice = random.Random(seed)
    wrong = rounds = 0
    with TargetProcess("touch") as program, attach(program.pid) as target:
        until = time.monotonic() + seconds
        before: tuple[State, State] | None = None
        while time.monotonic() < until or before is None:
            said = play(program, target, choice)
            wrong += bool(said)
            rounds += 1
            if said:
                print(said, flush=True)
            if rounds == BEFORE:
                gc.collect()
                before = state_of(program.pid), state_of("self")
        gc.collect()
        after = state_of(program.pid), state_of("self")
        # all four registers are free again
        for watch in [target.watchpoint(program.greeting.number("addr")) for _ in range(4)]:
            watch.close()
        traced = "TracerPid:\t0\n" not in Path(f"/proc/{program.pid}/status").read_text()
        alive = program.command("write 1 0").number("count") == 1
    print(f"{rounds:,} rounds, {wrong} with wrong counts; traced: {traced}; goes on: {alive}")
    grown = False
    for name, was, now in zip(("target", "farfetch"), before, after, strict=True):
        print(f"{name}: {was} -> {now}")
        grown |= now.resident > was.resident + SLACK or now[1:] != was[1:]
    return int(bool(wrong) or traced or not alive or grown)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = parser.parse_args()
    print(f"--seed {given.seed}", flush=True)
    return soak(given.seconds, given.seed)


if __name__ == "__main__":
    raise SystemExit(main())
