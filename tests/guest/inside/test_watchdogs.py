"""The kernel's watchdogs wait for an emulated processor: see PATIENCE in ../rig.py."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/proc/sys/kernel/watchdog_thresh", 60),
        ("/proc/sys/kernel/hung_task_timeout_secs", 240),
        ("/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout", 120),
        ("/sys/module/workqueue/parameters/watchdog_thresh", 120),
    ],
)
def test_a_watchdog_waits(path: str, seconds: int) -> None:
    """A word that the kernel does not know would be passed over without a sound."""
    watchdog = Path(path)
    if watchdog.exists():  # not every kernel has each
        assert int(watchdog.read_text()) == seconds
