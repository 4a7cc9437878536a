"""The tortures call everything public: what is new has to say how it is called."""

from __future__ import annotations

from torture.arguments import ARGUMENTS, LEFT_OUT, MADE_BY_CALLS, RARE
from torture.surface import members


def test_every_public_call_that_needs_arguments_has_some() -> None:
    needing = {name for name, member in members().items() if not member.plain}
    assert needing - ARGUMENTS.keys() - LEFT_OUT.keys() - MADE_BY_CALLS == set()


def test_nothing_is_called_that_is_not_there() -> None:
    named = {*ARGUMENTS, *LEFT_OUT, *MADE_BY_CALLS, *RARE}
    assert named - members().keys() == set()
