"""A screen of its own: a body that is drawn anew, a line of state, and questions at the bottom."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from farfetch.scanner import FarfetchError, TargetGone
from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    VSplit,
    Window,
)
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from ..answers import report
from ..answers.render import printable

T = TypeVar("T")

#: Seconds that a key waits for what it has begun, before others get on without that.
_AT_ONCE = 0.25
_threads = ThreadPoolExecutor(thread_name_prefix="farfetch-screen")

STYLE = Style.from_dict(
    {
        "heading": "bold",
        "chosen": "bold",
        "changed": "reverse",
        "cursor": "reverse bold",
        "frozen": "#5fafff",
        "unreadable": "#808080",
        "state": "reverse",
        "question": "bold",
    }
)


@dataclass
class Question:
    """What is asked at the bottom, and what is done with the answer.

    Attributes:
        text: shown in front of the answer.
        answered: called with it; a FarfetchError is shown.
    """

    text: str
    answered: Callable[[str], None]


@dataclass
class Screen:
    """A screen of its own.

    Attributes:
        body: draws it: gets how many rows and columns there are.
        state: draws the line below it, which gets what :attr:`message` says behind it.
        look: reads what is shown; called in a thread, again and again.
        every: seconds between looks.
        message: what went wrong last, or "".
        keys: what keys do while nothing is asked.
    """

    body: Callable[[int, int], StyleAndTextTuples]
    state: Callable[[], str]
    look: Callable[[], None]
    every: float
    message: str = ""
    keys: KeyBindings = field(default_factory=KeyBindings)
    _question: Question | None = None
    _going: threading.Event | None = None
    _answer: Buffer = field(default_factory=lambda: Buffer(multiline=False))
    _body: Window = field(init=False)

    def run(self, *, input: Input | None = None, output: Output | None = None) -> None:  # noqa: A002
        """Take over the terminal until the user leaves.

        Args:
            input: where keys come from; the terminal if None.
            output: where it is drawn; the terminal if None.
        """
        self._leaving_keys()
        self._body = Window(FormattedTextControl(self._draw, focusable=True, show_cursor=False))
        asking = ConditionalContainer(
            VSplit(
                [
                    Window(FormattedTextControl(self._asked), dont_extend_width=True, height=1),
                    Window(BufferControl(self._answer), height=1),
                ]
            ),
            Condition(lambda: self._question is not None),
        )
        state = Window(FormattedTextControl(self._state), height=1, style="class:state")
        application: Application[None] = Application(
            Layout(HSplit([self._body, state, asking]), focused_element=self._body),
            key_bindings=self.keys,
            style=STYLE,
            full_screen=True,
            input=input,
            output=output,
        )
        application.ttimeoutlen = 0.05  # Escape leaves at once

        def begin() -> None:
            application.create_background_task(self._looking())

        try:
            application.run(pre_run=begin)
        finally:
            self.stop()

    def ask(self, text: str, answered: Callable[[str], None]) -> None:
        """Ask for a line at the bottom of the screen."""
        self.message = ""
        self._question = Question(text, answered)
        self._answer.reset()
        get_app().layout.focus(self._answer)

    def attempt(self, action: Callable[[], None]) -> None:
        """Do something, and show the error when it fails."""
        self.message = ""
        try:
            action()
        except (FarfetchError, OSError) as error:
            self.message = report.message(error)

    def begin(
        self, said: str, work: Callable[[Callable[[str], bool]], T], done: Callable[[T], None]
    ) -> None:
        """Do what may take long in a thread, while keys go on working; Escape and Ctrl-C end it.

        Args:
            said: what is done, shown meanwhile.
            work: does it. What it is given it calls now and then with how far it is, and ends when
                that says no.
            done: called with what work gives back, unless it was ended.
        """
        self.stop()
        going, application = threading.Event(), get_app()
        self._going = going
        going.set()

        def tell(how_far: str) -> bool:
            if going.is_set():
                self.message = f"{said}{how_far}; Esc ends it"
                application.invalidate()
            return going.is_set()

        future = _threads.submit(work, tell)
        with suppress(Exception):  # what comes at once is there before the next key
            future.result(_AT_ONCE)
        if future.done():
            self._take(going, future, done)
            return
        tell("")
        application.create_background_task(self._waiting(going, future, done))

    async def _waiting(
        self, going: threading.Event, future: Future[T], done: Callable[[T], None]
    ) -> None:
        with suppress(FarfetchError, OSError):  # which are said below
            await asyncio.wrap_future(future)
        self._take(going, future, done)
        get_app().invalidate()

    def _take(self, going: threading.Event, future: Future[T], done: Callable[[T], None]) -> None:
        """Go on with what was made in a thread, unless that was ended."""
        if going.is_set():
            self._settled(going)
            self.attempt(lambda: done(future.result()))

    def _settled(self, going: threading.Event) -> None:
        going.clear()
        if self._going is going:
            self._going = None

    def stop(self) -> bool:
        """End what was begun. Returns whether something was going on."""
        going, self._going = self._going, None
        if going is None:
            return False
        going.clear()
        self.message = "ended"
        return True

    def refresh(self) -> None:
        """Look at once; what went wrong before stays said."""
        try:
            self.look()
        except (FarfetchError, OSError) as error:
            self.message = report.message(error)

    @property
    def free(self) -> Condition:
        """Whether nothing is asked, so that keys are commands."""
        return Condition(lambda: self._question is None)

    def _leaving_keys(self) -> None:
        free, asked = self.free, ~self.free

        @self.keys.add("q", filter=free)
        @self.keys.add("c-d", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            get_app().exit()

        @self.keys.add("c-c", filter=free)
        @self.keys.add("escape", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            if not self.stop():
                get_app().exit()

        @self.keys.add("c-z")
        def _(event: object) -> None:  # noqa: ARG001
            get_app().suspend_to_background()

        @self.keys.add("enter", filter=asked)
        def _(event: object) -> None:  # noqa: ARG001
            question, answer = self._question, self._answer.text.strip()
            self._settle()
            if question is not None and answer:
                self.attempt(lambda: question.answered(answer))

        @self.keys.add("c-c", filter=asked)
        @self.keys.add("escape", filter=asked)
        def _(event: object) -> None:  # noqa: ARG001
            self._settle()

    def _settle(self) -> None:
        self._question = None
        get_app().layout.focus(self._body)

    async def _looking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(None, self.look)
            except TargetGone as error:
                self.message = report.message(error)
                get_app().invalidate()
                return
            except (FarfetchError, OSError) as error:
                self.message = report.message(error)
            get_app().invalidate()
            await asyncio.sleep(self.every)

    def _draw(self) -> StyleAndTextTuples:
        size = get_app().output.get_size()
        rows = size.rows - 1 - (self._question is not None)
        return self.body(max(rows, 1), size.columns)

    def _state(self) -> str:
        return printable(self.message or self.state())

    def _asked(self) -> StyleAndTextTuples:
        return [("class:question", self._question.text if self._question else "")]
