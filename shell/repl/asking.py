"""Questions that a person answers with yes or no."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.application.current import get_app_session
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import FormattedTextControl, Layout, Window

if TYPE_CHECKING:
    from .typeahead import Typeahead

_MORE = "-- more: Enter goes on, q ends --"
_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


class Asking:
    """Asks on the terminal of the prompt.

    Args:
        typeahead: that keeps what is typed while a command runs.
    """

    def __init__(self, typeahead: Typeahead) -> None:
        self._typeahead = typeahead

    def more(self) -> bool:
        """Ask whether to go on with a long answer; not when somebody has typed on already."""
        terminal = get_app_session().input
        typed = get_typeahead(terminal)
        store_typeahead(terminal, typed)
        if typed or select.select([sys.stdin], [], [], 0)[0]:
            return True
        keys = KeyBindings()

        def bind(names: tuple[str, ...], *, goes_on: bool) -> None:
            for name in names:
                keys.add(name)(lambda event: event.app.exit(result=goes_on))

        bind(("enter", "space", "pagedown", "down"), goes_on=True)
        bind(("q", "escape", "c-c", "c-d"), goes_on=False)
        keys.add("<any>")(lambda _: None)
        shown = Window(FormattedTextControl(_MORE), height=1)
        application: Application[bool] = Application(
            Layout(shown), key_bindings=keys, erase_when_done=True
        )
        application.ttimeoutlen = 0.05
        try:
            return application.run()
        finally:
            self._typeahead.hold()

    def ask(self, question: str, *, at_end: bool = False) -> bool:
        """Ask until the answer is yes or no; nothing is no.

        Args:
            question: ends with its question mark.
            at_end: what the end of the input means.

        Raises:
            KeyboardInterrupt: Ctrl-C is no answer.
        """
        prompt: PromptSession[str] = PromptSession()
        said = f"{question} [y/N] "
        while True:
            try:
                answer = prompt.prompt(said)
            except EOFError:
                return at_end
            finally:
                self._typeahead.hold()
            known = _ANSWERS.get(answer.strip().lower())
            if known is not None:
                return known
            said = f"y or n: {question} "
