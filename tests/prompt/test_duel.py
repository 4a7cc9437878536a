"""A table as players write them, used at the prompt in a game that runs, also under Wine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import FarfetchError, Target, attach, import_table

from support.duel import KINDS, duel, end_wine, table
from support.failing import FAILURES, Failing
from support.machine import only_x86
from support.targets import TargetProcess
from support.waiting import wait_for

pytestmark = only_x86

#: How often on and off while it runs; more of them for a longer look at it.
ROUNDS = int(os.environ.get("FARFETCH_TEST_ROUNDS", "25"))
FUNCTIONS = {
    "hit": "8B 4E 08 29 C1 89 4E 08 C3",
    "earn": "F3 0F 10 46 0C F3 0F 58 C1 F3 0F 11 46 0C C3",
    "fire": "83 7E 10 00 74 03 FF 4E 10 C3",
    "run": "8B 56 14 85 D2 74 03 FF 4E 14 C3",
    "price": "50 52 49 43 45 53 21 00 19 00 00 00",
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def prefix(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("wine")
    yield folder
    end_wine(kind, folder)


@pytest.fixture
def running(kind: str, prefix: Path) -> Iterator[TargetProcess]:
    with duel(kind, prefix) as process:
        yield process
        assert process.quit() == 0


def places(target: Target) -> dict[str, int]:
    """Where the game's own functions are, each once."""
    found: dict[str, int] = {}
    module = next(one for one in target.modules() if one.name.startswith("duel"))
    inside = [
        (region.start, target.memory.read(region.start, region.size))
        for region in target.regions()  # under Wine a module's code may be a copy without a name
        if module.base <= region.start < module.end and region.readable
    ]
    for name, code in FUNCTIONS.items():
        raw = bytes.fromhex(code)
        [found[name]] = [start + there.find(raw) for start, there in inside if raw in there]
    return found


def whole(target: Target, found: dict[str, int]) -> bool:
    """Whether all of them are byte for byte as they were."""
    return all(
        target.read_bytes(address, len(bytes.fromhex(FUNCTIONS[name])))
        == bytes.fromhex(FUNCTIONS[name])
        for name, address in found.items()
    )


def test_each_script_is_seen_and_taken_back(
    kind: str, running: TargetProcess, drive: Callable[..., Any], tmp_path: Path
) -> None:
    with attach(running.pid) as target:
        found = places(target)
        shell = drive("-p", running.pid)
        assert shell.ask(f"load '{table(kind, tmp_path)}'")["scripts"] == 7
        checked = {one["name"]: one for one in shell.ask("table check")["scripts"]}
        assert {name for name, one in checked.items() if one["status"] == "fits"} == (
            checked.keys() - {"Rich shooter"}
        )
        assert "pShooter" in checked["Rich shooter"]["reason"]

        shell.ask('table on "No damage"')
        assert running.command("hit 30").number("health") == 100
        assert running.command("foe 30").number("foe_health") == 70
        said = shell.error('table on "Nobody is hurt"')["message"]
        assert 'the script "No damage" has changed' in said
        shell.ask('table off "No damage"')
        assert running.command("hit 30").number("health") == 70

        shell.ask('table on "Treble gold"')
        assert running.command("earn 10")["gold"] == "80"
        shell.ask("table set Factor 5")
        assert running.command("earn 10")["gold"] == "130"
        shell.ask('table off "Treble gold"')
        assert running.command("earn 10")["gold"] == "140"

        shell.ask('table on "Who fires"')
        assert running.command("fire").number("ammo") == 29
        [health] = [
            one for one in shell.ask("table")["entries"] if one["name"] == "Shooter's health"
        ]
        assert health["value"] == 70
        shell.ask('table on "Rich shooter"')
        assert running.command("")["gold"] == "777"
        shell.ask('table off "Who fires"')
        assert running.command("fire").number("ammo") == 28
        assert "pShooter" not in shell.ask("table")

        shell.ask('table on "Endless breath"')
        assert running.command("run").number("breath") == 40
        shell.ask('table off "Endless breath"')
        assert running.command("run").number("breath") == 39

        shell.ask('table on "Cheap shop"')
        assert running.command("buy")["gold"] == "776"
        shell.ask('table off "Cheap shop"')
        assert running.command("buy").number("price") == 25
        assert whole(target, found)


def test_on_and_off_while_four_threads_run(
    kind: str, running: TargetProcess, tmp_path: Path
) -> None:
    known, _ = import_table(table(kind, tmp_path))
    names = ("No damage", "Treble gold", "Who fires", "Endless breath", "Cheap shop")
    with attach(running.pid) as target:
        found = places(target)
        scripts = [target.script(known.script(name).text, name=name) for name in names]
        running.command("work")
        for _ in range(ROUNDS):
            for script in scripts:
                script.enable()
            for script in scripts:
                script.disable()
        assert running.command("rest").number("wrong") == 0
        assert whole(target, found)
        made = [region for region in target.regions() if region.perms == "rwxp" and not region.path]
        assert len(made) < 20  # the same memory each time


def test_whatever_step_fails_it_is_as_it_was(
    kind: str, running: TargetProcess, tmp_path: Path
) -> None:
    """While the threads of the game run: enabling is all there or not at all."""
    known, _ = import_table(table(kind, tmp_path))
    with attach(running.pid) as target:
        found = places(target)
        script = target.script(known.script("Treble gold").text)
        with Failing(target, 0, KeyboardInterrupt(), behind=False) as counting, script:
            most = counting.taken
        running.command("work")
        for step in range(1, most + 1):
            for failure in FAILURES:
                for behind in (False, True):
                    failing = Failing(target, step, failure(), behind=behind)
                    with failing, suppress(KeyboardInterrupt, FarfetchError):
                        script.enable()
                    script.undo()  # where the step was only tried
                    assert whole(target, found)
                    assert not target.symbols
        with script:
            assert not whole(target, found)
        assert running.command("rest").number("wrong") == 0
        assert whole(target, found)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "end of input", "quit"])
def test_what_is_on_is_undone_at_the_end(how: str, tmp_path: Path) -> None:
    with duel("pie", tmp_path) as running, attach(running.pid) as target:
        found = places(target)
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "farfetch.shell", "-p", str(running.pid)]
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as shell:
            assert shell.stdin
            for line in (
                f"load '{table('pie', tmp_path)}'",
                'table on "No damage" --undo-at-exit',
                'table on "Endless breath" --undo-at-exit',
            ):
                shell.stdin.write(f"{line}\n")
            shell.stdin.flush()
            at = found["run"] + 7
            wait_for(lambda: target.read_bytes(at, 3) == b"\x90\x90\x90")
            if how.startswith("SIG"):
                os.kill(shell.pid, getattr(signal, how))
            elif how == "quit":
                shell.stdin.write("quit\n")
            shell.stdin.close()
            shell.wait(60)
        assert whole(target, found)
        assert running.command("hit 30").number("health") == 70
