from __future__ import annotations

import re

import pytest
from farfetch.scanner import AlignError, ExpressionError
from farfetch.shell.answers import exit_codes, report
from farfetch.shell.errors import NoTarget, UsageError

ERRORS = [
    (AlignError(0), 1, "align takes 1 to 4096, not 0"),
    (UsageError("no such thing"), 2, "no such thing"),
    (NoTarget(), 1, "no target: attach PID or attach NAME first (ps lists them)"),
    (KeyboardInterrupt(), 1, "interrupted"),
    (PermissionError(13, "Permission denied", "/x"), 1, "/x: Permission denied"),
    (OSError(24, "Too many", "/x"), 1, "/x: Too many; raise the limit with ulimit -n"),
    (OSError(28, "No space left on device"), 1, "No space left on device"),
    (ZeroDivisionError("by\nzero"), 1, "internal error: ZeroDivisionError: by\\nzero"),
]


@pytest.mark.parametrize(("error", "code", "said"), ERRORS)
def test_every_error_is_one_line_and_a_code(error: BaseException, code: int, said: str) -> None:
    assert report.lines(error) == f"farfetch: {said}"
    assert report.lines(error, "hunt.ff:3") == f"farfetch: hunt.ff:3: {said}"
    assert report.fields(error) == {"type": type(error).__name__, "message": said}
    assert exit_codes.exit_code(error) == code


def test_an_error_of_our_own_making_says_where_it_came_from() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        print(1 // 0)
    assert re.search(r"^internal error: .* \(test_report\.py:\d+\)$", report.message(raised.value))


def test_expressions_are_pointed_at() -> None:
    error = ExpressionError("now ?? 5", 4, "expected an operator")
    assert report.lines(error, pointing=True) == (
        "farfetch: expected an operator\n  now ?? 5\n      ^"
    )
    assert report.fields(error)["position"] == 4
