"""What the threads of the stress share: objects of every public class, and programs to scan."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from farfetch.scanner import (
    Buffer,
    Declarations,
    Entry,
    FarfetchError,
    History,
    Match,
    PointerPath,
    Scan,
    Table,
    Target,
    attach,
    i32,
    memory_names,
    now,
    prev,
)

from torture.surface import classes
from torture.victims import Victim

T = TypeVar("T")

BASE = 0x10_0000
_MOST = (1, 2, 6)  # objects of a class; the next takes the place of one of them
_BEGUN = 1 << 16  # bytes of a target that are scanned to begin with
_VICTIMS = (("mutate",), ("mutate",), ("big", "8"))
#: What hangs on an object and is passed around as well.
_PARTS: Mapping[type, Sequence[str]] = {
    Scan: ("matches", "history"),
    Target: ("memory", "process"),
    Match: ("value",),
}


class NothingThereError(Exception):
    """No object of that class has been made yet, or all of them were let go."""


class World:
    """What is there in a round; any thread may add, take and let go, without a lock.

    So a child of fork(2) finds none taken; it sets ``closed``, and no program is started anew.

    Args:
        seed: of what it begins with.
        folder: for old values and tables.
        full: a folder on a disk that has little room, or "".
    """

    def __init__(self, seed: str, folder: str, full: str) -> None:
        chance = random.Random(seed)
        self.folder, self.full = folder, full
        self._most = chance.choice(_MOST)  # the fewer, the more threads meet at one
        self.contents = bytearray(chance.choices((0, 1, 7, 100, 255), k=20_000))
        self.pools: dict[type, list[Any]] = {class_: [] for class_ in classes()}
        self.victims = [Victim(*one) for one in _VICTIMS]
        self._spawning = threading.Lock()  # of the list, and not used by children
        self.closed = False
        ways = [name for name in memory_names() if name not in ("syscall", "device")]
        for victim in self.victims:
            self.add(attach(victim.pid, memory=chance.choice(ways)))
        self.add(attach(Buffer(self.contents, base=BASE)))
        self.add(attach(Buffer(bytes(self.contents), base=BASE)))
        for one in (
            *(Table(), Declarations(), History(), now == 100, prev < now, now + 1),
            *(Entry("health", f"0x{BASE:x}", "i32"), PointerPath.parse(f"0x{BASE:x} -> 8")),
        ):
            self.add(one)
        for target in list(self.pools[Target]):
            scan = target.scan(i32)
            self.add(scan)

    def add(self, thing: Any, depth: int = 2) -> None:
        """Have others draw something, where it is of a public class, or made of such."""
        if isinstance(thing, list | tuple) and not hasattr(thing, "_fields"):
            for one in thing[:3]:
                self.add(one, depth)
            return
        for kind in type(thing).__mro__:
            pool = self.pools.get(kind)
            if pool is None:
                continue
            if len(pool) < self._most:
                pool.append(thing)
            else:
                with contextlib.suppress(IndexError):  # another has let them go
                    pool[random.randrange(len(pool))] = thing
        if depth:
            for kind, names in _PARTS.items():
                if isinstance(thing, kind):
                    for name in names:
                        self.add(getattr(thing, name), depth - 1)

    def take(self, kind: type[T], chance: random.Random) -> T:
        """One of a class.

        Raises:
            NothingThereError: there is none.
        """
        pool = self.pools[kind]
        try:
            found: T = chance.choice(pool)
        except IndexError:
            raise NothingThereError(kind.__name__) from None
        return found

    def renew(self, chance: random.Random) -> None:
        """Put a target that is there, and a scan of it that has begun, where ended ones were."""
        try:
            what = Buffer(self.contents, base=BASE) if chance.random() < 0.3 else None
            target = attach(what or self.victim(chance).pid)
            start, end = self.window(target)
            scan = target.scan(i32, where=f"{start:#x}..{min(end, start + _BEGUN):#x}")
            self.add(target)
            self.add(scan)
            scan.first(chance.choice(("?", "now != 0", "7")))
        except FarfetchError:  # the program has ended, or the scan is closed by another already
            return

    def let_go(self, chance: random.Random) -> None:
        """Drop what there is of some class, closed or not."""
        self.pools[chance.choice(list(self.pools))].clear()

    def victim(self, chance: random.Random) -> Victim:
        """A program, in place of which another comes once it has ended."""
        index = chance.randrange(len(self.victims))
        victim = self.victims[index]
        if victim.ended and chance.random() < 0.2 and not self.closed:
            with self._spawning:
                if victim is self.victims[index] and not self.closed:
                    self.victims[index] = Victim(*_VICTIMS[index])
                    victim.close()
        return self.victims[index]

    def window(self, thing: Any) -> tuple[int, int]:
        """Addresses that calls on an object may write to."""
        target = getattr(thing, "target", None) or getattr(thing, "_target", thing)
        process = getattr(target, "process", None)
        if process is None:
            return BASE, BASE + len(self.contents)
        for victim in tuple(self.victims):
            if victim.pid == process.pid:
                return victim.window
        return BASE, BASE + 4096  # of one that is no more

    def close(self) -> None:
        """End the programs, and forget everything."""
        with self._spawning:
            self.closed = True
            for pool in self.pools.values():
                pool.clear()
            for victim in self.victims:
                victim.close()
