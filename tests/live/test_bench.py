"""The benchmark runs, on a target so small that what it measures means nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.targets import ROOT


def test_every_case_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--size", "8", "--sizes", "4,8,99000000", "--rounds", "1", "--json", str(report)]
    command = [sys.executable, str(ROOT / "bench/scan.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    measured = json.loads(report.read_text())
    rows = {row["case"]: row for row in measured["cases"]}
    assert len(rows) == 16
    assert all(row["ratio"] > 0 and row["one_thread"] > 0 for row in rows.values())
    assert all(row["memory_is_allowed"] for row in rows.values())
    allowed = {row["case"]: row["memory_allowed_mib"] for row in rows.values()}
    assert allowed["i32 == rare, align 1"] >= 128 + 1 + 256
    assert rows["number, a match a page"]["matches"] == 32
    assert rows["i32 == rare, align 4"]["matches"] == rows["next, a match a page"]["matches"] == 32
    assert rows["number == rare, align 4"]["matches"] == 32
    assert rows["unknown value"]["matches"] == 8 << 18
    assert rows["then changed"]["matches"] + rows["then unchanged"]["matches"] <= 8 << 18
    assert all(name in done.stdout for name in rows)
    scaled = measured["sizes"]
    assert scaled["sizes_mib"] == [4, 8]
    assert scaled["left_out_mib"] == [99_000_000]
    for case in scaled["cases"]:
        assert len(case["seconds_per_gib"]) == len(case["values_mib"]) == len(case["disk_mib"]) == 2
        assert all(seconds > 0 for seconds in case["seconds_per_gib"])
        assert case["is_flat"]
    unknown = next(case for case in scaled["cases"] if case["case"] == "unknown value")
    assert 1.9 < unknown["values_mib"][1] / unknown["values_mib"][0] < 2.1
    assert "99000000 MiB left out" in done.stdout


def test_every_small_call_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, str(ROOT / "bench/calls.py"), "--rounds", "1", "--seconds", "0.1"]
    subprocess.run([*command, "--json", str(report)], capture_output=True, check=True, timeout=120)
    measured = json.loads(report.read_text())
    assert len(measured) == 10
    assert all(case["ours"] > 0 and case["needed"] > 0 for case in measured)


def test_what_a_watched_value_costs_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, str(ROOT / "bench/watch.py"), "--seconds", "0.01"]
    command += ["--rounds", "1"]
    subprocess.run([*command, "--json", str(report)], capture_output=True, check=True, timeout=300)
    rows = json.loads(report.read_text())
    assert {row["rate"] for row in rows} == {100, 10_000, 1_000_000}
    ours = [row for row in rows if row["who"].startswith("farfetch")]
    assert len(ours) == 12
    assert all(row["counted"] is not None for row in ours)


def test_keeping_old_values_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--size", "4", "--rounds", "1", "--real", "--json", str(report)]
    command = [sys.executable, str(ROOT / "bench/store.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    measured = json.loads(report.read_text())
    rows = {row["case"]: row for row in measured["cases"]}
    assert all(row["ratio"] > 0 and row["seconds"] > 0 for row in rows.values())
    for kind in ("mixed", "small", "random", "floats", "text"):
        assert rows[f"{kind}: first"]["matches"] == rows[f"{kind}: warm"]["matches"] == 4 << 18
        assert rows[f"{kind}: changed"]["matches"] == 4 * 256 // 100
    assert 0 < rows["1 %: next"]["matches"] == rows["1 %: first"]["matches"] < 4 << 12
    assert rows["100 %: first"]["matches"] == 4 << 18
    assert rows["python3: first"]["matches"] > 4 << 18
    assert all(name in done.stdout for name in rows)
