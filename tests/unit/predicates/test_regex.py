"""Regular expressions that nobody writes, and that are answered all the same."""

from __future__ import annotations

import pytest
from farfetch.scanner import ExpressionError
from farfetch.scanner.predicates.regex import regex


def test_many_brackets() -> None:
    assert regex("(" * 90 + "ab" + ")" * 90).head == (frozenset(b"a"), frozenset(b"b"))


@pytest.mark.parametrize(
    "text", ["a{%s}" % ("9" * 5000), "a{99999999999}", "(" * 3000 + "a" + ")" * 3000, "a\ud800"]
)
def test_what_re_does_not_take(text: str) -> None:
    with pytest.raises(ExpressionError, match="this cannot be looked for"):
        regex(text)
