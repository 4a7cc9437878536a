"""What a scan of known memory has to find: every byte kept, every value asked, nothing shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from farfetch.scanner import FarfetchError, Predicate, ScanOrderError, layout_of, type_named
from farfetch.scanner.compiler.predicate import compile_predicate
from farfetch.scanner.predicates.meaning import evaluate
from farfetch.scanner.predicates.nodes import uses

Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Contents:
    """Memory as it was at a time: pages that could be read, by address."""

    pages: dict[int, bytes]
    page: int

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes; None where not all of them could be read."""
        raw = b""
        while len(raw) < size:
            here = address + len(raw)
            page = self.pages.get(here // self.page)
            if page is None:
                return None
            raw += page[here % self.page :][: size - len(raw)]
        return raw


@dataclass(frozen=True)
class ModelStep:
    """Matches, and all that could be read when they were found."""

    number: int
    parent: int | None
    addresses: list[int]
    then: Contents


@dataclass
class ModelScan:
    """A scan as it is defined: in place of sets of matches lists, in place of old values copies.

    Attributes:
        here: the number of the present step; None before the first.
    """

    type_name: str
    align: int
    steps: dict[int, ModelStep] = field(default_factory=dict)
    named: dict[str, tuple[int, Contents]] = field(default_factory=dict)
    here: int | None = None
    made: int = 0

    def __post_init__(self) -> None:
        self.layout = layout_of(type_named(self.type_name))
        self.size = self.layout.size or 0

    @property
    def path(self) -> list[ModelStep]:
        """The steps that lead to the present matches."""
        path: list[ModelStep] = []
        number = self.here
        while number is not None:
            path.insert(0, self.steps[number])
            number = path[0].parent
        return path

    @property
    def addresses(self) -> list[int]:
        return self.path[-1].addresses if self.path else []

    def error(self, tree: Predicate) -> str:
        """The name of the error that a next scan for it raises, if it does."""
        if not self.path:
            return ScanOrderError.__name__
        return self._error_of(tree, set(self.visible()))

    def first_error(self, tree: Predicate) -> str:
        """The name of the error that a first scan for it raises, if it does."""
        found = self._error_of(tree, None)
        return found or (ScanOrderError.__name__ if self._needs(tree) - {"now"} else "")

    def visible(self) -> list[str]:
        """The snapshots that can be named."""
        numbers = {one.number for one in self.path}
        return [name for name, (step, _) in self.named.items() if step in numbers]

    def first(self, tree: Predicate, ranges: Ranges, now: Contents) -> None:
        """Begin anew with what is found in the ranges."""
        slots = [
            address
            for start, end in ranges
            for address in range(-(-start // self.align) * self.align, end - self.size + 1)
            if address % self.align == 0
        ]
        self.reset()
        self._add(self._kept(tree, slots, now, {}), now)

    def next(self, tree: Predicate, now: Contents) -> None:
        """Narrow."""
        self._add(self._kept(tree, self.addresses, now, self._before()), now)

    def delete(self, left: list[int]) -> None:
        """Leave out all but some; the old values stay those of the step before."""
        self._add(left, self.path[-1].then)

    def narrowed(self, now: Contents) -> list[int]:
        """The matches that can still be read."""
        return [address for address in self.addresses if now.read(address, self.size) is not None]

    def reset(self) -> None:
        self.steps, self.named, self.here = {}, {}, None

    def undo(self, steps: int) -> bool:
        """Returns whether it could be done."""
        path = self.path
        if steps > len(path):
            return False
        left = path[: len(path) - steps]
        self.here = left[-1].number if left else None
        return True

    def redo(self, steps: int) -> bool:
        """Returns whether it could be done."""
        here = self.here
        for _ in range(steps):
            following = [step.number for step in self.steps.values() if step.parent == here]
            if not following:
                return False
            here = max(following)
        self.here = here
        return True

    def forget(self) -> int:
        """Returns how many steps are gone."""
        kept = {step.number: step for step in self.path}
        gone = len(self.steps) - len(kept)
        self.steps = kept
        self.named = {name: one for name, one in self.named.items() if one[0] in kept}
        return gone

    def save(self, name: str, now: Contents) -> None:
        assert self.here is not None
        self.named.pop(name, None)
        self.named[name] = (self.here, now)

    def value(self, contents: Contents, address: int) -> Any:
        """What is at an address; None where it cannot be read."""
        raw = contents.read(address, self.size)
        return None if raw is None else self.layout.unpack(raw)

    def _add(self, addresses: list[int], now: Contents) -> None:
        self.made += 1
        self.steps[self.made] = ModelStep(self.made, self.here, addresses, now)
        self.here = self.made

    def _before(self) -> dict[str, Contents]:
        path = self.path
        named = {f"@{name}": self.named[name][1] for name in self.visible()}
        return {"prev": path[-1].then, "first": path[0].then, **named}

    def _kept(
        self, tree: Predicate, slots: list[int], now: Contents, before: dict[str, Contents]
    ) -> list[int]:
        found = []
        for address in slots:
            raw = {"now": now.read(address, self.size)}
            raw |= {name: then.read(address, self.size) for name, then in before.items()}
            there = {name: one for name, one in raw.items() if one is not None}
            if "now" not in there:
                continue
            values = {name: self.layout.unpack(one) for name, one in there.items()}
            named = {name[1:]: one for name, one in values.items() if name.startswith("@")}
            given = {name: one for name, one in values.items() if not name.startswith("@")}
            if uses(tree) - there.keys():
                continue  # a snapshot has no value where there was none to be read
            if evaluate(tree, self.layout, named=named, raw=there, **given):
                found.append(address)
        return found

    def _needs(self, tree: Predicate) -> set[str]:
        return set(compile_predicate(tree, self.layout).streams)

    def _error_of(self, tree: Predicate, names: set[str] | None) -> str:
        try:
            needed = self._needs(tree)
        except FarfetchError as error:
            return type(error).__name__
        unknown = {name[1:] for name in needed if name.startswith("@")} - (names or set())
        return ScanOrderError.__name__ if unknown and names is not None else ""
