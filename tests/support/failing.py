"""Steps of a script in a target, of which one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from farfetch.scanner import AccessDenied, MemoryUnavailable, Target

#: What a script does to its target, one call at a time.
STEPS = (
    *("memory.read", "memory.allocate", "memory.protect", "memory.change", "write_bytes"),
    "symbols.register",
)
FAILURES: tuple[Callable[[], BaseException], ...] = (
    KeyboardInterrupt,
    lambda: MemoryUnavailable("it", "is not there"),
    lambda: AccessDenied(1, "it", "stop"),
)


class Failing:
    """Counts the steps of a target, and has one of them fail: before or behind what it does."""

    def __init__(self, target: Target, step: int, failure: BaseException, *, behind: bool) -> None:
        self.target, self.step, self.failure, self.behind = target, step, failure, behind
        self.taken = 0
        self._back: list[tuple[Any, str]] = []

    def __enter__(self) -> Failing:
        for path in STEPS:
            owner: Any = self.target
            *owners, name = path.split(".")
            for part in owners:
                owner = getattr(owner, part)
            setattr(owner, name, self._wrapped(getattr(owner, name)))
            self._back.append((owner, name))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name in self._back:
            delattr(owner, name)

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.taken += 1
            if self.taken != self.step:
                return call(*arguments, **named)
            if self.behind:
                call(*arguments, **named)
            raise self.failure

        return counted
