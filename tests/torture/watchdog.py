"""Who notices that a call does not come back."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_EACH = 0.5  # seconds


@dataclass
class _Running:
    what: object
    since: float
    rescue: Callable[[], object] | None


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
        self._running: dict[int, _Running] = {}
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextlib.contextmanager
    def watches(self, what: object, rescue: Callable[[], object] | None = None) -> Iterator[None]:
        """Watch what this thread does in the block.

        Args:
            what: to be shown when it lasts too long.
            rescue: ends what is only slow, and not what hangs; then it is given as long again.
        """
        own = threading.get_ident()
        outer = self._running.get(own)
        self._running[own] = _Running(what, time.monotonic(), rescue)
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
            self._look()  # and keep nothing of what was seen

    def _look(self) -> None:
        too_long = time.monotonic() - self._patience
        for running in list(self._running.values()):
            if running.since > too_long:
                continue
            rescue, running.rescue = running.rescue, None
            if rescue is not None:
                running.since = time.monotonic()
                rescue()
            else:
                told = f"round {self.round}: not back in {self._patience} s: {running.what}\n"
                os.write(2, told.encode())
                faulthandler.dump_traceback(all_threads=True)
                os._exit(3)
