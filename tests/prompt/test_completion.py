"""What can be typed next, as tables of the text before the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from farfetch.shell.commands import COMMANDS
from farfetch.shell.complete.cursor import ProcessName
from farfetch.shell.complete.line import complete
from farfetch.shell.complete.offers import PREDICATE_WORDS
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Moment:
    """A moment made of plain tuples."""

    attached: bool = False
    matches: int = 0
    types: Sequence[str] = ("i32", "i64", "u8", "f32", "text")
    frozen: Sequence[str] = ()
    processes: Sequence[ProcessName] = (
        ProcessName(41, "game", "ada"),
        ProcessName(42, "my game", "ada"),
        ProcessName(430, "bash", "ada"),
        ProcessName(431, "bash", "root"),
    )
    modules: Sequence[str] = ("game", "libc.so.6", "my lib.so")
    snapshots: Sequence[str] = ()
    entries: Sequence[str] = ()
    scripts: Sequence[str] = ()
    code: Sequence[str] = ()
    paths: int = 0
    variables: Sequence[str] = ()
    patches: Sequence[tuple[str, str]] = ()
    structures: Sequence[str] = ()
    fields: Sequence[str] = ()

    def files(self, typed: str) -> Sequence[str]:
        return [file for file in ("hunt.ff", "my game.json", "tables/") if file.startswith(typed)]

    def symbols(self, typed: str) -> Sequence[str]:
        known = ("game!hit", "game!heal", "game!operator new(unsigned long)")
        return [name for name in known if name.startswith(typed)]

    def members(self, place: str) -> Sequence[str]:
        if place in ("hp", "0x10"):  # an entry, and an address when type is a structure
            return self.fields
        return self.fields if place in ("*", "0", "1", "2") and self.matches else ()


ADDRESSES = ("game+0x", "libc.so.6+0x", '"my lib.so"+0x', "[heap]+0x", "0x")

NOTHING = Moment()
ATTACHED = Moment(attached=True)
SCANNED = Moment(attached=True, matches=3, frozen=("0x4010", "0x7f00"), patches=(("2", "0x10"),))


PLAYERS = Moment(
    attached=True,
    matches=1,
    types=("player", "i32"),
    structures=("player", "mob"),
    fields=("health", "pos.x", "pos.y"),
)
CARRYING = Moment(attached=True, fields=("bag", "bag[0]", "bag[1].kind", "bag[1].left"))
TABLED = Moment(attached=True, entries=("hp", "max hp"))


def texts(line: str, moment: Moment) -> list[str]:
    return [candidate.text for candidate in complete(line, moment, COMMANDS)]


@pytest.mark.parametrize(
    ("line", "moment", "offered"),
    [
        # Commands
        ("at", NOTHING, ["attach"]),
        ("re", NOTHING, ["regions", "redo", "reset", "read"]),
        ("  lis", NOTHING, ["list"]),
        ("xyz", NOTHING, []),
        ("un", NOTHING, ["undo", "unset", "unfreeze", "unpatch", "until"]),
        # A line that may be a predicate, once there is something to scan
        ("unk", ATTACHED, ["unknown"]),
        ("fir", ATTACHED, ["first"]),
        ("now == pr", ATTACHED, ["prev"]),
        ("now == pr", NOTHING, []),
        ("(pre", ATTACHED, ["prev"]),
        ("now>pre", ATTACHED, ["prev"]),
        ("100", ATTACHED, []),
        ('now == "pr', ATTACHED, []),
        # Predicates behind the commands that take them
        ("first inc", ATTACHED, ["increased"]),
        ("next now < p", SCANNED, ["prev", "pattern("]),
        ("next now < prev and not ch", SCANNED, ["changed"]),
        # Processes
        ("attach ga", NOTHING, ["game", '"my game"']),
        ('attach "my', NOTHING, ['"my game"']),
        ("attach ba", NOTHING, ["430", "431"]),
        ("attach 43", NOTHING, ["430", "431"]),
        ("attach 4", NOTHING, ["41", "42", "430", "431"]),
        ("ps GA", NOTHING, ["game", '"my game"']),
        # Types
        ("type i", NOTHING, ["i32", "i64"]),
        ("type ", NOTHING, ["i32", "i64", "u8", "f32", "text"]),
        ("type F", NOTHING, ["f32"]),
        ("read 0x10 f", ATTACHED, ["f32"]),
        ("write 0x10 u", ATTACHED, ["u8"]),
        ("write 0x10 u8 1", ATTACHED, []),
        # Addresses
        ("read ga", ATTACHED, ["game+0x"]),
        ("read my", ATTACHED, ['"my lib.so"+0x']),
        ("read [", ATTACHED, ["[heap]+0x"]),
        ("write li", ATTACHED, ["libc.so.6+0x"]),
        ("read game", ATTACHED, ["game+0x", "game!"]),
        # Functions, wherever an address is typed
        *(
            (f"{line} game!h", ATTACHED, ["game!hit", "game!heal"])
            for line in ("disassemble", "hook", "nop", "assemble", "signature", "hex", "patch")
        ),
        ("who writes game!hi", ATTACHED, ["game!hit"]),
        ("pointer game!hi", ATTACHED, ["game!hit"]),
        ("table add game!hi", ATTACHED, ["game!hit"]),
        ("read game!op", ATTACHED, ['"game!operator new(unsigned long)"']),
        ('read "game!operator n', ATTACHED, ['"game!operator new(unsigned long)"']),
        # Regions
        ("where da", NOTHING, ["data"]),
        ("where heap,st", NOTHING, ["stack"]),
        ("where heap, st", NOTHING, ["stack"]),
        ("where module:", ATTACHED, ["game", "libc.so.6", "my lib.so"]),
        ("where heap,module:libc", ATTACHED, ["libc.so.6"]),
        ("regions mod", ATTACHED, ["module:"]),
        # Alignments
        ("align ", NOTHING, ["auto", "1", "2", "4", "8"]),
        ("align 4 ", NOTHING, []),
        # Matches and frozen entries
        ("set ", SCANNED, ["*", "0", "1", "2", *ADDRESSES]),
        ("set 0,1", SCANNED, ["1"]),
        ("set 1", SCANNED, ["1"]),
        ("set 1 ", SCANNED, []),
        ("freeze ", SCANNED, ["*", "0", "1", "2", *ADDRESSES]),
        ("freeze 0 5 --", SCANNED, ["--allow", "--every", "--force"]),
        ("freeze 0 --allow ", SCANNED, ["increase", "decrease"]),
        ("freeze 0 --allow d", SCANNED, ["decrease"]),
        ("freeze 0 --allow decrease --", SCANNED, ["--every", "--force"]),
        ("patch ", SCANNED, ["0", "1", "2", *ADDRESSES]),
        ("patch 0 90 --", SCANNED, ["--undo-at-exit"]),
        ("freeze ", TABLED, ["hp", '"max hp"', *ADDRESSES]),
        ("expect value ", TABLED, ["hp", '"max hp"', *ADDRESSES]),
        ("table set ", TABLED, ["hp", '"max hp"']),
        (
            *("table ", TABLED),
            ["add", "set", "freeze", "unfreeze", "rename", "remove", "check", "all", "on", "off"],
        ),
        ("table add 0 a --t", SCANNED, ["--type"]),
        ("expect ", NOTHING, ["matches", "value", "alive"]),
        ("watch ", SCANNED, ["*", "0", "1", "2", *ADDRESSES]),
        ("watch 0 1 --e", SCANNED, ["--every"]),
        ("watch 0 --for ", SCANNED, []),
        ("hex ", SCANNED, ["0", "1", "2", *ADDRESSES]),
        ("hex 0 ", SCANNED, []),
        ("list ", SCANNED, ["+", "-"]),
        ("unpatch ", SCANNED, ["all", "2"]),
        ("unpatch 2 -", SCANNED, ["--force"]),
        ("unfreeze ", SCANNED, ["*", "0x4010", "0x7f00"]),
        ("unfreeze 0x7", SCANNED, ["0x7f00"]),
        # Structures
        ("struct ", PLAYERS, ["player", "mob", "load", "drop"]),
        ("struct drop ", PLAYERS, ["player", "mob"]),
        ("struct load my", PLAYERS, ['"my game.json"']),
        ("struct player", PLAYERS, ["player"]),
        ("type p", PLAYERS, ["player"]),
        ("struct a { fl", PLAYERS, ["float"]),
        ("struct a {\n    int hp;\n    mo", PLAYERS, ["mob"]),
        ("struct a {\n    ", PLAYERS, []),
        ("struct a { int now", PLAYERS, []),
        ("hea", PLAYERS, ["health"]),
        ("now.pos", PLAYERS, ["pos.x", "pos.y"]),
        ("prev.he", PLAYERS, ["health"]),
        ("health < pos.", PLAYERS, ["pos.x", "pos.y"]),
        ("first @full.h", PLAYERS, ["health"]),
        ("now.b", CARRYING, ["bag"]),
        ("prev.bag[", CARRYING, ["bag[0]", "bag[1].kind", "bag[1].left"]),
        ("ba", CARRYING, ["bag"]),
        ("bag[0] == bag[1].k", CARRYING, ["bag[1].kind"]),
        ("set 0.", PLAYERS, ["0.health", "0.pos.x", "0.pos.y"]),
        ("set *.h", PLAYERS, ["*.health"]),
        ("freeze 0.pos.", PLAYERS, ["0.pos.x", "0.pos.y"]),
        ("read 0x10.he", PLAYERS, ["0x10.health"]),
        ("write 0.health ", PLAYERS, []),
        ("watch 0 0.h", PLAYERS, ["0.health"]),
        ("freeze 0.", SCANNED, []),
        # The rest
        ("help fr", NOTHING, ["freeze"]),
        ("wait f", NOTHING, ["forever"]),
        ("quit ", NOTHING, []),
    ],
)  # fmt: skip
def test_offers(line: str, moment: Moment, offered: list[str]) -> None:
    assert texts(line, moment) == offered


@pytest.mark.parametrize(
    ("line", "moment", "becomes"),
    [
        ("  at", NOTHING, "  attach"),
        ("attach me", NOTHING, "attach game"),
        ("now>pre", ATTACHED, "now>prev"),
        ("where heap,module:li", ATTACHED, "where heap,module:libc.so.6"),
        ("where heap, st", NOTHING, "where heap, stack"),
        ('read "my', ATTACHED, 'read "my lib.so"+0x'),
        ("freeze 0 5 --a", SCANNED, "freeze 0 5 --allow"),
    ],
)
def test_taking_the_first_candidate(line: str, moment: Moment, becomes: str) -> None:
    candidate = complete(line, moment, COMMANDS)[0]
    assert line[: candidate.start] + candidate.text == becomes


def test_an_empty_line_offers_every_command() -> None:
    assert texts("", ATTACHED) == list(COMMANDS)


def test_a_blank_behind_a_predicate_command_offers_the_language() -> None:
    assert texts("first ", ATTACHED) == [word for word, _ in PREDICATE_WORDS]


def test_notes_tell_processes_apart() -> None:
    notes = {one.text: one.note for one in complete("attach ", NOTHING, COMMANDS)}
    assert notes == {
        "game": "41, ada",
        '"my game"': "42, ada",
        "430": "bash, ada",
        "431": "bash, root",
    }


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("typed", ["'a", "hp 'a", "0 'a b", '0x10 "', "0x10 text 'a", "--at '"])
def test_a_quote_that_is_not_closed_yet(name: str, typed: str) -> None:
    for moment in (NOTHING, ATTACHED, SCANNED):
        for end in range(len(typed) + 1):
            complete(f"{name} {typed[:end]}", moment, COMMANDS)


@given(
    st.one_of(st.text(), st.text("hp01x .,'\"\\#$-=\r\t")),
    st.sampled_from([NOTHING, ATTACHED, SCANNED]),
)
def test_any_text_is_completed_quietly_and_in_place(line: str, moment: Moment) -> None:
    for name in ("", *COMMANDS):
        typed = f"{name} {line}" if name else line
        for candidate in complete(typed, moment, COMMANDS):
            assert 0 <= candidate.start <= len(typed)
            assert candidate.text
