"""Random public calls from several threads, while what they are about is pulled from under them.

    PYTHONPATH=tests python -m torture.stress --seconds 3600

Each round draws programs to scan and threads of calls from its seed; between the calls targets are
killed, replaced, stopped and changed, processes fork, Ctrl-C comes, objects are closed and let go.
A round is good when every call gave what it is declared to give or raised an error of farfetch's,
and when at its end no descriptor, thread, child or file is left.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from farfetch.scanner import ScanCancelled, Target, isas

from torture import children
from torture.accounts import account, resident, settled
from torture.calls import EMPHASES, INTERRUPTIBLE, choose, make, prepare, story, without
from torture.disks import in_mounts_of_its_own, small_disk
from torture.draw import Draw
from torture.steady import Steady
from torture.surface import members
from torture.watchdog import Watchdog
from torture.world import NothingThereError, World

_ROUND = 3.0  # seconds
_TELL = 60.0  # seconds between two words on how far it is
_WARM = 5  # rounds, after which memory should grow no more
_GROWTH = 96 << 20  # bytes that it may all the same: what malloc keeps differs from round to round
_ENDED = ("ScanClosed", "TargetClosed", "TargetGone")
_PATIENCE = 90.0  # seconds that a call may take on a machine that is busy


class Round:
    """One round.

    Args:
        seed: of all that is drawn.
        threads: how many make calls.
        folder: for old values and tables.
        full: a folder on a disk that has little room, or "".
        watchdog: who notices when nothing moves.
    """

    def __init__(self, seed: str, threads: int, folder: str, full: str, watchdog: Watchdog) -> None:
        self.seed = seed
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.failures: list[str] = []
        self._threads = threads
        self._folder, self._full = folder, full
        self._watchdog = watchdog
        self._interruptible = False

    def run(self, seconds: float) -> None:
        """Make calls for so long."""
        chance = random.Random(self.seed)
        os.environ["FARFETCH_ISA"] = chance.choice(isas())
        self._emphasis = chance.choice(list(EMPHASES))
        self._meddling = chance.choice((0.01, 0.05, 0.15))
        self._world = World(self.seed, self._folder, self._full)
        self._steady = Steady()
        self._end = time.monotonic() + seconds
        others = [
            threading.Thread(target=self._work, args=(number,), name=f"torture-{number}")
            for number in range(1, self._threads)
        ]
        before = signal.signal(signal.SIGINT, self._interrupt)
        for one in others:
            one.start()
        self._work(0)
        for one in others:
            with self._watchdog.watches(f"join {one.name}"):
                one.join()
        signal.signal(signal.SIGINT, before)
        with self._watchdog.watches("the end of the round"):
            if chance.random() < 0.5:
                for target in self._world.pools[Target]:
                    target.close()
            self._world.close()
            self._steady.close()
            del self._world, self._steady

    def _work(self, number: int) -> None:
        draw = Draw(self._world, random.Random(f"{self.seed} {number}"))
        while time.monotonic() < self._end and not self.failures:
            try:
                if draw.often(self._meddling):
                    self._meddle(draw)
                elif draw.often(0.05):
                    with self._watchdog.watches("a look at what is steady"):
                        look = draw.one(self._steady.look_anew, self._steady.look_together)
                        look(draw.chance)
                else:
                    self._call(draw, number)
            except NothingThereError:
                continue
            except BaseException as error:
                self.failures.append(f"in thread {number}:\n{story(error)}")

    def _call(self, draw: Draw, number: int) -> None:
        one = choose(draw, self._emphasis)
        things, arguments = prepare(draw, one)
        is_main = number == 0 and one.name in INTERRUPTIBLE
        rescue = things[0].cancel if one.name in INTERRUPTIBLE else None
        with self._watchdog.watches((one.name, things, arguments), rescue):
            if is_main:
                refusals: tuple[type[BaseException], ...] = (KeyboardInterrupt,)
                outcome = make(draw, one, things, arguments, refusals, self._may_be_interrupted)
            else:
                outcome = make(draw, one, things, arguments)
        self.outcomes[outcome] += 1
        if outcome.error in _ENDED and draw.often(0.15):
            with self._watchdog.watches("a new target"):
                self._world.renew(draw.chance)

    def _meddle(self, draw: Draw) -> None:
        what = draw.chance.random()
        self.outcomes["meddled", ""] += 1
        if what < 0.6:
            with self._watchdog.watches("meddling"):
                self._world.victim(draw.chance).meddle(draw.chance)
        elif what < 0.75:
            self._press_ctrl_c(draw)
        elif what < 0.83:
            self._world.let_go(draw.chance)
        elif what < 0.86:
            with self._watchdog.watches("collecting"):
                gc.collect()
        else:
            have = draw.one(children.fork, children.fork, children.fork_by_multiprocessing)
            with self._watchdog.watches("a child"):
                have(self._world, self._steady, draw.below(1 << 32), _PATIENCE / 2)
            self.outcomes["forked", ""] += 1

    def _press_ctrl_c(self, draw: Draw) -> None:
        """When the main thread is at a scan, if it soon is."""
        for _ in range(draw.below(300)):
            if self._interruptible:
                break
            os.sched_yield()
        os.kill(os.getpid(), signal.SIGINT)

    def _interrupt(self, *_: Any) -> None:
        if self._interruptible:
            self._interruptible = False
            raise KeyboardInterrupt

    def _may_be_interrupted(self, call: Callable[[], Any]) -> Any:
        try:
            self._interruptible = True
            result = call()
            self._interruptible = False
        except ScanCancelled:
            self._interruptible = False
            raise
        finally:
            self._interruptible = False
        return result


def stress(seconds: float, seed: int, threads: int, first: int = 0) -> int:
    """Run rounds for so long, or until something is wrong. Returns an exit code."""
    watchdog = Watchdog(_PATIENCE)
    unraisable: list[str] = []
    sys.unraisablehook = lambda what: unraisable.append(
        f"{what.err_msg} {what.object!r}: {story(what.exc_value) if what.exc_value else ''}"
    )
    threading.excepthook = lambda what: unraisable.append(
        f"in thread {what.thread}: {story(what.exc_value) if what.exc_value else what.exc_type}"
    )
    with contextlib.ExitStack() as at_end:
        folder = at_end.enter_context(tempfile.TemporaryDirectory(prefix="torture-"))
        full = at_end.enter_context(small_disk(folder))
        os.environ["FARFETCH_TMPDIR"] = folder
        before, largest = None, 0
        outcomes: Counter[tuple[str, str]] = Counter()
        started, number = time.monotonic(), first
        told = started
        while time.monotonic() < started + seconds:
            one = Round(f"{seed}:{number}", threads, folder, full, watchdog)
            watchdog.round = one.seed
            before = before or account([full] if full else [])
            one.run(min(_ROUND, max(0.5, started + seconds - time.monotonic())))
            outcomes += one.outcomes
            wrong = [*one.failures, *unraisable]
            wrong += [] if wrong else settled(before, [full] if full else [])
            if number - first == _WARM:
                largest = resident()
            if number - first > _WARM and resident() > largest + _GROWTH:
                wrong.append(f"{resident() >> 20} MiB of memory, {largest >> 20} once warm")
            if wrong:
                print(f"round {one.seed} with {threads} threads failed", flush=True)
                print(*wrong, sep="\n", flush=True)
                return 1
            number += 1
            if time.monotonic() > told + _TELL:
                told = time.monotonic()
                _report(outcomes, number - first, told - started, resident())
        _report(outcomes, number - first, time.monotonic() - started, resident())
    return 0


def _report(outcomes: Counter[tuple[str, str]], rounds: int, seconds: float, memory: int) -> None:
    names = {name for name, _ in outcomes}
    errors = Counter({key: count for key, count in outcomes.items() if key[1]})
    print(f"{rounds} rounds in {seconds:.0f} s, {outcomes.total()} calls of {len(names)} kinds")
    print(f"{errors.total()} were refused; {memory >> 20} MiB of memory at the end")
    by_error: Counter[str] = Counter()
    for (_, error), count in errors.items():
        by_error[error] += count
    print(", ".join(f"{name} {count}" for name, count in by_error.most_common()), flush=True)


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m torture.stress", description=__doc__)
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--seed", type=int, default=None, help="of the rounds; drawn if not given")
    asked.add_argument("--round", type=int, default=0, help="the first, to see one again")
    asked.add_argument("--threads", type=int, default=4, help="that make calls at a time")
    asked.add_argument(
        "--without", action="append", default=[], metavar="CALL", help="as in 'Scan.*', not made"
    )
    given = asked.parse_args()
    without.extend(given.without)
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    faulthandler.enable()
    members()  # imports all: a child that is made during an import waits for its end for ever
    warnings.simplefilter("ignore", ResourceWarning)  # objects are let go unclosed on purpose
    multiprocessing.set_start_method("fork")
    return stress(given.seconds, seed, given.threads, given.round)


if __name__ == "__main__":
    in_mounts_of_its_own()
    sys.exit(main())
