"""What farfetchd does with what editors of every manner leave, in real targets."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from farfetch.scanner import MemoryUnavailable, attach, memory_names
from farfetch.shell.farfetchd.edit import changed_runs
from hypothesis import given
from hypothesis import strategies as st

from support.puppet import PAGE, READ, Puppet
from support.targets import TargetProcess

COMMAND = (sys.executable, "-m", "farfetch.shell.farfetchd")
TIMEOUT = 60.0
CTRL_C, ESC, TAB = "\x03", "\x1b", "\t"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the edited files are; the tests look that nothing is left in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def edit(scratch: Path, tmp_path: Path) -> Run:
    """Run farfetchd to its end, the editor a shell script that gets the file as $1."""

    def run(
        script: str, *arguments: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        editor = tmp_path / "editor"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o755)
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
                "FARFETCH_EDITOR": shlex.quote(str(editor)),
                **environment,
            },
        )

    return run


@pytest.fixture
def planted() -> Iterator[TargetProcess]:
    with TargetProcess("malloc") as running:
        yield running


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as running:
        yield running


def write_at(offset: int, text: str) -> str:
    """A line of an editor's script that changes bytes in place."""
    put = f'dd of="$1" bs=1 seek={offset} conv=notrunc status=none'
    return f"printf %s {shlex.quote(text)} | {put}"


def why_missing(pid: int, memory: str) -> str:
    """What the library says of a way to the memory that this machine lacks; "" if it has it."""
    try:
        attach(pid, memory=memory).close()
    except MemoryUnavailable as error:
        return str(error)
    return ""


def left(scratch: Path) -> list[Path]:
    return list(scratch.iterdir())


# With other editors


def test_the_file_is_private_and_goes_with_all_beside_it(
    planted: TargetProcess, edit: Run, scratch: Path, tmp_path: Path
) -> None:
    script = f"""
        stat -c %a "$1" "$(dirname "$1")" > {shlex.quote(str(tmp_path))}/modes
        cp "$1" "$1~"; {write_at(0, "F")}
        mkdir "$(dirname "$1")/swap" """
    done = edit(script, planted.pid, planted.greeting["addr"], 16)
    assert done.stdout == f"1 byte written at {planted.greeting['addr']}\n"
    assert (tmp_path / "modes").read_text() == "600\n700\n"
    assert not left(scratch)


def test_an_editor_with_arguments(planted: TargetProcess, edit: Run, tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text('#!/bin/sh\nprintf "%s|" "$#" "$1" "$2" > "$3.new" && mv "$3.new" "$3"\n')
    editor.chmod(0o755)
    named = f"'{editor}' -x 'two words'"
    done = edit("", planted.pid, planted.greeting["addr"], 15, FARFETCH_EDITOR=named)
    assert (done.returncode, done.stderr) == (0, "")
    assert planted.command()["text"].startswith("3|-x|two words|")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "editor ended with 3: nothing written"),
        ("kill -KILL $$", "editor ended by SIGKILL: nothing written"),
        (': > "$1"', "editor left 0 bytes where there were 16, and the length must stay: "),
        ('printf more >> "$1"', "editor left 20 bytes where there were 16, and the length must "),
        ('rm "$1"', "editor left no file: nothing written"),
        ('rm -r "$(dirname "$1")"', "editor left no file: nothing written"),
        ('rm "$1"; mkfifo "$1"', "editor left no file: nothing written"),
    ],
)
def test_editors_that_end_badly(
    script: str, said: str, planted: TargetProcess, edit: Run, scratch: Path
) -> None:
    done = edit(f"{write_at(0, 'LOST')}\n{script}", planted.pid, planted.greeting["addr"], 16)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"farfetchd: {said}")
    assert done.stderr.endswith("nothing written\n")
    assert done.stderr.count("\n") == 1
    assert planted.command()["text"] == planted.greeting["text"]
    assert not left(scratch)


@pytest.mark.parametrize(
    ("ignored", "script", "code", "begins"),
    [
        ("CHLD", "exit 3", 1, "farfetch"),  # wait(2) does not tell how the editor ended
        ("HUP", "kill -HUP $PPID", 0, "Farfetch"),  # as nohup does
    ],
)
def test_signals_that_are_ignored_from_the_start(
    ignored: str, script: str, code: int, begins: str, planted: TargetProcess, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{write_at(0, 'F')}\n{script}\n")
    editor.chmod(0o755)
    done = subprocess.run(
        [
            *("sh", "-c", f'trap "" {ignored}; exec "$@"', "sh", *COMMAND),
            *(str(planted.pid), planted.greeting["addr"], "16"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "FARFETCH_EDITOR": str(editor)},
        check=False,
    )
    assert done.returncode == code
    assert planted.command()["text"].startswith(begins)


@pytest.mark.parametrize("signal", ["INT", "QUIT"])
def test_keys_that_interrupt_are_the_editors(
    signal: str, planted: TargetProcess, edit: Run
) -> None:
    script = f"kill -{signal} $PPID\n{write_at(0, 'F')}"
    done = edit(script, planted.pid, planted.greeting["addr"], 16)
    assert (done.returncode, done.stderr) == (0, "")
    assert planted.command()["text"].startswith("Farfetch")


def test_an_editor_that_will_not_end_is_killed_by_a_second_sigterm(
    planted: TargetProcess, edit: Run, scratch: Path
) -> None:
    script = f"trap '' TERM\n{write_at(0, 'LOST')}\nwhile kill -TERM $PPID; do :; done"
    done = edit(script, planted.pid, planted.greeting["addr"], 16)
    assert done.returncode == -15
    assert planted.command()["text"] == planted.greeting["text"]
    assert not left(scratch)


# What can be reached


def test_a_short_read_edits_what_there_is(puppet: Puppet, edit: Run) -> None:
    page = puppet.reserve(1)
    puppet.map(page, 1)
    near_end = page + PAGE - 10
    done = edit(f'test "$(wc -c < "$1")" = 10 && {write_at(9, "Z")}', puppet.pid, near_end, 4096)
    assert done.returncode == 0
    assert done.stdout == f"1 byte written at {page + PAGE - 1:#x}\n"
    assert done.stderr == (
        f"farfetchd: only 10 bytes of 4,096 can be read at {near_end:#x}: editing these\n"
    )
    assert puppet.read(near_end, 10) == bytes(9) + b"Z"


def test_a_long_read(puppet: Puppet, edit: Run) -> None:
    pages = (40 << 20) // PAGE
    start = puppet.reserve(pages)
    puppet.map(start, pages)
    last = pages * PAGE - 1
    done = edit(f"{write_at(0, 'A')}\n{write_at(last, 'Z')}", puppet.pid, hex(start), 0x7FFFF000)
    assert done.stdout == f"2 bytes written at 2 places in {start:#x}..{start + last + 1:#x}\n"
    assert (puppet.read(start, 2), puppet.read(start + last, 1)) == (b"A\0", b"Z")


@pytest.mark.parametrize("memory", memory_names())
def test_each_way_to_the_memory(memory: str, planted: TargetProcess, edit: Run) -> None:
    done = edit(write_at(0, memory), planted.pid, planted.greeting["addr"], 16, "--memory", memory)
    if missing := why_missing(planted.pid, memory):
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"farfetchd: {missing}\n"
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert planted.command()["text"].startswith(memory)


@pytest.mark.parametrize("memory", memory_names())
def test_a_read_only_page_is_refused_unless_forced(memory: str, edit: Run) -> None:
    with TargetProcess("strlit") as strlit:
        if why_missing(strlit.pid, memory):
            return  # test_each_way_to_the_memory says so
        address = strlit.greeting["addr"]
        done = edit(write_at(0, "F"), "--memory", memory, strlit.pid, address, 8)
        assert (done.returncode, done.stdout) == (1, "")
        found = re.fullmatch(
            rf"farfetchd: cannot write 1 byte at {address}: not mapped or not writable; it lies in "
            r"a read-only mapping of \S+: force it, or patch it: nothing written; "
            r"the edited bytes are in (\S+)\n",
            done.stderr,
        )
        assert found, done.stderr
        assert Path(found[1]).read_bytes() == b"Farfetch"
        assert strlit.command()["text"] == strlit.greeting["text"]
        done = edit(write_at(0, "F"), "--force", "--memory", memory, strlit.pid, address, 8)
        assert (done.returncode, done.stderr) == (0, "")
        assert strlit.command()["text"].startswith("Farfetch")


def test_a_write_that_fails_midway_says_how_far_it_came(puppet: Puppet, edit: Run) -> None:
    pages = puppet.reserve(2)
    puppet.map(pages, 2)
    puppet.protect(pages + PAGE, 1, READ)
    script = f"{write_at(0, 'A')}\n{write_at(PAGE - 2, 'ZZZZ')}"
    done = edit(script, "--memory", "process_vm", puppet.pid, pages, 2 * PAGE)
    assert (done.returncode, done.stdout) == (1, "")
    assert ": 3 of 5 bytes written; the edited bytes are in /" in done.stderr
    assert puppet.read(pages, 1) == b"A"
    assert puppet.read(pages + PAGE - 2, 4) == b"ZZ\0\0"


def test_nothing_readable(puppet: Puppet, edit: Run, scratch: Path) -> None:
    done = edit("exit 9", puppet.pid, hex(puppet.reserve(1)), 16)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"farfetchd: cannot read 16 bytes at 0x\w+: not mapped or not readable\n", done.stderr
    )
    assert not left(scratch)


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        ("> /dev/full", 1, "farfetchd: cannot write the answer: No space left on device\n"),
        ("<&- >&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
    ],
)
def test_an_answer_that_cannot_be_written(
    redirection: str, code: int, said: str, planted: TargetProcess, scratch: Path, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{write_at(0, 'F')}\n")
    editor.chmod(0o755)
    done = subprocess.run(
        [
            *("sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND),
            *(str(planted.pid), planted.greeting["addr"], "16"),
        ],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "FARFETCH_TMPDIR": str(scratch), "FARFETCH_EDITOR": str(editor)},
    )
    assert (done.returncode, done.stderr) == (code, said)
    assert planted.command()["text"].startswith("Farfetch")


# The law of what is written


@st.composite
def two_blocks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    before = bytes(draw(st.integers(0, 10_000)))
    after = bytearray(before)
    for start, length in draw(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 5000)))):
        end = min(start + length, len(after))
        after[start:end] = b"\1" * (end - start) if start < end else b""
    return before, bytes(after)


@given(two_blocks())
def test_runs_are_what_differs_and_nothing_else(blocks: tuple[bytes, bytes]) -> None:
    before, after = blocks
    runs = list(changed_runs(before, after))
    inside = {offset for start, end in runs for offset in range(start, end)}
    assert inside == {at for at, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}
    assert all(start < end for start, end in runs)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(runs))
