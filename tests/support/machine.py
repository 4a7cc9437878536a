"""What a test needs of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final, NoReturn

import pytest

#: Of code that is read, which is x86-64's alone.
only_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads code of x86-64 only")

#: Set, it makes a failure of what is skipped as something is missing that ``make test`` does not
#: install, for it is large, or the machine's affair.
_ALL: Final = "FARFETCH_TEST_ALL"


def wants_all() -> bool:
    """Whether a test that cannot be run is a failure."""
    return bool(os.environ.get(_ALL))


def cannot_run(needed: str) -> str:
    """Why a test is skipped, and how it is made a failure."""
    return f"needs {needed} ({_ALL}=1 makes this a failure)"


def needs(there: object, needed: str) -> pytest.MarkDecorator:
    """Skip what needs more than ``make test`` installs, unless that is there."""
    return pytest.mark.skipif(not there and not wants_all(), reason=cannot_run(needed))


def give_up(needed: str) -> NoReturn:
    """Skip the running test, for which something is missing that ``make test`` does not install."""
    if wants_all():
        pytest.fail(cannot_run(needed))
    pytest.skip(cannot_run(needed))


def yama() -> bool:
    """Whether Yama lets this user trace descendants only."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    return os.geteuid() != 0 and scope.exists() and scope.read_text().strip() != "0"
