"""What a shell works on: a target, a scan of it, and the settings for the next first scan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from farfetch.scanner import (
    AlignError,
    Declarations,
    FarfetchError,
    Freeze,
    Patch,
    PointerPath,
    Predicate,
    Scan,
    ScanResult,
    Table,
    Target,
    Where,
    attach,
    field_names,
    type_named,
)

from ..answers import report
from ..errors import NoMatches, NoTarget, UsageError
from .options import Options
from .progress import Meter, NoMeter

if TYPE_CHECKING:
    from .screens import Screens

MAX_ALIGN = 4096


def _no_scripts(path: str) -> int:
    raise UsageError(f"{path} cannot be run from here")


@lru_cache(maxsize=1)
def _fields_of(value_type: Any, bits: int) -> tuple[str, ...]:
    """The names of a type's fields, which each key at the prompt asks for."""
    return field_names(value_type, bits=bits)


class Session:
    """A target, a scan of it, and settings.

    The settings are those of the next first scan; a scan that has begun keeps its own.

    Args:
        memory: how to read targets, one of ``memory_names()``.
        interactive: whether a person types at a prompt; frozen entries then outlive a command.
        meter: where the progress of scans is shown.
        say: prints a line while a command still works.

    Attributes:
        target: what is attached, None before and after.
        scan: the scan that holds the matches, None without one.
        type: value type of the next first scan and of bare addresses.
        align: its alignment in bytes, None for the type's own.
        where: its region filter.
        options: what it may take and use.
        structures: that were declared, by name; they stay as the table does.
        table: places with a name; it stays when another target is attached.
        variables: texts by the names that lines can say.
        run_script: runs a file's lines in this session; returns how many there are.
        listed: indexes of the matches that ``list`` showed last.
        say: prints a line while a command still works; None where answers are for programs.
        screens: what takes the whole terminal; None without a prompt.
        whole: makes a context in which no signal ends the run half way.
        ready: says that a command is answered, so that Ctrl-C may interrupt again.
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
        self.scan: Scan | None = None
        self.type: Any = type_named("i32")
        self.align: int | None = None
        self.where = "writable"
        self.options = Options()
        self.listed = range(0)
        self.structures = Declarations()
        self.table = Table()
        self.variables: dict[str, str] = {}
        self.run_script: Callable[[str], int] = _no_scripts
        self.say = say
        self.screens: Screens | None = None
        self.whole: Callable[[], AbstractContextManager[None]] = nullcontext
        self.ready: Callable[[], None] = lambda: None
        self.finished = False
        self._meter = meter or NoMeter()
        self._undone_at_exit: set[Patch] = set()

    @property
    def attached(self) -> Target:
        """The target; raises NoTarget when there is none."""
        if self.target is None:
            raise NoTarget
        return self.target

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

    @property
    def bits(self) -> int:
        """Width of the target's pointers; without one the chosen one, or 64."""
        return self.options.bits or 64 if self.target is None else self.target.bits

    @property
    def type_fields(self) -> tuple[str, ...]:
        """The fields that a first scan can name, when the type is a structure."""
        return _fields_of(self.type, self.bits)

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
        target = attach(wanted, memory=self.memory, bits=self.options.bits)
        self.detach()
        self.target = target
        return target

    def detach(self) -> None:
        """Let go of the target, its matches and its frozen entries; undo patches as asked.

        What cannot be put back is said, and keeps nothing else from happening.
        """
        with self.whole():
            self.reset()
            target, self.target = self.target, None
            if target is not None:
                self._undo_patches(target)
                target.close()

    def choose(self, options: Options) -> None:
        """Take other options.

        Raises:
            UsageError: there are matches, which pointers of another width would not fit.
        """
        if options.pointer != self.options.pointer:
            if self.scan is not None:
                raise UsageError("matches hold pointers as they are now: reset comes first")
            if self.target is not None:
                self.target.bits = options.bits
        self.options = options

    def undo_at_exit(self, patch: Patch) -> None:
        """Put a patch's old bytes back when its target is let go."""
        self._undone_at_exit.add(patch)

    def undoes_at_exit(self, patch: Patch) -> bool:
        """Whether a patch's old bytes will be put back."""
        return patch in self._undone_at_exit

    def _undo_patches(self, target: Target) -> None:
        patches, self._undone_at_exit = self._undone_at_exit, set()
        for patch in reversed(target.patches if target.alive else ()):
            if patch in patches:
                try:
                    patch.undo()
                except (FarfetchError, OSError) as error:
                    with suppress(OSError):  # nobody may be there to read it
                        report.complain(error)

    def set_align(self, align: int | None) -> None:
        """Choose the alignment of the next first scan; None for the type's own."""
        if align is not None and not 1 <= align <= MAX_ALIGN:
            raise AlignError(align)
        self.align = align

    def set_where(self, where: str) -> None:
        """Choose the regions of the next first scan."""
        Where.parse(where)
        self.where = where

    def first(
        self,
        predicate: Predicate | None,
        *,
        value_type: Any = None,
        align: int | None = None,
        where: str = "",
    ) -> ScanResult:
        """Begin a new scan; the one before is kept until this one has succeeded.

        Args:
            predicate: to fulfil; None for any value.
            value_type: what to look for; None for that of the settings, with their alignment.
            align: of this type, None for its own.
            where: region filter; "" for that of the settings.
        """
        options = self.options
        if value_type is None:
            value_type, align = self.type, self.align
        scan = self.attached.scan(
            value_type,
            align=align,
            where=where or self.where,
            threads=options.threads,
            directory=options.directory,
            budget=options.budget,
            soft_dirty=options.soft_dirty,
        )
        try:
            result = scan.first(predicate, progress=self._meter.show)
        except BaseException:
            scan.close()
            raise
        finally:
            self._meter.clear()
        self.listed = range(0)
        before, self.scan = self.scan, scan
        if before is not None:
            before.close()
        return result

    def next(self, predicate: Predicate) -> ScanResult:
        """Narrow the matches."""
        self.listed = range(0)
        try:
            return self.matched.next(predicate, progress=self._meter.show)
        finally:
            self._meter.clear()

    def snapshot(self, name: str) -> ScanResult:
        """Keep what the matches hold now under a name."""
        try:
            return self.matched.snapshot(name, progress=self._meter.show)
        finally:
            self._meter.clear()

    def reset(self) -> None:
        """Drop the scan and its matches."""
        scan, self.scan = self.scan, None
        if scan is not None:
            scan.close()

    def freeze(
        self,
        address: int | PointerPath,
        value_type: Any,
        value: object,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = Freeze.INTERVAL,
        *,
        force: bool = False,
    ) -> Freeze:
        """Freeze a value, in place of an entry at the same address.

        Args:
            address: where, or the path there.
            value_type: its type.
            value: to hold; None for what is there now.
            allow: the way it may still move.
            interval: seconds between looks.
            force: even where the target may not write itself.
        """
        entry = self.attached.freeze(
            address, value_type, value, allow=allow, interval=interval, force=force
        )
        before = self.frozen_at(entry.address)
        if entry.path is not None:
            before += self.frozen_at(entry.path)
        for one in before:
            if one is not entry:
                one.stop()
        return entry

    def frozen_at(self, address: int | PointerPath) -> tuple[Freeze, ...]:
        """The frozen entries at an address, or of a path, wherever that leads."""
        return tuple(
            one
            for one in self.attached.frozen
            if (one.path if isinstance(address, PointerPath) else one.address) == address
        )

    def close(self) -> None:
        """End the session: frozen entries thaw, snapshot files go."""
        self.detach()
