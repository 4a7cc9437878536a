"""The ways to a process's memory that this machine has."""

from __future__ import annotations

import os

import pytest
from farfetch.scanner import MemoryUnavailable, attach, memory_names

#: Those that every Linux has.
STOCK = ("process_vm", "proc_mem")


def _is_here(name: str) -> bool:
    try:
        attach(os.getpid(), memory=name).close()
    except MemoryUnavailable:
        return name in STOCK  # then the tests say that it is missing
    return True


#: By name, fastest first; those of the farfetch module where it is loaded.
READERS = tuple(name for name in memory_names() if name != "auto" and _is_here(name))

#: Run a test once with each way.
every_reader = pytest.mark.parametrize("reader", READERS)

#: Run a test once with each way, and with the one that is chosen when none is asked for.
every_reader_and_auto = pytest.mark.parametrize("reader", ["auto", *READERS])
