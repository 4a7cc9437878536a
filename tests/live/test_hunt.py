"""The hunt: find each thing that a game shows, by playing it, and change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from farfetch.scanner import (
    attach,
    changed,
    decreased,
    f32,
    f64,
    first,
    i32,
    i64,
    increased,
    now,
    prev,
    sized,
    text,
    u16,
    unchanged,
    utf16,
)

from support.readers import every_reader
from support.targets import Answer, Spawn, TargetProcess, every_build

#: More rounds than any hunt needs; one that needs them all has failed.
ROUNDS = 20


class Prey(NamedTuple):
    """A field of the player, and how to hunt it.

    Attributes:
        key: of the game's answers.
        type: that is scanned for.
        value: of what the game shows.
        play: commands that change it, taken in turn.
        narrow: predicates that hold after each command; None stands for the value shown.
        written: at the end.
        whole: the field's type where that is not the type scanned for.
    """

    key: str
    type: Any
    value: Callable[[str], Any]
    play: Sequence[str]
    narrow: Sequence[Any]
    written: Any
    whole: Any = None


PREY = [
    Prey("health", i32, int, ["hit 7"], [now == prev - 7, None, "decreased"], 31337),
    Prey("ammo", u16, int, ["shoot 3"], [None, now < prev, "now == prev - 3"], 999),
    Prey("stamina", f32, float, ["move 1 2"], [now == prev - 1.25, decreased, None], 3.5),
    Prey("x", f64, float, ["move 0.5 8", "move 77.75 8"], [None], -1000.125),
    Prey("y", f64, float, ["move 4 -1.5", "move 4 6.25"], [changed & (now < 100), None], 2.5),
    Prey("gold", i64, int, ["earn 25"], [now == prev + 25, increased, None], 1 << 40),
    Prey(
        "name",
        text,
        str,
        ["rename Kriemhild", "rename Siegfried"],
        [None],
        "Hagen",
        sized(text, 32),
    ),
    Prey(
        "wide_name",
        utf16,
        str,
        ["rename Gunther", "rename Giselher"],
        [None],
        "Etzel",
        sized(utf16, 64),
    ),
]


@every_build
@every_reader
@pytest.mark.parametrize("prey", PREY, ids=[one.key for one in PREY])
def test_what_the_game_shows_is_found_and_changed(prey: Prey, reader: str, spawn: Spawn) -> None:
    game = spawn("game")
    with attach(game.pid, memory=reader) as target, target.scan(prey.type) as scan:
        shown = game.command("status")[prey.key]
        assert scan.first(now == prey.value(shown)).matches
        for turn in range(ROUNDS):
            shown = game.command(prey.play[turn % len(prey.play)])[prey.key]
            predicate = prey.narrow[turn % len(prey.narrow)]
            if predicate is None:
                predicate = now == prey.value(shown)
            scan.next(predicate)
            if len(scan) == 1 and turn >= len(prey.narrow) - 1:
                break
        assert scan.matches.addresses() == [addresses(game).number(f"{prey.key}_addr")]
        assert scan[0].value == scan[0].previous == prey.value(shown)
        target.write(scan[0].address, prey.whole or prey.type, prey.written)
        assert prey.value(game.command("status")[prey.key]) == prey.written
        assert scan[0].value == prey.written
        assert scan[0].previous == prey.value(shown)


@every_build
@every_reader
def test_an_unknown_value_is_found_by_how_it_moves(reader: str, spawn: Spawn) -> None:
    game = spawn("game")
    with attach(game.pid, memory=reader) as target, target.scan(i32) as scan:
        everything = scan.first().matches
        game.command("hit 7")
        scan.next("decreased")
        assert len(scan) < everything
        for turn in range(ROUNDS):
            game.command("heal 2" if turn % 2 else "hit 3")
            scan.next(now == prev + 2 if turn % 2 else now == prev - 3)
            if len(scan) == 1:
                break
        assert scan.matches.addresses() == [addresses(game).number("health_addr")]
        assert scan[0].first == 100
        assert scan[0].value == int(game.command("status")["health"])


@every_build
def test_what_never_moves_is_found_against_the_first_scan(spawn: Spawn) -> None:
    game = spawn("game")
    with attach(game.pid) as target, target.scan(f32) as scan:
        scan.first("now in 50..120")
        for _ in range(ROUNDS):  # up and down again: neither changed nor unchanged would do
            game.command("move 1 1")
            scan.next("now == prev - 1.25 and now < first")
            game.command("hit 1")
            scan.next(unchanged & (now != first))
            if len(scan) == 1:
                break
        assert scan.matches.addresses() == [addresses(game).number("stamina_addr")]
        game.command("move 1 1")
        assert scan.next(now < first - 2).matches == 1


@every_build
def test_the_masked_score_is_not_found_by_what_is_shown(spawn: Spawn) -> None:
    game = spawn("game")
    game.command("earn 31")
    with attach(game.pid) as target, target.scan("u32") as scan:
        where = addresses(game).number("score_addr")
        shown = int(game.command("shoot 1")["score"])
        scan.first(now == shown)
        assert where not in scan.matches.addresses()
        masked = shown ^ addresses(game).number("score_key")
        scan.first(now == masked)
        assert scan.matches.addresses() == [where]


@every_build
def test_a_player_who_moved_is_no_longer_where_he_was(spawn: Spawn) -> None:
    game = spawn("game")
    with attach(game.pid) as target, target.scan(i64) as scan:
        gold = int(game.command("earn 123456789")["gold"])
        scan.first(now == gold)
        before = addresses(game).number("gold_addr")
        assert scan.matches.addresses() == [before]
        game.command("respawn")
        after = addresses(game).number("gold_addr")
        assert after != before
        scan.first(now == int(game.command("status")["gold"]))
        assert after in scan.matches.addresses()


def addresses(game: TargetProcess) -> Answer:
    return game.command("addresses")
