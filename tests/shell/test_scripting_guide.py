"""The scripting guide's examples, run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live.targets import TargetProcess

GUIDE = Path(__file__).parent.parent.parent / "docs" / "scripting.md"
EXAMPLES = re.findall(
    r"^```farfetch(?: fails: ([^\n]*))?\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("fails", "script"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples(
    game: TargetProcess,
    farfetch: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
    script: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "example.ff").write_text(script)
    done = farfetch("-p", game.pid, "example.ff")
    assert done.returncode == (1 if fails else 0), done.stderr
    assert fails in done.stderr


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 7
    assert [bool(fails) for fails, _ in EXAMPLES].count(True) == 1
