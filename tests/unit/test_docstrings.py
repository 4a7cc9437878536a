"""The examples in the docstrings, and in the documents that are written so, are true."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import farfetch.scanner
import farfetch.shell
import pytest

from support.reference import calls, explained, members, pages

DOCS = Path(__file__).resolve().parents[2] / "docs"
MODULES = sorted(
    module.name
    for package in (farfetch.scanner, farfetch.shell)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(("._core", ".__main__"))
)
#: What the examples of public names have at hand; they import all else themselves.
PUBLIC: dict[str, Any] = {
    name: getattr(farfetch.scanner, name) for name in farfetch.scanner.__all__
}


def docstrings(tree: ast.Module) -> Iterator[tuple[str, ast.Constant]]:
    """The docstrings of a module, each with the name of what it is about."""
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    for name, node in waiting:
        for below in ast.iter_child_nodes(node):
            inner = getattr(below, "name", "")
            waiting.append((f"{name}.{inner}" if name and inner else inner or name, below))
        match node:
            case ast.Module(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_]):
                yield name, text
            case ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_]):
                yield name, text
            case (
                ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.AsyncFunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
            ):
                yield name, text


def at_hand(module: ModuleType, name: str) -> dict[str, Any]:
    """The names that an example can use: of a public thing what is public, and no more."""
    outer = name.partition(".")[0]
    is_public = outer in PUBLIC and vars(module)[outer] is PUBLIC[outer]
    return PUBLIC if is_public else {**PUBLIC, **vars(module)}


def examples() -> Iterator[doctest.DocTest]:
    """Every docstring that has examples."""
    parser = doctest.DocTestParser()
    for name in ["farfetch.scanner", *MODULES]:
        module = importlib.import_module(name)
        source = Path(str(module.__file__))
        for inner, text in docstrings(ast.parse(source.read_text())):
            whole = f"{name}.{inner}" if inner else name
            test = parser.get_doctest(
                str(text.value), at_hand(module, inner), whole, str(source), text.lineno - 1
            )
            if test.examples:
                yield test


EXAMPLES = list(examples())


def runs(test: doctest.DocTest) -> bool:
    """Whether each example of a docstring answers as it says; what differs is printed."""
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    return runner.run(test).failed == 0


@pytest.mark.parametrize("test", EXAMPLES, ids=lambda test: test.name)
def test_examples(test: doctest.DocTest) -> None:
    assert runs(test)


def test_all_of_them_are_found() -> None:
    found = sum(len(test.examples) for test in EXAMPLES)
    sources = [Path(str(importlib.import_module(name).__file__)) for name in MODULES]
    sources.append(Path(str(farfetch.scanner.__file__)))
    written = [line.split() for source in sources for line in source.read_text().splitlines()]
    assert found == [words[:1] for words in written].count([">>>"]) > 500


def test_what_is_wrong_is_noticed() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda _: None).failed == 1


@pytest.mark.parametrize("name", sorted(pages()))
def test_what_the_reference_shows_has_an_example(name: str) -> None:
    """What a page leaves out is the library's own to call, as the page says."""
    thing = PUBLIC[name]
    if not isinstance(thing, type):
        assert not callable(thing) or ">>>" in str(thing.__doc__)
        return
    left_out = pages()[name]
    shown = calls(thing) - left_out
    assert [inner for inner in sorted(shown) if ">>>" not in explained(thing, inner)] == []
    assert ">>>" in str(thing.__doc__)
    assert left_out <= members(thing).keys(), "what is left out is there"


def test_every_public_name_is_on_a_page_of_the_reference() -> None:
    assert pages().keys() == PUBLIC.keys()


@pytest.mark.parametrize("document", ["lifetimes.md"])
def test_document(document: str) -> None:
    assert doctest.testfile(str(DOCS / document), module_relative=False) == (0, 16)
