"""Runtimes that keep values in a way of their own, and what that means for a hunt."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Scan, Target

#: The programs that are such runtimes: their names, or those of libraries in them.
_RUNTIMES: Final = {
    "python": re.compile(r"(?:python|pypy)[0-9.]*[a-z]*|libpython[0-9.]+\.so.*"),
    "node": re.compile(r"node(?:js)?|electron|libnode\.so.*"),
    "java": re.compile(r"java|libjvm\.so"),
}


def runtime(target: Target) -> str:
    """``python``, ``node`` or ``java`` when the target is one of these; else ""."""
    process = target.process
    if process is None:
        return ""
    names = [PurePath(process.exe).name] if process.exe else [process.name]
    found = _named(names)
    return found or _named(module.name for module in target.modules())


def hints(target: Target, scan: Scan, number: str) -> Iterator[str]:
    """What may have become of a value that no match has any more.

    Args:
        target: that was scanned.
        scan: which has left no matches.
        number: that was looked for; "" for none.
    """
    kind, again = runtime(target), f"first {number or 'VALUE'}"
    narrowed = len(scan.steps) > 1
    if kind == "python" and narrowed:
        yield f"Python makes a new number at each change: {again} looks for the new one"
    if kind == "java" and narrowed:
        yield f"Java moves objects when it tidies up: {again} looks for them anew"
    if kind == "node":
        if narrowed:
            yield f"Node moves objects when it tidies up: {again} looks for them anew"
        elif re.fullmatch(r"-?[0-9]+", number):
            yield f"Node keeps whole numbers as i32, some as f64, Electron as {2 * int(number)}"


def _named(names: Iterator[str] | list[str]) -> str:
    for name in names:
        for kind, pattern in _RUNTIMES.items():
            if pattern.fullmatch(name):
                return kind
    return ""
