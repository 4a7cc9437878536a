"""The examples in the docstrings are true."""

import doctest
import importlib
import pkgutil

import farfetch.scanner
import pytest

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(farfetch.scanner.__path__, "farfetch.scanner.")
    if not module.name.endswith("._core")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
