"""The documents about the project's own files and words say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CORE = ROOT / "scanner" / "core"
#: Where a document that speaks of a package may begin the names of its files.
WITHIN = (
    *(ROOT, ROOT / "scanner", ROOT / "shell", ROOT / "tests", CORE),
    *sorted(room for room in CORE.iterdir() if room.is_dir()),
)
#: What is made, and so may be missing.
MADE = ("build/", "dist/", ".venv")


def text(name: str) -> str:
    return (ROOT / name).read_text()


def named(document: str) -> list[str]:
    """The files and folders that a document names."""
    return re.findall(r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|c|h|md|rst|toml|sh|txt|ff)))`", document)


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in sorted(DOCS.glob("*.md")))],
)
def test_files_that_are_named_are_there(name: str) -> None:
    missing = [
        file
        for file in named(text(name).replace("ROOM/", "").replace("NAME.py", "help.py"))
        if not file.startswith(MADE) and not any((folder / file).exists() for folder in WITHIN)
    ]
    assert missing == []


def test_enough_names_are_looked_at() -> None:
    assert len(named(text("docs/architecture.md"))) > 80


@pytest.mark.parametrize("package", ["scanner", "shell", "tests"])
def test_every_room_is_in_the_architecture(package: str) -> None:
    rooms = {
        f"{folder.name}/"
        for folder in (ROOT / package).iterdir()
        if folder.is_dir() and any(folder.glob("*.*")) and not folder.name.startswith(("_", "."))
    }
    assert rooms - {"core/"} <= set(named(text("docs/architecture.md")))


def test_every_folder_is_in_the_readme() -> None:
    table = text("README.md").partition("| folder | what |")[2].partition("\n\n")[0]
    shown = {
        name for row in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE) for name in named(row)
    }
    there = {f"{folder.name}/" for folder in ROOT.iterdir() if folder.is_dir()}
    assert {name for name in there if not name.startswith((".", "build", "dist"))} == shown


def test_the_glossary_has_each_word_once() -> None:
    words = re.findall(r"^- \*\*(.+?)\*\*( \(.+?\))?", text("docs/glossary.md"), re.MULTILINE)
    assert len(words) > 80
    assert len(words) == len(set(words))


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert (DOCS / link).exists(), link
