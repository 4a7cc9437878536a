"""Modules that are loaded when something of them is asked for."""

from __future__ import annotations

import pytest
from farfetch.scanner.code.symbols import Symbol
from farfetch.scanner.later import Later


def test_a_name_leads_to_what_the_module_has() -> None:
    symbols = Later("farfetch.scanner.code.symbols")
    assert symbols.Symbol is Symbol
    with pytest.raises(AttributeError, match="has no attribute 'Absent'"):
        _ = symbols.Absent


def test_looking_what_it_is_loads_nothing() -> None:
    absent = Later("farfetch.scanner.absent")
    assert repr(absent) == "<Later farfetch.scanner.absent>"
    assert not hasattr(absent, "__file__")
    with pytest.raises(ModuleNotFoundError):
        _ = absent.Anything
