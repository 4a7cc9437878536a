"""What is watched in this process is counted; with the engine under sanitizers, too."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading

import pytest
from farfetch.scanner import attach

from support import foreign
from support.machine import only_x86


@only_x86
def test_every_write_of_every_thread_is_counted() -> None:
    # far from what others fill: a store under a mask hits whatever its vector covers
    value = (ctypes.c_int64 * 64)()

    def write() -> None:
        for number in range(100):
            value[32] = number

    with attach(os.getpid()) as target:
        at = ctypes.addressof(value) + 32 * 8
        for size, stack in ((8, 0), (1, 4096), (6, 512)):
            with target.watchpoint(at, size, loss=1, stack=stack) as hits:
                threads = [threading.Thread(target=write) for _ in range(3)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            assert sum(hit.count for hit in hits) + hits.state.lost == 300
            assert all(min(stack, 64) <= len(hit.stack) <= stack for hit in hits)
        del hits
        assert target.stepping == {}


@only_x86
@pytest.mark.skipif("neon" not in foreign.kernel_isas(), reason="needs arm64's emulator")
def test_arm64_under_an_emulator_has_none_and_says_so() -> None:
    """The core's watches are built for arm64; an emulator of programs has no breakpoints."""
    program = foreign.build("watching")
    done = subprocess.run(
        [foreign.EMULATOR, program], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (1, "watching: breakpoints do not fire here\n")
