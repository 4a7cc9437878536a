"""A run of the shell: which front end, on which session."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TextIO, TypeAlias

from farfetch.scanner import FarfetchError

from ..answers import exit_codes, streams
from ..answers.answers import Answers
from ..answers.json_answers import JsonAnswers
from ..answers.text_answers import TextAnswers, say
from ..commands import attach
from ..errors import UsageError
from ..session.progress import Meter, NoMeter, TerminalMeter
from ..session.session import Session
from . import scripts
from .ending import Ending
from .options import Options

_EMPTY: Final = {
    "-p": 'is given an empty PID or NAME ("" or a variable without a value)',
    "--core": 'is given an empty FILE ("" or a variable without a value)',
}

Prompt: TypeAlias = Callable[[Session, Answers], int]


def run(options: Options, run_prompt: Prompt) -> int:
    """Run what the command line asks for.

    Args:
        options: the command line.
        run_prompt: reads and runs lines until the user ends; gives the exit code.

    Returns:
        The exit code.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=streams.ERRORS)
    prompt = run_prompt if _is_interactive(options) else None
    answers: Answers = JsonAnswers() if options.json else TextAnswers(pointing=prompt is not None)
    session = Session(
        memory=options.memory,
        interactive=prompt is not None,
        meter=_meter(prompt is not None, quiet=options.json),
        say=None if options.json else say,
    )
    session.run_line = partial(scripts.run_inside, session)
    session.run_script = scripts.Scripts(session, answers)
    session.variables.update(options.variables)
    ending = Ending(prompt=prompt is not None)
    session.whole, session.ready = ending.whole, ending.ready
    session.interrupted = ending.interrupted
    try:
        with ending:
            try:
                return _run(session, options, answers, prompt)
            finally:
                try:
                    ending.last()
                finally:  # a signal may come just before that, and only one raises
                    ending.last()
                    session.close()
    finally:
        ending.die()


def _is_interactive(options: Options) -> bool:
    return not options.runs and sys.stdin.isatty() and sys.stdout.isatty()


def _run(session: Session, options: Options, answers: Answers, prompt: Prompt | None) -> int:
    if options.pid or options.core or options.empty:
        try:
            if options.empty:
                raise UsageError(f"{options.empty} {_EMPTY[options.empty]}")
            if options.core:
                session.attach_core(options.core)
            else:
                attach.named(session, options.pid)
        except (FarfetchError, OSError) as error:
            answers.failure("attach", error)
            if prompt is None:
                return exit_codes.exit_code(error)
    if prompt is not None:
        return prompt(session, answers)
    try:
        if not options.runs:
            return scripts.run(session, scripts.piped(sys.stdin), answers, keep_going=True)
        lines = list(_lines(options))
    except FarfetchError as error:  # they cannot be read; those that fail are answered
        answers.failure("", error)
        return exit_codes.exit_code(error)
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
