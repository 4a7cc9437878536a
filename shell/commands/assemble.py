"""assemble: instructions in place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import CodeError, format_address

from ..answers.result import Json, Result
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.code_kinds import CODE
from ..command.kinds import PLACE
from ..errors import UsageError
from ..session import places
from .patch import AT_EXIT

if TYPE_CHECKING:
    from farfetch.scanner import Instruction, Target

    from ..session.session import Session

_DATA = "nothing runs here: this memory is not executable; patch changes data"


def run(session: Session, given: Given) -> Result:
    """Assemble at a place, and patch what is there."""
    target = session.attached
    address = places.find(session, given.place).address
    region = target.locate(address).region
    if region is not None and not region.executable:
        raise CodeError(address, _DATA)
    raw = target.assemble(address, given.code)
    if not raw:
        raise UsageError("CODE has labels alone: nothing would be put there")
    replaced = _replaced(target, address, len(raw))
    raw += b"\x90" * (sum(instruction.size for instruction in replaced) - len(raw))
    location = str(target.locate(address))
    fields: dict[str, Json] = {
        "patch": None,
        "address": format_address(address),
        "location": location,
        "before": b"".join(instruction.raw for instruction in replaced).hex(" "),
        "after": raw.hex(" "),
        "replaced": [*(instruction.text for instruction in replaced)],
        "undo_at_exit": False,
    }
    shown = "; ".join(instruction.text for instruction in replaced)
    if given.dry_run:
        return Result(fields, (f"{raw.hex(' ')} would replace {shown} at {location}",))
    with session.whole():  # else a signal in between would leave it for ever
        patch = target.patch(address, raw)
        if given.undo_at_exit:
            session.undone.add(patch)
    fields |= {"patch": patch.number, "undo_at_exit": given.undo_at_exit}
    said = f"patch {patch.number}: {raw.hex(' ')} at {location}, in place of {shown}"
    return Result(fields, (said,))


def _replaced(target: Target, address: int, size: int) -> list[Instruction]:
    """The whole instructions that so many bytes take the place of."""
    found: list[Instruction] = []
    for instruction in target.disassemble(address, size):
        if sum(known.size for known in found) >= size:
            break
        if not instruction.is_valid:
            raise CodeError(instruction.address, "this is no instruction: patch changes data")
        found.append(instruction)
    if sum(known.size for known in found) < size:
        raise CodeError(address, f"{size} bytes of instructions cannot be read here")
    return found


ASSEMBLE = Command(
    name="assemble",
    category=Category.CODE,
    summary="put instructions in the place of others",
    details="CODE is one instruction, or several with ; between them, as tables have them: numbers "
    "are hexadecimal (#10 is decimal), memory of no said size is a dword, names are those of "
    "modules, functions and symbols. Whole instructions are replaced: what is left of the last one "
    "becomes nops. It is a patch: patch lists it, unpatch puts the old code back. "
    f"{AT_EXIT} does so when the shell detaches or ends; --dry-run only shows it. "
    "hook adds code and leaves what is there.",
    examples=(
        "assemble game+0x1a03 mov dword ptr [rbp+4],64",
        "assemble game+0x1a03 xor eax,eax; ret --dry-run",
    ),
    run=run,
    arguments=(Argument("place", PLACE), Argument("code", CODE)),
    options=(Option(AT_EXIT, "put the old bytes back"), Option("--dry-run", "only show it")),
    needs=Needs.TARGET,
    answers="patch address location before after replaced undo_at_exit",
)
