"""What the distribution says of itself, and how a page shows it that has no files beside it."""

from __future__ import annotations

import re
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from urllib.parse import urlsplit

import farfetch
import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)]+)\)")
MAKE = """
import sys
from scikit_build_core.build import prepare_metadata_for_build_wheel
print(prepare_metadata_for_build_wheel(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Message:
    """The metadata of the tree as it is now."""
    folder = tmp_path_factory.mktemp("metadata")
    subprocess.run([sys.executable, "-c", MAKE, folder], cwd=ROOT, check=True)
    [file] = folder.glob("*/METADATA")
    return Parser().parsestr(file.read_text())


@pytest.fixture
def urls(said: Message) -> dict[str, str]:
    return dict(each.split(", ", 1) for each in said.get_all("Project-URL") or [])


def test_who_made_it_and_under_which_licences(said: Message) -> None:
    assert said["Author"] == "farfetch contributors"
    assert said["License-Expression"] == "MIT"
    texts = {f"LICENSES/{file.name}" for file in (ROOT / "LICENSES").iterdir()}
    assert set(said.get_all("License-File") or []) == {"LICENSE", *texts}


def test_one_place_leads_to_the_source(urls: dict[str, str]) -> None:
    source = urls["Source"]
    assert urls["Issues"].startswith(f"{source}/")
    assert urls["Changelog"].startswith(f"{source}/")
    for url in urls.values():
        assert urlsplit(url).scheme == "https"
        assert url.startswith(urls["Homepage"])


def test_the_readme_needs_no_files_beside_it(said: Message, urls: dict[str, str]) -> None:
    shown = said.get_payload()
    assert isinstance(shown, str)
    readme = (ROOT / "README.md").read_text()
    written, rendered = LINK.findall(readme), LINK.findall(shown)
    assert len(written) == len(rendered)
    base = f"{urls['Source']}/blob/v{farfetch.__version__}"
    for there, here in zip(written, rendered, strict=True):
        if urlsplit(there).scheme:
            assert here == there
        else:
            assert here == f"{base}/{there}"
            assert (ROOT / there.partition("#")[0]).exists()
    assert LINK.sub("", readme).strip() == LINK.sub("", shown).strip()


@pytest.mark.parametrize("word", ["online games", "others' machines"])
def test_how_it_must_not_be_used_is_said_where_people_look(word: str) -> None:
    for name in ("README.md", "SECURITY.md"):
        assert word in (ROOT / name).read_text().lower(), name
