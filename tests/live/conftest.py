"""Fixtures that start targets and end them with the test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

import pytest

from support.targets import Spawn, TargetProcess


@pytest.fixture
def build() -> str:
    """The build that ``spawn`` starts; ``@every_build`` runs a test with each."""
    return "pie"


@pytest.fixture
def spawn(build: str) -> Iterator[Spawn]:
    """Start targets that end with the test: ``spawn("game")``, ``spawn("big", "64")``."""
    own_build = build
    with ExitStack() as running:

        def start(
            name: str,
            *arguments: str,
            build: str | None = None,
            timeout: float = 60.0,
            prefix: Sequence[str] = (),
            env: Mapping[str, str] | None = None,
        ) -> TargetProcess:
            return running.enter_context(
                TargetProcess(
                    name,
                    *arguments,
                    build=build or own_build,
                    timeout=timeout,
                    prefix=prefix,
                    env=env,
                )
            )

        yield start
