"""prompt_toolkit's view of completion."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from ..answers.render import printable
from ..commands import COMMANDS
from ..complete.cursor import Moment
from ..complete.line import complete


class ShellCompleter(Completer):
    """Adapts :func:`farfetch.shell.completion.complete`.

    Args:
        moment: what is known of the session.
    """

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002
    ) -> Iterable[Completion]:
        """Offer what can stand at the cursor."""
        line = document.text_before_cursor
        for candidate in complete(line, self._moment, COMMANDS):
            yield Completion(
                candidate.text,
                start_position=candidate.start - len(line),
                display=printable(candidate.text),
                display_meta=printable(candidate.note),
            )
