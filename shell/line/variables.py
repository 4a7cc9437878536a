"""Variables: texts with a name, put into lines where ``$NAME`` or ``${NAME}`` stands."""

from __future__ import annotations

import re
from collections.abc import Mapping

from farfetch.scanner import did_you_mean

from ..errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[^{}]*)\})"
)


def is_name(text: str) -> bool:
    """Whether a text can be a variable's name: letters, digits and _, no digit in front."""
    return _NAME.fullmatch(text) is not None


def mentioned(line: str) -> bool:
    """Whether a line says a variable's name, as ``$NAME`` or ``${NAME}``."""
    return _REFERENCE.search(line) is not None


def expand(line: str, variables: Mapping[str, str]) -> str:
    """Put the variables' texts into a line; ``$$`` is a dollar sign, as is one before no name.

    Raises:
        UsageError: there is no such variable.

    >>> expand("now == $want or ${want}0", {"want": "10"})
    'now == 10 or 100'
    >>> expand('regex("HP$") US$5 $$want', {})
    'regex("HP$") US$5 $want'
    """

    def text(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        name = found["braced"] if found["name"] is None else found["name"]
        if name not in variables:
            hint = did_you_mean(name, variables) or "; let sets one, and $$ is a dollar sign"
            raise UsageError(f"no variable is called {name!r}{hint}")
        return variables[name]

    return _REFERENCE.sub(text, line)
