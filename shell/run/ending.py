"""How signals end a run: in good order, with patches undone and frozen values let go.

A signal raises where the run is, as Ctrl-C does, so that all is left as at any other end; and the
process then ends by that signal, as its parent expects. What has to be done whole is done first.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Final

#: What ends a process unless it is handled, but for what says that it is broken.
SIGNALS: Final = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM),
    *(signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU),
    *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGPWR),
    *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)


#: Seconds until what was raised is raised again.
_PATIENCE: Final = 1.0


class Ended(SystemExit):
    """A signal ends the run; it passes wherever Python's own exit does, event loops included."""


class Ending:
    """Turns signals into an end in good order; a context manager.

    What is raised may be lost: prompt_toolkit's completion takes any exception, and so do Python's
    finalizers. So it is raised again each second, by SIGALRM, until the run is at its end.

    Args:
        prompt: Ctrl-C interrupts as often as it comes. Without a prompt it does so once a command,
            and is none while what it has ended is being answered or undone; see :meth:`ready`.

    Attributes:
        signal: that ends the run; 0 as long as none came.
    """

    def __init__(self, *, prompt: bool = False) -> None:
        self.signal = 0
        self._prompt = prompt
        self._taken = False
        self._whole = 0
        self._interrupted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Ending:
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if handler not in (signal.SIG_IGN, None):  # ignored, as under nohup, it stays so
                self._before[number] = handler
                signal.signal(number, self._take)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is done in here is done to its end; a signal that came meanwhile ends the run then.

        It is for what takes no time.
        """
        self._whole += 1
        try:
            yield
        finally:
            self._whole -= 1
            if not self._whole and self._interrupted:
                self._interrupted = False
                self._raise()

    def interrupted(self) -> bool:
        """Whether a signal came that ends what is done whole: what can stop early looks here."""
        return self._interrupted

    def ready(self) -> None:
        """A command is answered: Ctrl-C may interrupt the next one, or the wait for it."""
        self._taken = False

    def last(self) -> None:
        """From here on the run ends, so nothing ends it any sooner."""
        self._whole += 1
        signal.setitimer(signal.ITIMER_REAL, 0)

    def die(self) -> None:
        """End the process by the signal that came, if one did."""
        if self.signal:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
            signal.signal(self.signal, signal.SIG_DFL)
            os.kill(os.getpid(), self.signal)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.signal:  # it ends already, or should
            self._again(number)
            return
        if number == signal.SIGINT:
            if self._taken and not self._prompt:
                return
            self._taken = True
        else:
            self.signal = number
            self._remind()
        if self._whole:
            self._interrupted = True
        else:
            self._raise()

    def _remind(self) -> None:
        if signal.SIGALRM not in self._before:  # ignored, as long as nothing ends the run
            signal.signal(signal.SIGALRM, lambda number, _: self._again(number))
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _PATIENCE)

    def _again(self, number: int) -> None:
        if number == signal.SIGALRM and not self._whole:
            self._raise()

    def _raise(self) -> None:
        if self.signal:
            raise Ended(128 + self.signal)
        raise KeyboardInterrupt
