"""Scripts of the table in the target that is attached."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import ExpressionError, FarfetchError, TargetGone, format_address, quote

from ..answers import quantities
from ..answers.result import Column, Json, Result
from ..answers.result import Table as Shown
from ..errors import CommandError
from . import codes
from .waiting import Waiting

if TYPE_CHECKING:
    from farfetch.scanner import Entry, LiveScript, Script, ScriptChange, Table

    from .session import Session

_COLUMNS = (
    Column("ADDRESS", right=True, style="cyan"),
    Column("WHERE"),
    Column("BEFORE"),
    Column("AFTER", style="bold"),
)
_MATCHES = (Column("NAME", style="bold"), Column("KIND"), Column("NOW"))
_SHOWN = 16
_AS_BEFORE = "as it was before this table was loaded"


def switch_on(session: Session, script: Script, *, undo_at_exit: bool, lua: bool) -> Result:
    """Enable a script of the table."""
    live = _enabled(session, script)
    if live is None:
        live = _live(session, script, lua=lua)
        if undo_at_exit:  # first: a signal may end it all once it is on
            session.undone.add(live)
        live.enable()
    elif live.text != script.text:
        raise CommandError(f"{quote(script.name)} is on {_AS_BEFORE}: table off comes first")
    elif undo_at_exit:
        session.undone.add(live)
    said = f"{quote(script.name)} is on"
    if live.symbols:
        said += f"; {', '.join(live.symbols)} {'is' if len(live.symbols) == 1 else 'are'} known"
    printed: list[Json] = list(live.said)
    fields: dict[str, Json] = {
        "name": script.name,
        "on": True,
        "changes": _fields(live.changes),
        "symbols": {name: format_address(address) for name, address in live.symbols.items()},
        "undo_at_exit": live in session.undone,
        "printed": printed,
    }
    return Result(fields, (said, *live.said, *_table(session, live.changes)))


def switch_off(session: Session, name: str, *, force: bool = False) -> Result:
    """Disable a script, also one that is no longer in the table.

    Args:
        session: in whose target it is on.
        name: of the script.
        force: put the old bytes back, whatever is there now.
    """
    live = _on(session).get(name)
    if live is None:
        raise CommandError(f"{quote(name)} is not on")
    if force:
        live.undo(force=True)
    else:
        live.disable()
    session.undone.discard(live)
    return Result({"name": name, "on": False}, (f"{quote(name)} is off",))


def not_of(session: Session, table: Table) -> tuple[str, ...]:
    """The names of scripts that are on, and not in a table, or otherwise."""
    if session.target is None or not session.target.alive:
        return ()
    texts = {script.name: script.text for script in table.scripts}
    return tuple(name for name, live in _on(session).items() if texts.get(name) != live.text)


def of_group(session: Session, name: str) -> tuple[Script, ...]:
    """The scripts of a group, and of the groups in it, in order; none where a script is called so.

    A script that others belong to stands for itself.
    """
    if any(script.name == name for script in session.table.scripts):
        return ()
    return tuple(
        script
        for script in session.table.scripts
        if script.group == name or script.group.startswith(f"{name}/")
    )


def switch_group_on(
    session: Session, name: str, group: tuple[Script, ...], *, undo_at_exit: bool, lua: bool
) -> Result:
    """Enable scripts in their order, all or none: what was on before stays so."""
    done: list[Script] = []
    results: list[Result] = []
    try:
        for script in group:
            is_new = _enabled(session, script) is None
            results.append(switch_on(session, script, undo_at_exit=undo_at_exit, lua=lua))
            if is_new:
                done.append(script)
    except BaseException as error:
        for script in reversed(done):
            with suppress(FarfetchError):
                switch_off(session, script.name)
        if isinstance(error, FarfetchError) and not isinstance(error, TargetGone):
            failed = group[len(results)]
            said = f"{quote(name)} is not on: {quote(failed.name)}: {error}"
            raise CommandError(said) from None
        raise
    fields: dict[str, Json] = {
        "name": name,
        "on": True,
        "scripts": [dict(result.fields) for result in results],
    }
    count = quantities.count(len(group), "script", "scripts")
    lines = [block for result in results for block in result.blocks if isinstance(block, str)]
    return Result(fields, (f"{quote(name)} is on: {count}", *lines))


def switch_group_off(
    session: Session, name: str, group: tuple[Script, ...], *, force: bool = False
) -> Result:
    """Disable those of some scripts that are on, the last first."""
    on = [script for script in group if _enabled(session, script)]
    if not on:
        raise CommandError(f"no script of {quote(name)} is on")
    results = [switch_off(session, script.name, force=force) for script in reversed(on)]
    fields: dict[str, Json] = {
        "name": name,
        "on": False,
        "scripts": [dict(result.fields) for result in results],
    }
    count = quantities.count(len(on), "script", "scripts")
    return Result(fields, (f"{quote(name)} is off: {count}",))


def check(session: Session, script: Script, *, lua: bool) -> Result:
    """Say what a script would change."""
    live = _enabled(session, script)
    changes = live.changes if live else _live(session, script, lua=lua).dry_run()
    count = quantities.count(len(changes), "place", "places")
    said = f"{quote(script.name)} {'has changed' if live else 'would change'} {count}"
    fields: dict[str, Json] = {
        "name": script.name,
        "on": live is not None,
        "changes": _fields(changes),
    }
    return Result(fields, (said, *_table(session, changes)))


def check_all(session: Session, *, lua: bool) -> Result:
    """Say of each script of the table whether it could be switched on now, of each place where.

    A place fits where there is something to read; it waits while a name in it is not known.
    """
    target = session.attached
    listed: list[Json] = []
    places: list[Json] = []
    rows: list[tuple[str, ...]] = []
    for script in session.table.scripts:
        status, reason = "fits", ""
        if _enabled(session, script):
            status = "on"
        else:
            try:
                _live(session, script, lua=lua).dry_run()
            except FarfetchError as error:
                target.check()
                status, reason = "refused", str(error)
        listed.append({"name": script.name, "status": status, "reason": reason})
        rows.append((script.name, "script", reason or status))
    for code in session.table.code:
        status, reason = codes.check(session, code)
        listed.append({"name": code.name, "status": status, "reason": reason})
        rows.append((code.name, "code", reason or status))
    waiting = Waiting(session.table)
    for entry in session.table:
        status, reason = _place_now(session, entry, waiting)
        places.append({"name": entry.name, "status": status, "reason": reason})
        rows.append((entry.name, "place", reason or status))
    said = [one for one in (*listed, *places) if isinstance(one, dict)]
    fitting = sum(one["status"] in ("fits", "on") for one in said)
    if not rows:
        return Result({"scripts": [], "places": []}, ("the table is empty",))
    shown = Shown(_MATCHES, tuple(rows))
    summary = f"{fitting} of {len(rows)} fit this program"
    return Result({"scripts": listed, "places": places}, (shown, summary))


def _place_now(session: Session, entry: Entry, waiting: Waiting) -> tuple[str, str]:
    """Whether there is something at an entry's place, and why not."""
    target = session.attached
    try:
        target.read(entry.path.resolve(target), entry.value_type)
    except ExpressionError as error:
        target.check()
        return "waits", waiting.waits_for(str(error)) or str(error)
    except FarfetchError as error:
        target.check()
        return "refused", str(error)
    return "fits", ""


class Listed(NamedTuple):
    """A script as it is listed."""

    name: str
    group: str
    note: str
    on: bool

    @property
    def fields(self) -> dict[str, Json]:
        """The same for programs."""
        return self._asdict()


def listing(session: Session) -> list[Listed]:
    """The scripts of the table, and what is on besides."""
    table = session.table
    others = set(not_of(session, table))
    on = _on(session) if session.target and session.target.alive else {}
    names = {script.name for script in table.scripts}
    return [
        Listed(
            script.name,
            script.group,
            _AS_BEFORE if script.name in others else script.note,
            script.name in on,
        )
        for script in table.scripts
    ] + [Listed(name, "", "not of this table", on=True) for name in on if name not in names]


def is_on(session: Session, script: Script) -> bool:
    """Whether a script of the table is on in the target that is attached."""
    return _enabled(session, script) is not None


def _on(session: Session) -> dict[str, LiveScript]:
    return {live.name: live for live in session.attached.scripts}


def _enabled(session: Session, script: Script) -> LiveScript | None:
    return _on(session).get(script.name)


def _live(session: Session, script: Script, *, lua: bool) -> LiveScript:
    key = (script.name, script.text, lua)
    known = session.scripts.get(key)
    if known is None:
        folder = session.folder
        known = session.attached.script(script.text, name=script.name, folder=folder, lua=lua)
        session.scripts[key] = known
    return known


def _table(session: Session, changes: tuple[ScriptChange, ...]) -> list[Shown]:
    rows = tuple(
        (
            format_address(change.address),
            str(session.attached.locate(change.address)),
            _code(session, change.address, change.before),
            _code(session, change.address, change.after),
        )
        for change in changes
    )
    return [Shown(_COLUMNS, rows)] if rows else []


def _code(session: Session, address: int, raw: bytes) -> str:
    """Some bytes for people, with the first instruction that they are."""
    text = raw[:_SHOWN].hex(" ") + (" …" if len(raw) > _SHOWN else "")
    with suppress(FarfetchError):
        from farfetch.scanner import Buffer, attach

        padded = attach(Buffer(raw + bytes(16), base=address), bits=session.attached.bits)
        (first, *_) = padded.disassemble(address, 1)
        if len(first.raw) <= len(raw):
            text += f"  {first.text}"
    return text


def _fields(changes: tuple[ScriptChange, ...]) -> list[Json]:
    return [
        {
            "address": format_address(change.address),
            "before": change.before.hex(" "),
            "after": change.after.hex(" "),
        }
        for change in changes
    ]
