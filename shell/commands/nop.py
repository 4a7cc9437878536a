"""nop: an instruction does nothing, until that is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.kinds import PLACE
from ..session import places
from .patch import AT_EXIT

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Let an instruction do nothing."""
    target = session.attached
    address = places.find(session, given.place).address
    (found,) = target.disassemble(address)
    with session.whole():  # else a signal in between would leave it for ever
        patch = target.nop(address)
        if given.undo_at_exit:
            session.undone.add(patch)
    return Result(
        {
            "patch": patch.number,
            "address": format_address(address),
            "location": str(target.locate(address)),
            "instruction": found.text,
            "before": patch.before.hex(" "),
            "after": patch.after.hex(" "),
            "undo_at_exit": given.undo_at_exit,
        },
        (f"patch {patch.number}: {found.text} at {target.locate(address)} does nothing",),
    )


NOP = Command(
    name="nop",
    category=Category.CODE,
    summary="let an instruction do nothing",
    details="It is a patch like any other: patch lists it, unpatch puts the instruction back. "
    "Threads that run through it meanwhile see the one or the other; where no single store can do "
    "that, they all stand still for a tenth of a millisecond. "
    f"{AT_EXIT} puts it back when the shell detaches or ends.",
    examples=("nop game+0x1a03", f"nop game+0x1a03 {AT_EXIT}"),
    run=run,
    arguments=(Argument("place", PLACE),),
    options=(Option(AT_EXIT, "put the instruction back"),),
    needs=Needs.TARGET,
    answers="patch address location instruction before after undo_at_exit",
)
