"""The part of bench/module.py that runs in the guest, by pytest, which the guest rig speaks to.

Times under emulation are good for comparing ways, not for saying how fast a machine is.
``FARFETCH_SPEED_ROUNDS`` is how often each is measured; the best counts.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guest.inside.programs import WAYS, Caller

ROUNDS = int(os.environ.get("FARFETCH_SPEED_ROUNDS", "20"))
SIZE = 8 << 20
CHUNKS = [64 << 10, 256 << 10, 1 << 20, 4 << 20]


@contextmanager
def _target(*, shared: bool) -> Iterator[tuple[int, int]]:
    """Yield a process and the address of 8 MiB: its own, or shared with its parent."""
    area = mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(mmap.MADV_NOHUGEPAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    if shared:
        area[:] = b"\xa5" * SIZE
    ready, told = os.pipe()
    child = os.fork()
    if not child:
        if not shared:
            area[:] = b"\xa5" * SIZE
        os.write(told, b"x")
        signal.pause()
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    try:
        yield child, address
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _seconds(caller: Caller, way: str, pid: int, address: int, chunk: int) -> float:
    words = caller.ask(f"bench {way} {pid} {address:#x} {SIZE:#x} {chunk:#x} 1")
    return int(words["nanoseconds"]) / 1e9


def _measure(*, shared: bool) -> dict[tuple[str, int], float]:
    """Return the best seconds for each way and chunk."""
    ways = ["process_vm", *WAYS]
    best: dict[tuple[str, int], float] = {}
    with Caller() as caller, _target(shared=shared) as (lasting, address):
        for chunk in CHUNKS:
            for turn in range(ROUNDS):
                # Turns at being first spread the machine's moods evenly.
                for way in ways[turn % len(ways) :] + ways[: turn % len(ways)]:
                    if shared and way == "process_vm":
                        # It ends the sharing, so it needs a new one each time.
                        with _target(shared=True) as (pid, place):
                            took = _seconds(caller, way, pid, place, chunk)
                    else:
                        took = _seconds(caller, way, lasting, address, chunk)
                    best[way, chunk] = min(took, best.get((way, chunk), took))
    return best


def _table(title: str, best: dict[tuple[str, int], float]) -> str:
    ways = ["process_vm", *WAYS]
    lines = [f"| {title} | {' | '.join(ways)} |", "| --- " * (len(ways) + 1) + "|"]
    for chunk in CHUNKS:
        cells = [f"{SIZE / best[way, chunk] / 1e9:.2f}" for way in ways]
        lines.append(f"| {chunk >> 10} KiB | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_measure(shared: bool) -> None:
    """Append a table to ``speed.md`` in the run's folder."""
    best = _measure(shared=shared)
    table = _table(f"GB/s, {'copy-on-write shared' if shared else 'own'} memory", best)
    with (Path(os.environ["FARFETCH_OUT"]) / "speed.md").open("a") as file:
        file.write(f"{table}\n")
