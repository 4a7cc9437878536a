"""Runs without a prompt: commands from the command line, from scripts and from a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

from farfetch.scanner import DeclarationError, ExpressionError, quote

from ..answers import exit_codes
from ..answers.answers import Answers
from ..answers.result import Result
from ..errors import ScriptStopped, UsageError, noted
from ..line.statements import Statement, is_declaration, split
from ..line.variables import expand
from ..line.words import command_word, without_comment
from ..session.session import Session
from ..session.waiting import Waiting
from .interpret import interpret
from .pipe import MAX_TEXT, lines_of

MAX_DEPTH = 20
_MARK = "\ufeff"  # the byte order mark, in front of a text


class Line(NamedTuple):
    """A statement to run, and the place of its first line in a script, "" when it has none."""

    text: str
    place: str = ""


def script(path: str) -> list[Line]:
    """Read a script, which is a command a line; a declaration may go on over several.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        # Windows' editors put a mark in front, which is no part of the first line
        with open(path, encoding="utf-8-sig", errors="backslashreplace") as file:  # noqa: PTH123
            text = file.read(MAX_TEXT + 1)
    except OSError as error:
        named = path if path.strip() else quote(path)
        raise UsageError(f"cannot read the script {named}: {error.strerror}") from error
    if len(text) > MAX_TEXT:  # or has no end, as /dev/zero
        raise UsageError(f"cannot read the script {path}: longer than {MAX_TEXT >> 20} MiB")
    lines = text.removesuffix("\n").split("\n") if text else []
    return [Line(statement.text, f"{path}:{index + 1}") for index, statement in split(lines)]


def typed(text: str) -> list[Line]:
    """What was typed or pasted, as statements."""
    return [Line(statement.text) for _, statement in split(text.split("\n"))]


def piped(stream: TextIO) -> Iterator[Line]:
    """Read a pipe, a line no sooner than it is asked for, or than a declaration needs it."""
    lines = enumerate(lines_of(stream), 1)
    for number, text in lines:
        statement = Statement((text.removeprefix(_MARK) if number == 1 else text).rstrip("\n"))
        while statement.is_open and (more := next(lines, None)) is not None:
            statement.add(more[1].rstrip("\n"))
        yield Line(statement.text, f"stdin:{number}")


def run(
    session: Session, lines: Iterable[Line], answers: Answers, *, keep_going: bool = False
) -> int:
    """Run lines until one fails, ``quit``, or the end.

    Args:
        session: to run them in.
        lines: what to run; the next is asked for when the one before has been answered.
        answers: where the answers go.
        keep_going: run on behind a command that failed, as a program at the other end of a pipe
            expects.

    Returns:
        The exit code: 0, or that of the first command that failed.
    """
    code = exit_codes.SUCCESS
    for line in lines:
        error = run_line(session, line, answers)
        session.ready()
        if error is not None:
            code = code or exit_codes.exit_code(error)
        if session.finished or (error is not None and not keep_going):
            break
    return code


class Scripts:
    """Runs scripts that a script or a person calls for.

    Args:
        session: to run them in.
        answers: where their lines' answers go.
    """

    def __init__(self, session: Session, answers: Answers) -> None:
        self._session = session
        self._answers = answers
        self._depth = 0

    def __call__(self, path: str) -> int:
        """Run a script.

        Returns:
            How many lines it has.

        Raises:
            UsageError: it cannot be read, or scripts run each other without end.
            ScriptStopped: one of its lines failed, and has been answered.
        """
        lines = script(path)
        if self._depth == MAX_DEPTH:
            raise UsageError(f"{path} is not run: {MAX_DEPTH} scripts already run each other")
        self._depth += 1
        try:
            for line in lines:
                error = run_line(self._session, line, self._answers)
                self._session.ready()
                if error is not None:
                    raise ScriptStopped(line.place, error)
                if self._session.finished:
                    break
        finally:
            self._depth -= 1
        return sum(line.text.count("\n") + 1 for line in lines)


def run_line(session: Session, line: Line, answers: Answers) -> BaseException | None:
    """Run one line and answer it.

    Returns:
        The error that it failed with; None when it succeeded.
    """
    name = command_word(line.text.strip())
    try:
        text = line.text
        if not is_declaration(text):
            text = expand(without_comment(text), session.variables)
        call = interpret(text, scanning=session.matches > 0, fields=session.fields)
        if call is None:
            return None
        name = call.command.name
        result = call.run(session)
    except BrokenPipeError:  # nobody reads any more
        raise
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, ExpressionError):
            waits = Waiting(session.table).waits_for(str(error))
            if waits:
                noted(error, waits)
        answers.failure(name, error, _place(line, error))
        return error
    answers.result(name, result)
    return None


def run_inside(session: Session, line: str) -> Result | None:
    """Run a line as a part of another, which answers for it; None for an empty one.

    Raises:
        FarfetchError: it failed.
    """
    call = interpret(
        expand(without_comment(line), session.variables),
        scanning=session.matches > 0,
        fields=session.fields,
    )
    return None if call is None else call.run(session)


def _place(line: Line, error: BaseException) -> str:
    """Where a line went wrong: a declaration's errors know which of its lines."""
    if not line.place or not isinstance(error, DeclarationError):
        return line.place
    file, _, number = line.place.rpartition(":")
    return f"{file}:{int(number) + error.line - 1}"
