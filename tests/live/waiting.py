"""Wait for what another thread or process does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def wait_for(what: Callable[[], object], timeout: float = 30.0) -> None:
    """Ask until it is so, letting others run in between; fail when it never comes."""
    deadline = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        os.sched_yield()
