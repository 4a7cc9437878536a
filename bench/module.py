"""Reads through the kernel module beside process_vm_readv(2), in one guest.

    python bench/module.py [--kernel patched-6.1] [--rounds N]

Prints GB/s for each way and buffer size, of memory that is the target's own and of memory that
it shares copy-on-write; the best of the rounds counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from guest import kernels, rig  # noqa: E402  # the tests boot guests so too


def main() -> int:
    """Measure in a guest. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Reads through the module, in a guest.")
    parser.add_argument("--kernel", default="patched-6.1", choices=kernels.NAMES)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="farfetch-bench-") as folder:
        out = Path(folder)
        outcome = rig.boot(
            kernels.get(options.kernel),
            out,
            ["-q", "-c", "pyproject.toml", "bench/module_inside.py"],
            timeout=900,
            environment={"FARFETCH_SPEED_ROUNDS": str(options.rounds)},
        )
        if not outcome.ok:
            print(outcome, file=sys.stderr)
            return 1
        print((out / "speed.md").read_text(), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
