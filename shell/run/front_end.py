"""A run of the shell: which front end, on which session."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from farfetch.scanner import FarfetchError

from ..answers import report
from ..answers.writers import Answers, JsonAnswers, TextAnswers, say
from ..loading import loading
from ..session import streams
from ..session.progress import Meter, NoMeter, TerminalMeter
from ..session.session import Session
from . import scripts
from .ending import Ending

if TYPE_CHECKING:
    from ..cli import Options


def run(options: Options) -> int:
    """Run what the command line asks for.

    Returns:
        The exit code.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=streams.ERRORS)
    commands = bool(options.commands or options.scripts)
    prompt = not commands and sys.stdin.isatty() and sys.stdout.isatty()
    answers: Answers = JsonAnswers() if options.json else TextAnswers(pointing=prompt)
    session = Session(
        memory=options.memory,
        interactive=prompt,
        meter=_meter(prompt, quiet=options.json),
        say=None if options.json else say,
    )
    session.run_script = scripts.Scripts(session, answers)
    session.variables.update(options.variables)
    ending = Ending(prompt=prompt)
    session.whole, session.ready = ending.whole, ending.ready
    try:
        with ending:
            try:
                return _run(session, options, answers, commands=commands, prompt=prompt)
            finally:
                try:
                    ending.last()
                finally:  # a signal may come just before that, and only one raises
                    ending.last()
                    session.close()
    finally:
        ending.die()


def _run(
    session: Session, options: Options, answers: Answers, *, commands: bool, prompt: bool
) -> int:
    if options.pid:
        try:
            session.attach(options.pid)
        except (FarfetchError, OSError) as error:
            answers.failure("attach", error)
            if not prompt:
                return report.exit_code(error)
    if prompt:
        with loading():
            from ..repl.app import run_prompt

        return run_prompt(session, answers)
    if not commands:
        return scripts.run(session, scripts.piped(sys.stdin), answers, keep_going=True)
    try:
        lines = list(_lines(options))
    except FarfetchError as error:
        answers.failure("", error)
        return report.exit_code(error)
    return scripts.run(session, lines, answers)


def _lines(options: Options) -> Iterator[scripts.Line]:
    for command in options.commands:
        yield from scripts.typed(command)
    for path in options.scripts:
        yield from scripts.script(path)


def _meter(prompt: bool, *, quiet: bool) -> Meter:
    stream: TextIO = sys.stdout if prompt else sys.stderr
    shown = stream.isatty() and not quiet and not streams.dumb()
    return TerminalMeter(stream) if shown else NoMeter()
