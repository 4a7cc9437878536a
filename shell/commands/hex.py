"""hex: memory as hex digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farfetch.scanner import MemoryFault, format_address, members

from ..answers import values
from ..answers.result import Result
from ..command import Command, needs_target
from ..complete import offers
from ..complete.cursor import Candidate, Choice, Cursor, Moment
from ..line.words import Word, Words
from ..session import forcing, hexdump, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.session import Session

DEFAULT_BYTES = 256
MAX_BYTES = 1 << 20


class Arguments(NamedTuple):
    """What to show.

    Attributes:
        which: a match's index or an address, as typed.
        size: how many bytes; None for a screen of them.
        force: whether its keys write where the target may not write itself.
    """

    which: int | str
    size: int | None
    force: bool


def parse(words: Words) -> Arguments:
    """Read the place, the length and the option."""
    which = places.index_or_address(words, words.take("ADDR"))
    size, force = None, False
    while (word := words.optional()) is not None:
        if word.text == forcing.FORCE:
            force = True
        elif size is not None:
            raise words.error(f"{word.raw!r} is one argument too many")
        else:
            size = _size(words, word)
    return Arguments(which, size, force)


def _size(words: Words, word: Word) -> int:
    size = int(word.text, 16) if _is_hex(word.text) else words.number(word, "LEN")
    if not 1 <= size <= MAX_BYTES:
        raise words.error(f"LEN is from 1 to {MAX_BYTES}, not {size}")
    return size


def _is_hex(text: str) -> bool:
    digits = text[2:]
    return (
        text[:2] in ("0x", "0X")
        and 0 < len(digits) <= 16
        and set(digits) <= set("0123456789abcdefABCDEF")
    )


@needs_target
def run(session: Session, words: Words) -> Result:
    """Show memory: on the whole terminal at a prompt, else as a dump."""
    arguments = parse(words)
    target = session.attached
    place = places.find(session, arguments.which)
    address = place.address
    has_own = place.field or members(place.type, bits=target.bits)
    value_type = place.type if has_own else session.type
    if session.screens is not None and arguments.size is None:
        session.screens.hex(session, address, value_type, force=arguments.force)
        return Result({"address": format_address(address)})
    size = min(arguments.size or DEFAULT_BYTES, hexdump.HIGHEST - address)
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


def complete(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer match indexes and addresses."""
    if not cursor.words:
        yield from offers.match_index(cursor, moment)
        yield from offers.address(cursor, moment)
    elif cursor.word and forcing.FORCE not in cursor.words:
        yield from cursor.offer([Choice(forcing.FORCE, forcing.NOTE)])


HEX = Command(
    name="hex",
    usage="hex INDEX|ADDR [LEN] [--force]",
    summary="look at memory as hex digits, and edit it",
    details="At a prompt it takes the whole terminal: arrows, PageUp and PageDown move, hex digits "
    "overwrite the byte under the cursor at once, u takes the last change back, g goes to an "
    "address, t chooses the type of the values beside the bytes, q or Ctrl-C leaves; what has "
    "changed since the last look is highlighted. --force lets it edit what the target may not "
    "write itself. With LEN, and in scripts, it prints LEN bytes "
    f"instead ({DEFAULT_BYTES} when not said); ?? cannot be read. Of a structure, the fields that "
    "begin in a line stand beside it.",
    examples=("hex 0", "hex game+0x4010 64", "hex [heap] 0x100"),
    run=run,
    complete=complete,
)
