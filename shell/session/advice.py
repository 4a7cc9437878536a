"""What to try when a scan leaves no matches: a line, chosen by what was asked."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from farfetch.scanner import FarfetchError, PointerPath

from ..answers import quantities, values
from ..answers.cures import FRACTIONAL, WHOLE
from . import runtimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from farfetch.scanner import Entry, Scan, Target

    from .session import Session

_EQUAL: Final = re.compile(r"now == (-?(?:[0-9.]+(?:e[+-]?[0-9]+)?|nan))")
_DEFAULT_WHERE: Final = "writable"
_NUMBERS: Final = ("number", "any")
_SMALL: Final = range(-(2**15), 2**15)


def given_up(scan: Scan | None) -> str:
    """Say what a first scan takes the place of: matches, or those that an undo brings back."""
    if scan is None or not scan.steps:
        return ""
    if len(scan):
        matches = quantities.count(len(scan), "match", "matches")
        return f"first began a new scan: undo brings {matches} back, which next narrows"
    if len(scan.steps) > 1 and (had := scan.steps[-2].result.matches):
        matches = quantities.count(had, "match", "matches")
        return f"a new scan took the place of the one before: undo 2 brings {matches} back"
    return ""


def fleeting(session: Session, entry: Entry) -> tuple[str, ...]:
    """Say of an entry whose place is not there in the next run what would be; () when it is."""
    target = session.target
    path = entry.path
    if not isinstance(path, PointerPath) or path.offsets or target is None:
        return ()
    if _is_absolute(entry):
        return (
            f"{entry.where} is only of this run of {target.name}: a place in a module lasts, or a "
            "pointer path (pointers scan)",
        )
    if entry.where.startswith("["):
        said = "is only of runs that allocate the same: a pointer path lasts (pointers scan)"
        return (f"{entry.where} {said}",)
    return ()


def absolute(table: Iterable[Entry]) -> list[str]:
    """Say of a table that is saved or loaded how much of it is of one run only."""
    count = sum(_is_absolute(entry) for entry in table)
    if not count:
        return []
    are = "is an absolute address" if count == 1 else "are absolute addresses"
    return [f"{count:,} of them {are}, of one run only"]


def line(session: Session, before: str = "") -> str:
    """What to try now, which was not said since a scan has found something; "" when all was.

    Args:
        session: whose scan has left no matches.
        before: what the scan took the place of.
    """
    scan = session.scan
    if scan is None or not scan.steps:
        return ""
    for said in (
        *_of_runtime(session.attached, scan),
        *_lines(scan, before, is_align_auto=session.settings.align is None),
    ):
        if said not in session.advised:
            session.advised.add(said)
            return said
    return ""


def _of_runtime(target: Target, scan: Scan) -> Iterator[str]:
    """What a runtime does with its values; nothing of a target that has ended."""
    found = _EQUAL.fullmatch(str(scan.steps[-1].predicate))
    with suppress(FarfetchError):
        yield from runtimes.hints(target, scan, found[1] if found else "")


def _is_absolute(entry: Entry) -> bool:
    return entry.where[:1].isdecimal()


def _lines(scan: Scan, before: str, *, is_align_auto: bool) -> Iterator[str]:
    """All that may help, the likest first."""
    found = _EQUAL.fullmatch(str(scan.steps[-1].predicate))
    number, label = found[1] if found else "", values.type_label(scan.type)
    is_fraction = label in _NUMBERS or FRACTIONAL.fullmatch(label) is not None
    if number == "nan":
        yield "nan equals nothing, not even itself: try ~= nan"
        return
    if number and WHOLE.fullmatch(label) and not float(number).is_integer():
        yield f"{label} has no fractions: try type f32 or type f64, then first ~= {number}"
        return
    if len(scan.steps) > 1:
        if number.startswith("-"):
            yield f"meant as a decrease? undo, then - {number[1:]}, with a blank"
        if number and is_fraction:
            yield f"shown rounded? undo, then try ~= {number}"
        elif number and not number.startswith("-"):
            yield from _types(float(number), label)
        return
    if before:
        yield before
    if number and is_fraction and not (label == "number" and _is_unsigned(number)):
        yield f"shown rounded? try ~= {number}"
    if number and float(number).is_integer():
        yield from _types(float(number), label)
    if scan.align > 1 or (label == "any" and is_align_auto):
        multiple = "its size" if label == "any" and is_align_auto else str(scan.align)
        yield f"not at a multiple of {multiple}? align 1 looks at every address"
    if str(scan.where) == _DEFAULT_WHERE:
        yield "in memory that is only read? where all looks there, too"


def _is_unsigned(number: str) -> bool:
    """Whether only an unsigned number of 32 bits is so large, which ``number`` does not have."""
    return 2**31 <= float(number) < 2**32


def _types(number: float, label: str) -> Iterator[str]:
    """Other types that a whole number may have."""
    whole = WHOLE.fullmatch(label)
    if label == "number":
        yield "of another width? try type any: numbers of every width at once"
    elif whole and int(whole["bits"]) < 32:
        yield "of another type? try type i32, or type any: numbers of every width at once"
    elif whole and number in _SMALL:
        yield "of another type? try type i16, or type any: numbers of every width at once"
    elif whole or FRACTIONAL.fullmatch(label):
        yield "of another type? try type any: numbers of every width at once"
