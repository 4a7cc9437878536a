"""Questions that a person answers with yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession

if TYPE_CHECKING:
    from .typeahead import Typeahead

_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


class Asking:
    """Asks on the terminal of the prompt.

    Args:
        typeahead: that keeps what is typed while a command runs.
    """

    def __init__(self, typeahead: Typeahead) -> None:
        self._typeahead = typeahead

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
