"""Where the stacks of the threads in a core file are: where they were in the program.

Numbers of threads and the places that addresses are counted from have to be those that a running
program has, so that what begins in a stack is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from ..memory.base import Memory
from ..memory.modules import Module
from ..memory.regions import Range, Region
from ..memory.stacks import Stack
from ..memory.thread_lists import thread_lists
from ..memory.thread_stacks import (
    Beginning,
    base_of,
    has_windows,
    stack_base,
    stacks_of,
    windows_stacks,
)
from .image import CoreThread, Image

_NUMBERS: Final = 1 << 22  # of threads that there can be; then they begin anew
_VECTOR: Final = 64 << 10  # bytes below what it points to, in which the auxiliary vector is
_ARGUMENTS: Final = 8 << 20  # bytes of pointers to arguments and the environment, at most


def core_stacks(
    image: Image, memory: Memory, regions: Sequence[Region], modules: Sequence[Module]
) -> list[Stack]:
    """The stacks of a core file's threads, as far as they are known, by thread.

    Args:
        image: what the file says.
        memory: its.
        regions: all that were mapped.
        modules: all that were loaded.
    """
    if image.stack_bases:
        return list(windows_stacks(image.stack_bases, memory, regions, modules))
    pid = image.pid if image.pid is not None else -1
    threads = sorted(image.threads, key=lambda one: (one.tid - pid) % _NUMBERS)
    lists = _lists(image, threads, memory, regions)
    if has_windows(modules):
        known = zip(threads, lists, strict=True)
        bases = (_windows_base(one, robust, memory) for one, robust in known)
        windows = list(windows_stacks(bases, memory, regions, modules))
        if windows:
            return windows
    beginnings = (
        Beginning(one.tid == pid, _arguments(image, memory) if one.tid == pid else robust)
        for one, robust in zip(threads, lists, strict=True)
    )
    return list(stacks_of(beginnings, regions))


def _lists(
    image: Image, threads: Sequence[CoreThread], memory: Memory, regions: Sequence[Region]
) -> list[int]:
    """Where each thread has its list of mutexes; 0 where that is not known."""
    at = [one.registers.get("fs_base", 0) for one in threads]
    wanted = {one.tid for one in threads}
    near = filter(None, at)
    found = thread_lists(memory, regions, order=image.order, wanted=wanted, near=near)
    known = sorted(found.values())
    return [
        next((one for one in known if start <= one < start + 1024), 0)
        if start
        else found.get(thread.tid, 0)
        for thread, start in zip(threads, at, strict=True)
    ]


def _windows_base(thread: CoreThread, robust: int, memory: Memory) -> int:
    block = thread.registers.get("gs_base", 0)
    return (base_of(memory, block, 64) if block else 0) or stack_base(memory, robust)


def _arguments(image: Image, memory: Memory) -> int:
    """Where the kernel has put how many arguments there are, and behind that all; 0 if nowhere.

    Behind them are the environment, and the auxiliary vector, of which the file has a copy.
    """
    word = image.bits // 8
    start, end = max(image.random - _VECTOR, 0), image.random
    raw = memory.read(start, end - start) if end else b""
    found = raw.rfind(image.auxiliary[: 4 * word]) if image.auxiliary else -1
    if found < 0:
        return 0
    at = start + found
    words = _words_before(memory, Range(max(at - _ARGUMENTS, 0), at), word, image.order)
    if next(words, None) != 0:  # the end of the environment
        return 0
    at -= word
    for value in words:
        at -= word
        if not value:  # the end of the arguments
            break
    for count, value in enumerate(words):
        at -= word
        if value == count:
            return at
    return 0


def _words_before(memory: Memory, span: Range, word: int, order: str) -> Iterator[int]:
    """The words of a span, the last first."""
    byteorder: Literal["big", "little"] = "big" if order == "big" else "little"
    end = span.end
    while end > span.start:
        start = max(end - 4096, span.start)
        raw = memory.read(start, end - start)
        if len(raw) != end - start:
            return
        for at in range(len(raw) - word, -1, -word):
            yield int.from_bytes(raw[at : at + word], byteorder)
        end = start
