"""The module on Debian's own kernel, by its device. One guest, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from guest import kernels, prerequisites, rig
from guest.prerequisites import MissingError

# Debian's kernels say which pages are clean.
PAGES = ["tests/live/test_pages.py"]
# The main job, by the library, through the device.
HUNT = ["tests/live/test_hunt.py"]
# A process whose first thread has ended is reached by others.
THREADS = ["tests/live/test_first_thread.py"]
CHOSEN = ["-k", "not (test_hunt or test_first_thread) or (device and (pie or test_first_thread))"]


def test_stock_guest(tmp_path: Path) -> None:
    try:
        outcome = rig.boot(
            kernels.get("stock-6.1"),
            tmp_path,
            [
                "-q",
                *(str(rig.INSIDE / name) for name in rig.MODULE_TESTS),
                *PAGES,
                *HUNT,
                *THREADS,
                *CHOSEN,
                "--durations=60",
            ],
            timeout=1200,
        )
    except MissingError as missing:
        prerequisites.give_up(missing)
    print(outcome.output)
    if not outcome.ok:
        pytest.fail(str(outcome), pytrace=False)
