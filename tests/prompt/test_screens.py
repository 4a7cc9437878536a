"""watch and hex on the whole terminal, driven key by key."""

from __future__ import annotations

import re

import pytest
from farfetch.scanner import attach

from support.child import is_traced
from support.machine import only_x86
from support.prompting import (
    CTRL_C,
    DOWN,
    PAGE_DOWN,
    PAGE_UP,
    RIGHT,
    UP,
    Start,
    enter,
    styled,
    toolbar,
    until,
)
from support.targets import TargetProcess

ESCAPE = "\x1b"


@pytest.mark.parametrize("size", [(24, 100), (12, 40)])
def test_watching_changes_setting_and_freezing(
    start: Start, game: TargetProcess, size: tuple[int, int]
) -> None:
    at = game.command("addresses")
    terminal = start("-p", game.pid, size=size)
    terminal.send(f"watch {at['health_addr']} {at['ammo_addr']} --every 0.05\r")
    terminal.wait_for(re.compile(rf"\A   ENTRY +VALUE +CHANGES.*\n>  {at['health_addr']} +100 +0 "))
    game.command("hit 7")
    terminal.wait_for(re.compile(r"^>.? 0x\w+ +93 +1 ", re.MULTILINE))
    terminal.send("f")
    terminal.wait_for(re.compile(r"^>F 0x\w+ +93 ", re.MULTILINE))
    game.command("hit 50")
    until(game, "health", "93")
    terminal.send("s")
    terminal.wait_for(f"set {at['health_addr']} to:")
    terminal.send("44\r")
    until(game, "health", "44")
    game.command("hit 4")
    until(game, "health", "44")
    terminal.send("f" + DOWN + "s12345\r")
    terminal.wait_for(re.compile(r"^>.? 0x\w+ +12345 ", re.MULTILINE))
    assert game.command("status")["ammo"] == str(12345)
    game.command("hit 4")
    until(game, "health", "40")
    terminal.send("snonsense\r")
    terminal.wait_for("'nonsense' is not a whole number")
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    assert not any("ENTRY" in line for line in terminal.screen())


def test_a_change_is_highlighted(start: Start, game: TargetProcess) -> None:
    address = game.command("addresses")["health_addr"]
    terminal = start("-p", game.pid)
    terminal.send(f"watch {address} --every 60\r")
    terminal.wait_for(re.compile(r"^>  0x\w+ +100 ", re.MULTILINE))
    assert styled(terminal, " 100 ") == {False}
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    terminal.send(f"watch {address} --every 0.5\r")
    terminal.wait_for(re.compile(r"^>  0x\w+ +100 ", re.MULTILINE))
    game.command("hit 9")
    terminal.wait_for(re.compile(r"^>\* 0x\w+ +91 ", re.MULTILINE))
    assert styled(terminal, " 91 ") == {True}
    terminal.wait_for(re.compile(r"^>  0x\w+ +91 ", re.MULTILINE))  # at the next look
    assert styled(terminal, " 91 ") == {False}


@pytest.mark.parametrize("key", [CTRL_C, ESCAPE, "q"])
def test_ways_to_leave(start: Start, game: TargetProcess, key: str) -> None:
    terminal = start("-p", game.pid)
    enter(terminal, "100", r"matches? \(")
    for line in ("watch", "hex 0"):
        terminal.send(f"{line}\r")
        terminal.wait_for("q quit")
        terminal.send(key)
        terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
        toolbar(terminal, "alive")


def test_the_watched_target_dies(start: Start, game: TargetProcess) -> None:
    address = game.command("addresses")["health_addr"]
    terminal = start("-p", game.pid)
    terminal.send(f"watch {address}\r")
    terminal.wait_for("q quit")
    game.quit()
    terminal.wait_for(f"game ({game.pid}) has exited")
    terminal.send("f")
    terminal.wait_for(f"game ({game.pid}) has exited")
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    enter(terminal, f"watch {address}", "has exited")
    enter(terminal, f"hex {address}", "has exited")


def test_editing_in_hex(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses")
    health = at.number("health_addr")
    terminal = start("-p", game.pid)
    enter(terminal, "type i32", "type i32")
    terminal.send(f"hex {at['health_addr']}\r")
    terminal.wait_for(re.compile(r"64 00 00 00 .* 100  ", re.MULTILINE))
    terminal.send("2a")
    until(game, "health", "42")
    terminal.wait_for(re.compile(r"2a 00 00 00 .* 42  .*1 change \|", re.DOTALL))
    terminal.send("01")
    until(game, "health", str(0x012A))
    terminal.send("u")
    until(game, "health", "42")
    terminal.send("u")
    until(game, "health", "100")
    terminal.send(RIGHT + "7")
    terminal.wait_for("7_")
    terminal.send(UP + DOWN)  # half a byte changes nothing
    game.command("hit 1")
    terminal.wait_for(re.compile(r"63 00 00 00 .* 99  "))
    terminal.send("tu8\r")
    terminal.wait_for(re.compile(r"63 00 00 00 .* 99  0  0  0\b"))
    terminal.send("t")
    terminal.wait_for(re.compile(r"^type:", re.MULTILINE))
    terminal.send("u9\r")
    terminal.wait_for('no value type is called "u9"')
    terminal.send(f"g{at['name_addr']}\r")
    terminal.wait_for("42 72 c3 bc 6e 68 69 6c 64 65")
    terminal.wait_for("Br..nhilde")
    terminal.send(f"g{health:#x}\r")
    terminal.wait_for("63 00 00 00")
    terminal.send(PAGE_DOWN + PAGE_UP)
    terminal.wait_for("63 00 00 00")
    terminal.send("gnowhere\r")
    terminal.wait_for('no module or region is called "nowhere"')
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))


def test_finding_and_following_in_hex(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses")
    terminal = start("-p", game.pid, size=(24, 160))
    terminal.send(f"hex {at['static_addr']}\r")
    terminal.wait_for(re.compile(r"^game\+0x[0-9a-f]+ i32 \|", re.MULTILINE))
    terminal.send("p")
    terminal.wait_for(re.compile(r"^\[heap\]\+0x[0-9a-f]+ i32 \|", re.MULTILINE))
    terminal.send("/Br\u00fcnhilde\r")
    terminal.wait_for("42 72 c3 bc 6e 68 69 6c 64 65")
    terminal.send("o")
    terminal.send("/42 72 c3bc\r")
    terminal.wait_for("42 72 c3 bc 6e 68 69 6c 64 65")
    terminal.send("oo")
    terminal.wait_for(re.compile(r"^game\+0x[0-9a-f]+ i32 \|", re.MULTILINE))
    terminal.send("/no such text anywhere\r")
    terminal.wait_for("not found from here on")
    terminal.send("?")
    terminal.wait_for("p goes where the pointer under the cursor leads, o back again")
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))


@only_x86
def test_instructions_beside_hex(start: Start, game: TargetProcess) -> None:
    with attach(game.pid) as target:
        at = target.address("game!obey")
        first, second = target.disassemble(at, 2)
    terminal = start("-p", game.pid, size=(24, 120))
    terminal.send(f"hex {at:#x}\r")
    terminal.wait_for("i code")
    terminal.send("i")
    terminal.wait_for(re.compile(rf"{re.escape(first.text)}(  |\n.*){re.escape(second.text)}"))
    terminal.wait_for(" code")
    terminal.send("i")
    terminal.wait_for(" i32")
    terminal.send("q")


def test_hex_fits_narrow_terminals(start: Start, game: TargetProcess) -> None:
    address = game.command("addresses")["name_addr"]
    terminal = start("-p", game.pid, size=(10, 40))
    terminal.send(f"hex {address}\r")
    terminal.wait_for(re.compile(r"^0x[0-9a-f]+  42 72 c3 bc  Br\.\.", re.MULTILINE))
    terminal.send("q")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))


def test_pages_of_matches(start: Start, game: TargetProcess) -> None:
    terminal = start("-p", game.pid)
    enter(terminal, "where heap", "where heap")
    enter(terminal, "first ?", r"matches \(")
    enter(terminal, "list 5", r"^ +4 (?s:.*)5 of [\d,]+ matches; list \+ or PageDown shows more")
    terminal.send(PAGE_DOWN)
    terminal.wait_for(re.compile(r"^ +9 (?s:.*)\n5 to 9 of [\d,]+ matches", re.MULTILINE))
    terminal.send(PAGE_UP)
    terminal.wait_for(re.compile(r"5 to 9 of (?s:.*)\n5 of [\d,]+ matches"))


def test_who_takes_health(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses")["health_addr"]
    terminal = start("-p", game.pid, size=(30, 110))
    terminal.send(f"who writes {at}\r")
    terminal.wait_for("nobody so far")
    game.command("hit 7")
    terminal.wait_for(re.compile(r"^>  +1  mov .* game!\w+", re.MULTILINE))
    game.command("hit 1")
    terminal.wait_for(re.compile(r"^>  +2  mov ", re.MULTILINE))
    terminal.send("\r")
    terminal.wait_for(re.compile(r"rax [0-9a-f]{16}"))
    terminal.wait_for(re.compile(r"^ > 0x[0-9a-f]+  mov ", re.MULTILINE))
    terminal.send("a")
    terminal.wait_for("n first: the table holds what code is changed to")
    terminal.send("n")
    terminal.wait_for(re.compile(r"^>x +2  mov ", re.MULTILINE))
    terminal.send("a")
    terminal.wait_for(
        re.compile(r'^"?game!\w+\+0x[0-9a-f]+"? is in the table, and on', re.MULTILINE)
    )
    terminal.send("a")
    terminal.wait_for("is in the table already")
    game.command("hit 50")
    until(game, "health", "92")
    terminal.send("n")
    terminal.wait_for(re.compile(r"^>  +2  mov ", re.MULTILINE))
    game.command("hit 2")
    until(game, "health", "90")
    terminal.send("s")
    terminal.wait_for(re.compile(r"^89 [0-9A-F]{2}(?: [0-9A-F?]{2}){6,}", re.MULTILINE))
    terminal.send("d")
    terminal.wait_for(re.compile(r"^ > 0x[0-9a-f]+  89 [0-9a-f ]+ mov ", re.MULTILINE))
    terminal.send("p")
    terminal.wait_for(re.compile(r"^farfetch> pointers scan 0x[0-9a-f]+$", re.MULTILINE))
    terminal.send("\x15")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    assert not is_traced(game.pid)


def test_who_takes_health_by_ptrace(start: Start, game: TargetProcess) -> None:
    """The line below says what that costs; code cannot be changed meanwhile, which is said, too."""
    at = game.command("addresses")["health_addr"]
    terminal = start("-p", game.pid, size=(30, 150))
    terminal.send(f"who writes {at} --by ptrace\r")
    terminal.wait_for("nobody so far")
    assert is_traced(game.pid)
    game.command("hit 7")
    terminal.wait_for(re.compile(r"^>  +1  mov .* game!\w+", re.MULTILINE))
    terminal.wait_for(re.compile(r"1 hit, each stops it for \d+ µs"))
    terminal.send("q")
    terminal.wait_for(re.compile(r"^1 hit of 1 instruction in .* each stopped it", re.MULTILINE))
    assert not is_traced(game.pid)


def test_accesses_of_what_takes_health(start: Start, game: TargetProcess) -> None:
    at = game.command("addresses")["health_addr"]
    terminal = start("-p", game.pid, size=(30, 110))
    with attach(game.pid) as target, target.watchpoint(int(at, 16)) as hits:
        game.command("hit 2")
    [hit] = hits
    terminal.send(f"accesses {hit.address:#x}\r")
    terminal.wait_for("it has not run so far")
    game.command("hit 5")
    terminal.wait_for(re.compile(rf"^>  +1  {at}  93 ", re.MULTILINE))
    game.command("hit 1")
    terminal.wait_for(re.compile(rf"^>  +2  {at}  92 ", re.MULTILINE))
    terminal.send("\r")
    terminal.wait_for(re.compile(r"rip [0-9a-f]{16}"))
    terminal.send("a")
    terminal.wait_for(re.compile(r"^\S+ is in the table, as i32", re.MULTILINE))
    terminal.send("a")
    terminal.wait_for("is in the table already")
    terminal.send("h")
    terminal.wait_for(re.compile(r"^0x[0-9a-f]+  .*5c 00 00 00", re.MULTILINE))
    terminal.send("q")
    terminal.wait_for(re.compile(rf"^>  +2  {at}  92 ", re.MULTILINE))
    terminal.send("p")
    terminal.wait_for(re.compile(r"^farfetch> pointers scan 0x[0-9a-f]+$", re.MULTILINE))
    terminal.send("\x15")
    terminal.wait_for(re.compile(r"^farfetch>$", re.MULTILINE))
    assert not is_traced(game.pid)
