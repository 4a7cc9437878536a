"""The package's public names are __all__, and nothing else."""

from __future__ import annotations

from types import ModuleType

import farfetch.scanner as scanner


def test_all_is_what_there_is() -> None:
    there = {
        name
        for name in dir(scanner)
        if not name.startswith("_") and not isinstance(getattr(scanner, name), ModuleType)
    }
    assert set(scanner.__all__) == there | {"process"}


def test_process_is_the_function_and_not_the_module() -> None:
    assert callable(scanner.process)
