"""What a test needs of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

#: Of code that is read, which is x86-64's alone.
only_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads code of x86-64 only")


def yama() -> bool:
    """Whether Yama lets this user trace descendants only."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    return os.geteuid() != 0 and scope.exists() and scope.read_text().strip() != "0"
