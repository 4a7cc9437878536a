"""farfetchd: real targets, edited in a real bvi on a terminal; and its command line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from farfetch.scanner import memory_names

from support.targets import TargetProcess, target_path
from support.terminal import Terminal

COMMAND = (sys.executable, "-m", "farfetch.shell.farfetchd")
TIMEOUT = 60.0
CTRL_C, ESC, TAB = "\x03", "\x1b", "\t"

Bvi = Callable[..., Terminal]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the edited files are; the tests look that nothing is left in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def bvi(scratch: Path, tmp_path: Path) -> Iterator[Bvi]:
    """Start farfetchd on a terminal and wait until bvi shows the bytes."""
    running: list[Terminal] = []

    def start(*arguments: object) -> Terminal:
        terminal = Terminal(
            [*COMMAND, *map(str, arguments)],
            size=(24, 300),  # no line of ours is folded
            env={"FARFETCH_TMPDIR": str(scratch), "FARFETCH_EDITOR": "", "HOME": str(tmp_path)},
            cwd=tmp_path,
        )
        running.append(terminal)
        terminal.wait_for(re.compile(r'^00000000  .*^".*/farfetchd-[^/]+/0x', re.M | re.S))
        return terminal

    yield start
    for terminal in running:
        terminal.close()


@pytest.fixture
def farfetchd(scratch: Path) -> Run:
    """Run farfetchd to its end with an editor that changes nothing, unless the test says which."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env={
                **os.environ,
                "FARFETCH_TMPDIR": str(scratch),
                "FARFETCH_EDITOR": "true",
                **environment,
            },
        )

    return run


@pytest.fixture
def planted() -> Iterator[TargetProcess]:
    with TargetProcess("malloc") as running:
        yield running


def left(scratch: Path) -> list[Path]:
    return list(scratch.iterdir())


# With bvi, key by key


@pytest.mark.parametrize(
    ("name", "arguments", "key"),
    [
        ("malloc", (), "text"),
        ("mmap", (), "text"),
        ("strlit", (), "text"),
        ("fork", (), "text"),
        ("fork", (), "child_text"),
        ("twecho", ("an argument", "another"), "argv1"),
    ],
)
def test_every_target_shows_what_was_typed(
    name: str, arguments: tuple[str, ...], key: str, bvi: Bvi, scratch: Path
) -> None:
    program = target_path(name).read_bytes()
    with TargetProcess(name, *arguments) as target:
        said = target.greeting
        is_child = key == "child_text"
        address = said[{"text": "addr", "child_text": "child_addr", "argv1": "argv1_addr"}[key]]
        pid = said.number("child_pid") if is_child else target.pid
        force = ["--force"] if name == "strlit" else []  # a constant
        terminal = bvi(*force, pid, address, len(said[key]))
        terminal.send(f"{TAB}RTYPED!{ESC}:wq\r")
        assert terminal.wait() == 0
        terminal.wait_for(f"6 bytes written at {address}")
        after = target.command()
        assert after[key] == "TYPED!" + said[key][6:]
        # not the other process of a fork, nor what stands beside it
        assert {**said, **after, key: ""} == {**said, key: ""}
    assert target_path(name).read_bytes() == program
    assert not left(scratch)


def test_hex_digits(planted: TargetProcess, bvi: Bvi) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], "0x10")
    terminal.wait_for(" ".join(f"{byte:02X}" for byte in b"farfetch finds t"))
    terminal.send(f"R46 4F4f{ESC}:wq\r")
    assert terminal.wait() == 0
    assert planted.command()["text"].startswith("FOOfetch finds this")


@pytest.mark.parametrize("keys", [f"{TAB}RLost{ESC}:q!\r", ":q\r", ":wq\r", "ZZ", f"r66{ESC}:wq\r"])
def test_nothing_changed(keys: str, planted: TargetProcess, bvi: Bvi, scratch: Path) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], 16)
    terminal.send(keys)
    assert terminal.wait() == 0
    terminal.wait_for("nothing changed")
    assert planted.command()["text"] == planted.greeting["text"]
    assert not left(scratch)


def test_what_the_target_changed_meanwhile_stays(game: TargetProcess, bvi: Bvi) -> None:
    addresses = game.command("addresses")
    terminal = bvi(game.pid, addresses["player_addr"], 48)
    assert game.command("hit 13")["health"] == "87"  # offset 4, which bvi shows as 100
    terminal.send(f"12lr63{ESC}8lr01:wq\r")  # ammo at 12; score at 20
    assert terminal.wait() == 0
    found = terminal.wait_for(re.compile(r"2 bytes written at 2 places in (\w+)\.\.(\w+)"))
    player = addresses.number("player_addr")
    assert [int(bound, 16) for bound in found.groups()] == [player + 12, player + 21]
    status = game.command("status")
    assert (status["health"], status["ammo"]) == ("87", "99")


def test_ctrl_c_is_the_editors(planted: TargetProcess, bvi: Bvi) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], 16)
    terminal.send(":w nowhere")
    terminal.wait_for(":w nowhere")
    terminal.send(CTRL_C)
    terminal.wait_for(re.compile(r"\A(?!.*:w nowhere)", re.S))
    terminal.send(f"{TAB}RKept{ESC}:wq\r")
    assert terminal.wait() == 0
    assert planted.command()["text"].startswith("Keptetch")


def test_appended_bytes_are_refused(planted: TargetProcess, bvi: Bvi, scratch: Path) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], 16)
    terminal.send(f"{TAB}rJAmore{ESC}:wq\r")
    assert terminal.wait() == 1
    terminal.wait_for(
        "farfetchd: bvi left 20 bytes where there were 16, and the length must stay: "
        "nothing written"
    )
    assert planted.command()["text"] == planted.greeting["text"]
    assert not left(scratch)


def test_a_target_that_ends_leaves_the_edited_file(
    planted: TargetProcess, bvi: Bvi, scratch: Path
) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], 16)
    planted.close()
    terminal.send(f"{TAB}RSaved{ESC}:wq\r")
    assert terminal.wait() == 1
    said = rf"farfetchd: malloc \({planted.pid}\) has exited: nothing written; "
    found = terminal.wait_for(re.compile(said + r"the edited bytes are in (\S+)"))
    kept = Path(found[1])
    assert kept.read_bytes() == b"Savedtch finds t"
    assert [kept.parent] == left(scratch)


def test_a_target_that_becomes_another_program(bvi: Bvi, scratch: Path) -> None:
    with TargetProcess("mutate") as mutate:
        terminal = bvi(mutate.pid, mutate.greeting["addr"], 16)
        mutate.command("exec")
        terminal.send("r77:wq\r")
        assert terminal.wait() == 1
        found = terminal.wait_for(
            re.compile(
                rf"farfetchd: mutate \({mutate.pid}\) has executed another program: attach again: "
                r"nothing written; the edited bytes are in (\S+)"
            )
        )
        assert Path(found[1]).read_bytes()[0] == 0x77
        assert len(left(scratch)) == 1


def test_a_target_that_ends_unedited_leaves_nothing(
    planted: TargetProcess, bvi: Bvi, scratch: Path
) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], 16)
    planted.close()
    terminal.send(":q\r")
    assert terminal.wait() == 0
    assert not left(scratch)


@pytest.mark.parametrize("number", [1, 14, 15])  # SIGHUP, SIGALRM, SIGTERM
def test_a_signal_ends_bvi_too_and_writes_nothing(
    number: int, planted: TargetProcess, bvi: Bvi, scratch: Path
) -> None:
    terminal = bvi(planted.pid, planted.greeting["addr"], 16)
    terminal.send(f"{TAB}RLost{ESC}:w\rh")
    terminal.wait_for(re.compile(r" 00000002 .*'s'$", re.M))  # it has gone left from the t
    os.kill(terminal.pid, number)
    assert terminal.wait() == -number
    assert planted.command()["text"] == planted.greeting["text"]
    assert not left(scratch)


def test_no_permission(planted: TargetProcess) -> None:
    # As root it becomes nobody once all is loaded: nobody may not be able to read the programs.
    program = (
        "import os, sys, farfetch.shell.farfetchd.edit, farfetch.shell.answers.report\n"
        "from farfetch.shell.farfetchd.cli import main\n"
        "if os.geteuid() == 0:\n"
        "    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    forbidden = planted.pid if os.geteuid() == 0 else 1
    done = subprocess.run(
        [sys.executable, "-c", program, str(forbidden), planted.greeting["addr"], "16"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FARFETCH_EDITOR": "true"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"farfetchd: cannot attach to .*: permission denied; .*(sudo|ptrace_scope).*\n", done.stderr
    )


# The command line and what surrounds it


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("", 2, "expected PID ADDR LEN, got 0 of them; see farfetchd --help"),
        ("{pid} 0x10", 2, "expected PID ADDR LEN, got 2 of them; see"),
        ("{pid} 0x10 4 more", 2, "expected PID ADDR LEN, got 4 of them; see"),
        ("--json {pid} 0x10 4", 2, "option --json not recognized; see"),
        ("{pid} 0x10 4 --memory", 2, "option --memory requires argument; see"),
        ("{pid} 0x10 4 --memory mem", 2, "--memory takes auto, syscall, device, process_vm, "),
        ("{pid} 0x10 0", 2, "LEN takes 1 to 0x7ffff000 bytes, not 0"),
        ("{pid} 0x10 0x7ffff001", 2, "LEN takes 1 to 0x7ffff000 bytes, not 0x7ffff001"),
        ("{pid} 0x10 many", 2, "LEN takes a number of bytes such as 64 or 0x40, not many"),
        ("{pid} 0x10 ''", 2, "LEN takes a number of bytes such as 64 or 0x40, not "),
        ("{pid} 7f00 4", 2, "ADDR 7f00: column 1: hex numbers start with 0x: did you mean 0x7f00?"),
        ("{pid} nosuch+4 4", 2, 'ADDR nosuch+4: column 1: no module or region is called "nosuch"'),
        ("{pid} 0x10000000000000000 4", 2, "ADDR 0x10000000000000000: column 1: an address is at"),
        ("{pid} 0xffffffffffffffff 4", 1, "cannot read 4 bytes at 0xffffffffffffffff: not mapped"),
        ("nosuchprogram 0x10 4", 1, "no process is called nosuchprogram"),
        ("2000000000 0x10 4", 1, "no process 2000000000"),
    ],
)
def test_bad_arguments(
    arguments: str, code: int, said: str, planted: TargetProcess, farfetchd: Run
) -> None:
    done = farfetchd(*shlex.split(arguments.format(pid=planted.pid)))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"farfetchd: {said}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"FARFETCH_EDITOR": "'vi"}, 'FARFETCH_EDITOR="\'vi": no closing quotation'),
        ({"FARFETCH_EDITOR": "/no/vi -b"}, 'FARFETCH_EDITOR="/no/vi -b": there is no program /no/'),
        ({"FARFETCH_EDITOR": " "}, "bvi needs a terminal as standard input and output"),
        ({"FARFETCH_EDITOR": "", "PATH": "/no"}, "there is no bvi: install the package bvi, or "),
        ({"FARFETCH_TMPDIR": "/no/room"}, "cannot make a folder in /no/room: No such file or "),
    ],
)
def test_bad_surroundings(
    environment: dict[str, str], said: str, planted: TargetProcess, farfetchd: Run
) -> None:
    done = farfetchd(planted.pid, planted.greeting["addr"], 16, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"farfetchd: {said}")
    assert done.stderr.count("\n") == 1


def test_a_full_disk(planted: TargetProcess, scratch: Path) -> None:
    done = subprocess.run(
        ["prlimit", "--fsize=8", *COMMAND, str(planted.pid), planted.greeting["addr"], "16"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FARFETCH_TMPDIR": str(scratch), "FARFETCH_EDITOR": "true"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"farfetchd: cannot write /\S+: File too large; name another directory in "
        r"FARFETCH_TMPDIR\n",
        done.stderr,
    )
    assert not left(scratch)


def test_help_and_version_load_little(farfetchd: Run) -> None:
    shown = farfetchd("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: farfetchd [--memory NAME] [--force] PID|NAME ADDR LEN\n")
    assert all(len(line) <= 88 for line in shown.stdout.splitlines())
    for name in memory_names():
        assert name in shown.stdout
    assert re.fullmatch(r"farfetch \d+\.\d+\.\d+\n", farfetchd("--version").stdout)
    program = (
        "import sys; from farfetch.shell.farfetchd.cli import main; main(sys.argv[1:])\n"
        "print(*sorted({'farfetch.scanner', 'prompt_toolkit', 'rich'} & {*sys.modules}))"
    )
    for arguments, loaded in ((["--help"], ""), (["1", "nosuch", "4"], "farfetch.scanner")):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == loaded
