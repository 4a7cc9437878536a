"""What the documentation shows is what happens: its examples, run.

- A block of ``farfetch`` is a script; ``farfetch fails: TEXT`` one that ends with that error.
- Blocks of ``console`` are transcripts, as ``support/transcript.py`` plays them; those of a section
  are one session.
- A line ``farfetch …`` in a block of ``sh`` is a command line.
- A block of ``python`` is a program; the block of ``text`` behind it is what it prints.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from farfetch.shell.run import options

from support.targets import TargetProcess
from support.transcript import Players, agrees, exchanges, here, outline

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("guide.md", "scripting.md")


def blocks(text: str, kind: str) -> list[tuple[str, str]]:
    """The fenced blocks of a kind: what stands behind it on its line, and the block."""
    return re.findall(rf"^```{kind}\b ?([^\n]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


TEXTS = {name: (ROOT / "docs" / name).read_text() for name in GUIDES}
SECTIONS = [
    pytest.param(section, id=f"{name}: {section.splitlines()[0]}")
    for name, text in TEXTS.items()
    for section in re.split(r"^## ", text, flags=re.MULTILINE)
]
SCRIPTS = [
    pytest.param(*block, id=f"{name}-{number}")
    for name, text in TEXTS.items()
    for number, block in enumerate(blocks(text, "farfetch"))
]
LINES = [
    line
    for text in TEXTS.values()
    for _, block in blocks(text, "sh")
    for line in block.splitlines()
    if line.startswith("farfetch ")
]
PROGRAMS = re.findall(
    r"^```python\n(.*?)^```\n+```text\n(.*?)^```", TEXTS["guide.md"], re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(
    "section", [one for one in SECTIONS if blocks(str(one.values[0]), "console")]
)
def test_transcripts(section: str, tmp_path: Path) -> None:
    with Players(tmp_path) as players:
        for _, block in blocks(section, "console"):
            for one in exchanges(block):
                answer = players.play(one)
                if one.where == "game":
                    assert set(one.shown.split()) <= set(answer.split("\n")), one
                else:
                    assert agrees(one.shown, answer), f"{one.line}\n{answer}"


@pytest.mark.parametrize(("mark", "script"), SCRIPTS)
def test_scripts(
    game: TargetProcess,
    farfetch: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mark: str,
    script: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "example.ff").write_text(here(script, game))
    fails = mark.removeprefix("fails: ")
    done = farfetch("-p", game.pid, "example.ff")
    assert done.returncode == (1 if fails else 0), done.stderr
    assert fails in done.stderr


@pytest.mark.parametrize("line", LINES)
def test_command_lines(
    game: TargetProcess,
    farfetch: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "health.ff").write_text(here((ROOT / "demo" / "health.ff").read_text(), game))
    words = shlex.split(line)[1:]
    assert options.parse(words).pid == "game"
    done = farfetch(*(str(game.pid) if word == "game" else word for word in words))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("program", "prints"), PROGRAMS)
def test_programs(game: TargetProcess, program: str, prints: str) -> None:
    program = program.replace('attach("game")', f"attach({game.pid})")
    assert str(game.pid) in program
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == prints


def test_all_of_them_are_found() -> None:
    kinds = {
        kind for text in TEXTS.values() for kind in re.findall(r"^```(\w+)", text, re.MULTILINE)
    }
    assert kinds == {"console", "farfetch", "python", "sh", "text"}
    assert len(SCRIPTS) >= 7
    assert [str(one.values[0]) for one in SCRIPTS].count("") == len(SCRIPTS) - 1
    assert len(LINES) >= 3
    assert len(PROGRAMS) == TEXTS["guide.md"].count("```python") == 1


@pytest.mark.parametrize("name", GUIDES)
def test_links_lead_somewhere(name: str) -> None:
    headings = re.findall(r"^#+ (.*)", TEXTS[name], re.MULTILINE)
    anchors = {"#" + heading.lower().replace(" ", "-") for heading in headings}
    for link in re.findall(r"\]\(([^)]*)\)", TEXTS[name]):
        assert link in anchors if link.startswith("#") else (ROOT / "docs" / link).exists(), link


@pytest.mark.parametrize(
    ("shown", "answer", "is_so"),
    [
        ("16 matches (8.4 MiB in 0.1 s)", "1 match (4 B in 0.000 s)", True),
        ("1 match (4 B in 0.1 s)", "2 matches (4 B in 0.1 s)", False),
        ("2 matches (4 B in 0.1 s)", "0 matches (4 B in 0.1 s)", False),
        ("   0  0x10  [heap]+0x10  7", " 0  0xff10  [heap]+0xf  7", True),
        ("   0  0x10  [heap]+0x10  7", " 0  0xff10  [heap]+0xf  8", False),
        ("a … c", "a b c", True),
        ("a … c", "a b d", False),
        ("type i32", "type i32\nmore", False),
    ],
)
def test_what_may_differ(shown: str, answer: str, is_so: bool) -> None:
    assert agrees(shown, answer) is is_so
    assert outline(outline(shown)) == outline(shown)
