"""What a terminal or a pipe can show, and what stands for characters that it cannot."""

from __future__ import annotations

import codecs
import os

#: The error handler for standard streams: drawings as ASCII, all else as escapes.
ERRORS = "farfetch.plainer"

_PLAINER = str.maketrans(
    {
        **dict(zip("\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", ":-=+*#%@", strict=True)),
        "\u00b7": ".",
        "\u2026": "...",
        "\u2500": "-",
        "\u2501": "-",
    }
)


def dumb() -> bool:
    """Whether the terminal shows nothing but text."""
    return os.environ.get("TERM", "dumb").lower() in ("", "dumb", "unknown")


def _plainer(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        return codecs.backslashreplace_errors(error)
    text = error.object[error.start : error.end].translate(_PLAINER)
    return text.encode(error.encoding, "backslashreplace"), error.end


codecs.register_error(ERRORS, _plainer)
