"""Keys of the prompt that differ from the line editor's own."""

from __future__ import annotations

from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, get_common_complete_suffix
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, completion_is_selected
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from ..line.statements import is_open

_INDENT = "    "


def key_bindings(completer: Completer) -> KeyBindings:
    """Make the prompt's own keys.

    Args:
        completer: asked at once by Tab. The menu that opens by itself is filled in a thread, and
            a Tab that comes before it has been would be lost.
    """
    keys = KeyBindings()
    asked_at: list[Document] = []  # where Tab was pressed and could not choose

    @keys.add("tab")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        state = buffer.complete_state
        is_again = state is not None and (
            state.complete_index is not None or asked_at == [buffer.document]
        )
        if state and state.completions and is_again:
            buffer.complete_next()
            return
        document = buffer.document
        if document.cursor_position_row and not document.current_line_before_cursor.strip():
            buffer.insert_text(_INDENT)
            return
        asked = CompleteEvent(completion_requested=True)
        completions = list(completer.get_completions(buffer.document, asked))
        suffix = get_common_complete_suffix(buffer.document, completions)
        if len(completions) == 1:
            buffer.apply_completion(completions[0])
        elif suffix:
            buffer.insert_text(suffix)
        else:  # it shows what there is; the next Tab begins to choose
            is_again = asked_at == [buffer.document]
            asked_at[:] = [buffer.document]
            if not (state and state.completions):
                buffer.start_completion(select_first=is_again)

    @Condition
    def unfinished() -> bool:
        text = get_app().current_buffer.text
        return is_open(text)

    @keys.add("enter", filter=unfinished & ~completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @Condition
    def empty() -> bool:
        return not get_app().current_buffer.text

    for key, line in (("pagedown", "list +"), ("pageup", "list -")):

        @keys.add(key, filter=empty)
        def _(event: KeyPressEvent, line: str = line) -> None:
            event.current_buffer.text = line
            event.current_buffer.validate_and_handle()

    return keys
