"""A program that nobody meddles with: what is found in it is known beforehand, in every thread."""

from __future__ import annotations

import random
from collections.abc import Callable

from farfetch.scanner import ForkedError, Scan, ScanCancelled, ScanOrderError, attach, i32

from support.targets import TargetProcess


class LieError(Exception):
    """A scan has found something else than is there."""


class Steady:
    """The program, and a scan of it that all threads share.

    Attributes:
        pid: its process id.
    """

    def __init__(self) -> None:
        self._process = TargetProcess("big", "1")
        greeting = self._process.greeting
        self.pid = self._process.pid
        self._needle, self._needles = greeting.number("needle"), greeting.number("needles")
        self._where = f"{greeting['start']}..{greeting['end']}"
        self.target = attach(self.pid)
        self.scan = self.target.scan(i32, where=self._where, threads=2, chunk=1 << 16)
        self.scan.first(f"now == {self._needle}")

    def look_anew(self, chance: random.Random) -> None:
        """A scan of one's own finds what is there."""
        with (
            attach(self.pid, memory=chance.choice(("auto", "process_vm", "proc_mem"))) as target,
            target.scan(i32, where=self._where, chunk=chance.choice((4096, None))) as scan,
        ):
            everything = scan.first("?").matches
            if everything != 1 << 18:
                raise LieError(f"{everything} of {1 << 18} values are there")
            unchanged = scan.next("=").matches
            if unchanged != everything:
                raise LieError(f"of {everything} values that nobody changes, {unchanged} have not")
            self._check(scan, scan.next(f"now == {self._needle} and now == first").matches)

    def look_together(self, chance: random.Random) -> None:
        """A scan that others step through as well finds the same at each step.

        They may undo all of its steps, one after the other; then it begins anew.
        """
        what = chance.choice(("next", "next", "undo", "redo", "snapshot", "column", "first"))
        try:
            if what == "next":
                self._check(self.scan, self.scan.next("=").matches)
            elif what == "snapshot":
                self._check(self.scan, self.scan.snapshot("then").matches)
            elif what == "first" or len(self.scan.history) > 20:
                self._check(self.scan, self.scan.first(f"now == {self._needle}").matches)
            elif what == "column":
                seen = self.scan.matches.column(chance.choice(("now", "previous", "first")))
                if set(seen) - {self._needle} or len(seen) not in (0, self._needles):
                    raise LieError(f"values of {len(seen)} needles are {set(seen)}")
            else:
                getattr(self.scan, what)()
        except ScanOrderError:  # another has undone the step that it needs
            pass
        except ScanCancelled:  # by Ctrl-C
            pass

    def is_refused(self) -> None:
        """A child has the target and the scan of its parent, and cannot use them."""
        target, scan = self.target, self.scan
        calls: dict[str, Callable[[], object]] = {
            "read": lambda: target.read(0, i32),
            "read_many": lambda: target.read_many([0], i32),
            "write": lambda: target.write(0, i32, 0),
            "write_many": lambda: target.write_many([0], i32, [0]),
            "regions": target.regions,
            "freeze": lambda: target.freeze(0, i32),
            "patch": lambda: target.patch(0, b"\0"),
            "scan": lambda: target.scan(i32).first(),
            "watch": lambda: target.watch([(0, i32)]).look(),
            "first": scan.first,
            "next": lambda: scan.next("="),
            "undo": scan.undo,
            "match": lambda: scan[0],
            "matches": lambda: list(scan),
            "column": lambda: scan.matches.column("first"),
            "forget": scan.forget,
            "snapshot": lambda: scan.snapshot("then"),
        }
        for name, call in calls.items():
            try:
                call()
            except ForkedError:
                continue
            raise LieError(f"a child can {name} with what its parent has")

    def _check(self, scan: Scan, found: int) -> None:
        if found != self._needles:
            raise LieError(f"{found} needles of {self._needles}, in {scan!r}")

    def close(self) -> None:
        """Let go and end it."""
        self.scan.close()
        self.target.close()
        self._process.close()
