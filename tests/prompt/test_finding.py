"""Finding what is meant: types and selections as they are typed, and what the screen says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.targets import TargetProcess

Farfetch = Callable[..., "subprocess.CompletedProcess[str]"]


def said(farfetch: Farfetch, game: TargetProcess, *lines: str) -> list[str]:
    """What lines answer, without the sizes and times of scans."""
    return lines_of(farfetch, game.pid, *lines)


def lines_of(farfetch: Farfetch, pid: int, *lines: str) -> list[str]:
    """The same, of any process."""
    done = farfetch("-p", pid, stdin="".join(f"{line}\n" for line in lines))
    assert done.stderr == ""
    return re.sub(r" \([^)\n]*? s\)", "", done.stdout).splitlines()


def test_any_finds_every_width_and_writes_what_fits(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    at = game.command("addresses").number("health_addr")
    here = f"where {at:#x}..{at + 1:#x}"
    shown = said(farfetch, game, here, "type any", "100", "list", "set 0 200", "200", "list")
    assert shown[2] == "1 match"
    assert shown[4].endswith("100       100    100  i8 u8")
    assert shown[5:7] == ["1 match set to 200", "1 match"]
    assert shown[8].endswith("200       200    100  u8")
    assert game.command("status").number("health") == 200


def test_a_step_on_a_float_is_rounded_and_one_on_an_integer_is_not(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    at = game.command("addresses").number("player_addr")
    here = f"where {at:#x}..{at + 48:#x}"
    shown = said(
        *(farfetch, game, here, "type f32", f"write {at:#x} f32 10.3", "first ~= 10.3"),
        *(f"write {at:#x} f32 10.4", "+ 0.1", "undo", "now == prev + 0.1", "history"),
    )
    assert shown[3] == "1 match"
    assert shown[5] == "1 match"
    assert "0 matches" in shown
    shown = said(
        *(farfetch, game, here, f"write {at:#x} i32 100", "first 100"),
        *(f"write {at:#x} i32 103", "+ 2..3", "- 5"),
    )
    assert shown[-3:-1] == ["1 match", "0 matches"]


_EMULATOR = """\
import mmap, os, struct, sys
file = os.memfd_create(sys.argv[1])
os.ftruncate(file, 1 << 16)
ram, mirror = mmap.mmap(file, 1 << 16), mmap.mmap(file, 1 << 16)
struct.pack_into("<i", ram, 0x320, 1357924680)
print("ready", flush=True)
for _ in sys.stdin:
    print(struct.unpack_from("<i", ram, 0x320)[0], flush=True)
"""


@contextmanager
def emulator(name: str) -> Iterator[subprocess.Popen[str]]:
    """A program whose memory is a file that is mapped twice."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", _EMULATOR, name]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        try:
            yield program
        finally:
            program.kill()


def test_a_place_in_an_emulators_memory_is_found_in_the_next_run(
    farfetch: Farfetch, tmp_path: Path
) -> None:
    name = f"ram-{os.getpid()}"
    table = tmp_path / "emulated.json"
    with emulator(name) as program:
        shown = lines_of(
            *(farfetch, program.pid, f"where /memfd:{name}", "first 1357924680", "list"),
            *(f"where /memfd:{name},once", "first 1357924680", "list"),
            *(f"table add /memfd:{name}+0x320 hp --type i32", f"save {table}"),
        )
        assert shown[1] == "2 matches"
        assert f"/memfd:{name}+0x320" in shown[3]
        assert f"/memfd:{name}[1]+0x320" in shown[4]
        assert "1 match" in shown[5:]
        assert any(line.startswith(f'"hp": i32 at /memfd:{name}+0x320') for line in shown)
    with emulator(name) as program:
        shown = lines_of(farfetch, program.pid, f"load {table}", "set hp 77", "list", "table")
        assert any(f"/memfd:{name}+0x320" in line and " 77 " in line for line in shown)
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline() == "77\n"


def test_what_is_left_out_is_said_with_a_minus(farfetch: Farfetch, game: TargetProcess) -> None:
    at = game.command("addresses").number("health_addr")
    here = f"{at - 8:#x}..{at + 8:#x}"
    shown = said(
        *(farfetch, game, f"where {here}", "first ?"),
        *(f"where {here},-{at:#x}..{at + 4:#x}", "first ?"),
    )
    assert [line for line in shown if line in ("4 matches", "3 matches")] == (
        ["4 matches", "3 matches"]
    )


def test_matches_are_deleted_by_number_and_by_region(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    at = game.command("addresses").number("health_addr")
    shown = said(
        *(farfetch, game, f"where {at - 20:#x}..{at + 20:#x}", "first ?"),
        *("delete 3", "delete 0,2..4", "delete *", "undo 2"),
        *(f"delete {at:#x}..{at + 4:#x}", "undo 1", "history"),
    )
    assert "10 matches" in shown
    assert [line for line in shown if "deleted" in line] == (
        [
            "1 match deleted, 9 left",
            "4 matches deleted, 5 left",
            "5 matches deleted, 0 left",
            "1 match deleted, 8 left",
        ]
    )
    assert any(line.split()[-2:] == ["delete", "3"] for line in shown)


def test_a_byte_order_mark_is_no_part_of_a_script(farfetch: Farfetch, tmp_path: Path) -> None:
    script = tmp_path / "windows.ff"
    script.write_bytes(b"\xef\xbb\xbftype f32\r\ntype\r\n")
    done = farfetch(str(script))
    assert (done.returncode, done.stderr, done.stdout.split("\n")) == (
        *(0, ""),
        ["type f32", "type f32", ""],
    )
    done = farfetch(stdin="\ufefftype f32\ntype\n")
    assert (done.returncode, done.stdout) == (0, "type f32\ntype f32\n")
    done = farfetch("-c", f"source {script}")
    assert (done.returncode, done.stderr) == (0, "")


def test_large_integers_are_text_in_json_too(
    answers: Callable[..., list[dict[str, Any]]], game: TargetProcess
) -> None:
    at = game.command("addresses").number("player_addr")
    large = 2**53 + 1
    *_, read = answers(game.pid, f"write {at:#x} u64 {large}", f"read {at:#x} u64")
    assert (read["value"], read["value_text"]) == (large, str(large))
    *_, read = answers(game.pid, f"write {at:#x} u64 77", f"read {at:#x} u64")
    assert read["value"] == 77
    assert "value_text" not in read


def test_text_in_another_encoding(farfetch: Farfetch, game: TargetProcess) -> None:
    at = game.command("addresses").number("player_addr")
    lines = (
        f"where {at:#x}..{at + 48:#x}",
        "type text:shift-jis",
        f'write {at:#x} text:shift-jis "ソー"',
    )
    shown = said(farfetch, game, *lines, '"ソー"', "list", f"read {at:#x} bytes[4]")
    assert "type text:shift-jis" in shown
    assert "1 match" in shown
    assert any('"ソー"' in line and f"{at:#x}" in line for line in shown)
    assert "83 5c 81 5b" in shown[-1]
