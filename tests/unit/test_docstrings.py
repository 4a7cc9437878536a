"""The examples in the docstrings are true."""

import doctest
import importlib

import pytest

MODULES = [
    "addresses",
    "check",
    "elf",
    "errors",
    "expression",
    "freeze",
    "layout",
    "literals",
    "modules",
    "oracle",
    "predicates",
    "process",
    "regions",
    "tokens",
    "type_names",
    "value_types",
    "values",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"farfetch.scanner.{name}")
    assert doctest.testmod(module).failed == 0
