"""signature: the shortest pattern by which code is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import format_address

from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import PLACE
from ..session import places

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Show a signature of the code at a place."""
    target = session.attached
    address = places.find(session, given.place).address
    found = target.signature(address)
    location = target.locate(address)
    return Result(
        {
            "address": format_address(address),
            "location": str(location),
            "module": location.module.name if location.module else "",
            "signature": str(found),
        },
        (str(found),),
    )


SIGNATURE = Command(
    name="signature",
    category=Category.CODE,
    summary="make the shortest pattern by which an instruction is found again",
    details="It is of the bytes from ADDR on, of which eight count at the least, and nowhere else "
    "in the code of its module. "
    "What is likely to be another in the next build is left wild, as ??: how far it is to data and "
    "functions, and addresses. pattern looks for it.",
    examples=("signature game+0x1a03",),
    run=run,
    arguments=(Argument("place", PLACE),),
    needs=Needs.TARGET,
    answers="address location module signature",
)
