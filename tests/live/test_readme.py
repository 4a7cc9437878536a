"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from support.targets import Spawn
from support.transcript import outline

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def shown(mark: str) -> str:
    """The fenced block behind a mark."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found is not None, f"no {mark} in the README"
    return found[1]


def test_the_demo_prints_the_transcript() -> None:
    done = subprocess.run(
        [sys.executable, "demo/health.py"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert outline(done.stdout) == outline(shown("transcript: make demo"))


def test_the_example_finds_health(spawn: Spawn) -> None:
    game = spawn("game")
    script = shown("example: game").replace('attach("game")', f"attach({game.pid})")
    assert str(game.pid) in script
    prompt = "take a hit and type the health you see: "
    with subprocess.Popen(
        [sys.executable, "-u", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as example:
        assert example.stdin is not None
        assert example.stdout is not None
        while example.stdout.read(1) == prompt[0]:
            assert example.stdout.read(len(prompt) - 1) == prompt[1:]
            health = game.command("hit 9").number("health")
            example.stdin.write(f"{health}\n")
            example.stdin.flush()
        rest = example.stdout.read()
    assert example.returncode == 0
    address = game.command("addresses").number("health_addr")
    assert f"0{rest}".strip() == f"{address:#x} is {health}, was {health}, began as 100"
    assert game.command("status").number("health") == 9999
