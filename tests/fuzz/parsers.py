"""Fuzz what reads text that people type: predicates, patterns, region filters, types, addresses.

Any text is understood, or refused with an error that has a place in it; what a predicate says
when printed is understood as the same predicate.

    python tests/fuzz/parsers.py [-max_total_time=SECONDS] [CORPUS]
"""

from __future__ import annotations

import sys

import atheris
from farfetch.scanner import (
    ExpressionError,
    FarfetchError,
    Where,
    parse_predicate,
    parse_scan,
    type_named,
)
from farfetch.scanner.check import check
from farfetch.scanner.compile import compile_predicate
from farfetch.scanner.patterns import pattern
from farfetch.scanner.values import layout_of

LAYOUTS = [layout_of(type_named(name)) for name in ("i32", "u8", "f64", "text[8]", "bytes[8]")]


def said_well(error: FarfetchError, text: str) -> None:
    """Check an error: one line, with a place in the text."""
    line = str(error)
    assert line, text
    assert "\n" not in line, text
    if isinstance(error, ExpressionError):
        assert 0 <= error.position <= len(text), (text, error.position)


def one_input(raw: bytes) -> None:
    """Try one text."""
    text = raw.decode("utf-8", errors="surrogateescape")
    for parse in (parse_scan, pattern, Where.parse, type_named):
        try:
            parse(text)
        except FarfetchError as error:
            said_well(error, text)
    try:
        predicate = parse_predicate(text)
    except ExpressionError:
        return
    try:
        assert parse_predicate(str(predicate)) == predicate, text
    except ExpressionError as error:
        # a chain is printed link by link and a number's sign apart: that may be past a limit
        if "too long" not in error.reason and "too deeply" not in error.reason:
            raise
    for layout in LAYOUTS:
        try:
            check(predicate, layout)
            compile_predicate(predicate, layout)
        except FarfetchError as error:
            # of the predicate as it is printed
            said_well(error, str(predicate))


def main() -> None:
    """Run libFuzzer on it, with its options."""
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
