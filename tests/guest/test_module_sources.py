"""What the module's files are to each other, read from the files."""

from __future__ import annotations

import re

from farfetch import __version__

from guest.kernels import KMOD

NAME = re.compile(r"\b(far_\w+)(?:\(|;)")
HEADER = (KMOD / "far.h").read_text()


def _source(name: str) -> str:
    """Return a file's text without its comments and the names of its structures."""
    return re.sub(
        r"/\*.*?\*/|//[^\n]*|(?<=\bstruct )\w+", "", (KMOD / name).read_text(), flags=re.DOTALL
    )


def _sections() -> dict[str, set[str]]:
    """Return what each file gives the others, in the order that far.h has them."""
    parts = re.split(r"^/\* (\w+\.c) \*/$", HEADER, flags=re.MULTILINE)
    return {
        name: set(NAME.findall(text)) for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_no_file_uses_one_that_stands_below_it() -> None:
    sections = _sections()
    order = [*sections, "main.c"]
    assert set(order) == {path.name for path in KMOD.glob("*.c")}
    for place, name in enumerate(order):
        below = set().union(*(sections[later] for later in order[place + 1 : -1]))
        assert not below & set(re.findall(r"\w+", _source(name))), name


def test_each_file_has_what_far_h_says_of_it() -> None:
    for name, given in _sections().items():
        assert given
        for word in given:
            assert re.search(rf"^[a-z].*\b{word}\b", _source(name), re.MULTILINE), (name, word)


def test_one_version() -> None:
    versions = {
        "MODULE_VERSION": re.findall(r'MODULE_VERSION\("(.*)"\)', _source("main.c")),
        "dkms.conf": re.findall(r'PACKAGE_VERSION="(.*)"', (KMOD / "dkms.conf").read_text()),
        "README": re.findall(r"farfetch[-/](\d\S*\d)", (KMOD / "README.md").read_text()),
    }
    for place, found in versions.items():
        assert set(found) == {__version__}, place
