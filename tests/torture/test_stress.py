"""The stress, for half a minute; CONTRIBUTING.md says how to let it run an hour."""

from __future__ import annotations

import os
import subprocess
import sys

from support.targets import ROOT, build_targets

#: Seconds of calls.
SECONDS = float(os.environ.get("FARFETCH_TORTURE_SECONDS", "30"))
_LONGEST = 300.0  # seconds that its last round may take beside that, before it is killed


def test_calls_from_several_threads_keep_their_promises() -> None:
    build_targets("pie")
    seed = ["--seed", "1"] if os.environ.get("CI") else []
    done = subprocess.run(
        [sys.executable, "-m", "torture.stress", "--seconds", str(SECONDS), *seed],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS + _LONGEST,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
    assert " rounds in " in done.stdout
