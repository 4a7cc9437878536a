"""option: what scans may take and use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess

Drive = Callable[..., Any]


def test_options_are_kept_and_shown(drive: Drive, tmp_path: Path) -> None:
    shell = drive()
    assert shell.ask("option")["options"] == {
        "memory-budget": None,
        "values-budget": None,
        "disk-budget": None,
        "directory": None,
        "threads": None,
        "soft-dirty": True,
        "pointer": None,
    }
    for line, kept in [
        ("memory-budget 512M", 512 << 20),
        ("values-budget 0", 0),
        ("disk-budget 2g", 2 << 30),
        ("disk-budget 4096", 4096),
        (f"directory '{tmp_path}'", str(tmp_path)),
        ("threads 1", 1),
        ("soft-dirty off", False),
        ("pointer 4", 4),
        ("threads auto", None),
    ]:
        name = line.split()[0]
        assert shell.ask(f"option {line}")["options"] == {name: kept}
        assert shell.ask(f"option {name}")["options"] == {name: kept}
    shell.end()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("option thread", "no option is called 'thread': did you mean threads?"),
        ("option threads 0", "threads takes 1 to 256, or auto, not '0'"),
        ("option threads many", "threads takes 1 to 256, or auto, not 'many'"),
        ("option disk-budget -1", "disk-budget takes a size such as 512M or 2G, or auto"),
        ("option memory-budget 5 G", "memory-budget takes a size such as 512M or 2G, or auto"),
        ("option directory /nothing", "directory takes a folder that can be written to, or auto"),
        ("option directory a\0b", "no file can be called 'a\\x00b'"),
        ("option soft-dirty maybe", "soft-dirty takes on or off, not 'maybe'"),
        ("option pointer 32", "pointer takes 4 or 8 bytes, or auto, not '32'"),
    ],
)
def test_what_options_cannot_be(drive: Drive, line: str, said: str) -> None:
    shell = drive()
    error = shell.error(line)
    assert error["type"] == "UsageError"
    assert error["message"].startswith(said)
    name = line.split()[1]
    if name != "thread":
        assert shell.ask(f"option {name}")["options"][name] in (None, True)
    shell.end()


def test_budgets_hold(game: TargetProcess, drive: Drive) -> None:
    health, ammo = (game.command("addresses")[key] for key in ("health_addr", "ammo_addr"))
    shell = drive("-p", game.pid)
    still = f"where {health}..{ammo}"  # nothing in it moves by itself
    shell.ask(still)
    kept = shell.ask("first 100")["matches"]
    shell.ask("option values-budget 0")
    shell.ask("option disk-budget 4096")
    shell.ask("where writable")
    error = shell.error("first ?")
    assert error["type"] == "BudgetError"
    assert "disk" in error["message"]
    assert shell.ask("list")["total"] == kept  # what was found before is still there
    shell.ask("option disk-budget auto")
    assert shell.ask("first ?")["matches"] > kept
    assert shell.ask("option threads 1")["ok"]
    shell.ask(still)
    assert shell.ask("first 100")["matches"] == kept
    shell.end()


def test_the_width_of_pointers_is_that_of_all_commands(game: TargetProcess, drive: Drive) -> None:
    static = int(game.command("addresses")["static_addr"], 16)
    shell = drive()
    shell.ask("struct node { struct node *next; long n; };")
    assert shell.ask("struct node")["size"] == 16
    shell.ask("option pointer 4")
    assert shell.ask("struct node")["size"] == 8
    assert shell.ask(f"attach {game.pid}")["bits"] == 32
    low = shell.ask(f"read {static:#x} pointer")["value"]
    shell.ask("option pointer auto")
    whole = shell.ask(f"read {static:#x} pointer")["value"]
    assert shell.ask("info")["bits"] == 64
    assert low == whole % (1 << 32) != whole
    assert shell.ask(f"pointer {static:#x}->0")["address"] == f"{whole:#x}"
    shell.ask("option pointer 4")
    assert shell.error(f"pointer {static:#x}->0x10->0 u8")["type"] == "PointerError"
    shell.ask("type pointer")
    shell.ask(f"now == {low}")
    error = shell.error("option pointer 8")
    assert error["message"] == "matches hold pointers as they are now: reset comes first"
    shell.ask("option pointer 4")
    shell.ask("reset")
    shell.ask("option pointer 8")
    assert shell.ask(f"now == {whole}")["matches"] > 0
