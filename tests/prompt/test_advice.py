"""A scan that leaves no matches says what to try, in one line."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from support.targets import TargetProcess

Farfetch = Callable[..., "subprocess.CompletedProcess[str]"]

OTHER = "of another type? try type any: numbers of every width at once"
OTHER_OR_SMALL = "of another type? try type i16, or type any: numbers of every width at once"
ALIGN_4 = "not at a multiple of 4? align 1 looks at every address"
WHERE = "in memory that is only read? where all looks there, too"
UNDO = "undo takes the last step back; a bare predicate begins a first scan"


def said(farfetch: Farfetch, game: TargetProcess, *lines: str) -> list[str]:
    """What lines that succeed answer, without the sizes and times of scans."""
    done = farfetch("-p", game.pid, stdin="".join(f"{line}\n" for line in lines))
    assert done.stderr == ""
    return re.sub(r" \([^)\n]*? s\)", "", done.stdout).splitlines()


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        (("98765432",), OTHER),
        (("-12345",), OTHER_OR_SMALL),
        (("type u16", "where PLAYER", "54321"), OTHER.replace("type any", "type i32, or type any")),
        (("type number", "align 1", "where PLAYER", "12345"), "~= 12345"),
        (("type number", "where PLAYER", "0xDEADBEEF"), "try type any"),
        (("type any", "~= 987654321"), ALIGN_4.replace("4", "its size")),
        (("type any", "align 4", "~= 987654321"), ALIGN_4),
        (("type f32", "98765.25"), "shown rounded? try ~= 98765.25"),
        (("type f64", "98765"), "shown rounded? try ~= 98765"),
        (("1234567..1234569",), ALIGN_4),
        (("type u8", "first now == 5 and now == 6"), WHERE),
        (("type f64", "~= 98765.25"), ALIGN_4.replace("4", "8")),
    ],
)
def test_the_line_suits_what_was_asked(
    farfetch: Farfetch, game: TargetProcess, lines: tuple[str, ...], hint: str
) -> None:
    at = game.command("addresses").number("player_addr")
    player = f"{at:#x}..{at + 48:#x}"
    shown = said(farfetch, game, *(line.replace("PLAYER", player) for line in lines))
    assert shown[-2] == "0 matches"
    assert hint in shown[-1]


def test_nothing_is_said_twice_until_a_scan_finds_something(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    zero, some = "0 matches", "1 match"
    assert said(farfetch, game, *["98765432"] * 5) == (
        [zero, OTHER, zero, ALIGN_4, zero, WHERE, zero, zero]
    )
    at = game.command("addresses").number("health_addr")
    here, away = f"where {at:#x}..{at + 4:#x}", "where writable"
    shown = said(farfetch, game, "98765432", here, "100", "reset", away, "98765432")
    assert [line for line in shown if not line.startswith(("where", "no matches"))] == (
        [zero, OTHER, some, zero, OTHER]
    )


def test_what_has_all_been_tried_gets_no_line(farfetch: Farfetch, game: TargetProcess) -> None:
    lines = ("type text", "where all", '"there is no such text"')
    assert said(farfetch, game, *lines) == ["type text", "where all", "0 matches"]


def test_a_negative_number_may_be_meant_as_a_decrease(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    shown = said(farfetch, game, "100", "-5")
    assert shown[-3:] == ["0 matches", UNDO, "meant as a decrease? undo, then - 5, with a blank"]


def test_a_next_scan_for_a_number_may_be_of_another_type(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    """What lies beside a narrow value may have kept a wider one alive until now."""
    assert said(farfetch, game, "100", "95")[-3:] == ["0 matches", UNDO, OTHER_OR_SMALL]
    shown = said(farfetch, game, "type u16", "100", "95")
    assert shown[-1] == OTHER.replace("type any", "type i32, or type any")


def test_a_next_scan_for_a_fraction_may_be_rounded(farfetch: Farfetch, game: TargetProcess) -> None:
    shown = said(farfetch, game, "type f32", "first ?", "98765.25")
    assert shown[-3:] == ["0 matches", UNDO, "shown rounded? undo, then try ~= 98765.25"]


def test_first_on_a_scan_that_stands_says_what_it_took_the_place_of(
    farfetch: Farfetch, game: TargetProcess
) -> None:
    at = game.command("addresses").number("health_addr")
    here = f"where {at:#x}..{at + 4:#x}"
    shown = said(farfetch, game, here, "100", "first 95")
    assert shown[-1] == "first began a new scan: undo brings 1 match back, which next narrows"
    shown = said(farfetch, game, here, "100", "95", "first 96")
    assert shown[-1] == ("a new scan took the place of the one before: undo 2 brings 1 match back")


def test_programs_get_it_as_a_field(
    answers: Callable[..., list[dict[str, Any]]], game: TargetProcess
) -> None:
    nothing, again, *_, some = answers(game.pid, "98765432", "98765432", "98765432", "100")
    assert (nothing["matches"], nothing["hint"], again["hint"]) == (0, OTHER, ALIGN_4)
    assert "hint" not in some
