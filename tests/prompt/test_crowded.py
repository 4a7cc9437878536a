"""A target with ten thousand regions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.prompting import Start, enter, toolbar
from support.targets import TargetProcess

REGIONS = 10_000


@pytest.fixture(scope="module")
def crowded() -> Iterator[TargetProcess]:
    with TargetProcess("crowded", str(REGIONS)) as one:
        yield one


def test_its_regions_and_matches_are_all_there(
    answers: Callable[..., list[dict[str, Any]]], crowded: TargetProcess
) -> None:
    said = crowded.greeting
    window, value = f"{said['start']}..{said['end']}", said["value"]
    regions, _, found, listed, drawn = answers(
        crowded.pid, f"regions {window}", f"where {window}", value, f"list {REGIONS}", "map"
    )
    assert regions["total"] == found["matches"] == len(listed["matches"]) == REGIONS
    assert drawn["total"] == REGIONS
    assert drawn["not_drawn"] == REGIONS - len(drawn["regions"])


def test_it_is_hunted_at_the_prompt(start: Start, crowded: TargetProcess) -> None:
    said = crowded.greeting
    start_address = said.number("start")
    terminal = start("-p", crowded.pid)
    enter(terminal, said["value"], r"^5,000 matches \(")
    enter(terminal, "list 2", rf"^ +1 +{start_address + 2 * 4096:#x} ")
    terminal.send("read crow\t")
    terminal.wait_for(re.compile(r"^farfetch> read crowded\+0x", re.MULTILINE))
    terminal.send("0 u8\r")
    terminal.wait_for(re.compile(r"^127$", re.MULTILINE))  # as every ELF file begins
    terminal.send(f"hex {said['start']}\r")
    terminal.wait_for(re.compile(rf"\A{said['start']}  17 44 6f 2c .*  {said['value']}  "))
    terminal.send("q")
    toolbar(terminal, "5,000 matches")
