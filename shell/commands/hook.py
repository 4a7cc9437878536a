"""hook: code that runs each time an instruction does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.code_kinds import CODE
from ..command.kinds import PLACE, choice
from ..session import places
from .patch import AT_EXIT

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Hook a place."""
    target = session.attached
    address = places.find(session, given.place).address
    with session.whole():  # else a signal in between would leave it for ever
        hook = target.hook(address, given.code, original=given.original)
        if given.undo_at_exit:
            session.undone.add(hook)
    location = str(target.locate(address))
    where = "padding of its module" if hook.in_cave else "memory of its own"
    return Result(
        {
            "patch": hook.number,
            "address": format_address(address),
            "location": location,
            "code": format_address(hook.code),
            "size": hook.size,
            "original": hook.original,
            "in_cave": hook.in_cave,
            "before": hook.before.hex(" "),
            "after": hook.after.hex(" "),
            "undo_at_exit": given.undo_at_exit,
        },
        (f"patch {hook.number}: {location} goes by {format_address(hook.code)}, in {where}",),
    )


HOOK = Command(
    name="hook",
    category=Category.CODE,
    summary="let other code run each time an instruction does",
    details="CODE is one instruction, or several with ; between them, as in assemble; the labels "
    "original and back are where what was there runs, and where it goes on. What was there runs "
    "after CODE, before it with --original before, or not at all with --original none. Registers "
    "and flags are the code's to keep. It is a patch: patch lists it, unpatch puts the old code "
    f"back, byte for byte. {AT_EXIT} does so when the shell detaches or ends. Threads are led out "
    "of what changes. A place that something leads into the middle of is refused.",
    examples=(
        "hook game+0x1a03 mov edx,#100",
        "hook game+0x1a03 cmp edx,5; jl original; mov edx,5",
        "hook game+0x1a03 nop --original none --undo-at-exit",
    ),
    run=run,
    arguments=(Argument("place", PLACE), Argument("code", CODE)),
    options=(
        Option(
            "--original",
            "when what was there runs",
            choice("after", "before", "none"),
            default="after",
        ),
        Option(AT_EXIT, "put the old code back"),
    ),
    needs=Needs.TARGET,
    answers="patch address location code size original in_cave before after undo_at_exit",
)
