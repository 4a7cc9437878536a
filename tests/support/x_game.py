"""Games with a window under X, which run for as long as they are played."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from support.child import Child
from support.x_server import XServer


class XGame:
    """A game that runs.

    Args:
        server: that shows it.
        pid: of the game.
    """

    def __init__(self, server: XServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        self._window = server.window()


Played = TypeVar("Played", bound=XGame)


@contextmanager
def started(game: type[Played], program: Path, **environment: str) -> Iterator[Played]:
    """Start a game under an X server of its own, with some more of an environment."""
    missing = f"{program.name} is missing: tools/prerequisites.sh games installs it"
    assert program.exists(), missing
    with XServer() as server:
        changed = {**os.environ, **server.environment, **environment}
        null = subprocess.DEVNULL
        process = subprocess.Popen([program], env=changed, stdout=null, stderr=null)
        with Child(process) as child:
            yield game(server, child.pid)
