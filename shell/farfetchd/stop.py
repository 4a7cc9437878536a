"""Signals that end farfetchd, and what they do to the editor that runs meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Final, NoReturn


class Stopped(Exception):
    """A signal asked the program to end."""


class Stop:
    """Takes note of signals that end a program, so that it ends in good order.

    Nothing is raised from a handler: what is under way (a temporary folder being made or removed)
    is finished, and :meth:`check` raises where it is safe. A running editor is asked to end too,
    and killed if SIGTERM comes again; SIGINT and SIGQUIT, which the terminal sends to both of us,
    are the editor's to act on.

    Attributes:
        signal: the first that came; 0 if none.
    """

    _ENDING: Final = (
        *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM),
        *(signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU),
    )
    _FROM_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT)

    def __init__(self) -> None:
        self.signal = 0
        self._is_editing = False  # from just before the editor runs, which may signal at once
        self._editor: subprocess.Popen[bytes] | None = None

    def listen(self) -> None:
        """Begin. Signals that are ignored, as under nohup, stay so."""
        for number in self._ENDING:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)
        # inherited as ignored, it would hide how the editor ended; see wait(2)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def check(self) -> None:
        """Raise Stopped if a signal came."""
        if self.signal:
            raise Stopped

    def run(self, command: Sequence[str]) -> int:
        """Run an editor to its end.

        Returns:
            Its exit code; negative, the signal that ended it.

        Raises:
            Stopped: a signal asked us to end, and the editor has ended.
            OSError: it cannot be started.
        """
        self.check()
        self._is_editing = True
        try:
            with subprocess.Popen(command) as editor:
                self._editor = editor
                if self.signal:  # it came while the editor was being started
                    editor.terminate()
                code = editor.wait()
        finally:
            self._is_editing = False
            self._editor = None
        self.check()
        return code

    def end(self) -> NoReturn:
        """End as the signal would have ended us; by Ctrl-C, as the farfetch command does."""
        if self.signal == signal.SIGINT:
            print("farfetchd: interrupted", file=sys.stderr)
            sys.exit(1)
        signal.signal(self.signal, signal.SIG_DFL)
        os.kill(os.getpid(), self.signal)
        sys.exit(1)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._is_editing and number in self._FROM_TERMINAL:
            return
        if self._editor is not None:
            if self.signal and number == signal.SIGTERM:
                self._editor.kill()
            else:
                self._editor.terminate()
        self.signal = self.signal or number
