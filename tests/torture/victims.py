"""Programs that are scanned while they are changed, stopped, replaced and killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading

from support.targets import Answer, TargetError, TargetProcess, TargetRefusedError

#: Commands that pull memory from under a scanner, or put some there; see ``targets/README.md``.
_CHANGES = (
    *("set 7", "set 100", "set 20260415", "protect none", "protect read", "protect write"),
    *("unmap", "map", "grow 1", "grow 40", "churn", "calm", "fork", "reap"),
)


class Victim:
    """A running target, which several threads may meddle with.

    Attributes:
        window: where its planted values are, as far as is known.
        pid: its process id.
    """

    def __init__(self, name: str, *arguments: str) -> None:
        self._lock = threading.Lock()
        self._process = TargetProcess(name, *arguments)
        self._ended = False
        self.name = name
        self.pid = self._process.pid
        self.window = (0, 4096)
        self._see(self._process.greeting)

    @property
    def ended(self) -> bool:
        """Whether it is known to run no more."""
        return self._ended

    def meddle(self, chance: random.Random) -> None:
        """Do something to it that programs do, or that is done to them."""
        what = chance.random()
        if what < 0.03:
            self.end(signal.SIGKILL)
        elif what < 0.06:
            self.tell("exec")
        elif what < 0.08:
            self.tell(f"exec {os.path.realpath('/bin/cat')}", ends=True)
        elif what < 0.1:
            self.tell("exit", ends=True)
        elif what < 0.2:
            self._pause(chance)
        elif self.name == "big":
            self.tell(f"dirty {chance.choice((1, 10, 100))}")
        else:
            self.tell(chance.choice(_CHANGES))

    def tell(self, command: str, *, ends: bool = False) -> None:
        """Have it obey a command, after which it may be one that does not answer."""
        with self._lock:
            if self._ended:
                return
            try:
                if ends:
                    self._process.send(command)
                    self._ended = True
                else:
                    self._see(self._process.command(command))
            except TargetRefusedError:
                pass
            except (TargetError, OSError):  # what was written into it has broken it
                self._ended = True

    def end(self, number: int) -> None:
        """Send it a signal that ends it."""
        with self._lock:
            self._ended = True
            os.kill(self.pid, number)  # not reaped before close(), so it is this one's pid

    def close(self) -> None:
        """Kill and reap it."""
        with self._lock:
            self._ended = True
            with contextlib.suppress(OSError):
                self._process.close()

    def _pause(self, chance: random.Random) -> None:
        """Stop it while others go on, and let it run again."""
        with self._lock:
            if not self._ended:
                os.kill(self.pid, signal.SIGSTOP)
                for _ in range(chance.randrange(200)):
                    os.sched_yield()
                os.kill(self.pid, signal.SIGCONT)

    def _see(self, answer: Answer) -> None:
        if "needle" in answer:
            self.window = (answer.number("start"), answer.number("end"))
        elif answer.get("size"):
            start = answer.number("addr")
            self.window = (start, start + answer.number("size"))
