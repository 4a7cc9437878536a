"""Scripts in a target: enabled as one change, which is all there or not at all."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from .. import arguments
from ..code.symbols import Symbols
from ..errors import FarfetchError, PatchError, ScriptError, TargetClosed
from ..later import Later
from ..lifetime.bound import Bound, Scoped
from ..lifetime.life import Life
from ..lifetime.whole import whole
from ..memory.changes import Change
from ..memory.named import NamedAddress
from ..memory.space import Space
from ..values.literals import quote
from .allocating import Allocated, Block
from .layout import Names, assemble_part
from .plan import Plan, apply, changes_of, lua_changes, overlap, prepare, rights_of
from .program import Program, read_program
from .registering import Registered
from .rights import Rights
from .source import has_lua
from .statements import Part
from .taking_back import apart, put_back, still_changed, was_taken_back

if TYPE_CHECKING:
    from . import around as _target_around
    from . import lua as _lua
else:
    _target_around = Later("farfetch.scanner.script.around")
    _lua = Later("farfetch.scanner.script.lua")


class ScriptChange(NamedTuple):
    r"""Bytes that a script changes, or would change.

    Attributes:
        address: of the first.
        before: the old bytes.
        after: the new ones, as many.

    >>> ScriptChange(0x4010, b"\x29", b"\x90").after.hex()
    '90'
    """

    address: int
    before: bytes
    after: bytes


class LiveScript(Scoped):
    r"""An Auto Assembler script for a target; made by :meth:`.Target.script`.

    As a context manager it is enabled in the block, and disabled at its end.

    Attributes:
        name: what errors and other scripts call it.
        text: of the script.
        enabled: whether it is.
        lua: whether its Lua is run.
        said: what its Lua printed, the last time that it ran.

    >>> memory = bytearray(b"\x29\xd8\x90\x90")
    >>> target = attach(Buffer(memory, base=0x1000))
    >>> script = target.script("[ENABLE]\n1000:\n nop 2\n[DISABLE]\n1000:\n db 29 D8")
    >>> with script:
    ...     memory[:2].hex(" "), script.enabled
    ('90 90', True)
    >>> memory[:2].hex(" "), script.enabled
    ('29 d8', False)
    """

    def __init__(
        self,
        scripts: Scripts,
        text: str,
        name: str,
        folder: str | os.PathLike[str] | None,
        *,
        lua: bool = False,
    ) -> None:
        self.name = name
        self.text = text
        self.enabled = False
        self.lua = lua
        self.said: tuple[str, ...] = ()
        self._scripts = scripts
        self._folder = folder
        self._life = scripts._life
        self._program: Program | None = None
        self._own: dict[str, int] = {}
        self._names = Registered(scripts.space.symbols, name, scripts.shadowed)
        self._memory = Allocated(scripts.kept)
        self._rights = Rights(scripts.rights)
        self._made: tuple[Change, ...] = ()
        self._values: tuple[Change, ...] = ()
        self._sandbox: _lua.LuaSandbox | None = None

    @property
    def symbols(self) -> dict[str, int]:
        r"""The addresses of the names that it has registered; none while it is not enabled.

        >>> target = attach(Buffer(bytearray(64), base=0x1000))
        >>> text = "[ENABLE]\n1010:\nhealth:\n dd 5\nregistersymbol(health)\n[DISABLE]"
        >>> script = target.script(text)
        >>> script.enable()
        >>> script.symbols, target.address("health+4")
        ({'health': 4112}, 4116)
        """
        return self._names.known

    @property
    def changes(self) -> tuple[ScriptChange, ...]:
        """The bytes that enabling has changed, beside what it allocated; none while not enabled.

        >>> attach(Buffer(bytearray(64))).script("nop").changes
        ()
        """
        return tuple(ScriptChange(*change) for change in self._made)

    def dry_run(self) -> tuple[ScriptChange, ...]:
        r"""What enabling would change now: read, looked for and assembled, but not written.

        Memory that would be allocated counts as there, and is not among the changes.

        Raises:
            ScriptError: it could not be enabled; says which line is why.

        >>> target = attach(Buffer(bytearray(b"\x29\xd8"), base=0x1000))
        >>> target.script("[ENABLE]\n1000:\n nop 2").dry_run()
        (ScriptChange(address=4096, before=b')\xd8', after=b'\x90\x90'),)
        """
        self._life.check()
        with self._scripts.lock:
            plan = self._plan(dry=True)
        return tuple(ScriptChange(*change) for change in (*plan.values, *plan.outside))

    def enable(self) -> None:
        r"""Do what [ENABLE] says: all of it, or nothing when it fails.

        Raises:
            ScriptError: a line cannot be understood or run, bytes are not found or not as they
                have to be, or another script has changed the same place.
            MemoryUnavailable: nothing can be allocated.
            AccessDenied: the kernel does not let us stop its threads.
            TargetGone: the target has exited.

        >>> script = attach(Buffer(bytearray(4), base=16)).script("[ENABLE]\nkalloc(x,8)")
        >>> script.enable()
        Traceback (most recent call last):
        farfetch.scanner.ScriptError: line 2: kalloc(): the kernel is not changed
        """
        self._life.check()
        with self._scripts.lock:
            if self.enabled:
                return
            self._memory.begin()
            plan: Plan | None = None
            try:
                plan = self._plan(dry=False)
                whole(partial(self._begin, plan))
            except BaseException:
                whole(partial(self._take_back, plan))
                raise

    def _begin(self, plan: Plan) -> None:
        """Do what is planned, and note it first."""
        self._program, self._own = plan.program, dict(plan.assembled.names)
        self._made, self._values = tuple(plan.outside), tuple(plan.values)
        self._rights.give(self._scripts.space, plan.rights)
        self._write(plan)
        self._made = tuple(plan.outside)
        self._names.begin(plan.registered, plan.unregistered, plan.kept)
        self.enabled = True
        self._scripts.add(self)

    def _take_back(self, plan: Plan | None) -> None:
        """Take all back that was done of a plan; of none, what was allocated for it."""
        if self.enabled:
            self._scripts.remove(self)
            self.enabled = False
        self._names.take_back()
        space = self._scripts.space
        is_used = plan is not None and was_taken_back(space, plan.outside, plan.values)
        self._rights.take_back(space)
        if not is_used:
            self._memory.take_back(space)
        self._made, self._values, self._sandbox = (), (), None

    def disable(self) -> None:
        """Do what [DISABLE] says. Nothing happens when it is not enabled.

        Without a [DISABLE] the old bytes are put back.

        Where something it has changed is no longer mapped, as with the library that it was of, the
        old bytes of the rest are put back instead.

        Raises:
            ScriptError: bytes are no longer as enabling left them, or a line fails; nothing is
                changed, and it stays enabled.
            TargetGone: the target has exited.

        >>> attach(Buffer(bytearray(4), base=16)).script("nop").disable()
        """
        self._life.check()
        with self._scripts.lock:
            if not self.enabled or self._program is None:
                return
            space = self._scripts.space
            left, is_gone = still_changed(space, self._made, self.name)
            if is_gone or not self._program.has_sections:
                whole(partial(self._put_back, left))
                return
            around, program = self._around(), self._program
            if program.disable_lua:
                program = self._read(around, self._sandbox, "disable")
            part = program.disable
            if self._sandbox is not None and program.disable_lua:
                gone = (*part.unregistered, *self._sandbox.unregistered)
                part = part._replace(unregistered=gone)
                self._own = {**self._own, **self._sandbox.registered}
            sandbox = self._sandbox if program.disable_lua else None
            names = Names(self._own, around.symbol)
            plan = self._section(program, part, names, self._memory, sandbox)
            whole(partial(self._finish, plan, part))

    def _finish(self, plan: Plan, part: Part) -> None:
        self._write(plan)
        self._end(part)

    def undo(self, *, force: bool = False) -> None:
        r"""Put the old bytes back, whatever [DISABLE] says, and take its symbols away.

        Args:
            force: even where the bytes there are no longer as enabling left them.

        Raises:
            ScriptError: they no longer are; nothing is changed.
            TargetGone: the target has exited.

        >>> memory = bytearray(b"abc")
        >>> script = attach(Buffer(memory, base=16)).script("10:\n db 'X'")
        >>> script.enable()
        >>> script.undo()
        >>> bytes(memory), script.enabled
        (b'abc', False)
        """
        self._life.check()
        force = arguments.flag("force", force)
        with self._scripts.lock:
            if self.enabled:
                space = self._scripts.space
                left, _ = still_changed(space, self._made, self.name, force=force)
                whole(partial(self._put_back, left))

    def _put_back(self, left: Sequence[Change]) -> None:
        space = self._scripts.space
        code, data = apart(space, left)
        space.memory.change([change.back for change in reversed(code)])
        put_back(space, data)
        put_back(space, self._values)
        self._end(None)

    def _end(self, part: Part | None) -> None:
        """Take its names and rights away, and forget what it has changed."""
        self._scripts.remove(self)
        self._rights.take_back(self._scripts.space)
        enabled = [script.name for script in self._scripts.enabled]
        if part is None:
            self._names.undo(enabled)
        else:
            self._names.end(part.unregistered, self._memory.is_own, enabled)
        self._made, self.enabled = (), False
        self._values, self._sandbox = (), None

    def _around(self) -> _target_around.TargetAround:
        from .around import TargetAround  # which needs iced

        return TargetAround(self._scripts.space, self._scripts.functions)

    def _plan(self, *, dry: bool) -> Plan:
        space = self._scripts.space
        space.check()
        around = self._around()
        sandbox = self._made_sandbox(around)
        program = self._read(around, sandbox, "enable")
        memory = self._memory.tried() if dry else self._memory
        known = sandbox.registered if sandbox else {}
        others = [(other.name, other._made) for other in self._scripts.enabled if other is not self]
        names = prepare(program.enable, around, memory, others, dry=dry, known=known)
        if not dry:
            self._sandbox = sandbox
        plan = self._section(program, program.enable, names, memory, sandbox)
        kept = {one.name: names(one.name) for one in program.enable.allocations if one.kept}
        stale = [] if dry else memory.stale(plan.assembled.pieces, space)
        return plan._replace(inside=[*stale, *plan.inside], kept=kept)

    def _made_sandbox(self, around: _target_around.TargetAround) -> _lua.LuaSandbox | None:
        if not self.lua or not has_lua(self.text):
            return None
        from .lua import LuaSandbox  # which needs lupa

        return LuaSandbox(around, checking=False)

    def _read(
        self,
        around: _target_around.TargetAround,
        sandbox: _lua.LuaSandbox | None,
        section: Literal["enable", "disable"],
    ) -> Program:
        """Read the script, and run the Lua of one section."""
        if sandbox is None:
            return read_program(self.text, around.bits, self._folder)
        sandbox.begin(around)
        try:
            return read_program(self.text, around.bits, self._folder, sandbox, section)
        finally:
            self.said = tuple(sandbox.said)

    def _section(
        self,
        program: Program,
        part: Part,
        names: Names,
        memory: Allocated,
        sandbox: _lua.LuaSandbox | None = None,
    ) -> Plan:
        around = self._around()
        assembled = assemble_part(part, names, around, strict=program.strict)
        registered: dict[str, int] = {}
        for line, name in part.registered:
            address = names.get(name)
            if address is None:
                raise ScriptError(line, f"registersymbol(): nothing is called {name:.80}")
            registered[name] = address % (1 << 64)
        if sandbox is not None:
            registered = {**sandbox.registered, **registered}
        values, gone = lua_changes(sandbox, around)
        inside, outside = changes_of(assembled, around, memory)
        for other in self._scripts.enabled:
            place = None if other is self else overlap(outside, other._made)
            if place is not None:
                reason = f"the script {quote(other.name)} has changed 0x{place:x}, too"
                raise ScriptError(0, f"{reason}: disable it first")
        rights = rights_of(part, names, around, memory)
        return Plan(program, assembled, inside, outside, registered, {}, rights, values, gone)

    def _write(self, plan: Plan) -> None:
        space = self._scripts.space
        for change in plan.inside:
            space.write_bytes(change.address, change.after, force=True)
        try:
            for change in plan.values:
                space.write_bytes(change.address, change.after, force=True)
            if plan.outside:
                apply(space, plan.outside)
        except BaseException as error:
            with contextlib.suppress(FarfetchError):
                put_back(space, plan.values)
            if isinstance(error, PatchError):
                raise ScriptError(0, str(error)) from None
            raise

    def __enter__(self) -> LiveScript:
        self.enable()
        return self

    def _leave(self) -> None:
        if not self._life.is_forked:  # a child that leaves the block leaves it to its parent
            self.disable()

    def __repr__(self) -> str:
        return f"<LiveScript {self.name!r} {'enabled' if self.enabled else 'not enabled'}>"


class Scripts(Bound):
    """The scripts of one target.

    Args:
        space: the target.
        functions: of its modules.
    """

    def __init__(self, space: Space, functions: Symbols) -> None:
        self.space = space
        self.functions = functions
        self.lock = threading.RLock()
        self._life = Life(partial(TargetClosed, None, "target"))
        self.kept: dict[str, Block] = {}  # by globalalloc
        self.rights: list[Rights] = []  # of the scripts that have asked for some
        self.shadowed: dict[str, NamedAddress] = {}  # by names that scripts register
        self._enabled: list[LiveScript] = []
        self._count = 0

    @property
    def enabled(self) -> tuple[LiveScript, ...]:
        """Those that are enabled, in the order in which that was done."""
        self._life.check()
        return tuple(self._enabled)

    def script(
        self,
        text: str,
        name: str = "",
        folder: str | os.PathLike[str] | None = None,
        *,
        lua: bool = False,
    ) -> LiveScript:
        """Make one; nothing is read or changed yet."""
        self._life.check()
        arguments.text("text", text)
        arguments.text("name", name)
        shown = None if folder is None else arguments.path("folder", folder)
        lua = arguments.flag("lua", lua)
        self._count += 1
        return LiveScript(self, text, name or f"script {self._count}", shown, lua=lua)

    def add(self, script: LiveScript) -> None:
        """Note that one is enabled."""
        self._enabled.append(script)

    def remove(self, script: LiveScript) -> None:
        """Note that one no longer is."""
        self._enabled.remove(script)
