"""Core files at the command line: attached to in place of a process, written, and never changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess

Answers = Callable[..., list[dict[str, Any]]]
Drive = Callable[..., Any]
Farfetch = Callable[..., Any]


@pytest.fixture
def core(game: TargetProcess, answers: Answers, tmp_path: Path) -> Path:
    name = tmp_path / "game.core"
    (answer,) = answers(game.pid, f"save-memory {name}")
    assert 0 < answer["disk"] <= answer["bytes"] + (64 << 10)
    return name


def test_all_that_needs_no_process_works(game: TargetProcess, core: Path, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("--core", core)
    info = shell.ask("info")
    assert (info["name"], info["pid"], info["alive"]) == ("game.core", None, True)
    shell.ask("type i64")
    assert shell.ask("first 1500")["matches"] == 1
    assert shell.ask("list")["matches"][0]["location"].startswith("[heap]+")
    assert shell.ask("= ")["matches"] == 1
    shell.ask("struct player { int id, health, max_health; };")
    assert shell.ask(f"read {at['player_addr']} player")["value"]["max_health"] == 150
    assert shell.ask("hex 0 16")["bytes"].startswith("dc 05")
    assert shell.ask("pointers scan 0")["paths"][0]["value"] == 1500
    assert shell.ask("regions heap")["total"] == 1
    assert shell.ask("map")["total"] == 1
    assert shell.ask("watch 0 --for 0")["alive"] is True
    assert shell.ask("table add path:0 gold")["where"].startswith("game+")


@pytest.mark.parametrize(
    "line", ["set 0 5", "freeze 0", "freeze 0 5", "patch 0 90", "write game u8 0 --force"]
)
def test_writing_says_that_it_cannot(core: Path, drive: Drive, line: str) -> None:
    shell = drive("--core", core)
    shell.ask("first 1500")
    error = shell.error(line)
    assert error["type"] == "ReadOnlyTarget"
    assert error["message"].startswith("game.core cannot be written to")
    assert shell.ask("first 1500")["matches"] == 1


def test_people_are_told(game: TargetProcess, core: Path, farfetch: Farfetch) -> None:
    done = farfetch("--core", core, "-c", "info", "-c", f"attach {game.pid}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "target   game.core, 64-bit, memory core\n" in done.stdout
    lines = ("-c", f"attach --core {core}", "-c", f"save-memory {core}", "-c", "detach")
    done = farfetch("-p", game.pid, *lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert "attached to game.core, 64-bit, core\n" in done.stdout
    assert f" of game.core saved in {core}, which takes " in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--core", "nothing.core", "-c", "info"), "nothing.core: cannot be read: No such file"),
        (("--core", "/etc/passwd", "-c", "info"), "/etc/passwd: is no core file"),
        (("--core", "x", "-p", "1", "-c", "info"), "-p and --core name one target each"),
        (("-c", "attach"), "attach takes PID or NAME, or --core FILE"),
        (("-c", "attach game --core x"), "attach takes PID or NAME, or --core FILE"),
        (("-c", "attach --core /etc/passwd"), "/etc/passwd: is no core file"),
    ],
)
def test_what_is_refused(
    farfetch: Farfetch, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = farfetch(*words, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
