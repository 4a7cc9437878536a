"""Sixteen threads that check themselves, come and go, while they are stopped again and again."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from farfetch.scanner import Target, attach

from support.child import is_traced
from support.machine import only_x86
from support.restless import Restless, build

pytestmark = only_x86

#: How often; more of them for a longer look at it.
ROUNDS = int(os.environ.get("FARFETCH_TEST_ROUNDS", "60"))
#: The same, done elsewhere.
HOOKS = {
    64: """[ENABLE]
alloc(elsewhere,64,count)
label(return)
elsewhere:
  mov rax,[rdi+8]
  inc rax
  jmp return
count:
  jmp elsewhere
  nop 2
return:
[DISABLE]
count:
  db 48 8B 47 08 48 FF C0
""",
    32: """[ENABLE]
alloc(elsewhere,64,count)
label(return)
elsewhere:
  mov edx,[esp+4]
  mov eax,[edx+4]
  jmp return
count:
  jmp elsewhere
  nop 2
return:
[DISABLE]
count:
  db 8B 54 24 04 8B 42 04
""",
}


@pytest.fixture(scope="module", params=[64, 32])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("restless"), request.param)


def hook(target: Target, address: int) -> None:
    target.symbols.register("count", address)
    script = target.script(HOOKS[target.bits])
    for _ in range(ROUNDS):
        with script:
            pass


def allocate(target: Target, address: int) -> None:
    for _ in range(ROUNDS):
        target.memory.release(target.memory.allocate(4096, near=address), 4096)


@contextmanager
def meanwhile(what: Callable[[], None], pause: float) -> Iterator[None]:
    """Do something again and again on another thread."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(pause):
            what()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def stop_and_go(running: Restless) -> None:
    """As Ctrl-Z and fg."""
    os.kill(running.pid, signal.SIGSTOP)
    time.sleep(0.002)
    os.kill(running.pid, signal.SIGCONT)


@pytest.mark.parametrize("way", [hook, allocate])
@pytest.mark.parametrize("beside", ["nothing", "signals", "job control"])
def test_nobody_notices(program: Path, way: Callable[[Target, int], None], beside: str) -> None:
    stopped = beside == "job control"
    with Restless(program, stopped=stopped) as running, attach(running.pid) as target:
        before = target.read_bytes(running.count, 32)
        besides: dict[str, Callable[[], None]] = {
            "nothing": lambda: None,
            "signals": running.signal,
            "job control": lambda: stop_and_go(running),
        }
        with meanwhile(besides[beside], 0.0005 if beside == "signals" else 0.01):
            way(target, running.count)
        assert target.read_bytes(running.count, 32) == before
        assert not is_traced(running.pid)
        assert running.found() == (0, running.sent)
