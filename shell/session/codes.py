"""Code of the table in the target that is attached: switched on and off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from farfetch.scanner import CodeEntry, FarfetchError, Patch, format_address, quote

from ..answers.result import Json, Result
from ..errors import CommandError, NotPatched

if TYPE_CHECKING:
    from .session import Session

_DOES = {"nop": "does nothing", "patch": "is patched", "hook": "is hooked"}


def named(session: Session, name: str) -> CodeEntry | None:
    """The code of a name; None where it is no code's."""
    return next((code for code in session.table.code if code.name == name), None)


def take(session: Session, number: int, name: str, *, group: str, note: str) -> Result:
    """Put what a patch has done into the table, where it is on.

    Raises:
        NotPatched: there is no such patch.
        TableError: something else has that name.
    """
    target = session.attached
    patch = next((each for each in target.patches if each.number == number), None)
    if patch is None:
        raise NotPatched(f"there is no patch {number} (patch alone lists them)")
    code = CodeEntry.of(target, patch, name, group=group, note=note)
    session.table.put_code(code)
    session.codes[what(code)] = patch
    lines = [f"{quote(name)}: {code.kind} at {code.where}"]
    if not code.signature:
        lines.append("it has no signature: it is found again in this build only")
    return Result(fields(session, code), tuple(lines))


def switch_on(session: Session, code: CodeEntry, *, undo_at_exit: bool) -> Result:
    """Change the code as the table says."""
    target = session.attached
    patch = active(session, code)
    if patch is None:
        with session.whole():  # else a signal in between would leave it for ever
            patch = session.codes[what(code)] = code.enable(target)
            if undo_at_exit:
                session.undone.add(patch)
    elif undo_at_exit:
        session.undone.add(patch)
    location = str(target.locate(patch.address))
    said = f"{quote(code.name)} is on: {location} {_DOES[code.kind]}"
    if location != code.where:
        said += f" (it was {code.where})"
    return Result(
        {
            **fields(session, code),
            "location": location,
            "patch": patch.number,
            "undo_at_exit": patch in session.undone,
        },
        (said,),
    )


def switch_off(session: Session, code: CodeEntry, *, force: bool) -> Result:
    """Put the old code back, or with force whatever is there now."""
    patch = active(session, code)
    if patch is None:
        raise CommandError(f"{quote(code.name)} is not on")
    with session.whole():
        patch.undo(force=force)
        session.undone.discard(patch)
        del session.codes[what(code)]
    return Result(fields(session, code), (f"{quote(code.name)} is off",))


def check(session: Session, code: CodeEntry) -> tuple[str, str]:
    """Whether code could be switched on now: ``on``, ``fits`` or ``refused``, and why."""
    if active(session, code) is not None:
        return "on", ""
    try:
        address = code.find(session.attached)
    except FarfetchError as error:
        session.attached.check()
        return "refused", str(error)
    return "fits", f"at {session.attached.locate(address)}"


def what(code: CodeEntry) -> CodeEntry:
    """What code does, whatever it is called: another of its name is not on when it is."""
    return replace(code, name="code", group="", note="")


def active(session: Session, code: CodeEntry) -> Patch | None:
    """The patch that code of the table is on by."""
    patch = session.codes.get(what(code))
    target = session.target
    if patch is None or target is None or not (patch.active and target.alive):
        return None
    return patch if patch in target.patches else None


def fields(session: Session, code: CodeEntry) -> dict[str, Json]:
    """What programs are told of it."""
    patch = active(session, code)
    return {
        "name": code.name,
        "kind": code.kind,
        "where": code.where,
        "signature": code.signature,
        "group": code.group,
        "note": code.note,
        "on": patch is not None,
        "address": None if patch is None else format_address(patch.address),
    }
