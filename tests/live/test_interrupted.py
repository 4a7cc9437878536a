"""Ctrl-C as any call of the core returns leaves no descriptor behind."""

from __future__ import annotations

import gc
import os
import sys
from types import FrameType
from typing import Any

import pytest
from farfetch.scanner import ScanCancelled, attach, i32

from support.targets import Spawn


class _Interrupting:
    """A profiler that interrupts as one of the core's calls returns, as a signal's handler may."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, _frame: FrameType, event: str, function: Any) -> None:
        if event == "c_return" and getattr(function, "__name__", "").startswith("ff_"):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


def _interrupted(pid: int, where: str, number: int) -> bool:
    """Whether a scan was, at its so-manieth call; no later call is left when it was not."""
    try:
        sys.setprofile(_Interrupting(number))
        with attach(pid) as target, target.scan(i32, where=where, threads=2) as scan:
            scan.first()
            scan.next("unchanged")
    except (KeyboardInterrupt, ScanCancelled):
        return True
    finally:
        sys.setprofile(None)
    return False


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # interrupted before its block began
def test_what_the_core_makes_ends_when_nobody_has_it_yet(spawn: Spawn) -> None:
    mutate = spawn("mutate")
    start = mutate.greeting.number("addr")
    where = f"{start:#x}..{start + mutate.greeting.number('size'):#x}"
    assert not _interrupted(mutate.pid, where, -1)  # whatever is made once is made
    gc.collect()  # of what other tests have left, too
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    number = 1
    while _interrupted(mutate.pid, where, number):
        gc.collect()
        assert sorted(os.listdir("/proc/self/fd")) == before, f"call {number}"  # noqa: PTH208
        number += 1
    assert number > 20
