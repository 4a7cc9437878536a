"""Structures at the prompt: pasted and typed, key by key, on a terminal."""

from __future__ import annotations

import re

import pytest

from support.prompting import CTRL_C, UP, Start, enter, styled, toolbar, until
from support.targets import TargetProcess

PASTED = """struct player
{
\tuint32_t id;
\tint32_t health;     // of max_health
\tint32_t max_health;
\tuint16_t ammo, magazine;
\tfloat stamina;
};"""
BRACKETED = "\x1b[200~{}\x1b[201~"
PROMPT = re.compile(r"^farfetch>$", re.MULTILINE)


@pytest.mark.parametrize("paste", ["{}", BRACKETED], ids=["raw", "bracketed"])
def test_the_player_is_found_by_a_pasted_structure(
    start: Start, game: TargetProcess, paste: str
) -> None:
    at = game.command("addresses")
    terminal = start("-p", game.pid)
    text = PASTED if paste == BRACKETED else PASTED.replace("player\n{", "player {")
    terminal.send(paste.format(text.replace("\n", "\r")) + "\r")
    terminal.wait_for("struct player: 20 bytes, 6 fields; type player scans for it")
    enter(terminal, "type player", "^type player$")
    toolbar(terminal, r"\| player \|")
    enter(terminal, "health < max_health and ammo == 30 and stamina == 80", r"1 match \(")
    enter(terminal, "list", rf"^ +0 +{at['player_addr']} .*")
    enter(terminal, "set 0.health 77", "1 match set to 77")
    assert game.command("status")["health"] == "77"
    enter(terminal, "health == 77 and prev.health != 77", r"1 match \(")
    enter(terminal, "list", r"^ +first +100$")


def test_a_declaration_is_typed_over_several_lines(start: Start) -> None:
    terminal = start()
    terminal.send("struct mob {\r")
    terminal.wait_for(re.compile(r"^farfetch> struct mob \{\n\.\.\.", re.MULTILINE))
    terminal.send("\tint hp;\r\tflo")
    terminal.wait_for(re.compile(r"^\.\.\. +int hp;\n\.\.\. +flo", re.MULTILINE))
    terminal.send("\t x;\r}\r")
    terminal.wait_for("struct mob: 8 bytes, 2 fields; type mob scans for it")
    terminal.wait_for(PROMPT)
    enter(terminal, "struct mob", r"0x4 +4 +f32 +x")
    terminal.send("struct mob = Struct(\r'hp' / Int32ul)\r")
    terminal.wait_for("struct mob: 4 bytes, 1 field; type mob scans for it")
    terminal.send(UP)
    terminal.wait_for(
        re.compile(r"^farfetch> struct mob = Struct\(\n\.\.\. +'hp' / Int32ul\)", re.M)
    )
    terminal.send(CTRL_C)
    terminal.wait_for(PROMPT)


def test_one_that_was_begun_can_be_left(start: Start) -> None:
    terminal = start()
    terminal.send("struct mob {\r")
    terminal.wait_for(re.compile(r"\n\.\.\.", re.MULTILINE))
    terminal.send(CTRL_C)
    terminal.wait_for(PROMPT)
    enter(terminal, "struct", "no structures")
    terminal.send("struct mob {\rint x : 3;\r}\r")
    terminal.wait_for("farfetch: line 2 of the declaration, column 5: bit fields are not taken")


def test_fields_are_completed(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid)
    enter(terminal, "struct player { uint32_t id; int hit_points, most; };", "struct player: 12")
    terminal.send("type pla\t\r")
    terminal.wait_for(re.compile(r"^type player$", re.MULTILINE))
    terminal.send("hit\t == 100 and mos\t == 150 and now.i\t == 1\r")
    terminal.wait_for(re.compile(r"^1 match \(", re.MULTILINE))
    terminal.send("set 0.hi\t 55\r")
    terminal.wait_for("1 match set to 55")
    assert game.command("status")["health"] == "55"


def test_watching_by_field(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid)
    enter(terminal, "struct player { uint32_t id; int hp, most; };", "struct player: 12")
    enter(terminal, "type player", "type player")
    enter(terminal, "hp == 100 and most == 150 and id == 1", r"1 match \(")
    terminal.send("watch 0 --every 0.5\r")
    terminal.wait_for(re.compile(r"^>  0\.id +1 +0 +u32 (?s:.*)^   0\.hp +100 +0 +i32 ", re.M))
    game.command("hit 9")
    terminal.wait_for(re.compile(r"^ \* 0\.hp +91 +1 ", re.MULTILINE))
    assert styled(terminal, " 91 ") == {True}
    assert styled(terminal, " 150 ") == {False}
    terminal.send("jf")
    terminal.wait_for(re.compile(r"^>F 0\.hp +91 ", re.MULTILINE))
    game.command("hit 9")
    until(game, "health", "91")
    terminal.send("s12\r")
    until(game, "health", "12")
    terminal.send("q")
    terminal.wait_for(PROMPT)


def test_hex_shows_fields(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses")
    terminal = start("-p", game.pid, size=(20, 130))
    enter(terminal, "struct player { uint32_t id; int hp, most; };", "struct player: 12")
    terminal.send(f"hex {at['player_addr']}\r")
    terminal.wait_for("q quit")
    terminal.send("tplayer\r")
    terminal.wait_for(
        re.compile(r"01 00 00 00 64 00 00 00 96 00 00 00 .* id=1  hp=100  most=150  ")
    )
    terminal.send("tplayr\r")
    terminal.wait_for("did you mean player?")
    game.command("hit 1")
    terminal.wait_for(re.compile(r"63 00 00 00 .* hp=99 "))
    terminal.send("q")
    terminal.wait_for(PROMPT)
