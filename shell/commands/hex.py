"""hex: memory as hex digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from farfetch.scanner import MemoryFault, format_address, members

from ..answers import values
from ..answers.result import Result
from ..command import Argument, Asked, Category, Command, Given, Kind, Needs
from ..command.kinds import FORCE, PLACE
from ..session import hexdump, places

if TYPE_CHECKING:
    from ..session.session import Session

DEFAULT_BYTES = 256
MAX_BYTES = 1 << 20
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,16}")


def _size(session: Session, asked: Asked) -> int:  # noqa: ARG001
    size = int(asked.text, 16) if _HEX.fullmatch(asked.text) else asked.as_count()
    if not 1 <= size <= MAX_BYTES:
        raise asked.error(f"{asked.what} is from 1 to {MAX_BYTES}, not {size}")
    return size


LENGTH = Kind("LEN", _size, sample="16", refuses=(("0", "UsageError"), ("many", "UsageError")))


def run(session: Session, given: Given) -> Result:
    """Show memory: on the whole terminal at a prompt, else as a dump."""
    target = session.attached
    place = places.find(session, given.place)
    address = place.address
    has_own = place.field or members(place.type, bits=target.bits)
    value_type = place.type if has_own else session.settings.type
    if session.screens is not None and given.size is None:
        session.screens.hex(address, value_type, force=given.force)
        return Result({"address": format_address(address)})
    size = min(given.size or DEFAULT_BYTES, hexdump.HIGHEST - address)
    content = hexdump.read(target, address, size)
    unreadable = content.count(None)
    if unreadable == size:
        raise MemoryFault(address, size, 0, False)
    rows = list(hexdump.rows(address, content))
    width = len(format_address(rows[-1].address))
    decoder = hexdump.Decoder(value_type, target.bits, address)
    return Result(
        {
            "address": format_address(address),
            "location": str(target.locate(address)),
            "size": size,
            "unreadable": unreadable,
            "bytes": " ".join(digits for row in rows for digits in row.digits),
            "type": values.type_label(value_type),
            "values": [values.as_json(value) for value in decoder.values(address, content)],
        },
        tuple(decoder.line(row, address, content, width) for row in rows),
    )


HEX = Command(
    name="hex",
    category=Category.MEMORY,
    summary="look at memory as hex digits, and edit it",
    details="At a prompt it takes the whole terminal: arrows, PageUp and PageDown move, hex digits "
    "overwrite the byte under the cursor at once, u takes the last change back, g goes to an "
    "address, t chooses the type of the values beside the bytes, i shows instructions beside them, "
    "the first at the cursor, and values again, / finds bytes or text and n the "
    "next, p follows the pointer under the cursor and o goes back, q or Ctrl-C leaves; what has "
    "changed since the last look is highlighted. Of number and any, each four bytes are shown as "
    "the float that they are where that is likely, else as an i32, and the last line has every "
    "type at the cursor. --force lets it edit what the target may not "
    "write itself. With LEN, and in scripts, it prints LEN bytes "
    f"instead ({DEFAULT_BYTES} when not said); ?? cannot be read. Of a structure, the fields that "
    "begin in a line stand beside it.",
    examples=("hex 0", "hex game+0x4010 64", "hex [heap] 0x100"),
    run=run,
    arguments=(Argument("place", PLACE), Argument("size", LENGTH, optional=True)),
    options=(FORCE,),
    needs=Needs.TARGET,
    answers="address",
)
