"""What a terminal or a pipe can show, and what stands for characters that it cannot."""

from __future__ import annotations

import codecs
import errno
import os
import select
import sys

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


def check_reader() -> None:
    """What says only now and then that something has changed ends when nobody reads any more.

    Raises:
        BrokenPipeError: the pipe that answers go to has no reader, as writing to it would say.
    """
    try:
        file = sys.stdout.fileno()
    except (OSError, ValueError):  # it has none
        return
    poll = select.poll()
    poll.register(file, 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _plainer(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        return codecs.backslashreplace_errors(error)
    text = error.object[error.start : error.end].translate(_PLAINER)
    return text.encode(error.encoding, "backslashreplace"), error.end


codecs.register_error(ERRORS, _plainer)
