"""``--force``: write where the target may not write itself."""

from __future__ import annotations

import re

FORCE = "--force"
#: What completion says of it.
NOTE = "read-only mappings, too"

#: Behind a value or in front of it, never inside: a text may say anything.
_BEHIND = re.compile(rf"(?:^|\s){FORCE}\s*$")
_BEFORE = re.compile(rf"^{FORCE}(?=\s)")


def taken_off(rest: str) -> tuple[str, bool]:
    """Take the option off a value, and say whether it was there.

    >>> taken_off("100 --force"), taken_off("a --force b")
    (('100', True), ('a --force b', False))
    """
    found = _BEHIND.search(rest) or _BEFORE.search(rest)
    if not found:
        return rest, False
    return (rest[: found.start()] + rest[found.end() :]).strip(), True
