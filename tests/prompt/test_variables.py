"""let, $NAME and source, in runs of the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess

Drive = Callable[..., Any]
Farfetch = Callable[..., Any]


def test_variables_from_texts_and_from_the_target(game: TargetProcess, drive: Drive) -> None:
    at = game.command("addresses")
    shell = drive("-p", game.pid, "--let", "want=100", "--let", "none=")
    window = f"{at['health_addr']}..{int(at['health_addr'], 16) + 4:#x}"
    assert shell.ask(f"let window = {window}")["variables"] == {"window": window}
    shell.ask("where $window")
    assert shell.ask("first now == ${want}")["matches"] == 1
    assert shell.ask("let found matches")["variables"] == {"found": "1"}
    assert shell.ask("let hp address 0")["variables"] == {"hp": at["health_addr"]}
    assert shell.ask("let before value 0")["variables"] == {"before": "100"}
    game.command("hit 30")
    assert shell.ask("set 0 $before")["written"] == 1
    assert game.command("status")["health"] == "100"
    assert shell.ask("read $hp i32")["value"] == 100
    assert shell.ask("let text = a ${before}b $$ $5")["variables"] == {"text": "a 100b $ $5"}
    known = shell.ask("let")["variables"]
    assert list(known) == ["before", "found", "hp", "none", "text", "want", "window"]
    assert known["none"] == ""
    game.quit()
    assert shell.error("let late value 0")["type"] == "TargetGone"
    assert shell.ask("let want")["variables"] == {"want": "100"}
    shell.end()


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("now == $wnat", "UsageError", "no variable is called 'wnat': did you mean want?"),
        ("now == ${}", "UsageError", "no variable is called ''; let sets one"),
        ("let nothing", "UsageError", "no variable is called 'nothing'"),
        ("let 5 = 5", "UsageError", "NAME is letters, digits and _, not '5'"),
        ("let a b", "UsageError", "behind NAME comes = address value or matches, not 'b'"),
        ("let a value", "UsageError", "WHERE is missing"),
        ("let a value 0", "NoMatches", "no matches"),
        ("let a address [heap] 5", "UsageError", "'5' is one argument too many"),
        ("let a matches 5", "UsageError", "'5' is one argument too many"),
        ("let a address nowhere", "ExpressionError", "no module or region"),
    ],
)
def test_what_cannot_be_kept(
    game: TargetProcess, drive: Drive, line: str, kind: str, said: str
) -> None:
    shell = drive("-p", game.pid, "--let", "want=100")
    error = shell.error(line)
    assert error["type"] == kind
    assert said in error["message"]
    assert shell.ask("let")["variables"] == {"want": "100"}


@pytest.mark.parametrize("given", ["want", "=5", "5=5", "a b=5"])
def test_let_on_the_command_line_wants_a_name(farfetch: Farfetch, given: str) -> None:
    done = farfetch("--let", given, "-c", "let")
    assert done.returncode == 2
    assert done.stderr.startswith(f"farfetch: option --let takes NAME=TEXT, not {given!r}")


def test_scripts_run_scripts(game: TargetProcess, farfetch: Farfetch, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner file.ff", tmp_path / "outer.ff"
    inner.write_text("# looks for it\nfirst $want\nexpect matches >= 1\n")
    outer.write_text(f"where heap\nlet want = 1500\nsource '{inner}'\nlist 1\n")
    done = farfetch("--json", "-p", game.pid, outer)
    given = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    commands = ["where", "let", "first", "expect", "source", "list"]
    assert [one["command"] for one in given] == commands
    assert given[4] == {"command": "source", "ok": True, "file": str(inner), "lines": 3}
    assert given[5]["matches"][0]["value"] == 1500


def test_a_line_that_fails_stops_all_scripts(
    game: TargetProcess, farfetch: Farfetch, tmp_path: Path
) -> None:
    inner, outer = tmp_path / "inner.ff", tmp_path / "outer.ff"
    inner.write_text("where heap\nexpect matches == 1\nquit\n")
    outer.write_text(f"align 8\nsource {inner}\nalign 16\n")
    done = farfetch("-p", game.pid, outer)
    assert done.returncode == 1
    assert "align 16" not in done.stdout
    first, second = done.stderr.splitlines()
    said = f"farfetch: {inner}:2: expected matches == 1, but there are 0 matches"
    assert first == said
    assert second == f"farfetch: {outer}:2: the script stopped at {inner}:2"
    inner.write_text("alling\n")
    assert farfetch("-p", game.pid, outer).returncode == 2


def test_quit_in_a_script_ends_the_run(farfetch: Farfetch, tmp_path: Path) -> None:
    script = tmp_path / "inner.ff"
    script.write_text("align 8\nquit\nalign 16\n")
    done = farfetch("-c", f"source {script}", "-c", "align 32")
    assert (done.returncode, done.stdout) == (0, "align 8\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("source", "FILE is missing"),
        ("source a b", "'b' is one argument too many"),
        ("source /nothing/here.ff", "cannot read the script /nothing/here.ff: No such file"),
        ("source /", "cannot read the script /: Is a directory"),
    ],
)
def test_scripts_that_cannot_be_run(farfetch: Farfetch, line: str, said: str) -> None:
    done = farfetch("-c", line)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_scripts_that_run_each_other_end(farfetch: Farfetch, tmp_path: Path) -> None:
    script = tmp_path / "round.ff"
    script.write_text(f"source {script}\n")
    done = farfetch(script)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"farfetch: {script}:1: {script} is not run: 20 scripts already run each other"
    )
