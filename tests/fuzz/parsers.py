"""Fuzz what reads text that people type: predicates, patterns, filters, types, structures.

Any text is understood, or refused with an error that has a place in it; what a predicate or a
pattern says when printed is understood as the same. How a regular expression is said to begin,
and what it is said to hold, is true of whatever it matches.

    python tests/fuzz/parsers.py [-max_total_time=SECONDS] [CORPUS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris
from farfetch.scanner import (
    ExpressionError,
    FarfetchError,
    Where,
    assemble,
    c_structs,
    construct_struct,
    parse_predicate,
    parse_scan,
    regex,
    type_named,
)
from farfetch.scanner.compiler.predicate import compile_bound
from farfetch.scanner.predicates.binding import bind
from farfetch.scanner.predicates.byte_pattern import Pattern, pattern
from farfetch.scanner.predicates.regex import Regex
from farfetch.scanner.script.lua_names import used_names
from farfetch.scanner.script.offline import check_script
from farfetch.scanner.values.convert import layout_of

MATCHED = 8  # bytes that an expression is tried on: some take for ever on more
LAYOUTS = [layout_of(type_named(name)) for name in ("i32", "u8", "f64", "text[8]", "bytes[8]")]


def said_well(error: FarfetchError, text: str) -> None:
    """Check an error: one line, with a place in the text."""
    line = str(error)
    assert line, text
    assert "\n" not in line, text
    if isinstance(error, ExpressionError):
        assert 0 <= error.position <= len(text), (text, error.position)


def matched_well(sought: Regex, raw: bytes) -> None:
    """Check an expression against what it matches in the text itself."""
    for at in range(min(len(raw), 4 * MATCHED)):
        found = sought.compiled.match(raw[at : at + MATCHED])
        if found is None:
            continue
        assert len(found[0]) >= sought.least, sought
        assert sought.needle in found[0], sought
        for byte, allowed in zip(found[0], sought.head, strict=False):
            assert byte in allowed, sought


def read_script(text: str) -> None:
    """Read and assemble a script, and what it would be as Lua."""
    for used in used_names(text):
        assert 0 < used.line <= text.count("\n") + 1, text
    error = check_script(text).error
    if error is not None:
        assert 0 <= error.line <= text.count("\n") + text.count("\r") + 1, text
        raise error


def one_input(raw: bytes) -> None:
    """Try one text."""
    text = raw.decode("utf-8", errors="surrogateescape")
    readers: tuple[Callable[[str], object], ...] = (
        *(parse_scan, pattern, regex, Where.parse, type_named, c_structs, construct_struct),
        *(assemble, read_script),
    )
    for parse in readers:
        try:
            said = parse(text)
        except FarfetchError as error:
            said_well(error, text)
            continue
        if isinstance(said, Pattern):
            assert pattern(str(said)) == said, text
        elif isinstance(said, Regex):
            matched_well(said, raw)
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
            compile_bound(bind(predicate, layout))
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
