"""unpatch: put patched bytes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farfetch.scanner import PatchError, format_address

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs, Option
from ..command.kinds import ALL, number_or_all
from ..complete.cursor import Choice, Moment
from ..errors import NotPatched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Patch

    from ..session.session import Session


def _made(moment: Moment) -> Iterator[Choice]:
    yield Choice(ALL, "all patches")
    yield from (Choice(number, address) for number, address in moment.patches)


NUMBER = number_or_all(_made, sample="0", unknown=("5", "NotPatched"))


def run(session: Session, given: Given) -> Result:
    """Undo patches, the last one first."""
    undone: list[Patch] = []
    refused: PatchError | None = None
    for patch in _chosen(session.attached.patches, given.number):
        try:
            patch.undo(force=given.force)
        except PatchError as error:
            refused = refused or error
        else:
            undone.append(patch)
    if refused is not None:
        raise refused
    return Result(
        {
            "unpatched": len(undone),
            "addresses": [format_address(patch.address) for patch in undone],
        },
        (f"{quantities.count(len(undone), 'patch', 'patches')} undone",),
    )


def _chosen(patches: tuple[Patch, ...], which: int | str | None) -> tuple[Patch, ...]:
    if which == ALL:
        return patches[::-1]
    if which is None:
        if not patches:
            raise NotPatched("nothing is patched")
        return patches[-1:]
    found = tuple(patch for patch in patches if patch.number == which)
    if not found:
        raise NotPatched(f"there is no patch {which} (patch alone lists them)")
    return found


UNPATCH = Command(
    name="unpatch",
    category=Category.MEMORY,
    summary="put the old bytes of a patch back",
    details="N is a patch's number in patch; nothing is the last one, all is all of them, the last "
    "one first. Where the bytes there are no longer the patch's it refuses, for the old ones may "
    "be wrong there by now; --force puts them back all the same.",
    examples=("unpatch", "unpatch 0", "unpatch all --force"),
    run=run,
    arguments=(Argument("number", NUMBER, optional=True),),
    options=(Option("--force", "whatever is there now"),),
    needs=Needs.TARGET,
    answers="unpatched addresses",
)
