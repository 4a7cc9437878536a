"""Nothing is missing: what holds for every command, by what it declares and by its row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import FarfetchError
from farfetch.shell.answers import exit_codes
from farfetch.shell.answers.json_answers import JsonAnswers
from farfetch.shell.answers.result import Result
from farfetch.shell.command import Command
from farfetch.shell.command.parse import parse
from farfetch.shell.commands import COMMANDS
from farfetch.shell.complete.line import complete
from farfetch.shell.complete.moment import SessionMoment
from farfetch.shell.line.words import Words
from farfetch.shell.run import scripts
from farfetch.shell.session.session import Session

from support.command_forms import is_free, paths
from support.command_rows import MAKE, PREPARE, ROWS, Row, fill, placed, places, row_of
from support.targets import TargetProcess

Answer = dict[str, Any]


class Shell:
    """A session on a game, in this process, which answers with JSON.

    Attributes:
        session: which lines are run in.
        game: what it is attached to, once it is prepared.
    """

    def __init__(self, game: TargetProcess, capsys: pytest.CaptureFixture[str]) -> None:
        self.session = Session()
        self.session.run_line = partial(scripts.run_inside, self.session)
        self.session.run_script = scripts.Scripts(self.session, Silent())
        self.game = game
        self._places = places(game)
        self._capsys = capsys

    def prepare(self, *lines: str) -> None:
        """Run the lines that make the session what rows expect, and more."""
        for line in (*PREPARE, *lines):
            answer = self.ask(line)
            assert answer["ok"], (line, answer)

    def ask(self, line: str) -> Answer:
        """Run a line and give its answer, which is one object on one line, without a traceback."""
        error = scripts.run_line(
            self.session, scripts.Line(placed(line, self._places)), JsonAnswers()
        )
        given = self._capsys.readouterr()
        assert given.err == ""
        (said,) = given.out.splitlines()
        answer: Answer = json.loads(said)
        assert answer["command"] in COMMANDS
        assert answer["ok"] is (error is None)
        if error is not None:
            assert isinstance(error, FarfetchError), line
            kind, message = answer["error"]["type"], answer["error"]["message"]
            assert "\n" not in message
            usage = kind == "UsageError" or line == "source broken.ff"
            assert exit_codes.exit_code(error) == (
                exit_codes.USAGE if usage else exit_codes.FAILURE
            )
        return answer

    def read(self, command: Command, line: str, key: str) -> str:
        """What a line gives its command under a name, or why it is refused."""
        words = Words(placed(line, self._places), len(command.name), "")
        try:
            return repr(getattr(parse(command.form, self.session, words), key))
        except FarfetchError as error:
            return f"{type(error).__name__}: {error}"

    def outcome(self, line: str) -> str:
        """The type of the error that a line ends with; "" when it succeeds."""
        answer = self.ask(line)
        return "" if answer["ok"] else str(answer["error"]["type"])


class Silent:
    """Answers that nobody reads: those of a script's lines."""

    def result(self, command: str, result: Result) -> None:
        pass

    def failure(self, command: str, error: BaseException, place: str = "") -> None:
        pass


@pytest.fixture
def shell(
    game: TargetProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    fill(tmp_path)
    shell = Shell(game, capsys)
    shell.ask("attach 1234")
    for line in MAKE:
        assert shell.ask(line)["ok"], line
    shell.session.detach()
    yield shell
    shell.session.close()


@pytest.fixture(params=COMMANDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def command(name: str) -> Command:
    return COMMANDS[name]


@pytest.fixture
def row(command: Command) -> Row:
    return row_of(command)


@pytest.fixture
def line(command: Command, row: Row) -> str:
    return row.line or command.examples[0]


def test_no_row_is_of_no_command() -> None:
    assert set(ROWS) <= set(COMMANDS)


def test_help_says_how_and_what_with_examples(command: Command) -> None:
    assert command.usage.split()[0] == command.name
    assert "[[" not in command.usage
    assert command.summary[0].islower() or command.summary.startswith(command.name)
    assert not command.summary.endswith(".")
    assert command.details.endswith(".")
    assert any(example.split()[0] == command.name for example in command.examples)


def test_examples_run(shell: Shell, command: Command, row: Row) -> None:
    stated = dict(row.examples)
    assert set(stated) | set(row.endless) <= set(command.examples)
    for example in command.examples:
        if example not in row.endless:
            shell.prepare(*row.setup)
            assert shell.outcome(example) == stated.get(example, ""), example


def test_endless_examples_end_with_the_target(
    command: Command, row: Row, drive: Callable[..., Any]
) -> None:
    for example in row.endless:
        with TargetProcess("game") as game:
            driver = drive("-p", game.pid)
            driver.ask("where heap")
            assert driver.ask("first 1500")["ok"]
            driver.send(placed(example, places(game)))
            game.quit()
            answer = driver.answer()
            assert answer["command"] == command.name
            assert not answer["ok"] or answer["alive"] is False
            driver.close()


def test_json_is_one_object(
    line: str,
    row: Row,
    command: Command,
    game: TargetProcess,
    farfetch: Callable[..., Any],
    tmp_path: Path,
) -> None:
    fill(tmp_path)
    there = places(game)
    lines = [PREPARE[0], *MAKE, *PREPARE, *row.setup, line]
    done = farfetch("--json", stdin="\n".join(placed(one, there) for one in lines), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    given = [json.loads(one) for one in done.stdout.splitlines()]
    answer = given[-1]
    assert list(answer)[:2] == ["command", "ok"]
    assert (answer["command"], answer["ok"]) == (command.name, True)
    assert set(row.fields.split()) <= answer.keys() - {"command", "ok"}


def test_quotes_around_an_options_value_are_no_part_of_it(shell: Shell, command: Command) -> None:
    shell.prepare()
    for path in paths(command):
        for option in path.options:
            if option.kind is None or option.kind.takes != "word" or not option.kind.sample:
                continue
            sample, line = option.kind.sample, path.line(path.needed)
            plain = shell.read(command, f"{line} {option.flag} {sample}", option.key)
            for typed in (f" '{sample}'", f'="{sample}"', f"='{sample}'", f' "{sample}"'):
                said = shell.read(command, f"{line} {option.flag}{typed}", option.key)
                assert said == plain, f"{line} {option.flag}{typed}"


def test_an_empty_word_is_neither_left_out_nor_this_folder(shell: Shell, command: Command) -> None:
    shell.prepare()
    for path in paths(command):
        for number, argument in enumerate(path.arguments, 1):
            if argument.kind.takes in ("word", "phrase"):
                line = path.line(number, "''")
                said = shell.read(command, line, argument.name)
                assert said not in (repr(argument.default), repr(Path())), line
        for option in path.options:
            may_be_empty = option.key in ("group", "note")
            if option.kind is not None and option.kind.takes == "word" and not may_be_empty:
                line = f"{path.line(path.needed)} {option.flag} ''"
                said = shell.read(command, line, option.key)
                assert said not in (repr(option.default), repr(Path())), line


def test_completion_offers_a_first_argument(shell: Shell, command: Command, row: Row) -> None:
    shell.prepare(*row.setup)
    offered = complete(f"{command.name} ", SessionMoment(shell.session), COMMANDS)
    assert bool(offered) is (bool(command.arguments) and not is_free(command))
    assert all(candidate.start == len(command.name) + 1 for candidate in offered)


def test_it_refuses(shell: Shell, row: Row) -> None:
    for line, kind in row.refuses:
        shell.prepare(*row.setup)
        assert shell.outcome(line) == kind, line


def test_with_less_than_it_needs(shell: Shell, line: str, command: Command, row: Row) -> None:
    assert shell.outcome(line) == row.alone
    assert shell.ask("attach 1234")["ok"]
    assert shell.outcome(line) == row.unscanned
    shell.prepare(*row.setup)
    shell.game.quit()
    assert shell.outcome(line) == row.gone
    allowed = {"", row.gone, "TargetGone", "NoTarget", "Unexpected"}
    allowed |= {kind for _, kind in (*row.refuses, *row.examples)}
    for example in command.examples:
        if example not in row.endless:
            assert shell.outcome(example) in allowed, example
