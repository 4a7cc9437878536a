"""What the pages of the reference show, and what there is to show."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import FunctionType

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"
_SHOWN = re.compile(
    r"^\.\. (?:auto(?:class|exception|function)|py:data):: (?P<names>\w+(?:\n {13}\w+)*)\n"
    r"(?:   :(?!exclude-members).*\n)*"
    r"(?:   :exclude-members: (?P<left_out>.*)\n)?",
    re.MULTILINE,
)


def pages() -> dict[str, frozenset[str]]:
    """The public names that the pages show, and of each class what they leave out of it."""
    shown: dict[str, frozenset[str]] = {}
    for page in PAGES.glob("*.rst"):
        for entry in _SHOWN.finditer(page.read_text()):
            left_out = frozenset(filter(None, (entry["left_out"] or "").split(", ")))
            for name in entry["names"].split():
                assert name not in shown, f"{name} is shown twice"
                shown[name] = left_out
    return shown


def members(thing: type) -> dict[str, object]:
    """What a public class has of farfetch's own, as it is defined."""
    ours = [base for base in thing.__mro__ if base.__module__.startswith("farfetch.")]
    names = {name for base in ours for name in (*vars(base), *inspect.get_annotations(base))}
    return {
        name: inspect.getattr_static(thing, name, None)
        for name in sorted(names)
        if not name.startswith("_")
    }


def calls(thing: type) -> frozenset[str]:
    """The methods of a public class."""
    return frozenset(
        name
        for name, member in members(thing).items()
        if isinstance(getattr(member, "__func__", member), FunctionType)
    )


def explained(thing: type, name: str) -> str:
    """What is said of a member of a public class."""
    return inspect.getdoc(getattr(thing, name)) or ""
