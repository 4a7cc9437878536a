"""For pytest: targets that are closed with the test, and values that are asserted.

pytest loads this wherever farfetch is installed; ``-p no:farfetch`` leaves it out. The library
itself is loaded by the first test that uses a fixture of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import farfetch

if TYPE_CHECKING:
    import farfetch.scanner
    from farfetch.scanner import LiveScript, Patch, Target


@pytest.fixture
def farfetch_target() -> Iterator[Callable[..., farfetch.scanner.Target]]:
    """Attach to a process, as ``farfetch.scanner.attach`` does; waits 10 seconds for it.

    With the test's end what it has frozen thaws, what it has patched and hooked, and scripts that
    it has enabled, are undone where they were not, and the target is closed. The process runs on.

    ``farfetch_target("game")`` is a target; a test may have several.
    """
    from farfetch.scanner import attach

    targets: list[Target] = []

    def attached(
        what: Any, *, wait: float | None = 10.0, **options: Any
    ) -> farfetch.scanner.Target:
        target = attach(what, wait=wait, **options)
        targets.append(target)
        return target

    try:
        yield attached
    finally:
        left = [said for target in reversed(targets) for said in _cleaned_up(target)]
        if left:
            pytest.fail("\n".join(f"farfetch_target: {said}" for said in left), pytrace=False)


def _cleaned_up(target: farfetch.scanner.Target) -> list[str]:
    """Undo all that can be undone, and close; what is left, a line each."""
    from farfetch.scanner import FarfetchError

    changes: list[LiveScript | Patch] = [*reversed(target.patches), *reversed(target.scripts)]
    left: list[str] = []
    for _ in range(2):  # a patch that lies below a script's goes behind it
        tried, changes, left = changes, [], []
        for change in tried:
            try:
                change.undo()
            except FarfetchError as error:  # something else changed the bytes since, or it is gone
                changes.append(change)
                if target.alive:
                    left.append(str(error))
    target.close()
    return left


@pytest.fixture
def assert_value() -> Callable[..., Any]:
    """Assert that a value is there, or comes to be, and return it.

    ``assert_value(target, address, i32, 100)`` wants that value at once;
    ``assert_value(target, address, "i32", "now < prev", timeout=2)`` waits for a predicate. The
    address may be a pointer path. A test that fails so says what was there instead.
    """
    return _assert_value


def _assert_value(
    target: farfetch.scanner.Target,
    address: Any,
    type: Any,  # noqa: A002  # the field's word
    wanted: Any,
    *,
    timeout: float | None = None,
) -> Any:
    from farfetch.scanner import ArgumentError, Expr, Predicate, Target, WaitTimeout, now

    __tracebackhide__ = True
    if not isinstance(target, Target):
        raise ArgumentError("target", target, "a target, such as farfetch_target(what) gives")
    is_predicate = isinstance(wanted, Predicate)
    predicate = wanted if is_predicate else now == wanted
    if isinstance(wanted, str) and not is_predicate and _is_number(target, type):
        predicate = wanted
    assert not isinstance(wanted, Expr), "wanted is a value or a predicate, such as now > 5"
    try:
        return target.wait_for(address, type, predicate, timeout=timeout or 1e-6)
    except WaitTimeout as error:
        after = f" after {timeout:g} s" if timeout else ""
        said = f"wanted {error.wanted}{after}, but {error.last}"
    pytest.fail(said)  # behind what was caught: a report shows the test, and nothing of ours


def _is_number(target: farfetch.scanner.Target, type: Any) -> bool:  # noqa: A002
    """Whether a text that is wanted of such a value is a predicate, and not the value."""
    from farfetch.scanner import scan_layout, value_type

    return scan_layout(value_type(type), bits=target.bits).kind not in ("text", "utf16", "bytes")
