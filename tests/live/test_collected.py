"""What nobody closes closes itself, says so, and leaves no descriptor and no thread."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from farfetch.scanner import Freeze, attach, bytes_, i32, now

from support import apart
from support.waiting import wait_for


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def warned(work: Callable[[], object]) -> list[str]:
    """The text of the warnings that some work gives; a warning's source is not kept."""
    said: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_: said.append(
            f"{category.__name__}: {message}"
        )
        work()
    return said


def values() -> Any:
    return (ctypes.c_int32 * 4096)(*[7] * 4096)


def where(there: Any) -> str:
    return f"{ctypes.addressof(there):#x}..{ctypes.addressof(there) + ctypes.sizeof(there):#x}"


def attached() -> list[Any]:
    """A thousand targets, each used and forgotten, without the garbage collector."""
    gc.disable()
    there, before, most = values(), descriptors(), []

    def work() -> None:
        for _ in range(1000):
            target = attach(os.getpid())
            target.read(ctypes.addressof(there), i32)
            del target
            most.append(descriptors() - before)

    said = warned(work)
    return [max(most), len(said), said[0].replace(str(os.getpid()), "PID")]


def test_targets_that_nobody_closes() -> None:
    assert apart.run(attached) == [
        *(0, 1000),
        "ResourceWarning: unclosed <Target python pid PID through process_vm>",
    ]


def scanned() -> list[Any]:
    """All that looks at a target, forgotten with it."""
    gc.disable()
    there, before = values(), descriptors()

    def work() -> None:
        for _ in range(50):
            target = attach(os.getpid())
            scan = target.scan(i32, where=where(there))
            scan.first(now == 7)
            scan.next("unchanged")
            text = target.scan(bytes_, where=where(there))
            text.first('now == regex("[a-z]+")')
            match = scan[0]
            kept: list[object] = [match, scan.matches, scan.steps, scan.history, iter(scan)]
            kept += [target.watch([(ctypes.addressof(there), i32)]), match.location]
            del target, scan, text, kept, match

    return [len(warned(work)), descriptors() - before]


def test_scans_that_nobody_closes() -> None:
    assert apart.run(scanned) == [50, 0]


def frozen() -> list[Any]:
    there, before = values(), descriptors()
    address = ctypes.addressof(there)

    def work() -> None:
        for _ in range(100):
            attach(os.getpid()).freeze(address, i32, 7)
        # a thread that is at work holds what it looks at for that long
        wait_for(lambda: gc.collect() >= 0 and threading.active_count() == 1)

    said = warned(work)
    return [len(said), descriptors() - before]


def test_frozen_values_that_nobody_has() -> None:
    assert apart.run(frozen) == [100, 0]


def kept_by_its_value() -> list[Any]:
    """A value that somebody has keeps its target, and is held."""
    there = values()

    def freeze() -> Freeze:
        return attach(os.getpid()).freeze(ctypes.addressof(there), i32, 7, interval=0.001)

    value = freeze()
    gc.collect()
    there[0] = 1
    wait_for(lambda: there[0] == 7)
    held = value.active
    value.stop()

    def forget() -> None:
        nonlocal value
        del value
        # the thread that held it may be the last to have the target, for a moment
        wait_for(lambda: threading.active_count() == 1)
        gc.collect()

    return [held, len(warned(forget))]


def test_a_frozen_value_keeps_its_target() -> None:
    assert apart.run(kept_by_its_value) == [True, 1]


ENDS = """
import ctypes, os
from farfetch.scanner import attach, i32
there = (ctypes.c_int32 * 4096)(*[7] * 4096)
at = ctypes.addressof(there)
target = attach(os.getpid())
scan = target.scan(i32, where=f"{at:#x}..{at + 16384:#x}")
scan.first("now == 7")
frozen = [target.freeze(at + 4 * i, i32, i, interval=0.0001) for i in range(50)]
"""


def test_a_program_that_just_ends() -> None:
    """No noise, and no crash, whatever its threads are in the middle of."""
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", ENDS],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def errors_keep_nothing() -> int:
    there, before = values(), descriptors()
    for _ in range(100):
        with attach(os.getpid()) as target, target.scan(i32, where=where(there)) as scan:
            scan.first(now == 7)
            kept: list[BaseException] = []
            for wrong in (lambda: scan.next("now == @tea"), lambda: target.read(8, i32)):
                try:
                    wrong()
                except Exception as error:
                    kept.append(error)
        assert len(kept) == 2
    return descriptors() - before


def test_blocks_that_errors_left() -> None:
    assert apart.run(errors_keep_nothing) == 0
