"""Runs without a prompt: exit codes, scripts, pipes, and what is not loaded."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_commands_run_in_order_and_print_plain_text(farfetch: Run, game: TargetProcess) -> None:
    address = game.command("addresses")["health_addr"]
    done = farfetch("-p", game.pid, "-c", "where heap", "-c", "100", "-c", "list 1000")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    settings, found, heading, *rows = done.stdout.splitlines()
    assert settings == "where heap"
    assert " matches (" in found
    assert heading.split() == ["INDEX", "ADDRESS", "WHERE", "VALUE", "PREVIOUS", "FIRST"]
    assert any(row.split()[1] == address for row in rows)


def test_a_run_stops_at_the_first_command_that_fails(farfetch: Run) -> None:
    done = farfetch("--json", "-c", "info", "-c", "list", "-c", "info")
    given = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [one["ok"] for one in given] == [True, False]
    assert given[1] == {
        "command": "list",
        "ok": False,
        "error": {
            "type": "NoTarget",
            "message": "no target: attach PID or attach NAME first (ps lists them)",
        },
    }


def test_quit_ends_a_run(farfetch: Run) -> None:
    done = farfetch("-c", "type u8", "-c", "quit", "-c", "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "type u8\n", "")


def test_a_script(farfetch: Run, game: TargetProcess, tmp_path: Path) -> None:
    script = tmp_path / "hunt.ff"
    script.write_text("# find gold\ntype i64\n\n  where heap   # only there\n1500\nlist\n")
    done = farfetch("-p", game.pid, script)
    assert (done.returncode, done.stderr) == (0, "")
    assert game.command("addresses")["gold_addr"] in done.stdout


def test_a_script_that_fails_says_where(farfetch: Run, tmp_path: Path) -> None:
    script = tmp_path / "hunt.ff"
    script.write_text("type u8\n\nalign 5000\ntype i8\n")
    done = farfetch(script)
    assert done.returncode == 1
    assert done.stdout == "type u8\n"
    assert done.stderr == f"farfetch: {script}:3: align takes 1 to 4096, not 5000\n"
    given = json.loads(farfetch("--json", script).stdout.splitlines()[-1])
    assert given["error"]["place"] == f"{script}:3"


def test_a_script_that_is_not_there_runs_nothing(farfetch: Run, tmp_path: Path) -> None:
    done = farfetch("-c", "type u8", tmp_path / "none.ff")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot read the script" in done.stderr
    assert "No such file" in done.stderr


def test_each_answer_is_out_before_the_next_line_is_read(drive: Callable[..., Any]) -> None:
    shell = drive()
    for name in ("u8", "i64", "f32"):
        assert shell.ask(f"type {name}")["type"] == name
    assert shell.end() == 0


def test_a_pipe_goes_on_behind_a_failure(farfetch: Run) -> None:
    done = farfetch(stdin="type u8\nlist\nnonsense\ntype i8")
    assert done.returncode == 1
    assert done.stdout == "type u8\ntype i8\n"
    first, second = done.stderr.splitlines()
    assert first.startswith("farfetch: stdin:2: no target")
    assert second.startswith("farfetch: stdin:3: unknown command 'nonsense'")


@pytest.mark.parametrize("stdin", ["", "\n\n", "# nothing\n", "quit"])
def test_an_empty_pipe_is_no_error(farfetch: Run, stdin: str) -> None:
    done = farfetch(stdin=stdin)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bytes_that_are_not_utf8_are_refused_quietly(command: tuple[str, ...]) -> None:
    done = subprocess.run(command, input=b"\xff\xfe\0\n", capture_output=True, check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(b"farfetch: stdin:1: ")
    assert done.stderr.count(b"\n") == 1


def test_a_reader_that_leaves_is_no_traceback(command: tuple[str, ...]) -> None:
    running = subprocess.Popen(
        [*command, "-c", "help", "-c", "help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    with running.stderr:
        assert running.stderr.read() == b""
    assert running.wait() == 1


def test_a_full_disk_behind_standard_output(command: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*command, "-c", "help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"farfetch: cannot write the answer: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(command: tuple[str, ...], closed: str) -> None:
    line = shlex.join([*command, "-c", "type u8"])
    done = subprocess.run(["sh", "-c", f"{line} {closed}"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (b"" if ">&-" in closed.split() else b"type u8\n")


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("save x.json", "x.json"),
        ("load x.json", "x.json"),
        ("export x.CT", "x.CT"),
        ("save-memory x.core", "x.core"),
        ("pointers map x.ffmap", "x.ffmap"),
        ("source x.ff", "x.ff"),
        ("struct load x.h", "x.h"),
    ],
)
def test_in_a_folder_that_is_gone(
    command: tuple[str, ...], game: TargetProcess, tmp_path: Path, line: str, file: str
) -> None:
    run = shlex.join([*command, "-p", str(game.pid), "-c", line])
    gone = shlex.quote(str(tmp_path / "gone"))
    script = f"mkdir {gone} && cd {gone} && rmdir {gone} && {run}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == (2 if line.startswith("source") else 1)
    assert done.stdout == ""
    assert re.fullmatch(
        rf"farfetch: .*\b{re.escape(file)}\b.*No such file or directory.*\n", done.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-x"], "option -x not recognized"),
        (["-c"], "option -c requires argument"),
        (["--colour"], "option --colour not recognized"),
    ],
)
def test_a_bad_command_line(farfetch: Run, arguments: list[str], said: str) -> None:
    done = farfetch(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"farfetch: {said}; see farfetch --help\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["-c", "ps", "--help"]])
def test_help_lists_the_options(farfetch: Run, arguments: list[str]) -> None:
    done = farfetch(*arguments)
    assert done.returncode == 0
    for option in ("--pid", "--command", "--json", "--memory", "SCRIPT"):
        assert option in done.stdout


def test_version(farfetch: Run) -> None:
    done = farfetch("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("farfetch ")


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a run loads."""
    program = (
        "import sys; from farfetch.shell.cli import main; main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_only_what_is_needed_is_loaded() -> None:
    assert not {"prompt_toolkit", "rich", "construct", "cffi"} & loaded("--help")
    assert not {"prompt_toolkit", "rich"} & loaded("-c", "ps", "-c", "help")


def test_a_predicate_may_begin_with_a_sign(farfetch: Run, game: TargetProcess) -> None:
    done = farfetch("--json", "-p", game.pid, "-c", "-5", "-c", "- 5")
    given = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["command"] for one in given][:1] == ["first"]
    assert given[0]["ok"], done.stdout


def test_output_in_a_plain_locale(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    lines = ("help", "let name = H\N{LATIN SMALL LETTER E WITH ACUTE}ros")
    done = subprocess.run(
        [*command, *(part for line in lines for part in ("-c", line))],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"changed increased ...\n" in done.stdout
    assert done.stdout.endswith(b"\nname = H\\udcc3\\udca9ros\n")
