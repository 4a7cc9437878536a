"""unpatch: put patched bytes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import PatchError, format_address

from ..answers import quantities
from ..answers.result import Result
from ..command import Command, needs_target
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..errors import NotPatched
from ..line.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farfetch.scanner import Patch

    from ..session.session import Session

_ALL = ("all", "*")
_FORCE = "--force"


class Arguments(NamedTuple):
    """The patch's number, None for the last, "all" for all; and whether to force it."""

    which: int | str | None
    force: bool


def parse(words: Words) -> Arguments:
    """Read the number and the option, in any order."""
    which: int | str | None = None
    force = False
    while (word := words.optional()) is not None:
        if word.text == _FORCE:
            force = True
        elif which is not None:
            raise words.error(f"{word.raw!r} is one argument too many")
        else:
            which = "all" if word.text in _ALL else words.number(word, "N")
    return Arguments(which, force)


@needs_target
def run(session: Session, words: Words) -> Result:
    """Undo patches, the last one first."""
    arguments = parse(words)
    undone: list[Patch] = []
    refused: PatchError | None = None
    for patch in _chosen(session.attached.patches, arguments.which):
        try:
            patch.undo(force=arguments.force)
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
    if which == "all":
        return patches[::-1]
    if which is None:
        if not patches:
            raise NotPatched("nothing is patched")
        return patches[-1:]
    found = tuple(patch for patch in patches if patch.number == which)
    if not found:
        raise NotPatched(f"there is no patch {which} (patch alone lists them)")
    return found


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the patches and the option."""
    if not cursor.words:
        patches = [Choice(number, address) for number, address in moment.patches]
        yield from cursor.offer([Choice("all"), *patches])
    if _FORCE not in cursor.words and cursor.word:
        yield from cursor.offer([Choice(_FORCE, "whatever is there now")])


UNPATCH = Command(
    name="unpatch",
    usage=f"unpatch [N|all] [{_FORCE}]",
    summary="put the old bytes of a patch back",
    details="N is a patch's number in patch; nothing is the last one, all is all of them, the last "
    "one first. Where the bytes there are no longer the patch's it refuses, for the old ones may "
    f"be wrong there by now; {_FORCE} puts them back all the same.",
    examples=("unpatch", "unpatch 0", f"unpatch all {_FORCE}"),
    run=run,
    complete=complete,
)
