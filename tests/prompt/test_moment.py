"""What completion knows of a real session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from farfetch.scanner import CodeEntry, parse_scan
from farfetch.shell.commands import COMMANDS
from farfetch.shell.complete.line import complete
from farfetch.shell.complete.moment import SessionMoment
from farfetch.shell.session.session import Session

from support.targets import TargetProcess


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def test_before_and_after_attaching(session: Session, game: TargetProcess) -> None:
    moment = SessionMoment(session)
    assert not moment.attached
    assert list(moment.modules) == []
    assert game.pid in [one.pid for one in moment.processes]
    session.attach(str(game.pid))
    assert moment.attached
    assert moment.matches == 0
    assert "game" in moment.modules
    assert {"i32", "f64be", "utf16"} <= set(moment.types)
    offered = complete("where module:", moment, COMMANDS)
    assert {one.text for one in offered} == set(moment.modules)


def test_matches_and_frozen_entries(session: Session, game: TargetProcess) -> None:
    moment = SessionMoment(session)
    session.attach(str(game.pid))
    session.settings.set_where("heap")
    found = session.first(parse_scan("100")).matches
    assert moment.matches == found
    address = game.command("addresses").number("health_addr")
    entry = session.attached.freeze(address, session.settings.type, 100)
    assert list(moment.frozen) == [hex(address)]
    entry.stop()
    assert list(moment.frozen) == []


def test_a_dead_target_has_no_modules(session: Session, game: TargetProcess) -> None:
    session.attach(str(game.pid))
    game.quit()
    assert list(SessionMoment(session).modules) == []


def test_functions_of_a_module(session: Session, game: TargetProcess) -> None:
    moment = SessionMoment(session)
    assert list(moment.symbols("game!")) == []
    session.attach(str(game.pid))
    assert "game!obey" in moment.symbols("game!o")
    assert all(name.startswith("game!o") for name in moment.symbols("game!o"))
    assert "game!main" in moment.symbols("game!main")
    assert list(moment.symbols("nothing!")) == []
    offered = complete("disassemble game!obe", moment, COMMANDS)
    assert [one.text for one in offered] == ["game!obey"]
    game.quit()
    assert list(moment.symbols("libc!mem")) == []


def test_code_of_the_table(session: Session, game: TargetProcess) -> None:
    moment = SessionMoment(session)
    session.attach(str(game.pid))
    session.table.put_code(CodeEntry("no damage", "game+0x10", "nop", "90"))
    assert list(moment.code) == ["no damage"]
    offered = complete("table on ", moment, COMMANDS)
    assert [one.text for one in offered if one.note == "code"] == ['"no damage"']
