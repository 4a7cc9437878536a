"""A value that will not do is answered with what was meant, and how that is written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from support.prompting import Start, enter
from support.targets import TargetProcess

Farfetch = Callable[..., "subprocess.CompletedProcess[str]"]

NO_COMMA = '"," means nothing here'
I32 = "does not fit i32 (-2147483648..2147483647)"


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("3,14", "ExpressionError", f"3,14: column 2: {NO_COMMA}: a decimal has a dot: 3.14"),
        (
            "now in 1,000..2000",
            "ExpressionError",
            f"now in 1,000..2000: column 9: {NO_COMMA}: thousands stand without commas: 1000",
        ),
        (
            "1..2,000,000.5",
            "ExpressionError",
            f"1..2,000,000.5: column 5: {NO_COMMA}: thousands stand without commas: 2000000.5",
        ),
        ("1,00,0", "ExpressionError", f"1,00,0: column 2: {NO_COMMA}"),
        (
            "0xDEADBEEF",
            "ValueRangeError",
            f"3735928559 {I32}: u32 takes it, and -559038737 has the same bytes",
        ),
        (
            "4294967295",
            "ValueRangeError",
            f"4294967295 {I32}: u32 takes it, and -1 has the same bytes",
        ),
        ("4294967296", "ValueRangeError", f"4294967296 {I32}"),
        ("nan", "ValueRangeError", f"nan {I32}: f32 and f64 have nan, which ~= nan finds"),
        (
            "~= 79.9",
            "ValueKindError",
            "'79.9' is not near a whole number for i32: f32 and f64 have fractions",
        ),
        (
            "write [heap] i32 1,000",
            "ValueKindError",
            "'1,000' is not a whole number for i32: thousands stand without commas: 1000",
        ),
        (
            "write [heap] f32 3,14",
            "ValueKindError",
            "'3,14' is not a number for f32: a decimal has a dot: 3.14",
        ),
        (
            "write [heap] i16be 79.9",
            "ValueKindError",
            "'79.9' is not a whole number for i16be: f32 and f64 have fractions",
        ),
        (
            "write [heap] u8 nan",
            "ValueKindError",
            "'nan' is not a whole number for u8: f32 and f64 have nan",
        ),
        (
            "write [heap] u16be -5",
            "ValueRangeError",
            "-5 does not fit u16be (0..65535): i16be takes it",
        ),
    ],
)
def test_errors_say_what_was_meant(
    farfetch: Farfetch, game: TargetProcess, line: str, kind: str, message: str
) -> None:
    done = farfetch("-p", game.pid, "-c", line)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"farfetch: {message}\n"
    given = json.loads(farfetch("--json", "-p", game.pid, "-c", line).stdout)
    assert (given["error"]["type"], given["error"]["message"]) == (kind, message)


@pytest.mark.parametrize(
    ("kind", "line", "hint"),
    [
        (
            "i32",
            "98765.25",
            "i32 has no fractions: try type f32 or type f64, then first ~= 98765.25",
        ),
        ("f64", "nan", "nan equals nothing, not even itself: try ~= nan"),
    ],
)
def test_what_no_value_equals_is_said_where_nothing_is_left(
    farfetch: Farfetch, game: TargetProcess, kind: str, line: str, hint: str
) -> None:
    shown = farfetch("-p", game.pid, stdin=f"type {kind}\n{line}\n").stdout.splitlines()
    assert shown[1].startswith("0 matches ")
    assert shown[2:] == [hint]


def test_it_is_said_above_the_place_that_is_pointed_at(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid)
    said = rf"^farfetch: {NO_COMMA}: a decimal has a dot: 3\.14\n  3,14\n   \^$"
    enter(terminal, "3,14", said)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("! 7", '! 7: column 1: write "not": or != 7 for another value'),
        ("now !-2.5", 'now !-2.5: column 5: write "not": or != -2.5 for another value'),
        ("! changed", '! changed: column 1: write "not"'),
        ("set 0 = 100", "'= 100' is not a whole number for i32: the value stands alone: 100"),
    ],
)
def test_signs_of_other_languages(
    farfetch: Farfetch, game: TargetProcess, line: str, message: str
) -> None:
    done = farfetch("-p", game.pid, "-c", "100", "-c", line)
    assert (done.returncode, done.stderr) == (1, f"farfetch: {message}\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("set 0=100", "set 0 100"),
        ("set *=100", "set * 100"),
        ("set 0.hp= 100", "set 0.hp VALUE"),
        ("set hp=100", "set hp 100"),
    ],
)
def test_set_takes_a_blank(farfetch: Farfetch, game: TargetProcess, line: str, said: str) -> None:
    done = farfetch("-p", game.pid, "-c", "100", "-c", line)
    assert done.returncode == 2
    assert done.stderr.startswith(f"farfetch: a blank stands before the value: {said}; usage: set ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", ""), "-p is given an empty PID or NAME"),
        (("--pid", ""), "-p is given an empty PID or NAME"),
        (("--pid=",), "-p is given an empty PID or NAME"),
        (("--core", ""), "--core is given an empty FILE"),
    ],
)
def test_an_empty_variable_for_a_target_ends_it(
    farfetch: Farfetch, options: tuple[str, ...], said: str
) -> None:
    """What was meant for a target is not run without one."""
    line = f'farfetch: {said} ("" or a variable without a value)\n'
    done = farfetch(*options, "-c", "type u8")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)
    done = farfetch(*options, stdin="type u8\n")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)
    done = farfetch("--json", *options, "-c", "type u8")
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, answer["ok"], answer["error"]["type"]) == (2, False, "UsageError")
    done = farfetch("-c", "type u8")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", " "), 'no process is called ""; to list processes: farfetch -c ps'),
        (("--memory", "", "-p", "GAME"), 'memory "" is not available: there are auto, '),
        (("",), 'cannot read the script "": No such file or directory'),
    ],
)
def test_a_name_of_which_nothing_is_seen_has_quotes(
    farfetch: Farfetch, game: TargetProcess, options: tuple[str, ...], said: str
) -> None:
    given = [str(game.pid) if option == "GAME" else option for option in options]
    done = farfetch(*given, "-c", "info")
    assert done.returncode in (1, 2)
    assert done.stderr.splitlines()[0].startswith(f"farfetch: {said}")


def test_one_match_is_one(farfetch: Farfetch, game: TargetProcess) -> None:
    at = game.command("addresses").number("health_addr")
    lines = (f"where {at:#x}..{at + 4:#x}", "100", "expect matches == 1", "type u8", "list 5 5")
    shown = farfetch("-p", game.pid, stdin="".join(f"{line}\n" for line in lines))
    said = [line for line in shown.stdout.splitlines() if not line.startswith("INDEX")]
    assert said[2:] == [
        "matches == 1: there is 1 match",
        "type u8",
        "the present match keeps its type; first or reset begins anew",
        "0 of 1 match",
    ], shown
    done = farfetch("-p", game.pid, "-c", lines[0], "-c", "100", "-c", "expect matches == 2")
    assert done.stderr == "farfetch: expected matches == 2, but there is 1 match\n"


def test_one_entry_is_one(farfetch: Farfetch, game: TargetProcess) -> None:
    lines = ("struct one { int hp; };", "table add [heap] me --type one", "struct drop one")
    done = farfetch("-p", game.pid, *(part for line in lines for part in ("-c", line)))
    said = "the table has an entry of struct one: me; remove it first"
    assert done.stderr == f"farfetch: {said}\n"
