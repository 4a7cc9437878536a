"""What a test needs of the processor."""

from __future__ import annotations

import platform

import pytest

#: Of code that is read, which is x86-64's alone.
only_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads code of x86-64 only")
