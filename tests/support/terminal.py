"""Run a terminal program on a pty and read its screen as a person would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyte

from support.child import Child, end

#: Between two pictures that prompt_toolkit has drawn, which a busy machine may read in one go.
_BETWEEN: Final = re.compile(rb"(?<=\x1b\[0m)(?=\x1b\[0m)")


class TerminalError(Exception):
    """The screen did not come to show what was waited for.

    Attributes:
        screen: its lines, as they were then.
    """

    def __init__(self, message: str, screen: list[str]) -> None:
        super().__init__("\n".join([f"{message}; the screen shows:", *screen]))
        self.screen = screen


class TerminalTimeoutError(TerminalError):
    """It did not within the time allowed."""


class TerminalEndedError(TerminalError):
    """The program ended before."""


class _Screen(pyte.Screen):
    """A screen that answers programs that ask it where the cursor is."""

    def __init__(self, columns: int, rows: int, reply: Callable[[str], None]) -> None:
        super().__init__(columns, rows)
        self._reply = reply

    def write_process_input(self, data: str) -> None:
        self._reply(data)


class Terminal(Child):
    """A program on a terminal of its own; a context manager that kills it on exit.

    The program gets the pid :attr:`pid`, a session of its own with the pty as controlling
    terminal (so ``send("\\x03")`` interrupts it), and ``TERM=linux``, which is what pyte
    understands.

    Args:
        argv: the program and its arguments.
        size: rows and columns.
        env: added to our environment.
        cwd: the folder it starts in.

    Attributes:
        received: all that it wrote and that was read.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        size: tuple[int, int] = (24, 80),
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
    ) -> None:
        rows, columns = size
        self.received = b""
        self._pictures: list[bytes] = []
        self._screen = _Screen(columns, rows, self.send)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        self._set_size(rows, columns)
        environment = {
            **os.environ,
            "TERM": "linux",
            "LANG": "C.UTF-8",
            "NCURSES_NO_UTF8_ACS": "1",  # line drawing as Unicode, not by charset switches
            **(env or {}),
        }
        # Those that would win over the pty's own size.
        for name in ("LINES", "COLUMNS"):
            environment.pop(name, None)
        try:
            # setsid execs, so the pid stays. forkpty() would do it without, but a Python that
            # has threads warns of it from 3.12 on.
            program = subprocess.Popen(
                ["setsid", "--ctty", *argv],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment,
                cwd=cwd,
            )
        finally:
            os.close(slave)
        super().__init__(program)

    def send(self, keys: str) -> None:
        """Type ``keys``.

        After Ctrl-C wait until the program shows that it took it: the terminal, and many a
        program, throw away what was typed meanwhile.
        """
        os.write(self._master, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size, and tell the program as a terminal does."""
        self._screen.resize(rows, columns)
        self._screen.ensure_vbounds()  # pyte leaves the cursor below the last line
        self._set_size(rows, columns)

    def echoes(self) -> bool:
        """Return whether the terminal itself shows what is typed."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def screen(self) -> list[str]:
        """Return the lines of the screen after what was read so far, without trailing blanks."""
        return [line.rstrip() for line in self._screen.display]

    def wait_for(self, wanted: str | re.Pattern[str], timeout: float = 60.0) -> re.Match[str]:
        """Read until the screen shows ``wanted``.

        A text is looked for as it is; a pattern is searched in all lines joined with newlines.
        What the screen shows already counts: after :meth:`send`, wait for something new.

        Raises:
            TerminalTimeoutError: it did not within ``timeout`` seconds.
            TerminalEndedError: the program ended first.
        """
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + timeout
        while not (found := pattern.search("\n".join(self.screen()))):
            self._receive(f"no {pattern.pattern!r}", deadline)
        return found

    def wait(self, timeout: float = 60.0) -> int:
        """Read until the program has ended and return its exit code."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._receive("still running", deadline)
            except TerminalEndedError:
                return self._process.wait()

    def hang_up(self, timeout: float = 60.0) -> int:
        """Close the terminal under the program, wait until that has ended, return its exit code."""
        os.close(self._master)
        self._master = -1
        try:
            return self._process.wait(timeout)
        finally:
            end(self._process)

    def close(self) -> None:
        """Kill the program if it still runs, and let go of the pty. A second call does nothing."""
        if self._master < 0:
            return
        end(self._process)
        os.close(self._master)
        self._master = -1

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def _receive(self, waiting: str, deadline: float) -> None:
        """Show the program's next output on the screen, of several pictures one."""
        if self._pictures:
            self._stream.feed(self._pictures.pop(0))
            return
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TerminalTimeoutError(f"{waiting} in time", self.screen())
        try:
            output = os.read(self._master, 65536)
        except OSError as error:  # EIO: nobody has the other side open any more
            raise TerminalEndedError(f"{waiting} when it ended", self.screen()) from error
        self.received += output
        first, *self._pictures = _BETWEEN.split(output)
        self._stream.feed(first)
