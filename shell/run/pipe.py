"""Lines that come through a pipe, waited for so that no signal is missed."""

from __future__ import annotations

import codecs
import io
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from ..errors import UsageError

#: Characters of a line; also of a script.
MAX_TEXT: Final = 1 << 24
_PART: Final = 8192  # bytes read at a time, as Python's own streams do


def lines_of(stream: TextIO) -> Iterator[str]:
    r"""The lines of a stream, as ``readline`` gives them, each no sooner than it is asked for.

    Python looks at signals before it reads, and a read goes on where one comes between the two:
    Ctrl-C would be missed until the next line. Here it ends the wait.

    Raises:
        UsageError: a line has no end, as those of /dev/zero.

    >>> list(lines_of(io.StringIO("a\nb")))
    ['a\n', 'b']
    """
    try:
        file = stream.fileno()
    except (OSError, ValueError):  # it has none, so there is nothing to wait for
        yield from stream
        return
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(stream.encoding)(stream.errors or "strict"), translate=True
    )
    with _awake() as wait:
        begun: list[str] = []  # of a line that is not whole yet
        length = 0
        while True:
            wait(file)
            raw = os.read(file, _PART)
            text = decoder.decode(raw, final=not raw)
            if "\n" in text:
                *whole, text = ("".join(begun) + text).split("\n")
                begun, length = [], 0
                yield from (f"{line}\n" for line in whole)
            begun.append(text)
            length += len(text)
            if length > MAX_TEXT:
                raise UsageError(f"cannot read stdin: a line is longer than {MAX_TEXT >> 20} MiB")
            if not raw:
                break
        if any(begun):
            yield "".join(begun)


class _Waiting:
    """Waits for a file, or for a signal, whose handler then runs."""

    def __init__(self, woken: int, wakes: int) -> None:
        self._woken = woken
        self._wakes = wakes

    def __call__(self, file: int) -> None:
        before = signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        try:
            poll = select.poll()
            poll.register(file, select.POLLIN)
            poll.register(self._woken, select.POLLIN)
            while file not in dict(poll.poll()):  # a handler that raises ends it
                os.read(self._woken, _PART)
        finally:
            signal.set_wakeup_fd(before)


@contextmanager
def _awake() -> Iterator[_Waiting]:
    woken, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield _Waiting(woken, wakes)
    finally:
        os.close(woken)
        os.close(wakes)
