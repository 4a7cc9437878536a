"""The kinds of arguments that are code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .arguments import Asked, Kind

if TYPE_CHECKING:
    from ..session.session import Session

_PIECE: Final = re.compile(r"""'[^']*'|"[^"]*"|[;'"]|[^'";]+""")


def lines_of(text: str) -> str:
    r"""Lines of assembly that semicolons divide, as lines; not those within quotes.

    >>> lines_of("inc eax; db ';'")
    "inc eax\n db ';'"
    """
    return "".join("\n" if piece == ";" else piece for piece in _PIECE.findall(text))


def _code(session: Session, asked: Asked) -> str:  # noqa: ARG001
    text = asked.text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        text = text[1:-1]
    if not text.strip(" ;"):
        raise asked.error(f"{asked.what} is missing")
    return lines_of(text)


#: Instructions, with ``;`` between several.
CODE: Final = Kind("CODE", _code, takes="rest", sample="nop")
