"""The benchmark runs, on a target so small that what it measures means nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from live.targets import ROOT


def test_every_case_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--size", "8", "--rounds", "1", "--json", str(report)]
    command = [sys.executable, str(ROOT / "bench/scan.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    [measured] = json.loads(report.read_text())
    rows = {row["case"]: row for row in measured["cases"]}
    assert len(rows) == 13
    assert all(row["ratio"] > 0 for row in rows.values())
    assert rows["i32 == rare, align 4"]["matches"] == rows["next, a match a page"]["matches"] == 32
    assert rows["number == rare, align 4"]["matches"] == 32
    assert rows["unknown value"]["matches"] == 8 << 18
    assert rows["then changed"]["matches"] + rows["then unchanged"]["matches"] <= 8 << 18
    assert all(name in done.stdout for name in rows)
