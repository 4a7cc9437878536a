"""pattern: bytes with wildcards, found wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.targets import TargetProcess

Drive = Callable[..., Any]


def test_bytes_are_found_in_code_and_in_memory(game: TargetProcess, drive: Drive) -> None:
    health = game.command("addresses")["health_addr"]
    shell = drive("-p", game.pid)
    shell.ask("type u8")
    shell.ask("align 8")
    found = shell.ask("pattern 7F 45 4c46 ?2 --where module:game")
    assert (found["matches"], found["type"]) == (1, "bytes")
    (head,) = shell.ask("list")["matches"]
    assert (head["value"], head["module"], head["offset"]) == ("7f 45 4c 46 02", "game", 0)
    shell.ask("pattern 64 00 00 00 96 00 00 00 ? 00 0C")
    assert health in [one["address"] for one in shell.ask("list")["matches"]]
    settings = shell.ask("info")
    assert (settings["type"], settings["align"], settings["where"]) == ("u8", 8, "writable")
    game.quit()
    assert shell.error("pattern 7F")["type"] == "TargetGone"
    shell.end()


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("pattern", "UsageError", "BYTES is missing"),
        ("pattern --where heap", "UsageError", "BYTES is missing"),
        ("pattern 7F --where", "UsageError", "FILTER is missing"),
        ("pattern 7F --where nowhere", "WhereError", "nowhere"),
        ("pattern 7G", "ExpressionError", '"G" is no hex digit'),
        ("pattern 7", "ExpressionError", "a byte has two digits, as in 0F"),
        ("pattern ?? ?", "ExpressionError", "a pattern needs a byte that is not a wildcard"),
    ],
)
def test_what_is_no_pattern(
    game: TargetProcess, drive: Drive, line: str, kind: str, said: str
) -> None:
    shell = drive("-p", game.pid)
    shell.ask("first 100")
    kept = shell.ask("list")["total"]
    error = shell.error(line)
    assert error["type"] == kind
    assert said in error["message"]
    assert shell.ask("list")["total"] == kept
    shell.end()


def test_no_target(drive: Drive) -> None:
    assert drive().error("pattern 7F")["type"] == "NoTarget"
