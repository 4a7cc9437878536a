"""The package's public names are __all__; what else can be reached is private by name or place."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import farfetch
import farfetch.scanner as scanner

from support.targets import ROOT


def everything() -> None:
    """Import all there is, so that each module that can be reached is."""
    for module in pkgutil.walk_packages(scanner.__path__, "farfetch.scanner."):
        importlib.import_module(module.name)


def test_all_is_what_is_listed() -> None:
    assert [name for name in dir(scanner) if not name.startswith("__")] == sorted(scanner.__all__)
    assert len(set(scanner.__all__)) == len(scanner.__all__)
    assert all(hasattr(scanner, name) for name in scanner.__all__)


def test_what_is_not_public_is_a_module_below_or_has_an_underscore() -> None:
    """A name that a file of the package's happens to import is neither."""
    everything()
    others = {
        name: thing
        for name, thing in vars(scanner).items()
        if not name.startswith("_") and name not in scanner.__all__
    }
    below = {
        name: thing
        for name, thing in others.items()
        if isinstance(thing, ModuleType) and thing.__name__ == f"farfetch.scanner.{name}"
    }
    assert others == below
    assert "the modules below\n`farfetch.scanner`" in (ROOT / "CONTRIBUTING.md").read_text()


def test_what_is_public_is_said_to_be_the_packages() -> None:
    for name in scanner.__all__:
        thing = getattr(scanner, name)
        if isinstance(thing, type) or callable(thing):
            module = getattr(thing, "__module__", "farfetch.scanner")
            assert not module.startswith("farfetch.scanner."), name


def test_process_is_the_function_and_not_the_module() -> None:
    assert callable(scanner.process)


def test_the_version_is_the_distributions() -> None:
    assert scanner.__version__ == farfetch.__version__
