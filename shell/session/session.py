"""What a shell works on: a target, a scan of it, and the settings for the next first scan."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from farfetch.scanner import (
    BudgetError,
    Declarations,
    Patch,
    Predicate,
    Scan,
    ScanResult,
    SnapshotError,
    Table,
    Target,
    attach,
)

from ..errors import NoMatches, NoTarget, UsageError
from . import patches
from .hunt import Hunt
from .options import Options
from .overwritten import Writes
from .progress import Meter, NoMeter
from .scans import Scans
from .settings import Settings
from .unsaved import Unsaved

if TYPE_CHECKING:
    from pathlib import Path

    from farfetch.scanner import CodeEntry, LiveScript, ProcessInfo

    from ..answers.result import Result
    from .screens import Screens


def _no_scripts(path: str) -> int:
    raise UsageError(f"{path} cannot be run from here")


def _no_lines(line: str) -> Result | None:
    raise UsageError(f"{line} cannot be run from here")


class Session:
    """A target, a scan of it, and settings.

    Args:
        memory: how to read targets, one of ``memory_names()``.
        interactive: whether a person types at a prompt; frozen entries then outlive a command.
        meter: where the progress of scans is shown.
        say: prints a line while a command still works.

    Attributes:
        meter: where the progress of scans is shown.
        target: what is attached, None before and after.
        last: the process that was attached last.
        follows: whether the prompt attaches to its next run by itself.
        scans: of the target, the present one and those before it.
        settings: of the next first scan; one that has begun keeps its own.
        writes: what was written over, to be put back.
        undone: the patches and scripts whose old bytes are put back when the target is let go.
        scripts: of the table, by name and text, as they were used in the target.
        codes: the patches by which code is on; as :func:`.codes.what` has it.
        folder: that the table was loaded from, in which its scripts find files.
        hunt: the pointer map and the pointer paths there are; they stay as the table does.
        structures: that were declared, by name; they stay as the table does.
        table: places with a name; it stays when another target is attached.
        unsaved: whether the table is in a file, and a copy of it while it is not.
        variables: texts by the names that lines can say.
        run_line: runs a line in this session; gives its answer.
        run_script: runs a file's lines in this session; returns how many there are.
        advised: what was said to try since a scan has found something.
        listed: indexes of the matches that ``list`` showed last.
        say: prints a line while a command still works; None where answers are for programs.
        screens: what takes the whole terminal; None without a prompt.
        next_line: what the prompt has typed already when it next asks, for a person to go on with.
        whole: makes a context in which no signal ends the run half way.
        interrupted: whether a signal waits for the end of what is done whole.
        ask: asks a person whether to go on, with what the end of the input means; None where
            nobody can answer, so that nothing is asked.
        ready: says that a command is answered, so that Ctrl-C may interrupt again.
        meter: where progress is shown.
        finished: set by ``quit``.
    """

    def __init__(
        self,
        *,
        memory: str = "auto",
        interactive: bool = False,
        meter: Meter | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.memory = memory
        self.interactive = interactive
        self.target: Target | None = None
        self.last: ProcessInfo | None = None
        self.follows = False
        self.scans = Scans()
        self.settings = Settings()
        self.writes = Writes()
        self.undone: set[Patch | LiveScript] = set()
        self.scripts: dict[tuple[str, str, bool], LiveScript] = {}
        self.codes: dict[CodeEntry, Patch] = {}
        self.folder: Path | None = None
        self.advised: set[str] = set()
        self.listed = range(0)
        self.hunt = Hunt()
        self.structures = Declarations()
        self.table = Table()
        self.unsaved = Unsaved()
        self.variables: dict[str, str] = {}
        self.run_line: Callable[[str], Result | None] = _no_lines
        self.run_script: Callable[[str], int] = _no_scripts
        self.say = say
        self.screens: Screens | None = None
        self.next_line = ""
        self.whole: Callable[[], AbstractContextManager[None]] = nullcontext
        self.interrupted: Callable[[], bool] = lambda: False
        self.ask: Callable[..., bool] | None = None
        self.ready: Callable[[], None] = lambda: None
        self.finished = False
        self.meter = meter or NoMeter()

    @property
    def attached(self) -> Target:
        """The target; raises NoTarget when there is none."""
        if self.target is None:
            raise NoTarget
        return self.target

    @property
    def scan(self) -> Scan | None:
        """The scan that holds the matches, None without one."""
        return self.scans.present

    @property
    def matched(self) -> Scan:
        """The scan, with at least one match; raises NoMatches otherwise."""
        if self.scan is None or len(self.scan) == 0:
            raise NoMatches
        return self.scan

    @property
    def matches(self) -> int:
        """How many matches there are."""
        return 0 if self.scan is None else len(self.scan)

    def keeps(self, setting: str) -> tuple[str, ...]:
        """Say that the present matches keep their setting, when there are any."""
        if not self.matches:
            return ()
        kept = "match keeps its" if self.matches == 1 else "matches keep their"
        return (f"the present {kept} {setting}; first or reset begins anew",)

    @property
    def bits(self) -> int:
        """Width of the target's pointers; without one the chosen one, or 64."""
        return self.settings.options.bits or 64 if self.target is None else self.target.bits

    @property
    def type_fields(self) -> tuple[str, ...]:
        """The fields that a first scan can name, when the type is a structure."""
        return self.settings.fields(self.bits)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that a bare predicate can name: of the matches, or of the next scan."""
        return self.scan.fields if self.scan is not None and self.matches else self.type_fields

    def type_named(self, name: str) -> Any:
        """The value type of that name; declared structures are types, too.

        Raises:
            TypeNameError: there is none.
        """
        return self.structures.type_named(name)

    def attach(self, wanted: str) -> Target:
        """Attach to a process in place of the present target, which stays when this fails.

        Args:
            wanted: a pid or a name.
        """
        return self._take(attach(wanted, memory=self.memory, bits=self.settings.options.bits))

    def attach_core(self, file: str | Path) -> Target:
        """Attach to a core file, as :meth:`attach` does to a process.

        Args:
            file: its name.
        """
        from farfetch.scanner import CoreFile  # which reads what most runs do without

        options, started = self.settings.options, time.monotonic()

        def show(done: int, total: int) -> None:
            self.meter.count(done, total, time.monotonic() - started, "bytes unpacked")

        try:
            core = CoreFile(file, directory=options.directory, budget=options.budget, progress=show)
        finally:
            self.meter.clear()
        return self._take(attach(core, bits=options.bits))

    def _take(self, target: Target) -> Target:
        self.detach()
        self.target = target
        self.last = target.process
        self.follows = False
        return target

    def detach(self) -> None:
        """Let go of the target, its matches and its frozen entries; undo patches as asked.

        What cannot be put back is said, and keeps nothing else from happening.
        """
        with self.whole():
            self.advised.clear()
            self.scans.clear()
            self.writes.clear()
            self.scripts.clear()
            self.codes.clear()
            target, self.target, self.follows = self.target, None, False
            if target is not None:
                undone, self.undone = self.undone, set()
                patches.undo(target, undone)
                target.close()

    def choose(self, options: Options) -> None:
        """Take other options.

        Raises:
            UsageError: there are matches, which pointers of another width would not fit.
        """
        if options.pointer != self.settings.options.pointer:
            if self.scan is not None:
                raise UsageError("matches hold pointers as they are now: reset comes first")
            self.scans.clear()
            if self.target is not None:
                self.target.bits = options.bits
        self.settings.options = options

    def first(
        self,
        predicate: Predicate | None,
        *,
        value_type: Any = None,
        align: int | None = None,
        where: str = "",
    ) -> ScanResult:
        """Begin a new scan; the one before stays one undo away once this one has succeeded.

        Args:
            predicate: to fulfil; None for any value.
            value_type: what to look for; None for that of the settings, with their alignment.
            align: of this type, None for its own.
            where: region filter; "" for that of the settings.
        """
        settings = self.settings
        if value_type is None:
            value_type, align = settings.type, settings.align
        where = where or settings.where
        try:
            scan, result = self._begun(predicate, value_type, align, where)
        except (BudgetError, SnapshotError):  # what was kept of others may be what it lacks
            if not self.scans.forget():
                raise
            scan, result = self._begun(predicate, value_type, align, where)
        self.listed = range(0)
        self.scans.begin(scan, settings.options.budget)
        return result

    def _begun(
        self, predicate: Predicate | None, value_type: Any, align: int | None, where: str
    ) -> tuple[Scan, ScanResult]:
        """A new scan, with its first step."""
        options = self.settings.options
        scan = self.attached.scan(
            value_type,
            align=align,
            where=where,
            threads=options.threads,
            directory=options.directory,
            budget=options.budget,
            soft_dirty=options.soft_dirty,
        )
        try:
            return scan, scan.first(predicate, progress=self.meter.show)
        except BaseException:
            scan.close()
            raise
        finally:
            self.meter.clear()

    def next(self, predicate: Predicate) -> ScanResult:
        """Narrow the matches."""
        self.listed = range(0)
        try:
            return self.matched.next(predicate, progress=self.meter.show)
        finally:
            self.meter.clear()

    def snapshot(self, name: str) -> ScanResult:
        """Keep what the matches hold now under a name."""
        try:
            return self.matched.snapshot(name, progress=self.meter.show)
        finally:
            self.meter.clear()

    def reset(self) -> None:
        """Have no scan and no matches; they stay one undo away."""
        self.advised.clear()
        self.listed = range(0)
        self.scans.leave()

    def close(self) -> None:
        """End the session: frozen entries thaw, snapshot files go."""
        self.detach()
        self.hunt.close()
