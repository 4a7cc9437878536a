"""What the arguments of random calls are drawn from."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any, TypeVar

from farfetch.scanner import (
    TYPES,
    Budget,
    Predicate,
    Progress,
    Scan,
    Target,
    Where,
    memory_names,
    type_named,
)

from torture.world import NothingThereError, World

T = TypeVar("T")

NAMES = ("a", "b", "health", "größe", "")
_TYPES = (
    *("i8", "u8", "i16", "u16be", "i32", "i32", "i32", "u32", "i64", "f32", "f64", "number"),
    *("u24be", "i24", "f16", "u8[3..4]", "i32[4..20]"),
    "any",
    *("pointer", "text[4]", "utf16[2]", "bytes[3]", "text", "bytes", "nonsense", "text[0]"),
)
_VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 7, 100, 255, 20260415, 1 << 31, 1 << 63, 1 << 70, 1.5, float("nan")),
    *("7", "gold", "", b"\x07\x00", "\ud800"),
)
_PREDICATES = (
    *("?", "7", "100", "now == 0", "now != 0", "now > 0 and now < 300", "now in 1..100", "-1"),
    *("=", "=", "!=", "<", ">", "+", "+ 1", "- 7", "changed", "unchanged", "increased"),
    *("now == prev", "now == first", "now < prev or now > first", "now != @a", "now == @b + 1"),
    *("now * 3 % 1000003 != 77", "(now ^ prev) & 255 == 0", "now / 0 == 1", "now ~= 7.5"),
    *("not (now == prev)", '"gold"', "48 8B ?? ?F", "/go+ld/", "07 00 00 00", "now ==", "@"),
    *("now.hp < 3", "hp == 100", "prev < 3 and now == 1"),
)
_WHERES = ("writable", "all", "heap", "stack", "data", "anon", "module:mutate", "module:x", "none")
_LARGE = 1 << 20  # more than that takes a while to scan
_WILD = (0, 1, 4095, 4096, -1, (1 << 64) - 1, (1 << 64) - 8, 1 << 64, 1 << 70)
C_TEXTS = (
    "struct player { int hp; float x; };",
    "struct team { struct player one, two; char name[8]; };",
    "typedef struct { short id; unsigned char flags[3]; } thing;",
    "struct broken { int",
)
CONSTRUCTS = ('Struct("hp" / Int32ul, "x" / f32)', 'Struct("a" / u16[3])', "Struct(", "7")


class BoomError(Exception):
    """Raised by a progress function, and by nothing else."""


class Draw:
    """One thread's luck.

    Args:
        world: what there is.
        chance: where the luck comes from.

    Attributes:
        boomed: whether a progress function that raises was handed out since it was last reset.
        warned: the same of arguments that are refused with a ValueError or TypeError, by design.
    """

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.boomed = False

    def a(self, kind: type[T]) -> T:
        """An object of a class."""
        return self.world.take(kind, self.chance)

    def one(self, *choices: T) -> T:
        return self.chance.choice(choices)

    def below(self, most: int) -> int:
        return self.chance.randrange(most)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def index(self) -> int:
        return self.one(0, 0, 1, 2, -1, -3, 17, 5000, 1 << 40)

    def piece(self) -> Any:
        """An index or a slice."""
        if self.often(0.6):
            return self.index()
        return slice(self.one(None, 0, 3, -5), self.one(4, 9, 40, -1), self.one(None, 1, 2, -3))

    def place(self, thing: Any) -> int:
        """An address in what an object is of, or one that nothing is at."""
        if self.often(0.05):
            return self.one(*_WILD)
        start, end = self.world.window(thing)
        if self.often(0.1):
            return self.one(start, end - 1, end, end - 3, start + 4095)
        return start + self.below(max(end - start, 1)) // self.one(1, 4) * self.one(1, 4) // 4 * 4

    def size(self) -> int:
        return self.one(0, 1, 2, 4, 8, 100, 4096, 70_000)

    def raw(self) -> bytes:
        return self.chance.randbytes(self.one(0, 1, 2, 4, 8, 8, 40))

    def type(self) -> Any:
        """A value type, by name or as it is."""
        name = self.one(*_TYPES)
        return TYPES[name] if name in TYPES and self.often(0.3) else name

    def construct(self) -> Any:
        name = self.one(*_TYPES[:-2])
        return TYPES[name] if name in TYPES else type_named(name)

    def value(self) -> Any:
        return self.one(*_VALUES)

    def text(self) -> str:
        return self.one(
            *(str(value) for value in _VALUES), *_PREDICATES, "0x7f00", "[heap]+16", "\0"
        )

    def name(self) -> str:
        return self.one(*NAMES)

    def predicate(self) -> Any:
        if self.often(0.15):
            return self.a(Predicate)
        return self.one(*_PREDICATES)

    def address_text(self, thing: Any) -> str:
        place = self.place(thing)
        return self.one(f"{place:#x}", str(place), "[heap]", "[heap]+0x10", "mutate+64", "x+", "")

    def pid(self) -> int:
        return self.world.victim(self.chance).pid

    def ended_pid(self) -> int:
        return 1 << 22  # above any that the kernel gives

    def memory_name(self) -> str:
        return self.one("auto", "auto", *memory_names(), "nonsense")

    def where(self, thing: Any) -> Any:
        start, end = self.world.window(thing)
        if self.often(0.75):
            low = start + self.below(max(end - start, 1))
            if end - start > _LARGE and self.often(0.7):
                return f"{low:#x}..{low + _LARGE:#x}"
            return self.one(f"{start:#x}..{end:#x}", f"{low:#x}..{low + 9000:#x}")
        if self.often(0.1):
            return self.a(Where)
        return self.one(*_WHERES)

    def folder(self) -> str | None:
        full = self.world.full or None
        return self.one(None, None, None, None, full, self.world.folder, "/nonexistent")

    def budget(self) -> Budget | None:
        return self.one(
            *(None, None, None, None, Budget(), Budget(0, 0), Budget(memory=4096)),
            *(
                Budget(disk=4096, values=0),
                Budget(disk=4096),
                Budget(values=0),
                Budget(values=4 << 20),
                Budget(memory=1 << 16),
                Budget(1 << 30, 1 << 16),
            ),
        )

    def scan_options(self, thing: Any) -> dict[str, Any]:
        return {
            "align": self.one(None, None, None, 1, 2, 3, 4096, 0, 5000),
            "where": self.where(thing),
            "threads": self.one(None, 1, 2, 3),
            "directory": self.folder(),
            "budget": self.budget(),
            "soft_dirty": self.often(0.7),
            "chunk": self.one(None, None, 4096, 5001, 1 << 16),
        }

    def progress(self) -> Any:
        """A function that is told how far a scan is, and may make trouble."""
        if self.often(0.5):
            return None
        return self.one(_look, self._cancel, self._boom, self._step_in)

    def path(self) -> Path:
        return Path(self.world.folder) / f"table-{self.below(3)}"

    def _boom(self, _: Progress) -> None:
        self.boomed = True
        raise BoomError

    def _cancel(self, _: Progress) -> None:
        try:
            self.a(Scan).cancel()
        except NothingThereError:
            return

    def _step_in(self, _: Progress) -> None:
        """Look at other things while a scan runs."""
        try:
            len(self.a(Scan))
            repr(self.a(Target).alive)
        except NothingThereError:
            return


def _look(progress: Progress) -> None:
    assert 0 <= progress.done <= progress.total, progress
    assert os.getpid() > 0
