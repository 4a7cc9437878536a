"""Bad input and bad luck: one clear line each, the right exit code, and nothing lost."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess, target_path

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        # No command, or a near one
        ("lst", 2, "unknown command 'lst': did you mean list?"),
        ("atach game", 2, "unknown command 'atach': did you mean attach or watch?"),
        ("chnaged", 2, "unknown command 'chnaged': did you mean changed?"),
        ("xyzzy", 2, "unknown command 'xyzzy'; help lists them"),
        ("dump 7f12 64", 2, "unknown command 'dump': hex ADDR LENGTH shows memory"),
        ("x/4dw 0x1000", 2, "unknown command 'x': hex 0x1000 16 shows memory"),
        ("x/2g 0x1000", 2, "unknown command 'x': hex 0x1000 16 shows memory"),
        ("x", 2, "unknown command 'x': hex ADDR 4 shows memory"),
        ("pid", 2, "unknown command 'pid': info says what is attached"),
        ("exit 5", 2, "'5' is one argument too many; usage: quit"),
        ("pid no-such-game", 1, "no process is called no-such-game"),
        ("help lst", 2, "no command is called 'lst': did you mean list?"),
        # Predicates that are none, with the column
        ("now == == 5", 1, 'now == == 5: column 8: expected a value, found "=="'),
        ("nwo == 5", 1, "nwo == 5: column 1: .*now"),
        ("(100", 1, r"\(100: column 5: "),
        # Types, alignments and regions
        ("type i33", 1, 'no value type is called "i33": did you mean i32'),
        ("align 0", 1, "align takes 1 to 4096, not 0"),
        ("align 4097", 1, "align takes 1 to 4096, not 4097"),
        ("align -1", 1, "align takes 1 to 4096, not -1"),
        ("align four", 2, r"BYTES is a number, not 'four'; usage: align \[BYTES\|auto\]"),
        ("where haep", 1, "haep: column 1: .*heap"),
        ("where heap,,stack", 1, "heap,,stack: column 6: "),
        # What needs something first
        ("list", 1, "no target: attach PID or attach NAME first"),
        ("100", 1, "no target: attach PID or attach NAME first"),
        ("set 0 5", 1, "no target"),
        ("undo", 1, "nothing to undo"),
        ("redo", 1, "nothing to redo"),
        ("history", 1, "there is no history"),
        ("snapshot full", 1, "no target"),
        ("snapshot drop full", 1, 'there is no snapshot "full"'),
        # Arguments
        ("snapshot 2x", 2, "a snapshot cannot be called '2x'"),
        ("history back", 2, "history takes go, scan or forget, not 'back'"),
        ("undo x", 2, r"STEPS is a number, not 'x'; usage: undo \[STEPS\]"),
        ("detach now", 2, "'now' is one argument too many; usage: detach"),
        ("attach", 2, "attach takes PID or NAME, or --core FILE"),
        ('attach "game', 2, "the quote at column 8 is not closed"),
        # Files
        ("save ~no-such-user/a", 1, "the table ~no-such-user/a: cannot be written: No such file"),
        ("source ~no-such-user/a", 2, "cannot read the script ~no-such-user/a: No such file"),
        # Processes
        ("attach 4194305", 1, "no process 4194305; to list processes: farfetch -c ps"),
        ("attach no-such-game", 1, "no process is called no-such-game"),
    ],
)  # fmt: skip
def test_bad_lines(farfetch: Run, line: str, code: int, said: str) -> None:
    done = farfetch("-c", line)
    assert done.returncode == code
    assert done.stdout == ""
    assert re.match(f"farfetch: {said}", done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    (given,) = map(json.loads, farfetch("--json", "-c", line).stdout.splitlines())
    assert not given["ok"]
    assert re.match(said, given["error"]["message"])


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("next 5", 1, "no matches: run a first scan"),
        ("set 0 5", 1, "no matches: run a first scan"),
        ("freeze 0", 1, "no matches: run a first scan"),
        ("unfreeze 0x10", 1, "0x10 is not frozen"),
        ("increased", 1, ".*earlier scan"),
        ("+ 5", 1, ".*earlier scan"),
        ("3_000_000_000", 1, r"3000000000 does not fit i32 \(-2147483648..2147483647\)"),
        ('"abc"', 1, "'abc' is not a number for i32"),
        ("first now ==", 1, "now ==: column 7: "),
        ("first now == 1 /", 1, "now == 1 /: column 11: "),
        ("read 0x10 i32", 1, "cannot read 4 bytes at 0x10: not mapped or not readable"),
        ("write 0x10 i32 5", 1, "cannot write 4 bytes at 0x10: not mapped or not writable"),
        ("freeze 0x10 5", 1, "cannot .* 4 bytes at 0x10: not mapped"),
        ("freeze 0x10", 1, "cannot read 4 bytes at 0x10: not mapped"),
        ("read [heap] text", 1, "text: needs a length here"),
        ("read heap i32", 1, "heap: column 1: .*heap"),
        ("read game+x i32", 1, r"game\+x: column 6: "),
        ("write [heap] u8 300", 1, r"300 does not fit u8 \(0\.\.255\)"),
        ("write [heap] u8 abc", 1, "'abc' is not a whole number for u8"),
        ("write [heap] u9 1", 1, 'no value type is called "u9"'),
        ("write [heap] u8", 2, "VALUE is missing; usage: write ADDR TYPE VALUE"),
        ("read", 2, r"ADDR is missing; usage: read ADDR \[TYPE\]"),
        ("freeze 0x10 5 --allow up", 2, "--allow takes increase or decrease, not 'up'"),
        ("freeze 0x10 5 --every 0", 2, "--every takes seconds from 0.001 to 3600, not '0'"),
        ("freeze 0x10 5 --every soon", 2, "--every takes seconds from 0.001 to 3600, not 'soon'"),
        ("regions module:nosuch", 1, "module:nosuch: column 1: no region matches|.*nosuch"),
        ("who 0 writes", 2, "who takes writes, reads, touches or executes, not '0'; usage: who "),
        ("who", 2, "writes, reads, touches or executes is missing; usage: who writes"),
        ("pointers list x", 2, r"N is a number, not 'x'; usage: pointers list \[N\|"),
        ("pointers x", 2, r"pointers takes .*, not 'x'; usage: pointers \[map\|scan\|list\|"),
        ("table set", 2, r"NAME is missing; usage: table set NAME VALUE \[--force\]$"),
        ("wait soon", 2, r"SECONDS is a time from 0, not 'soon'; usage: wait SECONDS\|forever"),
        ("wait -1", 2, "SECONDS is a time from 0"),
        ("list 3..", 2, r"3\.\. has one end only: a range is 0\.\.9; usage: list "),
        ("list many", 2, r"N is a number, not 'many'; usage: list \[N\|FROM"),
        ("list 1 many", 2, "COUNT is a number, not 'many'"),
        ("list + 3", 2, "'3' is one argument too many"),
    ],
)  # fmt: skip
def test_bad_lines_on_a_target(
    farfetch: Run, game: TargetProcess, line: str, code: int, said: str
) -> None:
    done = farfetch("-p", game.pid, "-c", line)
    assert done.returncode == code
    assert done.stdout == ""
    assert re.match(f"farfetch: {said}", done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "line", ["save a\0", "load a\0", "export a\0.ct", "source ~\0", "option directory a\0"]
)
def test_a_file_that_no_file_can_be_called(farfetch: Run, line: str) -> None:
    done = farfetch(stdin=line)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("farfetch: stdin:1: no file can be called ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "now == == 5",
        "next 3_000_000_000",
        "set 0 3_000_000_000",
        "set 0 many",
        "set 999999999 5",
        "set x 5",
        "freeze 999999999",
        "freeze 0 many",
        "read 0x10 i32",
        "lst",
        "undo 9",
        "attach no-such-game",
        "attach 4194305",
        "type i33",
        "where nowhere",
        "first 3_000_000_000",
        "first now == prev",
        "align 0",
    ],
)
def test_matches_outlive_bad_lines(
    game: TargetProcess, drive: Callable[..., Any], line: str
) -> None:
    shell = drive("-p", game.pid)
    assert shell.ask("where heap")["ok"]
    total = shell.ask("100")["matches"]
    before = shell.ask("list 1000")["matches"]
    assert shell.error(line)["message"]
    after = shell.ask("list 1000")
    assert after["total"] == total
    assert [one["address"] for one in after["matches"]] == [one["address"] for one in before]
    assert [one["previous"] for one in after["matches"]] == [100] * total
    assert shell.ask("undo")["steps"] == 0
    assert shell.end() in (1, 2)


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[tuple[str, list[int]]]:
    """Two processes of one name that no other process has."""
    name = f"twin{os.getpid()}"
    program = tmp_path / name
    shutil.copy(target_path("game"), program)
    running = [
        subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
    ]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    yield name, sorted(one.pid for one in running)
    for one in running:
        with one:
            one.kill()


def test_an_ambiguous_name_lists_its_processes(farfetch: Run, twins: tuple[str, list[int]]) -> None:
    name, pids = twins
    done = farfetch("-p", name, "-c", "info")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"farfetch: 2 processes are called {name}, give a pid: ")
    for pid in pids:
        assert f"{pid} {name} " in done.stderr
    (given,) = map(json.loads, farfetch("--json", "-p", name).stdout.splitlines())
    assert given["command"] == "attach"
    assert [one["pid"] for one in given["error"]["candidates"]] == pids
    near = farfetch("-p", name[:-1])
    assert near.returncode == 1
    assert f"{name} ({pids[0]})" in near.stderr


def test_a_script_without_end(farfetch: Run) -> None:
    for arguments, said in (
        (("/dev/zero",), "cannot read the script /dev/zero: longer than 16 MiB"),
        (("-c", "source /dev/zero"), "cannot read the script /dev/zero: longer than 16 MiB"),
    ):
        done = farfetch(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"farfetch: {said}\n")
    done = farfetch(stdin="info" + "\0" * (16 << 20))
    said = "cannot read stdin: a line is longer than 16 MiB"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"farfetch: {said}\n")


def test_no_permission_names_the_cure(game: TargetProcess) -> None:
    # As root it becomes nobody once all is loaded: nobody may not be able to read the programs.
    program = (
        "import os, sys, farfetch.shell.run.front_end; from farfetch.shell.cli import main\n"
        "if os.geteuid() == 0:\n"
        "    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    forbidden = game.pid if os.geteuid() == 0 else 1
    done = subprocess.run(
        [sys.executable, "-c", program, "-p", str(forbidden), "-c", "info"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(
        r"farfetch: cannot attach to .*: permission denied; .*(sudo|ptrace_scope)", done.stderr
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    ["100", "next 100", "list", "set 0 5", "set * 5", "freeze 0", "regions", "read [heap] i32"],
)
def test_a_target_that_has_exited(
    game: TargetProcess, drive: Callable[..., Any], line: str
) -> None:
    shell = drive("-p", game.pid)
    shell.ask("where heap")
    total = shell.ask("100")["matches"]
    game.quit()
    assert shell.error(line) == {
        "type": "TargetGone",
        "message": f"game ({game.pid}) has exited",
        "place": "stdin:3",
    }
    assert shell.ask("info")["matches"] == total
    assert shell.ask("info")["alive"] is False
    assert shell.ask("detach")["ok"]
    assert shell.end() == 1


def test_a_target_that_executes_another_program(drive: Callable[..., Any]) -> None:
    with TargetProcess("mutate") as mutate:
        shell = drive("-p", mutate.pid)
        assert shell.ask("?")["matches"] > 0
        mutate.command("exec")
        for line in ("next ?", "list", "set 0 5"):
            error = shell.error(line)
            assert error["type"] == "TargetGone"
            assert error["message"] == (
                f"mutate ({mutate.pid}) has executed another program: attach again"
            )
        assert shell.ask(f"attach {mutate.pid}")["ok"]
        assert shell.ask("?")["command"] == "first"


def test_a_frozen_entry_outlives_its_target_quietly(
    game: TargetProcess, drive: Callable[..., Any]
) -> None:
    shell = drive("-p", game.pid)
    assert shell.ask(f"freeze {game.command('addresses')['health_addr']} 5")["ok"]
    game.quit()
    assert shell.error("freeze")["type"] == "TargetGone"
    assert shell.ask("unfreeze")["ok"]
    assert shell.end() == 1


def test_no_room_for_old_values(farfetch: Run, game: TargetProcess, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    done = farfetch(
        "-p", game.pid, "-c", "first ?", env={**os.environ, "FARFETCH_TMPDIR": str(gone)}
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert str(gone) in done.stderr
    assert "FARFETCH_TMPDIR" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system: run as root")
def test_a_full_disk_keeps_the_earlier_matches(command: tuple[str, ...], tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=4m none {tmp_path} && exec {shlex.join(command)} --json"
    with TargetProcess("big", "64") as big:
        lines = [
            f"attach {big.pid}",
            f"where {big.greeting['start']}..{big.greeting['end']}",
            "option values-budget 0",  # old values that lie in memory need no disk
            big.greeting["needle"],
            "first ?",
            "list 1",
        ]
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", mount],
            input="\n".join(lines),
            env={**os.environ, "FARFETCH_TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        *_, found, failed, listed = map(json.loads, done.stdout.splitlines())
        assert failed["error"]["type"] == "BudgetError"
        assert str(tmp_path) in failed["error"]["message"]
        assert listed["total"] == found["matches"] == int(big.greeting["needles"])
        assert str(listed["matches"][0]["first"]) == big.greeting["needle"]


def test_a_target_that_exits_during_a_scan(drive: Callable[..., Any]) -> None:
    with TargetProcess("big", "64") as big:
        shell = drive("-p", big.pid)
        window = f"{big.greeting['start']}..{big.greeting['end']}"
        assert shell.ask(f"where {window}")["ok"]
        found = shell.ask(big.greeting["needle"])["matches"]
        assert shell.ask("align 1")["ok"]
        labour = " or ".join(f"now * now % {prime} / 3 == 99999" for prime in (7, 11, 13, 17))
        shell.send(f"first {labour}")
        big.close()
        assert shell.answer()["error"]["type"] == "TargetGone"
        assert shell.ask("info")["matches"] == found


def test_memory_that_is_not_there(farfetch: Run, game: TargetProcess) -> None:
    done = farfetch("-p", game.pid, "--memory", "telepathy", "-c", "info")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"farfetch: memory telepathy is not available: .*process_vm", done.stderr)


def test_a_failed_attach_says_what_is_still_attached(
    drive: Callable[..., Any], game: TargetProcess
) -> None:
    shell = drive()
    assert "still" not in shell.error("attach no-such-game")["message"]
    assert shell.ask(f"attach {game.pid}")["ok"]
    message = f"game ({game.pid}) is still attached"
    for other in ("no-such-game", "999999999"):
        error = shell.error(f"attach {other}")
        assert error["message"].endswith(f"; {message}"), error
    assert shell.ask("info")["pid"] == game.pid
    game.quit()
    assert "still" not in shell.error("attach no-such-game")["message"]


def test_words_of_other_tools_do_what_they_mean(
    drive: Callable[..., Any], game: TargetProcess
) -> None:
    shell = drive()
    assert shell.ask(f"pid {game.pid}")["command"] == "attach"
    assert shell.ask("lregions heap")["regions"]
    shell.ask("struct pair { int q; int x; };")
    shell.ask("type pair")
    assert shell.ask("q == 100")["command"] == "first"  # a field is called so
    assert shell.ask("exit")["command"] == "quit"
    assert shell.end() == 0
