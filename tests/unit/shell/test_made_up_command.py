"""A command that there is not: all that is known of it comes from its one declaration."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from farfetch.shell.answers.json_answers import JsonAnswers
from farfetch.shell.answers.result import Result
from farfetch.shell.command import (
    Alternatives,
    Argument,
    Category,
    Command,
    Form,
    Given,
    Needs,
    Option,
)
from farfetch.shell.command.kinds import COUNT, FILTER, FORCE, PLACE, TYPE, VALUE, choice, seconds
from farfetch.shell.commands import COMMANDS
from farfetch.shell.commands import help as help_command
from farfetch.shell.complete.hints import hint
from farfetch.shell.complete.line import complete
from farfetch.shell.complete.moment import SessionMoment
from farfetch.shell.errors import NoTarget, UsageError
from farfetch.shell.session.session import Session

from support.command_forms import refused

MANUAL = Path(__file__).resolve().parents[3] / "tools" / "manual.py"


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    return Result({key: str(value) for key, value in vars(given).items()})


POKE = Command(
    name="poke",
    category=Category.MEMORY,
    summary="write again and again",
    details="Writes VALUE to a place.",
    examples=("poke 0 5", "poke stop"),
    run=run,
    arguments=(
        Alternatives(
            (
                Form(
                    (Argument("place", PLACE), Argument("value", VALUE, optional=True)),
                    (
                        Option("--every", "seconds between writes", seconds(0.1), default=1.0),
                        Option("--mood", "how", choice("kind", "rude")),
                        FORCE,
                    ),
                ),
                Form((Argument("count", COUNT, default=0),), keywords=("stop",), note="no more"),
            ),
        ),
    ),
    answers="place value",
)
LOOK = Command(
    name="look",
    category=Category.MEMORY,
    summary="look around",
    details="Looks.",
    examples=("look",),
    run=run,
    arguments=(
        Argument("type", TYPE),
        Argument("count", COUNT, optional=True, default=7),
        Argument("where", FILTER, "WHERE"),
    ),
    needs=Needs.TARGET,
)
MADE_UP = {"poke": POKE, "look": LOOK}


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def given(session: Session, command: Command, line: str) -> dict[str, Any]:
    return dict(command.call(session, line, len(command.name)).fields)


def test_its_usage() -> None:
    form = "INDEX|ADDR [VALUE] [--every SECONDS] [--mood kind|rude] [--force]"
    assert POKE.usage == f"poke {form} | stop N"
    assert POKE.brief == "poke INDEX|ADDR [VALUE] | stop N"
    assert LOOK.usage == "look TYPE [N WHERE]"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("poke 0", {"place": "0", "value": "None", "every": "1.0", "force": "False"}),
        ("poke heap+1 it's  5 ", {"place": "heap+1", "value": "it's  5"}),
        ("poke 0 a --force b", {"value": "a --force b", "force": "False"}),
        ("poke 0 a --every 2 --force", {"value": "a", "every": "2.0", "force": "True"}),
        ("poke 0 --mood=rude a b", {"value": "a b", "mood": "rude"}),
        ("poke --force 0 a", {"value": "a", "force": "True"}),
        ("poke 0 a --every 2 --every 3", {"value": "a", "every": "3.0"}),
        ("poke stop 3", {"action": "stop", "count": "3", "place": "None"}),
    ],
)
def test_what_is_typed_is_given(session: Session, line: str, expected: dict[str, str]) -> None:
    assert expected.items() <= given(session, POKE, line).items()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("poke", "COMMAND is missing"),
        ("poke stop", "N is missing; usage: poke stop N"),
        ("poke stop many", "N is a number, not 'many'"),
        ("poke stop 1 2", "'2' is one argument too many"),
        ("poke 0 5 --every 0", "--every takes seconds from 0.1 on, not '0'"),
        ("poke 0 5 --mood blue", "--mood takes kind or rude"),
        ("poke 'a", "the quote at column 6 is not closed"),
    ],
)
def test_what_is_not_well_formed(session: Session, line: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        POKE.call(session, line, 4)
    assert said in str(raised.value)


def test_what_it_needs_is_looked_at_first(session: Session) -> None:
    with pytest.raises(NoTarget):
        LOOK.call(session, "look", 4)


def test_what_follows_an_argument_that_may_be_left_out(session: Session) -> None:
    free = replace(LOOK, needs=Needs.NOTHING)
    assert given(session, free, "look 'i32'")["count"] == "7"
    assert given(session, free, "look i32 5 heap, data")["where"] == "heap, data"
    with pytest.raises(UsageError, match="WHERE is missing"):
        free.call(session, "look i32 5", 4)


def test_lines_that_it_refuses_follow_from_its_arguments(session: Session) -> None:
    lines = dict(refused(POKE))
    assert lines["poke stop many"] == lines["poke 0 --mood neither"] == "UsageError"
    assert lines["poke nowhere"] == "ExpressionError"  # which only its place can say
    for line, kind in lines.items():
        if kind == "UsageError":
            with pytest.raises(UsageError):
                POKE.call(session, line, 4)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("po", ["poke"]),
        ("poke ", ["[heap]+0x", "0x", "stop"]),
        ("poke st", ["stop"]),
        ("poke stop ", []),
        ("poke 0 5 --", ["--every", "--mood", "--force"]),
        ("poke 0 --mood ", ["kind", "rude"]),
        ("poke 0 --mood kind --", ["--every", "--force"]),
        ("look i3", ["i32", "i32be"]),
        ("look i32 1 heap,st", ["stack"]),
    ],
)
def test_completion(session: Session, line: str, offered: list[str]) -> None:
    assert [one.text for one in complete(line, SessionMoment(session), MADE_UP)] == offered


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("poke ", POKE.usage.removeprefix("poke ")),
        ("poke 0 ", "[VALUE] [--every SECONDS] [--mood kind|rude] [--force]"),
        ("poke 0 5 --every ", "SECONDS"),
        ("poke 0 5 --force ", "[--every SECONDS] [--mood kind|rude]"),
        ("poke stop ", "N"),
        ("poke stop 1 ", ""),
        ("look i32 ", "[N WHERE]"),
        ("look i32 1 ", "WHERE"),
    ],
)
def test_hints(line: str, shown: str) -> None:
    assert hint(line, MADE_UP) == shown


def test_its_help_and_its_manual() -> None:
    described = help_command.described(POKE)
    assert described.blocks[0] == POKE.usage
    assert "Writes VALUE to a place. Its JSON has place and value." in "".join(
        map(str, described.blocks)
    )
    assert described.fields["category"] == "memory"
    spec = importlib.util.spec_from_file_location("manual", MANUAL)
    assert spec is not None
    assert spec.loader is not None
    manual = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(manual)
    page = "\n".join(manual.entry(POKE))
    assert page.startswith('.TP\n.B "poke INDEX|ADDR [VALUE] [\\-\\-every SECONDS]')
    assert page.endswith("poke 0 5\npoke stop\n.EE")


def test_its_json(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    JsonAnswers().result("poke", POKE.call(session, "poke 0 5", 4))
    answer = json.loads(capsys.readouterr().out)
    assert (answer["command"], answer["ok"]) == ("poke", True)
    assert set(POKE.answers.split()) <= answer.keys()


def test_every_file_makes_a_command_that_help_groups() -> None:
    folder = Path(help_command.__file__).parent
    assert set(COMMANDS) == {file.stem.replace("_", "-") for file in folder.glob("[a-z]*.py")}
    assert {command.category for command in COMMANDS.values()} == set(Category)
    for name, command in COMMANDS.items():
        assert command.name == name
