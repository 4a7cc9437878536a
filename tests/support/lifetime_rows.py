"""What each public thing says once it is closed, let go, or a parent process's.

One row a member: how it is used, and what that raises when its target is closed, when its scan is
closed, after a reset of the scan, and in a child process. None: it must not raise.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import os
import tempfile
from collections.abc import Callable
from functools import cached_property, partial
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from farfetch.scanner import (
    AccessDenied,
    Accesses,
    ArgumentError,
    Buffer,
    CodeError,
    ForkedError,
    Hook,
    MatchIndexError,
    MemoryUnavailable,
    PointerMap,
    ScanClosed,
    ScanOrderError,
    StopError,
    Target,
    TargetClosed,
    WaitTimeout,
    Watchpoint,
    WatchpointError,
    attach,
    i32,
    now,
)
from farfetch.scanner.code.hook import Room
from farfetch.scanner.memory.values import Values

from support import own_code

Raised = type[Exception] | None
VALUE = 0x13572468
STATES = ("open", "target closed", "scan closed", "reset", "forked")


class World:
    """One of everything, open.

    Args:
        kind: of the target: ``"process"`` is this one, ``"buffer"`` some bytes.
    """

    def __init__(self, kind: str) -> None:
        self.values = (ctypes.c_int32 * 1024)(*itertools.repeat(VALUE, 1024))
        memory = memoryview(self.values).cast("B")
        if kind == "process":
            self.at = ctypes.addressof(self.values)
            self.target = attach(os.getpid())
        else:
            self.at = 0x10000
            self.target = attach(Buffer(memory, base=self.at))
        where = f"{self.at:#x}..{self.at + len(memory):#x}"
        self.scan = self.target.scan(i32, where=where, threads=1)
        self.scan.first(now == VALUE)
        self.scan.next("unchanged")
        self.scan.next("unchanged")
        self.scan.undo()
        self.scan.snapshot("lunch")
        self.matches, self.match = self.scan.matches, self.scan[0]
        self.history, self.step = self.scan.history, self.scan.steps[0]
        self.saved = self.scan.snapshots[0]
        ground = self.history.present.ground
        assert ground is not None
        self.ground = ground
        self.frozen = self.target.freeze(self.at, i32, VALUE, interval=3600)
        assert self.target._holder is not None
        self.freezer = self.target._holder
        self.patched = self.target.patch(self.at + 64, b"\x01")
        self.patches = self.patched._patches
        room = Room((self.at + 96, "nop", "after"), self.at + 128, b"\x90", 64)
        hooked = partial(Hook, room=room)
        self.hooked = self.patches._make(hooked, self.at + 96, b"\x01", way="store")
        self.watch = self.target.watch([(self.at, i32)])
        self.pointers = self.target.pointer_map(where=where)
        self.paths = self.pointers.scan(self.at)
        self.memory = self.target.memory
        self.script = self.target.script("[ENABLE]\nlabel(a)\n[DISABLE]")
        self.addresses = [self.at]

    @cached_property
    def watched(self) -> Target:
        """A process, whatever else is looked at."""
        return attach(os.getpid()) if self.target.pid is None else self.target

    @cached_property
    def watchpoint(self) -> Watchpoint:
        """Made when it is asked for: all threads wait for one another at its beginning and end."""
        return self.watched.watchpoint(ctypes.addressof(self.values), 4)

    @cached_property
    def accesses(self) -> Accesses:
        """The same of these."""
        return self.watched.accesses_of(own_code.reaching(self.watched))

    def put_in(self, state: str) -> None:
        """Close what the state says."""
        if state == "target closed":
            self.target.close()
        elif state == "scan closed":
            self.scan.close()
        elif state == "reset":
            self.scan.reset()

    def close(self) -> None:
        """Close everything."""
        self.scan.close()
        self.target.close()
        for made in {"watchpoint", "accesses", "watched"} & vars(self).keys():
            getattr(self, made).close()


class Row(NamedTuple):
    """How a member is used, and what that raises in each state."""

    call: Callable[[World], Any]
    target_closed: Raised = None
    scan_closed: Raised = None
    reset: Raised = None
    forked: Raised = None

    def expected(self, state: str) -> Raised:
        """What it raises in a state."""
        raised = (None, self.target_closed, self.scan_closed, self.reset, self.forked)
        return raised[STATES.index(state)]


def fact(call: Callable[[World], Any]) -> Row:
    """Known without anything else."""
    return Row(call)


def reaching(call: Callable[[World], Any]) -> Row:
    """Reaches the target."""
    return Row(call, TargetClosed, forked=ForkedError)


def own(call: Callable[[World], Any]) -> Row:
    """Of this process only, closed or not."""
    return Row(call, forked=ForkedError)


def kept(call: Callable[[World], Any], reset: Raised = None) -> Row:
    """What a scan has found, which its target's end does not change."""
    return Row(call, None, ScanClosed, reset, ForkedError)


def read(call: Callable[[World], Any], reset: Raised = None) -> Row:
    """What a scan has found, and is there now."""
    return Row(call, TargetClosed, ScanClosed, reset, ForkedError)


def facts(what: str, *names: str) -> dict[str, Row]:
    """Attributes that say what they are."""
    return {name: fact(attrgetter(f"{what}.{name}")) for name in names}


def block(what: Callable[[World], Any]) -> Callable[[World], Any]:
    """Enter a block and leave it."""

    def call(world: World) -> None:
        with what(world):
            pass

    return call


def ends(wait: Callable[..., Any]) -> None:
    """Wait for an end that does not come."""
    with contextlib.suppress(WaitTimeout):
        wait(timeout=0.001)


def awaiting(wait: Callable[..., Any]) -> Callable[..., Any]:
    """The same of a coroutine."""
    return lambda timeout: asyncio.run(wait(timeout=timeout))


def place(world: World) -> Values:
    """Where a value lies, and what it is, as the core takes it."""
    return Values([world.at], 4, raw=VALUE.to_bytes(4, "little"))


def saved_core(target: Target) -> int:
    """The bytes of memory in a core file; of this process not all, which is much."""
    with tempfile.TemporaryDirectory() as folder:
        if target.pid is not None:
            target.check()
            return 0
        return target.save_memory(os.path.join(folder, "core"))  # noqa: PTH118


def saved(pointers: PointerMap) -> PointerMap:
    """Save a map and load it again."""
    with tempfile.TemporaryDirectory() as folder:
        name = Path(folder, "it.ffmap")
        pointers.save(name)
        return PointerMap.load(name)


def watched(world: World) -> None:
    """Watch a value, where the target is a process."""
    with contextlib.suppress(WatchpointError):
        world.target.watchpoint(world.at + 8, 4).close()


def reached(world: World) -> None:
    """Ask what no code reaches."""
    with contextlib.suppress(CodeError, WatchpointError):
        world.target.accesses_of(world.at).close()


def signed(world: World) -> None:
    """Ask for a signature where no code is."""
    with contextlib.suppress(CodeError):
        world.target.signature(world.at)


def hooks(world: World) -> None:
    """Hook what is no code."""
    with contextlib.suppress(CodeError):
        world.target.hook(world.at, "nop")


def nops(world: World) -> None:
    """Have nothing done where nothing runs."""
    with contextlib.suppress(CodeError):
        world.target.nop(world.at + 4)


def frees(world: World) -> None:
    """Free what was not allocated."""
    with contextlib.suppress(ArgumentError):
        world.target.free(world.at)


def unsigned(what: str) -> Callable[[World], Any]:
    """Ask for a signature of what is no code."""

    def tried(world: World) -> None:
        with contextlib.suppress(CodeError):
            getattr(world, what).signature  # noqa: B018

    return tried


def asked(call: Callable[[World], Any]) -> Callable[[World], Any]:
    """Ask a process for something, which only another than this one does."""

    def tried(world: World) -> None:
        with contextlib.suppress(MemoryUnavailable, AccessDenied, StopError):
            call(world)

    return tried


ROWS: dict[str, dict[str, Row]] = {
    "target": {
        **facts("target", "bits", "memory", "name", "pages", "patience", "pid", "process"),
        **facts("target", "stepping", "symbols"),
        "accesses_of": reaching(reached),
        "address": reaching(lambda w: w.target.address(hex(w.at))),
        "alive": own(lambda w: w.target.alive),
        "allocate": reaching(asked(lambda w: w.target.allocate(16))),
        "assemble": reaching(lambda w: w.target.assemble(w.at, "nop")),
        "check": reaching(lambda w: w.target.check()),
        "close": fact(lambda w: w.target.close()),
        "disassemble": reaching(lambda w: w.target.disassemble(w.at, 1)),
        "footprints": reaching(lambda w: w.target.footprints()),
        "functions": reaching(lambda w: w.target.functions("a!b")),
        "free": reaching(frees),
        "freeze": reaching(lambda w: w.target.freeze(w.at, i32, VALUE)),
        "frozen": own(lambda w: w.target.frozen),
        "hook": reaching(hooks),
        "locate": reaching(lambda w: w.target.locate(w.at)),
        "modules": reaching(lambda w: w.target.modules()),
        "nop": reaching(nops),
        "patch": reaching(lambda w: w.target.patch(w.at, b"\x68")),
        "patches": own(lambda w: w.target.patches),
        "pointer_map": reaching(lambda w: w.target.pointer_map(where=f"{w.at:#x}..{w.at + 64:#x}")),
        "read": reaching(lambda w: w.target.read(w.at, i32)),
        "read_bytes": reaching(lambda w: w.target.read_bytes(w.at, 4)),
        "read_many": reaching(lambda w: w.target.read_many([w.at, w.at + 4], i32)),
        "regions": reaching(lambda w: w.target.regions()),
        "save_memory": reaching(lambda w: saved_core(w.target)),
        "scan": reaching(lambda w: w.target.scan(i32)),
        "signature": reaching(signed),
        "script": reaching(lambda w: w.target.script("nop")),
        "scripts": own(lambda w: w.target.scripts),
        "spare_memory": own(lambda w: w.target.spare_memory()),
        "symbol": reaching(lambda w: w.target.symbol(w.at)),
        "wait_exit": reaching(lambda w: ends(w.target.wait_exit)),
        "wait_exit_async": reaching(lambda w: ends(awaiting(w.target.wait_exit_async))),
        "wait_for": reaching(lambda w: w.target.wait_for(w.at, i32, "unknown", timeout=9)),
        "wait_for_async": reaching(
            lambda w: asyncio.run(w.target.wait_for_async(w.at, i32, "unknown", timeout=9))
        ),
        "watch": reaching(lambda w: w.target.watch([(w.at, i32)])),
        "watchpoint": reaching(watched),
        "write": reaching(lambda w: w.target.write(w.at, i32, VALUE)),
        "write_many": reaching(lambda w: w.target.write_many([w.at], i32, [VALUE])),
        "write_bytes": reaching(lambda w: w.target.write_bytes(w.at, b"\x68")),
        "__enter__": fact(lambda w: w.target.__enter__()),
        "__exit__": fact(block(lambda w: w.target)),
        "__repr__": fact(lambda w: repr(w.target)),
    },
    "script": {
        **facts("script", "changes", "enabled", "lua", "name", "said", "symbols", "text"),
        "__enter__": reaching(block(lambda w: w.script)),
        "__exit__": reaching(block(lambda w: w.script)),
        "__repr__": fact(lambda w: repr(w.script)),
        "disable": own(lambda w: w.script.disable()),
        "dry_run": reaching(lambda w: w.script.dry_run()),
        "enable": reaching(lambda w: w.script.enable()),
        "undo": own(lambda w: w.script.undo()),
    },
    "memory": {
        "__repr__": fact(lambda w: repr(w.memory)),
        **facts("memory", "alive", "bits", "must_be_closed", "name", "pages", "patience", "pid"),
        **facts("memory", "program", "title"),
        "allocate": reaching(asked(lambda w: w.memory.allocate(4096))),
        "blocks": reaching(lambda w: w.memory.blocks(w.at)),
        "change": reaching(lambda w: w.memory.change([])),
        "check": fact(lambda w: w.memory.check(0)),
        "check_writable": fact(lambda w: w.memory.check_writable()),
        "close": fact(lambda w: w.memory.close()),
        "error": fact(lambda w: w.memory.error(0)),
        "footprints": reaching(lambda w: w.memory.footprints()),
        "gap": reaching(asked(lambda w: w.memory.gap(4096))),
        "gone": reaching(lambda w: w.memory.gone()),
        "modules": reaching(lambda w: w.memory.modules()),
        "protect": reaching(asked(lambda w: w.memory.protect(w.at, 4, "rw"))),
        "process": fact(lambda w: getattr(w.memory, "process", None)),
        "read": reaching(lambda w: w.memory.read(w.at, 4)),
        "look": reaching(lambda w: w.memory.look(place(w), 0.01)),
        "peek": reaching(lambda w: w.memory.peek(w.at, 4)),
        "poke": reaching(lambda w: w.memory.poke(w.at, b"\x68")),
        "read_into": reaching(lambda w: w.memory.read_into(w.at, bytearray(4))),
        "read_many": reaching(lambda w: w.memory.read_many(place(w))),
        "reader": reaching(lambda w: w.memory.reader),
        "regions": reaching(lambda w: w.memory.regions()),
        "stacks": reaching(lambda w: w.memory.stacks()),
        "release": reaching(asked(lambda w: w.memory.release(w.at, 4096))),
        "wait_no_more": fact(lambda w: w.memory.wait_no_more()),
        "write": reaching(lambda w: w.memory.write(w.at, b"\x68")),
        "write_many": reaching(lambda w: w.memory.write_many(place(w))),
    },
    "scan": {
        **facts(
            "scan", "align", "bits", "budget", "chunk", "directory", "fields", "history", "isa"
        ),
        **facts("scan", "jobs", "layout", "matches", "soft_dirty", "target", "threads", "type"),
        **facts("scan", "arena", "part_aligns", "where"),
        "cancel": fact(lambda w: w.scan.cancel()),
        "close": fact(lambda w: w.scan.close()),
        "compute": read(lambda w: w.scan.compute("now * 2")),
        "decode": kept(lambda w: w.scan.decode(b"\1\0\0\0")),
        "disk": kept(lambda w: w.scan.disk),
        "delete": read(lambda w: w.scan.delete(0), ScanOrderError),
        "drop": kept(lambda w: w.scan.drop("lunch"), ScanOrderError),
        "first": read(lambda w: w.scan.first(now == VALUE)),
        "forget": kept(lambda w: w.scan.forget()),
        "go_to": kept(lambda w: w.scan.go_to(1), ScanOrderError),
        "memory": kept(lambda w: w.scan.memory),
        "next": read(lambda w: w.scan.next("unchanged"), ScanOrderError),
        "reading": kept(lambda w: w.scan.reading(w.at), ScanOrderError),
        "redo": kept(lambda w: w.scan.redo(), ScanOrderError),
        "reset": kept(lambda w: w.scan.reset()),
        "size": kept(lambda w: w.scan.size),
        "snapshot": read(lambda w: w.scan.snapshot("tea"), ScanOrderError),
        "snapshots": kept(lambda w: w.scan.snapshots),
        "steps": kept(lambda w: w.scan.steps),
        "undo": kept(lambda w: w.scan.undo(), ScanOrderError),
        "until": read(lambda w: w.scan.until("unchanged", timeout=9), ScanOrderError),
        "until_async": read(
            lambda w: asyncio.run(w.scan.until_async("unchanged", timeout=9)), ScanOrderError
        ),
        "values_memory": kept(lambda w: w.scan.values_memory),
        "write_all": read(lambda w: w.scan.write_all(VALUE)),
        "__bool__": fact(lambda w: bool(w.scan)),
        "__repr__": fact(lambda w: repr(w.scan)),
        "__enter__": fact(lambda w: w.scan.__enter__()),
        "__exit__": fact(block(lambda w: w.scan)),
        "__getitem__": read(lambda w: w.scan[0], MatchIndexError),
        "__iter__": read(lambda w: list(w.scan)),
        "__len__": kept(lambda w: len(w.scan)),
    },
    "matches": {
        "addresses": kept(lambda w: w.matches.addresses()),
        "bisect": kept(lambda w: w.matches.bisect(w.at)),
        "column": read(lambda w: w.matches.column("now")),
        "columns": kept(lambda w: w.matches.columns()),
        "locations": read(lambda w: w.matches.locations()),
        "__arrow_c_schema__": kept(lambda w: w.matches.__arrow_c_schema__()),
        "__arrow_c_stream__": kept(lambda w: w.matches.__arrow_c_stream__()),
        "__repr__": fact(lambda w: repr(w.matches)),
        "count": read(lambda w: w.matches.count(w.match)),
        "index": read(lambda w: w.matches.index(w.match), ValueError),
        "__getitem__": read(lambda w: w.matches[1:9:2]),
        "__iter__": read(lambda w: list(w.matches)),
        "__len__": kept(lambda w: len(w.matches)),
    },
    "match": {
        "__reduce__": fact(lambda w: w.match.__reduce__()),
        **facts("match", "address", "first", "index", "previous", "type", "types", "value"),
        "location": reaching(lambda w: w.match.location),
        "module": reaching(lambda w: w.match.module),
        "offset": reaching(lambda w: w.match.offset),
        "region": reaching(lambda w: w.match.region),
        "__repr__": fact(lambda w: repr(w.match)),
    },
    "history": {
        **facts("history", "changing", "is_forked"),
        "add": kept(lambda w: w.history.add(now == 1, w.step, w.history.path), ScanOrderError),
        "begin": kept(lambda w: w.history.begin(w.ground, now == 1, w.step), ScanClosed),
        "check": kept(lambda w: w.history.check()),
        "clear": kept(lambda w: w.history.clear()),
        "close": fact(lambda w: w.history.close()),
        "drop": kept(lambda w: w.history.drop("lunch")),
        "forget": kept(lambda w: w.history.forget()),
        "go_to": kept(lambda w: w.history.go_to(1), ScanOrderError),
        "memory": kept(lambda w: w.history.memory),
        "path": kept(lambda w: w.history.path),
        "present": kept(lambda w: w.history.present),
        "redo": kept(lambda w: w.history.redo(0)),
        "save": kept(lambda w: w.history.save("tea", w.saved, w.history.path), ScanOrderError),
        "snapshot": kept(lambda w: w.history.snapshot("lunch"), ScanOrderError),
        "snapshots": kept(lambda w: w.history.snapshots),
        "undo": kept(lambda w: w.history.undo(1), ScanOrderError),
        "__iter__": kept(lambda w: list(w.history)),
        "__repr__": fact(lambda w: repr(w.history)),
        "__len__": kept(lambda w: len(w.history)),
    },
    "step": {
        **facts(
            "step", "deleted", "epoch", "held", "number", "parent", "predicate", "result", "text"
        ),
        "memory": kept(lambda w: w.step.memory, ScanClosed),
        "release": fact(lambda w: w.step.release()),
        "value": kept(lambda w: w.step.value(w.at, 4, "/tmp"), ScanClosed),
        "__repr__": fact(lambda w: repr(w.step)),
    },
    "saved": {
        **facts("saved", "epoch", "held", "name", "result", "step"),
        "memory": kept(lambda w: w.saved.memory, ScanClosed),
        "release": fact(lambda w: w.saved.release()),
        "value": kept(lambda w: w.saved.value(w.at, 4, "/tmp"), ScanClosed),
        "__repr__": fact(lambda w: repr(w.saved)),
    },
    "frozen": {
        "__repr__": fact(lambda w: repr(w.frozen)),
        **facts(
            "frozen", "INTERVAL", "address", "allow", "error", "force", "interval", "path", "type"
        ),
        **facts("frozen", "value", "writes"),
        "active": own(lambda w: w.frozen.active),
        "holding": own(lambda w: w.frozen.holding),
        "stop": own(lambda w: w.frozen.stop()),
        "__enter__": fact(lambda w: w.frozen.__enter__()),
        "__exit__": fact(block(lambda w: w.frozen)),
    },
    "freezer": {
        **facts("freezer", "is_forked", "target", "turn"),
        "add": reaching(lambda w: w.freezer.add(w.at, i32, VALUE)),
        "close": fact(lambda w: w.freezer.close()),
        "entries": own(lambda w: w.freezer.entries),
        "spans": own(lambda w: w.freezer.spans()),
        "touched": own(lambda w: w.freezer.touched(w.at, 4)),
        "refuse_children": own(lambda w: w.freezer.refuse_children()),
        "write_over": own(lambda w: w.freezer.write_over(w.at, b"\x68", lambda: 1)),
    },
    "patched": {
        **facts("patched", "active", "address", "after", "before", "forced", "kind", "number"),
        "signature": reaching(unsigned("patched")),
        "undo": reaching(lambda w: w.patched.undo()),
        "__enter__": fact(lambda w: w.patched.__enter__()),
        "__exit__": Row(block(lambda w: w.patched), TargetClosed),
        "__repr__": fact(lambda w: repr(w.patched)),
    },
    "hooked": {
        **facts("hooked", "active", "address", "after", "before", "forced", "kind", "number"),
        **facts("hooked", "code", "in_cave", "original", "size", "text"),
        "signature": reaching(unsigned("hooked")),
        "undo": reaching(lambda w: w.hooked.undo()),
        "__enter__": fact(lambda w: w.hooked.__enter__()),
        "__exit__": Row(block(lambda w: w.hooked), TargetClosed),
        "__repr__": fact(lambda w: repr(w.hooked)),
    },
    "patches": {
        **facts("patches", "is_forked"),
        "add": reaching(lambda w: w.patches.add(w.at + 8, b"\x68")),
        "entries": own(lambda w: w.patches.entries),
        "original": own(lambda w: w.patches.original(w.at, b"\x68")),
    },
    "pointers": {
        **facts("pointers", "bits", "faults", "goal", "info", "modules", "moment", "room"),
        "cancel": fact(lambda w: w.pointers.cancel()),
        "close": fact(lambda w: w.pointers.close()),
        "handle": own(lambda w: w.pointers.handle),
        "load": own(lambda w: saved(w.pointers)),
        "save": own(lambda w: saved(w.pointers)),
        "scan": own(lambda w: w.pointers.scan(w.at)),
        "__bool__": fact(lambda w: bool(w.pointers)),
        "__enter__": fact(lambda w: w.pointers.__enter__()),
        "__exit__": fact(block(lambda w: w.pointers)),
        "__len__": own(lambda w: len(w.pointers)),
        "__repr__": fact(lambda w: repr(w.pointers)),
    },
    "paths": {
        **facts("paths", "address", "changed", "depth"),
        "by_module": own(lambda w: w.paths.by_module),
        "by_steps": own(lambda w: w.paths.by_steps),
        "cancel": fact(lambda w: w.paths.cancel()),
        "check": reaching(lambda w: list(w.paths.check(w.target))),
        "close": fact(lambda w: w.paths.close()),
        "columns": own(lambda w: w.paths.columns()),
        "__arrow_c_schema__": own(lambda w: w.paths.__arrow_c_schema__()),
        "__arrow_c_stream__": own(lambda w: w.paths.__arrow_c_stream__()),
        "exact": own(lambda w: w.paths.exact),
        "json": own(lambda w: w.paths.json()),
        "memory": own(lambda w: w.paths.memory),
        "of": own(lambda w: w.paths.of()),
        "text": own(lambda w: w.paths.text()),
        "total": own(lambda w: w.paths.total),
        "walks": own(lambda w: list(w.paths.walks())),
        "__bool__": own(lambda w: bool(w.paths)),
        "__enter__": fact(lambda w: w.paths.__enter__()),
        "__exit__": fact(block(lambda w: w.paths)),
        "__getitem__": own(lambda w: w.paths[:5]),
        "__iter__": own(lambda w: list(w.paths)),
        "__repr__": fact(lambda w: repr(w.paths)),
    },
    "watchpoint": {
        **facts("watchpoint", "address", "on", "size"),
        "close": fact(lambda w: w.watchpoint.close()),
        "state": own(lambda w: w.watchpoint.state),
        "wait": own(lambda w: w.watchpoint.wait(0.001)),
        "__enter__": fact(lambda w: w.watchpoint.__enter__()),
        "__exit__": fact(block(lambda w: w.watchpoint)),
        "__iter__": own(lambda w: list(w.watchpoint)),
        "__len__": own(lambda w: len(w.watchpoint)),
        "__repr__": fact(lambda w: repr(w.watchpoint)),
    },
    "accesses": {
        **facts("accesses", "instruction"),
        "close": fact(lambda w: w.accesses.close()),
        "state": own(lambda w: w.accesses.state),
        "wait": own(lambda w: w.accesses.wait(0.001)),
        "__enter__": fact(lambda w: w.accesses.__enter__()),
        "__exit__": fact(block(lambda w: w.accesses)),
        "__iter__": own(lambda w: list(w.accesses)),
        "__len__": own(lambda w: len(w.accesses)),
        "__repr__": fact(lambda w: repr(w.accesses)),
    },
    "watch": {
        "__repr__": fact(lambda w: repr(w.watch)),
        "look": reaching(lambda w: w.watch.look()),
    },
}

#: Public classes that hold nothing of a target, and are what they say.
PLAIN = frozenset(
    {
        "Access",
        "AnyCase",
        "Budget",
        "Columns",
        "Checked",
        "Calculation",
        "CheckedPath",
        "CodeEntry",
        "CoreFile",
        "CoreThread",
        "Declaration",
        "Declarations",
        "Entry",
        "Expr",
        "FaultSet",
        "Footprint",
        "Layout",
        "Hit",
        "Instruction",
        "Location",
        "Member",
        "MemoryOperand",
        "Module",
        "NamedAddress",
        "NamedAddresses",
        "PathGroup",
        "Pattern",
        "PointerMapInfo",
        "PointerPath",
        "PointerStep",
        "Predicate",
        "ProcessInfo",
        "Progress",
        "Range",
        "Regex",
        "Region",
        "ScanResult",
        "Stack",
        "ScriptChange",
        "Script",
        "Seen",
        "Symbol",
        "Table",
        "TableCheck",
        "TableGroup",
        "Taken",
        "WatchState",
        "ValueType",
        "Where",
        "WriteResult",
    }
)
