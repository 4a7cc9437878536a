"""The man pages are true, clean, current and found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from farfetch.shell import cli
from farfetch.shell.farfetchd import cli as farfetchd

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: ROOT / "docs" / f"{name}.1" for name in ("farfetch", "farfetchd")}
USAGES = {"farfetch": cli.USAGE, "farfetchd": farfetchd.USAGE}


def said(*command: str | Path) -> str:
    """All that a command says on both streams."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def shown(name: str) -> str:
    """A page as a reader has it, without line breaks."""
    text = PAGES[name].read_text().replace(r"\-", "-")
    return re.sub(r"\\f[A-Z]|^\.\w+ |\"", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_no_formatter_has_anything_to_say(name: str) -> None:
    assert said("mandoc", "-T", "lint", "-W", "style", PAGES[name]) == ""
    assert said("groff", "-ww", "-man", "-Tutf8", "-z", PAGES[name]) == ""


@pytest.mark.parametrize("name", PAGES)
def test_all_options_are_there(name: str) -> None:
    options = set(re.findall(r"(?<![\w-])--?[A-Za-z]+", USAGES[name]))
    assert options >= {"-h", "--help", "-V", "--version", "--memory"}
    assert options - {"-b"} <= set(re.findall(r"(?<![\w-])--?[A-Za-z]+", shown(name)))


def test_all_variables_of_the_environment_are_there() -> None:
    sources = [
        file.read_text() for top in ("shell", "scanner") for file in (ROOT / top).rglob("*.py")
    ]
    read = {
        name
        for text in sources
        for name in re.findall(r'environ\.get\("(\w+)"|"(FARFETCH_[A-Z]+)"', text)
        for name in name
        if name
    }
    assert {"FARFETCH_ISA", "NO_COLOR", "FARFETCH_EDITOR"} <= read
    documented = set(re.findall(r"\b[A-Z][A-Z_]+\b", shown("farfetch") + shown("farfetchd")))
    assert read <= documented


def test_they_say_what_the_commands_help_says() -> None:
    assert said(sys.executable, ROOT / "tools" / "manual.py", "--check") == "", "run make manual"
    assert said(sys.executable, "-m", "doctest", ROOT / "tools" / "manual.py") == ""


@pytest.mark.parametrize("name", PAGES)
def test_man_finds_them_beside_the_command(name: str) -> None:
    path = f"{sys.prefix}/bin:{os.environ['PATH']}"
    environment = {key: text for key, text in os.environ.items() if key != "MANPATH"}
    found = subprocess.run(
        ["man", "-w", "1", name], env={**environment, "PATH": path}, capture_output=True, check=True
    )
    page = Path(found.stdout.decode().strip())
    assert page.is_relative_to(sys.prefix)
    assert page.read_bytes() == PAGES[name].read_bytes(), "run make build"
