#!/usr/bin/env python3
"""Boot a kernel under emulation and run the module's tests in it.

tests/guest/run_guest.py --kernel stock-6.1
tests/guest/run_guest.py --kernel patched-6.1-debug -- tests/guest/inside/test_races.py -x
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guest import kernels, rig
from guest.prerequisites import MissingError


def main() -> int:
    """Run one guest as the command line says; exit 0 if all is well, 1 if not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kernel", required=True, choices=kernels.NAMES)
    parser.add_argument("--out", type=Path, help="keep logs and results in this new folder")
    parser.add_argument("--timeout", type=float, default=900, help="seconds (default 900)")
    parser.add_argument("--memory", default="2G", help="the guest's (default 2G)")
    parser.add_argument("--append", action="append", default=[], help="kernel option")
    parser.add_argument("--qemu", action="append", default=[], help="QEMU options")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the tests")
    parser.add_argument("arguments", nargs="*", help="for pytest (default tests/guest/inside)")
    options = parser.parse_args()
    # Unwind, so that the guest ends with this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="farfetch-guest-") as folder:
        out = options.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        try:
            kernel = kernels.get(options.kernel)
            outcome = rig.boot(
                kernel,
                out,
                options.arguments or ["-v", "tests/guest/inside"],
                timeout=options.timeout,
                memory=options.memory,
                append=options.append,
                qemu=options.qemu,
                environment=dict(word.split("=", 1) for word in options.env),
            )
        except MissingError as error:
            print(f"run_guest.py: {error}", file=sys.stderr)
            return 1
    print(outcome)
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
