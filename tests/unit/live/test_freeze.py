"""Freezing, over the memory of real processes: this one's own, and a child's."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from construct import Struct
from farfetch.scanner.errors import (
    FarfetchError,
    MemoryFault,
    TargetClosed,
    TargetGone,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
)
from farfetch.scanner.live.freeze import Freezer
from farfetch.scanner.live.frozen import Freeze
from farfetch.scanner.memory.base import Memory
from farfetch.scanner.memory.regions import Region
from farfetch.scanner.memory.space import Space
from farfetch.scanner.process.maps import RegionReader
from farfetch.scanner.process.processes import has_exited
from farfetch.scanner.values.convert import f64, i32, pointer, sized, text, u8

from unit.conftest import Start

FAST = 0.001


class ProcessMemory(Memory):
    """A process, through /proc/pid/mem and in Python; it counts the looks at it."""

    def __init__(self, pid: int) -> None:
        super().__init__("counted", reader=self)
        self.number = pid
        self.path = Path(f"/proc/{pid}/mem")
        self.looks = 0
        self.looked = threading.Condition()

    def regions(self) -> list[Region]:
        return RegionReader(self.number).read()

    def read(self, address: int, size: int) -> bytes:
        if has_exited(self.number):
            raise TargetGone(self.number, "", "exited")
        try:
            with self.path.open("rb", buffering=0) as memory:
                memory.seek(address)
                raw = memory.read(size)
        except OSError:
            return self.nothing()
        finally:
            with self.looked:
                self.looks += 1
                self.looked.notify_all()
        return raw

    def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
        del force  # this way always does
        try:
            with self.path.open("r+b", buffering=0) as memory:
                memory.seek(address)
                return memory.write(raw)
        except OSError:
            return len(self.nothing())

    def blocks(self, address: int, size: int = 1, *, writing: bool = False) -> bool:
        del address, size, writing  # nothing is waited for
        return False

    def nothing(self) -> bytes:
        """No bytes, for what cannot be reached; or the process has gone, be it still dying."""
        try:
            mapped = Path(f"/proc/{self.number}/maps").read_bytes()
        except OSError:
            mapped = b""
        if not mapped:
            raise TargetGone(self.number, "", "exited")
        return b""

    def wait(self, until: Callable[[], object]) -> None:
        """Wait until something is so after a look; a minute means that it never will be."""
        with self.looked:
            assert self.looked.wait_for(until, 60)

    def wait_for_writes(self, entry: Freeze, writes: int) -> None:
        self.wait(lambda: entry.writes >= writes)

    def wait_for_looks(self, entries: int = 1) -> None:
        """Wait until all entries have been looked at, from start to end, once more."""
        before = self.looks
        self.wait(lambda: self.looks > before + 2 * entries)


@pytest.fixture
def memory() -> ProcessMemory:
    return ProcessMemory(os.getpid())


@pytest.fixture
def freezer(memory: ProcessMemory) -> Iterator[Freezer]:
    freezer = Freezer(Space(memory))
    yield freezer
    freezer.close()


@pytest.fixture
def health() -> ctypes.c_int32:
    return ctypes.c_int32(100)


#: What was frozen is not let go: its freezer may write there until the test is torn down, and by
#: then another object of this process would have the memory.
_KEPT: list[object] = []


def at(value: Any) -> int:
    _KEPT.append(value)
    return ctypes.addressof(value)


def test_is_written_before_add_returns(freezer: Freezer, health: ctypes.c_int32) -> None:
    entry = freezer.add(at(health), i32, 999, interval=3600)
    assert health.value == 999
    assert (entry.value, entry.writes, entry.active, entry.error) == (999, 1, True, None)
    assert (entry.address, entry.type, entry.allow) == (at(health), i32, None)


def test_is_not_written_when_it_is_there_already(
    freezer: Freezer, memory: ProcessMemory, health: ctypes.c_int32
) -> None:
    entry = freezer.add(at(health), i32, 100, interval=FAST)
    memory.wait_for_looks()
    assert (health.value, entry.writes) == (100, 0)


def test_is_put_back_each_time(
    freezer: Freezer, memory: ProcessMemory, health: ctypes.c_int32
) -> None:
    entry = freezer.add(at(health), i32, 100, interval=FAST)
    for writes, value in enumerate((50, 150, -1), 1):
        health.value = value
        memory.wait_for_writes(entry, writes)
        memory.wait_for_looks()
        assert health.value == 100
    assert entry.writes == 3


@pytest.mark.parametrize(
    ("allow", "allowed", "refused"), [("increase", 150, 149), ("decrease", 50, 51)]
)
def test_one_direction_can_be_allowed(
    freezer: Freezer,
    memory: ProcessMemory,
    health: ctypes.c_int32,
    allow: str,
    allowed: int,
    refused: int,
) -> None:
    entry = freezer.add(at(health), i32, 100, allow=allow, interval=FAST)  # type: ignore[arg-type]
    health.value = allowed
    memory.wait(lambda: entry.value == allowed)
    assert (health.value, entry.writes) == (allowed, 0)
    health.value = refused
    memory.wait(lambda: entry.writes == 1)
    memory.wait_for_looks()
    assert (health.value, entry.value) == (allowed, allowed)


def test_the_first_look_already_allows(freezer: Freezer, health: ctypes.c_int32) -> None:
    entry = freezer.add(at(health), i32, 50, allow="increase", interval=3600)
    assert (health.value, entry.value, entry.writes) == (100, 100, 0)


def test_not_a_number_is_no_increase(freezer: Freezer, memory: ProcessMemory) -> None:
    speed = ctypes.c_double(1.0)
    entry = freezer.add(at(speed), f64, 1.0, allow="increase", interval=FAST)
    speed.value = float("nan")
    memory.wait(lambda: entry.writes == 1)
    memory.wait_for_looks()
    assert speed.value == 1.0


def test_text(freezer: Freezer, memory: ProcessMemory) -> None:
    name = ctypes.create_string_buffer(b"anon, and more", 16)
    entry = freezer.add(at(name), sized(text, 8), "ann", interval=FAST)
    assert name.raw == b"ann\0\0\0\0\0d more\0\0"
    name.value = b"bob"
    memory.wait(lambda: entry.writes == 2)
    memory.wait_for_looks()
    assert (name.value, entry.value) == (b"ann", "ann")


def test_pointers_are_as_wide_as_the_target(memory: ProcessMemory) -> None:
    freezer = Freezer(Space(memory, bits=32))
    pair = (ctypes.c_uint32 * 2)(1, 2)
    freezer.add(at(pair), pointer, 7)
    freezer.close()
    assert list(pair) == [7, 2]


def test_nothing_is_written_after_stop(
    freezer: Freezer, memory: ProcessMemory, health: ctypes.c_int32
) -> None:
    other = ctypes.c_int32(1)
    running = freezer.add(at(other), i32, 1, interval=FAST)
    entry = freezer.add(at(health), i32, 100, interval=FAST)
    entry.stop()
    assert not entry.active
    assert freezer.entries == (running,)
    health.value = 50
    memory.wait_for_looks()
    assert (health.value, entry.writes) == (50, 0)
    entry.stop()


def test_stops_at_the_end_of_a_block(freezer: Freezer, health: ctypes.c_int32) -> None:
    with freezer.add(at(health), i32, 5) as entry:
        assert freezer.entries == (entry,)
        assert health.value == 5
    assert not freezer.entries
    assert not entry.active


def test_close_stops_all_and_ends_the_thread(memory: ProcessMemory, health: ctypes.c_int32) -> None:
    freezer = Freezer(Space(memory))
    entries = [freezer.add(at(health), i32, 100, interval=FAST) for _ in range(3)]
    freezer.close()
    assert not any(entry.active for entry in entries)
    assert not freezer.entries
    assert threads() == []
    with pytest.raises(TargetClosed):
        freezer.add(at(health), i32, 100)
    freezer.close()


def test_one_thread_for_all_and_none_for_nothing(
    freezer: Freezer, memory: ProcessMemory, health: ctypes.c_int32
) -> None:
    assert threads() == []
    entries = [freezer.add(at(health), i32, 100, interval=FAST) for _ in range(3)]
    memory.wait_for_looks(3)
    [thread] = threads()
    assert thread.daemon
    for entry in entries:
        entry.stop()
    thread.join(60)
    assert not thread.is_alive()
    again = freezer.add(at(health), i32, 100, interval=FAST)
    memory.wait_for_looks()
    health.value = 1
    memory.wait(lambda: again.writes == 1)


def test_a_long_interval_does_not_hold_up_a_short_one(
    freezer: Freezer, memory: ProcessMemory, health: ctypes.c_int32
) -> None:
    slow = freezer.add(at(ctypes.c_int32(1)), i32, 1, interval=3600)
    fast = freezer.add(at(health), i32, 100, interval=FAST)
    health.value = 1
    memory.wait(lambda: fast.writes == 1)
    assert slow.active


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "farfetch-freeze"]


@pytest.mark.parametrize(
    ("value_type", "value", "error"),
    [
        (u8, 300, ValueRangeError),
        (i32, "100", ValueKindError),
        (Struct("a" / u8), {"a": 1}, TypeNameError),
    ],
)
def test_values_that_do_not_fit(
    freezer: Freezer,
    health: ctypes.c_int32,
    value_type: Any,
    value: Any,
    error: type[FarfetchError],
) -> None:
    with pytest.raises(error):
        freezer.add(at(health), value_type, value)
    assert (health.value, freezer.entries) == (100, ())


def test_only_numbers_increase(freezer: Freezer) -> None:
    name = ctypes.create_string_buffer(b"bob", 8)
    with pytest.raises(ValueKindError, match="a number that can increase"):
        freezer.add(at(name), sized(text, 8), "ann", allow="increase")
    assert name.value == b"bob"


@pytest.mark.parametrize(
    "wrong", [{"allow": "both"}, {"interval": 0}, {"interval": -1}, {"interval": float("nan")}]
)
def test_wrong_arguments(
    freezer: Freezer, health: ctypes.c_int32, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"^(allow|interval) takes "):
        freezer.add(at(health), i32, 100, **wrong)  # type: ignore[arg-type]


def test_what_is_not_mapped_is_refused_at_once(freezer: Freezer) -> None:
    with pytest.raises(MemoryFault):
        freezer.add(8, i32, 100)
    assert not freezer.entries


def test_memory_that_goes_away_is_waited_for_and_others_go_on(start: Start) -> None:
    process = start(sys.executable, "-c", UNMAPS)
    assert process.stdin is not None
    assert process.stdout is not None
    kept, lost = (int(word) for word in process.stdout.readline().split())
    memory = ProcessMemory(process.pid)
    freezer = Freezer(Space(memory))
    entries = [freezer.add(address, i32, 7, interval=FAST) for address in (kept, lost)]
    process.stdin.write(b"\n")
    process.stdin.flush()
    memory.wait(lambda: not entries[1].holding)
    memory.wait_for_looks()
    assert isinstance(entries[1].error, MemoryFault)
    assert entries[1].error.address == lost
    assert entries[1].active
    assert (entries[0].active, entries[0].holding, entries[0].error) == (True, True, None)
    assert freezer.entries == tuple(entries)
    freezer.close()


UNMAPS = """
import ctypes, mmap
print(input(), flush=True)
kept, lost = (mmap.mmap(-1, mmap.PAGESIZE) for _ in range(2))
addresses = [ctypes.addressof(ctypes.c_char.from_buffer(page)) for page in (kept, lost)]
print(*addresses, flush=True)
input()
lost.close()
input()
"""


def test_a_target_that_exits_ends_all(start: Start) -> None:
    process = start("cat")
    [stack] = [region for region in RegionReader(process.pid).read() if region.kind == "stack"]
    memory, address = ProcessMemory(process.pid), stack.end - 8
    freezer = Freezer(Space(memory))
    entries = [freezer.add(address - 8 * index, i32, 7, interval=FAST) for index in range(3)]
    [thread] = threads()
    process.kill()
    thread.join(60)
    assert not any(entry.active for entry in entries)
    assert all(isinstance(entry.error, TargetGone) for entry in entries)
    with pytest.raises(TargetGone):
        freezer.add(address, i32, 7)
    freezer.close()


def test_what_nobody_foresaw_ends_all_and_is_not_hidden(
    freezer: Freezer, memory: ProcessMemory, health: ctypes.c_int32, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_type))
    memory.path = Path("/dev/zero")
    entry = freezer.add(0, i32, 1, interval=FAST)
    [thread] = threads()
    memory.path = None  # type: ignore[assignment]
    thread.join(60)
    assert raised == [AttributeError]
    assert (entry.active, entry.error) == (False, None)
    memory.path = Path("/proc/self/mem")
    again = freezer.add(at(health), i32, 5, interval=FAST)
    memory.wait_for_looks()
    assert (again.active, health.value) == (True, 5)


def test_stopping_from_many_threads_at_once(memory: ProcessMemory) -> None:
    freezer = Freezer(Space(memory))
    values = [ctypes.c_int32(index) for index in range(50)]
    entries: list[Freeze] = [freezer.add(at(value), i32, 7, interval=FAST) for value in values]
    barrier = threading.Barrier(len(entries))

    def stop(entry: Freeze) -> None:
        barrier.wait()
        entry.stop()

    stoppers = [threading.Thread(target=stop, args=(entry,)) for entry in entries]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()
    assert not freezer.entries
    assert [value.value for value in values] == [7] * 50
    freezer.close()
    assert threads() == []
