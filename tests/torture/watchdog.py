"""Who notices that a call does not come back."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import threading
import time
from collections.abc import Iterator

_EACH = 0.5  # seconds


class Watchdog:
    """A thread that ends the process, with all stacks shown, when a call lasts too long.

    It is itself watched, without Python: a call that keeps the interpreter's lock stops all.

    Args:
        patience: seconds that a call may last.

    Attributes:
        round: what to call the present round.
    """

    def __init__(self, patience: float) -> None:
        self.round = ""
        self._patience = patience
        self._running: dict[int, tuple[str, float]] = {}
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextlib.contextmanager
    def watches(self, what: str) -> Iterator[None]:
        """Watch what this thread does in the block."""
        own = threading.get_ident()
        outer = self._running.get(own)
        self._running[own] = (what, time.monotonic())
        try:
            yield
        finally:
            if outer is None:
                del self._running[own]
            else:
                self._running[own] = outer

    def _watch(self) -> None:
        while True:
            faulthandler.dump_traceback_later(self._patience, exit=True)
            time.sleep(_EACH)
            too_long = time.monotonic() - self._patience
            for what, since in list(self._running.values()):
                if since < too_long:
                    told = f"round {self.round}: {what} has not come back in {self._patience} s\n"
                    os.write(2, told.encode())
                    faulthandler.dump_traceback(all_threads=True)
                    os._exit(3)
