"""What is known of a process's threads that says where their stacks are, without stopping any.

Of the first the kernel knows where it has put the arguments, as proc_pid_stat(5) says; of the
others, where their C library keeps a list of mutexes (get_robust_list(2)), but for those of 32
bits, of which their memory has to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..engine import ffi, lib
from ..memory.base import Memory
from ..memory.modules import Module
from ..memory.owner import ProcessInfo
from ..memory.regions import Region
from ..memory.stacks import Stack
from ..memory.thread_lists import thread_lists
from ..memory.thread_stacks import Beginning, stack_base, stacks_of, windows_stacks
from .threads import thread_ids
from .widths import may_be_wine

_STARTED, _START_STACK = 19, 25  # fields of stat, counted from that behind the name


class _Thread(NamedTuple):
    """A thread: when it was started, its number, and where it keeps its list of mutexes."""

    started: int
    number: int
    robust: int


def read_stacks(
    process: ProcessInfo, memory: Memory, regions: Sequence[Region], modules: Sequence[Module]
) -> list[Stack]:
    """The stacks of a process's threads, as far as they are known, by thread.

    Args:
        process: whose they are.
        memory: its.
        regions: all that are mapped.
        modules: all that are loaded.
    """
    threads, first = _threads(process.pid)
    if may_be_wine(process):
        bases = (stack_base(memory, thread.robust) for thread in threads)
        windows = list(windows_stacks(bases, memory, regions, modules))
        if windows:
            return windows
    if process.bits == 32 and len(threads) > 1:
        threads = _with_lists(process.pid, threads, memory, regions)
    beginnings = (
        Beginning(one.number == process.pid, first if one.number == process.pid else one.robust)
        for one in threads
    )
    return list(stacks_of(beginnings, regions))


def _threads(pid: int) -> tuple[list[_Thread], int]:
    """The threads in the order in which they were started, and the top of the first one's stack."""
    found, first = [], 0
    out = ffi.new("uint64_t *")
    for number in thread_ids(pid):
        try:
            raw = Path(f"/proc/{pid}/task/{number}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = raw[raw.rfind(b")") + 2 :].split()
        first = int(fields[_START_STACK]) or first
        robust = 0 if lib.ff_robust_list(number, out) else out[0]
        found.append(_Thread(int(fields[_STARTED]), number, robust))
    return sorted(found), first


def _with_lists(
    pid: int, threads: list[_Thread], memory: Memory, regions: Sequence[Region]
) -> list[_Thread]:
    """The threads with the lists that their memory tells of."""
    numbers = {one.number: _own_number(pid, one.number) for one in threads}
    wanted = {numbers[one.number] for one in threads if one.number != pid}
    lists = thread_lists(memory, regions, wanted=wanted)
    return [one._replace(robust=lists.get(numbers[one.number], 0)) for one in threads]


def _own_number(pid: int, number: int) -> int:
    """The number of a thread in the innermost namespace that it is in."""
    try:
        text = Path(f"/proc/{pid}/task/{number}/status").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return number
    line = next((one for one in text.splitlines() if one.startswith("NSpid:")), "")
    return int(line.split()[-1]) if line else number
