"""The keyboard while a command runs: what is typed waits for the next prompt, unseen."""

from __future__ import annotations

import os
import signal
import termios
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

_Modes = list[Any]  # as tcgetattr() gives them
_INPUT, _LOCAL = 0, 3  # which of them


class Typeahead:
    """Keeps a terminal from showing and from editing what is typed; a context manager.

    Keys then arrive as the prompt takes them, however early they are typed, and do not get
    between the progress of a scan. Those that stop or interrupt do so as ever. The terminal is
    given back as it was on exit, and also while the process is stopped.

    Args:
        terminal: its file descriptor.
    """

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._before = termios.tcgetattr(terminal)
        self._stops = signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL  # if ignored, it stays so

    def __enter__(self) -> Typeahead:
        if self._stops:
            signal.signal(signal.SIGTSTP, self._leave)
        self.hold()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stops:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        self._set(self._before)

    def hold(self) -> None:
        """Keep what is typed from now on, whatever became of the terminal meanwhile."""
        modes = [*self._before]
        modes[_INPUT] &= ~termios.ICRNL
        modes[_LOCAL] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        self._set(modes)

    def _leave(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Give the terminal back, and stop as the signal asks."""
        modes = self._before
        with suppress(termios.error):
            modes = termios.tcgetattr(self._terminal)
        self._set(self._before)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, self._leave)  # it was continued
        self._set(modes)

    def _set(self, modes: _Modes) -> None:
        """Set the terminal's modes, unless it is another's now, or nobody's."""
        try:
            ours = os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:  # not what controls us, so nobody takes it away
            ours = True
        if ours:
            with suppress(termios.error):  # it was hung up
                termios.tcsetattr(self._terminal, termios.TCSANOW, modes)
