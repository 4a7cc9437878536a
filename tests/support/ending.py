"""How a process that the tests have started is ended."""

from __future__ import annotations

import subprocess
from typing import Any


def end(process: subprocess.Popen[Any]) -> int:
    """Kill it if it still runs, close its pipes and return its exit code. Twice does no harm."""
    if process.poll() is None:
        process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    return process.wait()
