"""Ctrl-C as any call of the core, or where files are read, returns leaves no descriptor behind."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from farfetch.scanner import ScanCancelled, attach, i32

from support.targets import Spawn


class _Interrupting:
    """A profiler that interrupts as some call returns, as a signal's handler may."""

    def __init__(self, number: int, counts: Callable[[FrameType, str, Any], bool]) -> None:
        self.left = number
        self._counts = counts

    def __call__(self, frame: FrameType, event: str, function: Any) -> None:
        if self._counts(frame, event, function):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


def _of_the_core(_frame: FrameType, event: str, function: Any) -> bool:
    return event == "c_return" and getattr(function, "__name__", "").startswith("ff_")


def _of_files(frame: FrameType, event: str, function: Any) -> bool:
    """Any return where programs' files are read, but of open(2) itself: what it gives is lost."""
    return (
        event in ("return", "c_return")
        and Path(frame.f_code.co_filename).parent.name == "images"
        and getattr(function, "__name__", "") != "open"
    )


def _interrupted(pid: int, where: str, number: int) -> bool:
    """Whether a scan was, at its so-manieth call; no later call is left when it was not."""
    try:
        sys.setprofile(_Interrupting(number, _of_the_core))
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


def _asked(pid: int, where: str, number: int) -> bool:
    """Whether the question what lies at an address was interrupted."""
    try:
        with attach(pid) as target:
            sys.setprofile(_Interrupting(number, _of_files))
            target.address(where)
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
    return False


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_files_of_programs_are_closed_wherever_it_comes(spawn: Spawn) -> None:
    mutate = spawn("mutate")
    assert not _asked(mutate.pid, "mutate!main", -1)
    gc.collect()
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    number = 1
    while number < 120 and _asked(mutate.pid, "mutate!main", number):
        gc.collect()
        assert sorted(os.listdir("/proc/self/fd")) == before, f"call {number}"  # noqa: PTH208
        number += 1
    assert number > 20
