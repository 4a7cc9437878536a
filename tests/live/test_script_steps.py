"""Enabling a script that fails at any of its steps: the program is as it was, and goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType

import pytest
from farfetch.scanner import LiveScript, MemoryUnavailable, Target, attach
from farfetch.scanner.memory.changes import Change
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from support.failing import FAILURES, Failing
from support.hooked import Hooked, build

TEXT = """[ENABLE]
{$lua}
writeInteger('players+14', 33)
registerSymbol('byLua', 'players')
unregisterSymbol('old')
{$asm}
aobscanmodule(god,ffhooked{bits},{code} 90 90 90 90)
assert(god,{code})
fullaccess(god,8)
alloc(newmem,$1000,god)
alloc(data,64)
label(mine return)
registersymbol(god data mine)
newmem:
  cmp [{player}],1234
  je mine
  readmem(god,3)
mine:
  jmp return
data:
  dq newmem
god:
  jmp newmem
  nop 2
return:
players+8:
  dd #77
[DISABLE]
god:
  db {code} 90 90 90 90
players+8:
  dd 0
unregistersymbol(*)
dealloc(*)
"""
FORMS = {64: ("29 77 04", "rdi"), 32: ("29 4A 04", "edx")}


def script_for(target: Target) -> LiveScript:
    """The script, as code of the target's width has it."""
    code, player = FORMS[target.bits]
    text = TEXT.replace("{bits}", str(target.bits)).replace("{code}", code)
    return target.script(text.replace("{player}", player), lua=True)


@pytest.fixture(scope="module", params=[64, 32])
def hooked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hooked, Target]]:
    program = build(tmp_path_factory.mktemp("steps"), request.param)
    with Hooked(program) as running, attach(running.pid) as target:
        target.symbols.register("players", running.players)
        target.symbols.register("old", 0x1234)
        yield running, target
    assert running.status == 0


def state(running: Hooked, target: Target) -> tuple[object, ...]:
    """All that a script may change."""
    return (
        target.read_bytes(running.hit, 64),
        target.read_bytes(running.players, 32),
        [region.perms for region in target.regions() if running.hit in region],
        {entry.name: entry.address for entry in target.symbols.entries()},
        target.scripts,
    )


def steps_of(target: Target, script: LiveScript) -> int:
    """How many steps enabling takes."""
    with Failing(target, 0, KeyboardInterrupt(), behind=False) as counting:
        script.enable()
    script.undo()
    return counting.taken


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_step_fails_the_target_is_as_it_was(
    hooked: tuple[Hooked, Target], data: st.DataObject
) -> None:
    running, target = hooked
    before = state(running, target)
    known = script_for(target)
    most = steps_of(target, known)
    assert state(running, target) == before
    script = known if data.draw(st.booleans(), "again") else script_for(target)
    step = data.draw(st.integers(1, most), "step")
    failure = data.draw(st.sampled_from(FAILURES))()
    behind = data.draw(st.booleans(), "behind")
    regions = len(target.regions())
    with Failing(target, step, failure, behind=behind) as failing:
        try:
            script.enable()
        except BaseException as error:
            event(f"{type(error).__name__} at {failing.taken} of {most}")
            assert not script.enabled
    script.undo()  # where the step was only tried, or was not needed again
    assert state(running, target) == before
    if isinstance(failure, MemoryUnavailable):
        assert len(target.regions()) <= regions + 2
    with script:
        assert running.ask("hit 5")[0] == running.ask("")[0]
    assert target.read_bytes(running.hit, 64) == before[0]


class SignalledError(Exception):
    """By a signal's handler."""


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Has the main thread be interrupted by a signal, as Ctrl-C does it."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise SignalledError

    former = signal.signal(signal.SIGUSR1, handle)
    ident = threading.main_thread().ident
    assert ident is not None
    yield partial(signal.pthread_kill, ident, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, former)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("call", ["enable", "disable", "undo"])
def test_a_signal_tears_nothing(
    hooked: tuple[Hooked, Target], interrupt: Callable[[], None], call: str, behind: bool
) -> None:
    """One that comes while the code is changed: it is done whole, and enabling is taken back."""
    running, target = hooked
    before, players = state(running, target), target.read_bytes(running.players, 32)
    script = script_for(target)
    if call != "enable":
        script.enable()
    change = target.memory.change

    def changed(changes: Sequence[Change]) -> None:
        if not behind:
            interrupt()
        change(changes)
        if behind:
            interrupt()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target.memory, "change", changed)
        with pytest.raises(SignalledError):
            getattr(script, call)()
    assert not script.enabled
    target.write_bytes(running.players, players)  # [DISABLE] leaves what Lua wrote
    assert state(running, target) == before
