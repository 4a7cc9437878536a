"""The prompt: reads lines, runs them, and keeps an eye on the target in between."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from farfetch.scanner import TargetGone
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session, get_app, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.filters import is_done
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.layout.processors import ConditionalProcessor
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.styles import Style

from ..answers import exit_codes, report, streams
from ..answers.answers import Answers
from ..answers.text_answers import TextAnswers
from ..complete.moment import SessionMoment
from ..run import scripts
from ..screens.terminal import TerminalScreens
from ..session import leaving, state, unsaved
from ..session.session import Session
from .asking import Asking
from .completer import ShellCompleter
from .highlight import STYLE as HIGHLIGHT
from .highlight import Highlighter
from .hint import STYLE as HINT
from .hint import HintProcessor
from .keys import key_bindings
from .target_watch import TargetWatch
from .toolbar import STYLE, toolbar
from .typeahead import Typeahead

#: Seconds between looks at whether the target still lives, and between drawings of the toolbar.
LOOK = 0.5

#: Seconds that an Escape waits for what may belong to it.
_ESCAPE = 0.1

GREETING = "help lists the commands, quit ends"


def history_path() -> Path:
    """Where typed lines are kept."""
    return state.folder() / "history"


class _Lines(FileHistory):
    """Lines in a file; where it cannot be read or written any more, they are kept until the end."""

    def load_history_strings(self) -> Iterable[str]:
        try:
            return super().load_history_strings()
        except OSError:
            return ()

    def store_string(self, string: str) -> None:
        with suppress(OSError):  # the disk is full, say: that ends no session
            super().store_string(string)


def open_history() -> History:
    """Open the lines typed before; in memory only where no file can be kept."""
    try:
        path = history_path()
        state.make(path.parent)
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            state.give_to_owner_of_its_folder(path)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC), "wb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a pipe would hold us up
                return InMemoryHistory()
    except (OSError, RuntimeError):
        return InMemoryHistory()
    return _Lines(str(path))


def run_prompt(session: Session, answers: Answers) -> int:
    """Read and run lines until ``quit`` or Ctrl-D.

    Args:
        session: to run them in.
        answers: where the answers go.

    Returns:
        The exit code, 0.
    """
    if streams.dumb():
        os.environ["TERM"] = "dumb"  # which is all that prompt_toolkit goes by
        with create_app_session(output=PlainTextOutput(sys.stdout)):
            return _read_and_run(session, answers)
    session.screens = TerminalScreens(session)
    return _read_and_run(session, answers)


def _read_and_run(session: Session, answers: Answers) -> int:
    watch = TargetWatch(session)
    completer = ShellCompleter(SessionMoment(session))
    prompt: PromptSession[str] = PromptSession(
        "farfetch> ",
        history=open_history(),
        auto_suggest=AutoSuggestFromHistory(),
        completer=completer,
        lexer=Highlighter(lambda: session.fields),
        input_processors=[ConditionalProcessor(HintProcessor(), ~is_done)],
        key_bindings=key_bindings(completer),
        prompt_continuation=lambda width, _number, _wrapped: "...".ljust(width),
        complete_in_thread=True,
        complete_while_typing=True,
        bottom_toolbar=lambda: toolbar(session, get_app().output.get_size().columns),
        refresh_interval=LOOK,
        enable_suspend=True,
        style=Style.from_dict(STYLE | HIGHLIGHT | HINT),
        reserve_space_for_menu=6,
    )
    # an Escape too many, behind a screen that it has ended, makes nothing of the next letter
    prompt.app.ttimeoutlen = prompt.app.timeoutlen = _ESCAPE
    print(GREETING, flush=True)
    left = unsaved.news()
    if left is not None:
        print(f"a table of {leaving.entries_of(left)} was never saved: load --unsaved", flush=True)
    with Typeahead(sys.stdin.fileno()) as typeahead:
        asking = Asking(typeahead)
        session.ask = asking.ask
        if isinstance(answers, TextAnswers) and not streams.dumb():
            answers.more = asking.more
        try:
            _ask_and_run(session, answers, watch, prompt, typeahead)
        except BaseException:  # a signal, before what the last line changed was copied
            with session.whole():
                session.unsaved.keep(session.table)
            raise
    return exit_codes.SUCCESS


def _ask_and_run(
    session: Session,
    answers: Answers,
    watch: TargetWatch,
    prompt: PromptSession[str],
    typeahead: Typeahead,
) -> None:
    """Ask for lines and run them, until the session is to end."""
    while not session.finished:
        try:
            news = watch.news()
            if news is not None:
                report.complain(news)
            for said in watch.again():
                print(said, flush=True)
            begun, session.next_line = session.next_line, ""
            lines = prompt.prompt(default=begun, pre_run=_watching(watch))
            typeahead.hold()
            _run_lines(session, scripts.typed(lines), answers, watch)
        except KeyboardInterrupt:  # wherever it comes: it never ends the shell
            continue
        except EOFError:
            if _may_end(session):
                break


def _may_end(session: Session) -> bool:
    """Whether the end of the input is to end the session."""
    try:
        return leaving.may_end(session)
    except KeyboardInterrupt:
        return False


def _run_lines(
    session: Session, lines: list[scripts.Line], answers: Answers, watch: TargetWatch
) -> None:
    """Run a line, or several that were pasted, until one fails."""
    for line in lines:
        error = scripts.run_line(session, line, answers)
        if not session.finished:
            with session.whole():
                session.unsaved.keep(session.table)
            watch.remember()
        if isinstance(error, TargetGone):
            watch.news()  # has just been told
        if error is not None or session.finished:
            break


def _watching(watch: TargetWatch) -> Callable[[], None]:
    """Make a prompt look at the target while it waits for a line."""

    async def look() -> None:
        while True:
            await asyncio.sleep(LOOK)
            await asyncio.to_thread(watch.spare_memory)  # may write to disk
            news = watch.news()
            if news is not None:
                await run_in_terminal(partial(report.complain, news))
            for said in watch.again():
                await run_in_terminal(partial(print, said, flush=True))

    def start() -> None:
        get_app().create_background_task(look())

    return start
