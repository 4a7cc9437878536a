"""The examples in the docstrings, and in the documents that are written so, are true."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import farfetch.scanner
import farfetch.shell
import pytest

MODULES = sorted(
    module.name
    for package in (farfetch.scanner, farfetch.shell)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(("._core", ".__main__"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_document() -> None:
    document = Path(__file__).parents[2] / "docs" / "lifetimes.md"
    assert doctest.testfile(str(document), module_relative=False) == (0, 16)
