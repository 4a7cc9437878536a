"""The picture of where matches lie, counted again from their addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.puppet import PAGE, Puppet
from support.targets import TargetProcess

Drive = Callable[..., Any]


def test_every_match_is_counted_where_it_lies(drive: Drive) -> None:
    with TargetProcess("big", "64") as big:
        shell = drive("-p", big.pid)
        assert shell.error("map")["type"] == "NoMatches"
        start, end = (big.greeting.number(key) for key in ("start", "end"))
        shell.ask(f"where {start:#x}..{end:#x}")
        found = shell.ask(big.greeting["needle"])["matches"]
        (region,) = shell.ask("map")["regions"]
        first, size = int(region["start"], 16), int(region["end"], 16) - int(region["start"], 16)
        assert first <= start < end <= first + size
        cells = [0] * 32
        for match in shell.ask(f"list {found}")["matches"]:
            cells[(int(match["address"], 16) - first) * 32 // size] += 1
        assert region["cells"] == cells
        assert region["matches"] == found == sum(cells)

        # more than are looked at one by one
        many = shell.ask("first 0")["matches"]
        drawn = shell.ask("map")
        assert drawn["total"] == many == sum(drawn["regions"][0]["cells"])
        third = start + (end - start) // 3
        inside = shell.ask(f"map {start:#x}..{third:#x}")["total"]
        assert 0 < inside < many
        before, behind = shell.ask(f"list {inside - 1} 2")["matches"]
        assert int(before["address"], 16) < third <= int(behind["address"], 16)
        assert shell.error("map heap,nosuch")["type"] == "WhereError"


def test_only_so_many_regions_are_drawn(drive: Drive) -> None:
    with Puppet() as puppet:
        start = puppet.reserve(100)
        for page in range(0, 100, 2):  # each a region of its own
            puppet.map(start + page * PAGE, 1)
            puppet.write(start + page * PAGE, b"FARFETCH" * (page + 1))
        shell = drive("-p", puppet.pid)
        shell.ask(f"where {start:#x}..{start + 100 * PAGE:#x}")
        shell.ask("type text[8]")
        found = shell.ask("first 'FARFETCH'")["matches"]
        assert found == sum(range(1, 100, 2))
        drawn = shell.ask("map")
        assert drawn["total"] == found
        assert [one["matches"] for one in drawn["regions"]] == list(range(21, 100, 2))
        assert drawn["not_drawn"] == 10

        puppet.unmap(start + 98 * PAGE, 1)
        (last,) = (one for one in shell.ask("map")["regions"] if one["matches"] == 99)
        assert last["name"] == "(no longer mapped)"


def test_what_a_person_sees(farfetch: Callable[..., Any]) -> None:
    with Puppet() as puppet:
        start = puppet.reserve(32)
        puppet.map(start, 32)
        puppet.write(start, b"FARFETCH" * 64)
        puppet.write(start + 16 * PAGE, b"FARFETCH" * 8)
        puppet.write(start + 31 * PAGE, b"FARFETCH")
        lines = [
            f"where {start:#x}..{start + 32 * PAGE:#x}",
            "type text[8]",
            "first 'FARFETCH'",
            "map",
        ]
        done = farfetch("-p", puppet.pid, *(part for line in lines for part in ("-c", line)))
    *_, head, row, said = done.stdout.splitlines()
    assert head.split() == ["START", "SIZE", "MATCHES", "PICTURE", "NAME"]
    picture = "█" + "·" * 15 + "▅" + "·" * 14 + "▁"
    assert row.split() == [f"{start:#x}", "128.0", "KiB", "73", picture, "(anon)"]
    assert said == "73 matches in 1 region"
