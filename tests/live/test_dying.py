"""The target dies, becomes another program or forks at any step of a script: one line is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import LiveScript, Target, TargetGone, attach, import_table
from farfetch.scanner.memory.base import Memory

from support.duel import duel, table
from support.machine import only_x86
from support.targets import TargetProcess

pytestmark = only_x86

STEPS = ("read", "regions", "allocate", "write", "change")
MOST = 12  # steps at which it is tried, from the first to the last
HIT = bytes.fromhex("8B 4E 08 29 C1 89 4E 08 C3")


@contextmanager
def before_step(memory: Memory, number: int, what: Callable[[], None]) -> Iterator[list[str]]:
    """Do something before the step of a number; the steps that were done."""
    done: list[str] = []
    kind = type(memory)

    def wrapped(name: str) -> Callable[..., Any]:
        own = getattr(kind, name)

        def step(self: Memory, *arguments: Any, **options: Any) -> Any:
            if len(done) == number:
                what()
            done.append(name)
            return own(self, *arguments, **options)

        return step

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(kind, name, wrapped(name))
        yield done


def no_damage(target: Target, folder: Path) -> LiveScript:
    known, _ = import_table(table("pie", folder))
    return target.script(known.script("No damage").text, name="No damage")


def steps(call: str, folder: Path) -> list[int]:
    """Numbers of steps at which something may happen."""
    with duel("pie", folder) as running, attach(running.pid) as target:
        script = no_damage(target, folder)
        if call == "disable":
            script.enable()
        with before_step(target.memory, -1, lambda: None) as done:
            getattr(script, call)()
        assert {"read", "change"} <= set(done)
    count = min(MOST, len(done))
    return sorted({round(at * (len(done) - 1) / (count - 1)) for at in range(count)})


def hits(target: Target) -> bytes:
    """The function's bytes, where the program has them now."""
    module = next(one for one in target.modules() if one.name == "duel")
    code = next(region for region in module.regions if region.executable)
    raw = target.read_bytes(code.start, code.size)
    at = raw.find(HIT[5:])
    return raw[at - 5 : at + 4]


@pytest.mark.parametrize("call", ["enable", "disable"])
def test_it_dies(call: str, tmp_path: Path) -> None:
    for number in steps(call, tmp_path):
        with duel("pie", tmp_path) as running, attach(running.pid) as target:
            script = no_damage(target, tmp_path)
            if call == "disable":
                script.enable()

            def die(process: TargetProcess = running) -> None:
                process.quit()

            with before_step(target.memory, number, die), pytest.raises(TargetGone) as raised:
                getattr(script, call)()
            assert str(raised.value).endswith("has exited")
            assert script.enabled is (call == "disable")


@pytest.mark.parametrize("call", ["enable", "disable"])
def test_it_becomes_another_program(call: str, tmp_path: Path) -> None:
    for number in steps(call, tmp_path):
        with duel("pie", tmp_path) as running:
            with attach(running.pid) as target:
                script = no_damage(target, tmp_path)
                if call == "disable":
                    script.enable()

                def become(process: TargetProcess = running) -> None:
                    process.command("exec")

                with (
                    before_step(target.memory, number, become),
                    pytest.raises(TargetGone, match="has executed another program"),
                ):
                    getattr(script, call)()
            with attach(running.pid) as another:
                assert hits(another) == HIT
            assert running.command("hit 5").number("health") == 95


def test_it_forks(tmp_path: Path) -> None:
    for number in steps("enable", tmp_path):
        with duel("pie", tmp_path) as running, attach(running.pid) as target:
            script = no_damage(target, tmp_path)
            with before_step(target.memory, number, lambda: running.send("fork")):
                script.enable()
            running.answer()
            assert running.command("hit 5").number("health") == 100
            script.disable()
            assert hits(target) == HIT
            assert running.command("hit 5").number("health") == 95
