"""Random sequences of calls, one at a time, on memory whose every byte is known.

After each, what the library says is what the model of it says, and nothing is held beyond what
that takes. Where a run finds a difference hypothesis prints the shortest sequence that shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from torture.machine import Machine
from torture.memories import Process

#: Seconds that it may take, about.
SECONDS = float(os.environ.get("FARFETCH_TORTURE_SECONDS", "30"))
_A_SECOND = 3  # sequences, on an idle machine
_STEPS = 40


@pytest.fixture(autouse=True)
def _spare_process() -> Iterator[None]:
    yield
    Process.end_spare()


def test_the_library_does_what_its_model_does() -> None:
    machine: Any = Machine
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, int(SECONDS * _A_SECOND)),
            stateful_step_count=_STEPS,
            deadline=None,
        ),
    )
