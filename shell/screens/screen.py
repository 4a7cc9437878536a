"""A screen of its own: a body that is drawn anew, a line of state, and questions at the bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

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

        application.run(pre_run=begin)

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
        @self.keys.add("c-c", filter=free)
        @self.keys.add("escape", filter=free)
        @self.keys.add("c-d", filter=free)
        def _(event: object) -> None:  # noqa: ARG001
            get_app().exit()

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
