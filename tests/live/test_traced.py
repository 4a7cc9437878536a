"""What is seen by ptrace is what the program has counted, and it goes on whatever becomes of us."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import StopError, TargetGone, Watchpoint, WatchpointError, attach
from farfetch.scanner.engine import GUARDIAN

from support.child import Child, Talking, end, is_traced
from support.compiled import compiled
from support.machine import only_x86
from support.resting import ANEW, EXACT, Resting, TooSoonError, patiently
from support.resting import build as build_resting
from support.targets import Spawn, every_build
from support.waiting import wait_for

pytestmark = only_x86

SOURCE = Path(__file__).resolve().parents[1] / "support" / "traced.c"


def counts(hits: Watchpoint) -> dict[int, int]:
    """How often each instruction hit."""
    return {hit.address: hit.count for hit in hits}


def total(hits: Watchpoint) -> int:
    return sum(counts(hits).values())


def tracer(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nTracerPid:\t")[2].partition("\n")[0])


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked how."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


class Program(Child):
    """traced.c, running: what it answers to a line."""

    def __init__(self, program: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True)
        super().__init__(self.process)
        self.address = int(self._line(), 16)

    def _line(self) -> str:
        assert self.process.stdout
        return str(self.process.stdout.readline()).strip()

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line: str) -> str:
        self.say(line)
        return self._line()


@pytest.fixture(scope="module", params=[64, 32])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(SOURCE, tmp_path_factory.mktemp("traced"), request.param)


@pytest.fixture
def program(built: Path) -> Iterator[Program]:
    with Program(built) as running:
        yield running


@every_build
def test_ten_threads_of_which_five_start_later(spawn: Spawn) -> None:
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        with target.watchpoint(at, 4, loss=1, by="ptrace") as hits:
            answer = touch.command("threads 200 1000")
            assert (hits.state.threads, hits.state.by) == (
                touch.greeting.number("threads"),
                "ptrace",
            )
            guardian = tracer(touch.pid)
        assert counts(hits) == {site: answer.number("count")}
        [hit] = hits
        assert len(hit.threads) == 10
        assert hit.instruction is not None
        assert (hits.state.lost, hits.state.estimated, hits.state.ended) == (0, False, "closed")
        assert not is_traced(touch.pid)
        assert is_gone(guardian)
        touch.command("threads 10 0")  # where a register that is still armed would end it


@every_build
def test_the_instruction_that_takes_health(spawn: Spawn) -> None:
    """As with perf: registers, the value, and what the instruction reaches."""
    game = spawn("game")
    at = game.command("addresses").number("health_addr")
    with attach(game.pid) as target:
        with target.watchpoint(at, 4, loss=1, by="ptrace") as hits:
            for _ in range(10):
                game.command("hit 3")
        [hit] = hits
        assert hit.count == hit.seen == 10
        assert hit.threads == (game.pid,)
        assert hit.instruction is not None
        [operand] = hit.instruction.writes
        assert operand.address(hit.registers) == at
        assert len(hit.stack) == 512
        with target.accesses_of(hit.instruction, loss=1, by="ptrace") as accesses:
            game.command("hit 1")
        assert [(one.address, one.count) for one in accesses if one.address == at] == [(at, 1)]
        with target.watchpoint(at, 4, "read", loss=1, by="ptrace") as reads:
            game.command("status")
        assert {found.symbol.name for found in reads if found.symbol} == {"show_status"}


def test_a_value_that_takes_several_registers_is_counted_once(spawn: Spawn) -> None:
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        with target.watchpoint(at + 1, 6, loss=1, by="ptrace") as hits:
            touch.command("write 50 0")
        assert counts(hits) == {site: 50}
        with target.watchpoint(at + 4, 4, loss=1, by="ptrace") as beside:
            touch.command("write 50 0")
        assert counts(beside) == {}


def test_a_busy_loop_makes_estimates_and_says_so(spawn: Spawn) -> None:
    touch = spawn("touch")
    at, site = touch.greeting.number("addr"), touch.greeting.number("write_site")
    with attach(touch.pid) as target:
        with target.watchpoint(at, 4, loss=0.01, by="ptrace") as hits:
            touch.command("write 100000000 0")
        assert hits.state.estimated
        [hit] = hits
        assert hit.address == site
        assert 0 < hit.seen < hit.count


def test_its_own_signals_are_neither_lost_nor_doubled(program: Program) -> None:
    """Queued ones with what they carry, its breakpoints, and steps that hit at the same time."""
    times = 200
    with attach(program.pid) as target:
        with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
            answer = program.ask(f"signals {times}")
        assert answer == f"{times} {sum(range(times))} {times} {times} 0"
        assert total(hits) == 2 * times
    assert program.ask("write 5") == "5"


def test_a_hit_is_found_behind_whatever_else_waits(program: Program) -> None:
    """Let go of with a hit on its way, a thread would end: however many signals are before it."""
    assert program.ask("queue 40") == "40"
    with attach(program.pid) as target:
        program.say("busy 0")
        for _ in range(30):
            with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
                assert hits.wait(60)
    assert program.ask("write 5") == "5"
    assert not is_traced(program.pid)


def test_threads_that_come_and_go(program: Program) -> None:
    """Each of them is seen from its first instruction on, and let go of at any time of its life."""
    with attach(program.pid) as target:
        with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
            written = int(program.ask("crowd 3"))
        assert total(hits) == written == 3 * 60 * 3
        program.say("crowd 20")
        for _ in range(10):
            with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
                hits.wait(0.01)
        assert program._line() == str(20 * 60 * 3)
    assert not is_traced(program.pid)
    assert program.ask("write 5") == "5"


@pytest.mark.parametrize("way", ["fork", "vfork", "process"])
def test_processes_that_it_starts_are_left_alone(program: Program, way: str) -> None:
    with attach(program.pid) as target:
        with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
            assert program.ask(f"{way} 20") == "7"
            assert program.ask("write 5") == "5"
        assert total(hits) == 5


def test_another_program_in_its_place(program: Program) -> None:
    with attach(program.pid) as target:
        hits = target.watchpoint(program.address, 4, loss=1, by="ptrace")
        program.ask("write 3")
        program.ask("exec")
        while not hits.state.ended:
            assert hits.wait(60, hits=hits.state.hits)
        assert hits.state.ended == "replaced"
        assert total(hits) == 3
        hits.close()
    assert not is_traced(program.pid)
    assert program.ask("write 5") == "5"


def test_killed_while_it_is_watched(program: Program) -> None:
    with attach(program.pid) as target:
        hits = target.watchpoint(program.address, 4, loss=1, by="ptrace")
        guardian = tracer(program.pid)
        program.ask("write 3")
        program.say("write 1000000000")
        assert hits.wait(60, hits=100)
        program.process.kill()
        assert program.process.wait(60) == -signal.SIGKILL
        while not hits.state.ended:
            hits.wait(60, hits=hits.state.hits)
        assert hits.state.ended == "exited"
        hits.close()
        assert is_gone(guardian)


def test_stopped_it_stays_stopped(program: Program) -> None:
    """By Ctrl-Z, before it is watched and while it is; its parent hears of each stop once."""
    with attach(program.pid) as target:
        os.kill(program.pid, signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(program.pid, os.WUNTRACED)[1])
        with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
            program.say("write 5")
            assert not hits.wait(0.05)
            os.kill(program.pid, signal.SIGCONT)
            assert hits.wait(60, hits=4)
            os.kill(program.pid, signal.SIGSTOP)
            assert os.WIFSTOPPED(os.waitpid(program.pid, os.WUNTRACED)[1])
            program.say("write 5")
        assert total(hits) == 5
        wait_for(lambda: "\nState:\tT" in Path(f"/proc/{program.pid}/status").read_text())
        assert not is_traced(program.pid)
        assert os.waitpid(program.pid, os.WUNTRACED | os.WNOHANG) == (0, 0)
    os.kill(program.pid, signal.SIGCONT)
    assert [program._line(), program._line()] == ["5", "5"]


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_resting(tmp_path_factory.mktemp("resting"))


@pytest.mark.parametrize("kind", ["poll", "futex", "epoll", "recv"])
def test_waits_hear_nothing_of_it(resting: Path, kind: str) -> None:
    def watches(milliseconds: int) -> None:
        with Resting(resting, kind, milliseconds) as waiting, waiting.attach() as target:
            try:
                with target.watchpoint(waiting.code, 1, "execute", by="ptrace"):
                    pass
                hits = target.watchpoint(waiting.code, 1, "execute", by="ptrace")
            except TargetGone as error:
                raise TooSoonError from error
            with hits:
                assert waiting.result() == f"{ {**EXACT, **ANEW}[kind] } 0"

    patiently(watches)


def test_live_until_it_is_closed(spawn: Spawn) -> None:
    touch = spawn("touch")
    with attach(touch.pid) as target:
        hits = target.watchpoint(touch.greeting.number("addr"), 4, loss=1, by="ptrace")
        for number in range(1, 4):
            touch.command("write 1 0")
            assert hits.wait(60, hits=number - 1)
            assert total(hits) == number
        target.close()
        assert hits.state.ended == "closed"
        touch.command("write 1 0")
        assert total(hits) == 3
    assert not is_traced(touch.pid)


def test_in_this_process() -> None:
    values = (ctypes.c_int64 * 64)()
    with attach(os.getpid()) as target:
        at = ctypes.addressof(values) + 32 * 8
        with target.watchpoint(at, 8, loss=1, by="ptrace") as hits:
            for number in range(30):
                values[32] = number
        assert total(hits) == 30
        for number in range(30):
            values[32] = number
    assert not is_traced(os.getpid())


WATCHING = """
import sys, time
from farfetch.scanner import attach
target = attach(int(sys.argv[1]))
hits = target.watchpoint(int(sys.argv[2]), 4, loss=1, by="ptrace")
print(flush=True)
while hits.wait(600, hits=hits.state.hits):
    pass
"""


@pytest.mark.parametrize("busy", [False, True])
def test_it_goes_on_when_we_are_killed(spawn: Spawn, busy: bool) -> None:
    """Ten threads may be in the middle of their hits."""
    touch = spawn("touch")
    at = touch.greeting.number("addr")
    command, pipe = [sys.executable, "-c", WATCHING, str(touch.pid), str(at)], subprocess.PIPE
    watching = subprocess.Popen(command, stdout=pipe)
    try:
        assert watching.stdout
        assert watching.stdout.readline()
        guardian = tracer(touch.pid)
        assert guardian not in (0, watching.pid)
        if busy:
            touch.send("threads 1000 1")
        watching.kill()
        watching.wait(60)
        if busy:
            touch.answer()
        wait_for(lambda: is_gone(guardian))
        assert not is_traced(touch.pid)
        touch.command("threads 20 0")
    finally:
        end(watching)


def test_the_guardian_is_asked_to_end(program: Program) -> None:
    """It lets go in order, and so do we of one that is killed, unless that is in a hit."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with attach(program.pid) as target:
            hits = target.watchpoint(program.address, 4, loss=1, by="ptrace")
            assert program.ask("write 3") == "3"
            assert hits.wait(60, hits=2)
            os.kill(tracer(program.pid), how)
            while not hits.state.ended:
                hits.wait(60, hits=hits.state.hits)
            assert hits.state.ended == "killed"
            hits.close()
            assert total(hits) == 3
        assert not is_traced(program.pid)
        assert program.ask("write 5") == "5"


def test_signals_of_a_terminal_do_not_reach_it(program: Program) -> None:
    with attach(program.pid) as target:
        with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
            guardian = tracer(program.pid)
            assert os.getsid(guardian) == guardian
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
                os.kill(guardian, number)
            assert program.ask("write 3") == "3"
        assert total(hits) == 3


def test_what_is_traced_already(spawn: Spawn) -> None:
    """One watchpoint at a time; meanwhile nothing that stops threads."""
    touch = spawn("touch")
    at = touch.greeting.number("addr")
    who = rf"{GUARDIAN.name} \(\d+\) traces it, for a watchpoint by ptrace: end that one first"
    with attach(touch.pid) as target, target.watchpoint(at, 4, loss=1, by="ptrace") as hits:
        with pytest.raises(WatchpointError, match=who):
            target.watchpoint(at + 8, 4, by="ptrace")
        with pytest.raises(StopError, match=who):
            target.memory.allocate(100)
        with target.watchpoint(at, 4, loss=1) as by_perf:
            touch.command("write 5 0")
        assert total(by_perf) == 5
        touch.command("write 5 0")
    assert total(hits) == 10
    assert not is_traced(touch.pid)


TRACING = """
import ctypes, sys
assert ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), 0, 0) == 0  # PTRACE_SEIZE
print(flush=True)
sys.stdin.read()
"""


def test_who_else_traces_it_is_named(program: Program) -> None:
    tracing = Talking([sys.executable, "-c", TRACING, str(program.pid)])
    with tracing, attach(program.pid) as target:
        assert tracing.hear() == "\n"
        name = Path(f"/proc/{tracing.pid}/comm").read_text().rstrip()
        who = re.escape(f"{name} ({tracing.pid}) traces it: let it detach first")
        with pytest.raises(WatchpointError, match=who):
            target.watchpoint(program.address, 4, by="ptrace")
        with pytest.raises(StopError, match=who):
            target.allocate(100)
        with target.watchpoint(program.address, 4, loss=1) as by_perf:
            assert program.ask("write 5") == "5"
        assert total(by_perf) == 5
    with attach(program.pid) as target:
        with target.watchpoint(program.address, 4, loss=1, by="ptrace") as hits:
            assert program.ask("write 5") == "5"
        assert total(hits) == 5


def test_what_cannot_be_watched(spawn: Spawn) -> None:
    touch = spawn("touch")
    at = touch.greeting.number("addr")
    with attach(touch.pid) as target:
        with pytest.raises(WatchpointError, match="the kernel lets nobody watch there"):
            target.watchpoint(0xFFFFFFFF80000000, 8, by="ptrace")
        with pytest.raises(WatchpointError, match="more than the four debug registers"):
            target.watchpoint(at + 1, 31, by="ptrace")
        with target.watchpoint(at, 32), pytest.raises(WatchpointError, match="are in use"):
            target.watchpoint(at, 4, by="ptrace")
        assert not is_traced(touch.pid)
        touch.command("threads 3 0")


def run_script(script: str) -> str:
    """What a program of its own says."""
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


FILTERED = """
    import ctypes, os, struct
    from farfetch.scanner import WatchpointError, attach
    rules = struct.pack(
        "HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, {number}, 6, 0, 0, 0x50000 | {code},
        6, 0, 0, 0x7fff0000,
    )
    kept = ctypes.create_string_buffer(rules, len(rules))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, struct.pack("HxxxxxxQ", 4, ctypes.addressof(kept)), 0, 0) == 0
    value = (ctypes.c_int64 * 64)()
    at = ctypes.addressof(value) + 256
    for by in ("perf", "ptrace"):
        try:
            with attach(os.getpid()) as target, target.watchpoint(at, 8, by=by, loss=1) as hits:
                value[32] = 5
            print(sum(hit.count for hit in hits))
        except WatchpointError as error:
            print(error.reason)
"""


@pytest.mark.parametrize("code", [1, 38])
def test_under_filters_of_system_calls(code: int) -> None:
    """Where perf is refused the second way is named, and works; and the other way round."""
    without_perf = run_script(FILTERED.format(number=298, code=code)).splitlines()
    assert without_perf[0].startswith("a seccomp filter refuses perf_event_open(2)")
    assert 'by="ptrace"' in without_perf[0]
    assert "stops it at each hit" in without_perf[0]
    assert without_perf[1] == "1"
    without_ptrace = run_script(FILTERED.format(number=101, code=code)).splitlines()
    assert without_ptrace[0] == "1"
    assert without_ptrace[1].startswith("a seccomp filter refuses ptrace(2)")


ANOTHER = """
    import ctypes, os, struct
    from farfetch.scanner import FarfetchError, Watchpoint, attach  # all of it, as long as it may
    libc = ctypes.CDLL(None)
    libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
    os.setgroups([])
    os.setgid(65534), os.setuid(65534)
    capabilities = {capabilities}
    head = struct.pack("Ii", 0x20080522, 0)
    sets = struct.pack("6I", capabilities, capabilities, 0, 0, 0, 0)
    assert libc.capset(head, sets) == 0
    libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
    value = (ctypes.c_int64 * 64)()
    at = ctypes.addressof(value) + 256
    for pid, where in ((os.getpid(), at), ({pid}, {at})):
        try:
            with attach(pid) as target, target.watchpoint(where, 4, by="ptrace", loss=1) as hits:
                value[32] = 5
            print(sum(hit.count for hit in hits))
        except FarfetchError as error:
            print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_as_another_user(spawn: Spawn) -> None:
    """One's own programs; with a capability, which the guardian gets from us, those of others."""
    touch = spawn("touch")
    words = {"pid": touch.pid, "at": touch.greeting.number("addr")}
    own, other = run_script(ANOTHER.format(capabilities=0, **words)).splitlines()
    assert own == "1"
    assert "permission denied" in other
    capabilities = 1 << 19 | 1 << 1  # CAP_SYS_PTRACE and, to open its memory, CAP_DAC_OVERRIDE
    able = run_script(ANOTHER.format(capabilities=capabilities, **words)).splitlines()
    assert able == ["1", "0"]
