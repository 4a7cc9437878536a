"""The examples of the guide to structures, run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.targets import TargetProcess

GUIDE = (Path(__file__).parent.parent.parent / "docs" / "structures.md").read_text()
EXAMPLES = re.findall(r"^```farfetch\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
IN_PYTHON = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("script", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples(
    game: TargetProcess, farfetch: Callable[..., Any], tmp_path: Path, script: str
) -> None:
    file = tmp_path / "example.ff"
    file.write_text(script)
    done = farfetch("-p", game.pid, file)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_in_python() -> None:
    (script,) = IN_PYTHON
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 4
