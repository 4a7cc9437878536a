"""Memory whose pages somebody has to bring: who does it in time, late, or not at all.

Nothing here is timed: what would hang is ended by a guard, and the test fails.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import (
    FarfetchError,
    Freeze,
    MemoryFault,
    Scan,
    ScanCancelled,
    ScanResult,
    Target,
    attach,
    i32,
    now,
)

from support.absent import NEEDLE, NEEDLE_AT, PAGE, Absent
from support.child import end
from support.prompting import CTRL_C, enter
from support.readers import READERS
from support.terminal import Terminal
from support.waiting import threads, wait_for

PAGES = 64
PLAIN = 4  # pages that nobody has to bring
GUARD = 120  # seconds until something counts as hanging

#: Ways that wait for a page; /proc/pid/mem is refused those of a userfaultfd at once.
WAITING = tuple(name for name in READERS if name != "proc_mem")
every_waiting_reader = pytest.mark.parametrize("reader", WAITING)

Place = tuple[int, int]


@pytest.fixture
def absent() -> Iterator[Absent]:
    with Absent() as running:
        yield running


def scan_of(target: Target, *places: tuple[int, int], **options: Any) -> Scan:
    where = ",".join(f"{start:#x}..{start + pages * PAGE:#x}" for start, pages in places)
    return target.scan(i32, where=where, **options)


def in_time(work: Callable[[], Any]) -> Any:
    """What work returns, or raises; a failure where it does neither."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(GUARD)
    assert outcome, "it hangs"
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def needles(start: int, pages: int) -> list[int]:
    return [start + page * PAGE + NEEDLE_AT for page in range(pages)]


@pytest.mark.parametrize("kind", ["private", "shared", "minor", "file"])
@every_waiting_reader
def test_a_scan_leaves_out_what_nobody_brings(absent: Absent, reader: str, kind: str) -> None:
    plain = absent.plain(PLAIN)
    if kind == "file":
        blocked, brought = absent.file(PAGES), 0
    else:
        mode = "minor" if kind == "minor" else "missing"
        blocked, brought = absent.userfault(PAGES, mode, shared=kind != "private"), 3
        absent.bring(blocked, brought)
    with attach(absent.pid, memory=reader) as target:
        target.patience = 0.1
        scan = scan_of(target, *sorted([(plain, PLAIN), (blocked, PAGES)]))
        for _ in range(2):  # what is known now is not waited for again
            result = in_time(lambda: scan.first(now == NEEDLE))
            missing = (blocked + brought * PAGE, blocked + PAGES * PAGE)
            assert sorted(scan.matches.addresses()) == sorted(
                needles(plain, PLAIN) + needles(blocked, brought)
            )
            assert result.unreadable == result.faults.blocked_bytes == (PAGES - brought) * PAGE
            assert result.faults.ranges == result.faults.blocked == (missing,)
        absent.serve()
        wait_for(lambda: scan.first(now == NEEDLE).unreadable == 0)
        assert len(scan) == PLAIN + PAGES


@every_waiting_reader
def test_what_comes_in_time_is_found(absent: Absent, reader: str) -> None:
    blocked = absent.userfault(PAGES)
    absent.serve()
    with attach(absent.pid, memory=reader) as target:
        scan = scan_of(target, (blocked, PAGES))
        result = in_time(lambda: scan.first(now == NEEDLE))
        assert scan.matches.addresses() == needles(blocked, PAGES)
        assert result.unreadable == 0


@pytest.mark.parametrize("kind", ["userfault", "file"])
def test_what_comes_late_is_waited_for(absent: Absent, kind: str) -> None:
    blocked = absent.userfault(PAGES) if kind == "userfault" else absent.file(PAGES)
    with attach(absent.pid) as target:
        target.patience = 3600
        scan = scan_of(target, (blocked, PAGES), threads=3, chunk=4 * PAGE)
        results: list[ScanResult] = []
        thread = threading.Thread(target=lambda: results.append(scan.first(now == NEEDLE)))
        thread.start()
        absent.wait_until_asked()
        assert not results
        absent.serve()
        thread.join(GUARD)
        assert results[0].unreadable == 0
        assert scan.matches.addresses() == needles(blocked, PAGES)


def test_what_comes_after_it_was_given_up_is_found_once(absent: Absent) -> None:
    """The thread that was given up comes back, and nobody takes what it brings."""
    blocked = absent.userfault(PAGES)
    before = threads()
    with attach(absent.pid) as target:
        target.patience = 0.02
        scan = scan_of(target, (blocked, PAGES), threads=4, chunk=2 * PAGE)
        in_time(lambda: scan.first(now == NEEDLE))
        assert len(scan) == 0
        absent.serve()
        wait_for(lambda: scan.first(now == NEEDLE).unreadable == 0)
        assert scan.matches.addresses() == needles(blocked, PAGES)
        wait_for(lambda: threads() == before)


@pytest.mark.parametrize("few", [True, False])
def test_a_next_scan_leaves_out_what_has_gone(absent: Absent, few: bool) -> None:
    blocked, plain = absent.userfault(PAGES), absent.plain(PLAIN)
    absent.bring(blocked, PAGES)
    with attach(absent.pid) as target:
        target.patience = 0.1
        scan = scan_of(target, *sorted([(plain, PLAIN), (blocked, PAGES)]), chunk=8 * PAGE)
        scan.first(now == NEEDLE if few else None)
        absent.discard(blocked + 2 * PAGE, PAGES - 2)
        result = in_time(lambda: scan.next(now == NEEDLE))
        found = sorted(needles(plain, PLAIN) + needles(blocked, 2))
        assert sorted(scan.matches.addresses()) == found
        assert result.faults.blocked == ((blocked + 2 * PAGE, blocked + PAGES * PAGE),)
        assert in_time(lambda: scan.next("unchanged").matches) == len(found)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_scan_that_waits_can_be_cancelled(absent: Absent, threads: int) -> None:
    blocked = absent.userfault(PAGES)
    with attach(absent.pid) as target:
        target.patience = 3600
        scan = scan_of(target, (blocked, PAGES), threads=threads, chunk=4 * PAGE)

        # called about 20 times a second, and all threads wait by then
        def progress(_: object) -> None:
            absent.wait_until_asked()
            scan.cancel()

        with pytest.raises(ScanCancelled):
            in_time(lambda: scan.first(progress=progress))
        in_time(scan.close)


@every_waiting_reader
def test_reads_and_writes(absent: Absent, reader: str) -> None:
    blocked = absent.userfault(PAGES)
    absent.bring(blocked, 1)
    with attach(absent.pid, memory=reader) as target:
        target.patience = 0.1
        for address in (blocked + PAGE, blocked + 9 * PAGE, blocked + PAGE):
            for work in (
                lambda at=address: target.read(at, i32),
                lambda at=address: target.write(at, i32, 7),
                lambda at=address: target.patch(at, b"abc"),
                lambda at=address: target.freeze(at, i32, 7),
                lambda at=address: target.freeze(at, i32),
            ):
                with pytest.raises(MemoryFault, match="does not come") as raised:
                    in_time(work)
                assert raised.value.blocked
        assert target.watch([(blocked + PAGE, i32), (blocked + NEEDLE_AT, i32)]).look()[1].value
        there, *gone = (blocked + page * PAGE + NEEDLE_AT for page in range(PAGES))
        for places in ([there, gone[0]], [*gone, there]):
            values = in_time(partial(target.read_many, places, i32))
            assert values == [NEEDLE if at == there else None for at in places]
            written = in_time(partial(target.write_many, places, i32, [NEEDLE] * len(places)))
            assert written == [at == there for at in places]
        assert len(target.memory.read(blocked, 3 * PAGE)) == PAGE
        target.write(blocked + NEEDLE_AT, i32, 7)
        assert target.read(blocked + NEEDLE_AT, i32) == 7
        with pytest.raises(MemoryFault) as raised:
            target.read(16, i32)
        assert not raised.value.blocked
    with attach(absent.pid, memory=reader) as target:
        absent.serve()
        assert in_time(lambda: target.read(blocked + 20 * PAGE + NEEDLE_AT, i32)) == NEEDLE


def test_through_proc_mem_what_is_not_there_is_refused(absent: Absent) -> None:
    blocked = absent.userfault(PAGES)
    with attach(absent.pid, memory="proc_mem") as target:
        with pytest.raises(MemoryFault):
            in_time(lambda: target.read(blocked, i32))
        scan = scan_of(target, (blocked, PAGES))
        assert in_time(lambda: scan.first(now == NEEDLE).unreadable) == PAGES * PAGE


def test_writes_to_what_is_write_protected(absent: Absent) -> None:
    protected = absent.userfault(PAGES, "write-protect")
    with attach(absent.pid) as target:
        target.patience = 0.1
        scan = scan_of(target, (protected, PAGES))
        assert in_time(lambda: scan.first(now == NEEDLE).matches) == PAGES
        with pytest.raises(MemoryFault, match=r"cannot write 4 bytes .* does not come"):
            in_time(lambda: target.write(protected + NEEDLE_AT, i32, 7))
        assert in_time(lambda: scan.write_all(7)) == (0, PAGES)
        assert target.read(protected + NEEDLE_AT + PAGE, i32) == NEEDLE
        assert in_time(lambda: scan.next(now == NEEDLE).matches) == PAGES
        absent.serve()
        wait_for(lambda: scan.write_all(7) == (PAGES, 0))


def test_matches_and_columns(absent: Absent) -> None:
    blocked = absent.userfault(PAGES)
    absent.bring(blocked, PAGES)
    with attach(absent.pid) as target:
        target.patience = 0.1
        scan = scan_of(target, (blocked, PAGES))
        scan.first(now == NEEDLE)
        absent.discard(blocked + PAGE, PAGES - 1)
        assert in_time(lambda: [match.value for match in scan]) == [NEEDLE] + [None] * (PAGES - 1)
        with pytest.raises(MemoryFault, match="does not come"):
            in_time(lambda: scan.matches.column("now"))
        assert list(scan.matches.column("now", 0, 1)) == [NEEDLE]
        assert list(scan.matches.column("previous")) == [NEEDLE] * PAGES
        assert in_time(lambda: scan.write_all(8)) == (1, PAGES - 1)


def test_a_frozen_value_whose_page_goes_leaves_the_others_held(absent: Absent) -> None:
    blocked, plain = absent.userfault(PAGES), absent.plain(PLAIN)
    absent.bring(blocked, PAGES)
    target = attach(absent.pid)
    target.patience = 0.1
    frozen: list[Freeze] = [
        target.freeze(at + NEEDLE_AT, i32, 7, interval=0.01) for at in (blocked, plain)
    ]
    absent.discard(blocked, PAGES)
    for value in (1, 2):
        absent.poke(plain + NEEDLE_AT, value)
        wait_for(lambda: target.read(plain + NEEDLE_AT, i32) == 7)
    assert frozen[1].holding
    wait_for(lambda: not frozen[0].holding)
    assert frozen[0].active
    in_time(target.close)
    absent.poke(plain + NEEDLE_AT, 5)
    with attach(absent.pid) as again:
        assert again.read(plain + NEEDLE_AT, i32) == 5


def test_close_does_not_wait_for_a_frozen_value(absent: Absent) -> None:
    blocked = absent.userfault(PAGES)
    absent.bring(blocked, PAGES)
    target = attach(absent.pid)
    target.patience = 3600
    target.freeze(blocked + NEEDLE_AT, i32, 7, interval=0.01)
    absent.discard(blocked, PAGES)
    absent.wait_until_asked()
    in_time(target.close)


def test_a_write_by_another_way_is_let_go_of_too(absent: Absent) -> None:
    """Through proc_mem the target is written to by process_vm, where that is not forbidden."""
    blocked = absent.userfault(PAGES)
    outcome: list[BaseException] = []

    def write(target: Target, **options: bool) -> None:
        try:
            target.write(blocked, i32, 7, **options)
        except FarfetchError as error:
            outcome.append(error)

    with attach(absent.pid, memory="proc_mem") as target:
        target.patience = 0.1
        for force in (False, True):  # force brings no page
            in_time(partial(write, target, force=force))
        assert [getattr(one, "blocked", None) for one in outcome] == [True, True]
    outcome.clear()
    target = attach(absent.pid, memory="proc_mem")
    target.patience = 3600
    thread = threading.Thread(target=write, args=(target,))
    thread.start()
    absent.wait_until_asked()
    in_time(target.close)
    thread.join(GUARD)
    assert len(outcome) == 1


CLOSE = """
import signal, sys
from farfetch.scanner import FarfetchError, attach, i32
target = attach(int(sys.argv[1]))
target.patience = 3600
target.freeze(int(sys.argv[3]), i32, 7, interval=0.001)
signal.signal(signal.SIGUSR1, lambda *_: target.close())
try:
    target.write(int(sys.argv[2]), i32, 7)
except FarfetchError as error:
    print("let go")
"""


def test_a_signal_handler_closes_a_target_that_is_written_to(absent: Absent) -> None:
    """The frozen value waits for the write, and close for the thread of frozen values."""
    plain, blocked = absent.plain(PLAIN), absent.userfault(PAGES)
    arguments = map(str, (absent.pid, blocked, plain))
    writer = subprocess.Popen(
        [sys.executable, "-c", CLOSE, *arguments], stdout=subprocess.PIPE, text=True, cwd="/"
    )
    try:
        absent.wait_until_asked()
        writer.send_signal(signal.SIGUSR1)
        assert writer.communicate(timeout=GUARD)[0] == "let go\n"
    finally:
        end(writer)


READ = """
import sys
from farfetch.scanner import attach, i32
with attach(int(sys.argv[1])) as target:
    target.patience = 3600
    try:
        target.read(int(sys.argv[2]), i32)
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize("kind", ["userfault", "file"])
def test_ctrl_c_ends_a_read_that_waits(absent: Absent, kind: str) -> None:
    blocked = absent.userfault(PAGES) if kind == "userfault" else absent.file(PAGES)
    reader = subprocess.Popen(
        [sys.executable, "-c", READ, str(absent.pid), str(blocked)],
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    try:
        absent.wait_until_asked()
        reader.send_signal(signal.SIGINT)
        assert reader.communicate(timeout=GUARD)[0] == "interrupted\n"
    finally:
        end(reader)


def test_patience_takes_seconds(absent: Absent) -> None:
    with attach(absent.pid) as target:
        assert target.patience == 1
        for wrong in (0, -1, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="patience takes seconds above 0"):
                target.patience = wrong
        target.patience = 2.5
        assert target.patience == 2.5


def _apart(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "farfetch.shell", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    )


@pytest.mark.parametrize("kind", ["userfault", "file"])
def test_sigterm_ends_a_scan_that_waits(absent: Absent, kind: str) -> None:
    blocked = absent.userfault(PAGES) if kind == "userfault" else absent.file(PAGES)
    where = f"{blocked:#x}..{blocked + PAGES * PAGE:#x}"
    commands = ("-c", f"where {where}", "-c", "type i32", "-c", "1")
    shell = _apart("-p", str(absent.pid), *commands)
    try:
        absent.wait_until_asked()
        os.kill(shell.pid, signal.SIGTERM)
        assert shell.wait(GUARD) != 0
    finally:
        end(shell)


def test_the_shell_says_what_did_not_come(absent: Absent) -> None:
    blocked = absent.userfault(PAGES)
    where = f"{blocked:#x}..{blocked + PAGES * PAGE:#x}"
    shell = _apart("-p", str(absent.pid), "-c", f"where {where}", "-c", "type i32", "-c", "1")
    output, _ = shell.communicate(timeout=GUARD)
    assert shell.returncode == 0  # and the process ends, with a thread that waits
    assert "256.0 KiB could not be read, in 1 range" in output
    assert "256.0 KiB of that did not come" in output


def test_ctrl_c_at_the_prompt(absent: Absent, tmp_path: Path) -> None:
    blocked = absent.userfault(PAGES)
    where = f"{blocked:#x}..{blocked + PAGES * PAGE:#x}"
    command = [sys.executable, "-m", "farfetch.shell", "-p", str(absent.pid)]
    with Terminal(command, env={"XDG_STATE_HOME": str(tmp_path)}) as terminal:
        terminal.wait_for("farfetch>", GUARD)
        enter(terminal, f"where {where}", "where")
        terminal.send("1\r")
        absent.wait_until_asked()
        terminal.send(CTRL_C)
        terminal.wait_for("cancelled", GUARD)
        terminal.send("quit\r")
        assert terminal.wait(GUARD) == 0
