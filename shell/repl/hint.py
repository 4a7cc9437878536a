"""The hint behind the cursor, drawn and never part of the line."""

from __future__ import annotations

from prompt_toolkit.application import get_app
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.output import ColorDepth

from ..commands import COMMANDS
from ..complete.hints import hint

STYLE = {"hint": "#808080 italic"}


class HintProcessor(Processor):
    """Shows what a command still takes, while the cursor is at the end of the line.

    What history suggests stands in the same place and goes first. Without colours it would look
    as if it were typed, so there is none.
    """

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Put the hint behind the last line."""
        fragments = transformation_input.fragments
        document = transformation_input.document
        buffer = transformation_input.buffer_control.buffer
        last = transformation_input.lineno == document.line_count - 1
        faint = get_app().color_depth is not ColorDepth.DEPTH_1_BIT
        if faint and last and document.is_cursor_at_the_end and buffer.suggestion is None:
            text = hint(document.current_line, COMMANDS)
            if text:
                return Transformation([*fragments, ("class:hint", text)])
        return Transformation(fragments)
