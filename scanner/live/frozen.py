"""Frozen values: each is put back whenever the target changes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar, Final, Generic, Literal, cast

from .. import arguments
from ..errors import FarfetchError, ValueKindError
from ..lifetime.bound import Scoped
from ..lifetime.life import Life
from ..memory.path_group import AnyPath, follower_of
from ..memory.space import Space
from ..memory.writing import write_fully
from ..values.convert import encode, layout_of
from ..values.layout import over
from ..values.value_type import AnyConstruct, T

Allow = Literal["increase", "decrease"]

#: Seconds between two looks at a frozen value, unless told otherwise.
INTERVAL: Final = 0.05


class Freeze(Scoped, Generic[T]):
    """A value that is put back whenever the target changes it; made by :meth:`Freezer.add`.

    As a context manager it stops at the end of the block. Where the value cannot be reached for a
    while, or its path leads nowhere, it is held again as soon as it can be. What is written over it
    through the same target is held from then on.

    Attributes:
        address: of the value; with a path, where that led last.
        path: that is followed to it at each look, or a group of paths; None where it stays at an
            address.
        type: of the value.
        allow: the direction in which the target may change it: ``"increase"``, ``"decrease"`` or
            None. The value that it reaches is then the one that is kept.
        interval: seconds between two looks.
        force: whether it is held even where the target may not write itself.
        error: why the last look could not hold it, or what ended it; None when all is well.
        INTERVAL: seconds between two looks, unless told otherwise.

    >>> target = attach(Buffer(bytearray(8), base=16))
    >>> held = target.freeze(16, i32, 77, interval=0.01)
    >>> target.read(16, i32), held.value, held.holding, held.error
    (77, 77, True, None)
    >>> target.write(16, i32, 5)
    >>> held.value
    5
    >>> held.stop()
    """

    INTERVAL: ClassVar[float] = INTERVAL

    def __init__(
        self,
        space: Space,
        life: Life,
        forget: Callable[[Freeze[Any]], None],
        address: int | AnyPath,
        type: AnyConstruct,  # noqa: A002
        value: Any,
        allow: Allow | None,
        interval: float,
        force: bool,
    ) -> None:
        if allow is not None:
            arguments.choice("allow", allow, ("increase", "decrease"))
        is_path = isinstance(address, AnyPath)
        self.path: AnyPath | None = address if is_path else None  # type: ignore[assignment]
        self.address = 0 if is_path else arguments.address(address)
        self.type = type
        self.allow = allow
        self.interval = arguments.seconds("interval", interval)
        self.force = arguments.flag("force", force)
        self._active = True
        #: How often it was put back by Python, and what says how often by the core since.
        self._puts: tuple[int, Callable[[], int] | None] = (0, None)
        self.error: FarfetchError | OSError | None = None
        self._space = space
        self._life = life
        self._forget = forget
        self._follower = follower_of(self.path, space) if self.path else None
        self._layout = layout_of(type, bits=space.bits)
        if allow and not self._layout.is_number:
            raise ValueKindError(value, self._layout.name, f"a number that can {allow}, as allowed")
        self._kept = encode(type, value, bits=space.bits)
        self._lock = threading.RLock()
        self._due = 0.0

    def __repr__(self) -> str:
        place = self.path if self.path else f"0x{self.address:x}"
        state = "stopped" if not self._active else "held" if self.error is None else "not held"
        return f"<Freeze of {self._layout.name} at {place}: {self.value!r}, {state}>"

    @property
    def active(self) -> bool:
        """Whether it is being kept up.

        Raises:
            ForkedError: it is the parent process's, which keeps it up or not.
        """
        self._life.refuse_children()
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active

    @property
    def value(self) -> T:
        """The value that is kept up now."""
        return cast(T, self._layout.unpack(self._kept))

    @property
    def writes(self) -> int:
        """How often the value was put back, the first time included."""
        before, since = self._puts
        return before + (since() if since is not None else 0)

    @property
    def holding(self) -> bool:
        """Whether the last look found it held, or could hold it; :attr:`error` says why not."""
        return self.active and self.error is None

    def stop(self) -> None:
        """Leave the value to the target; nothing is written once this has returned.

        Raises:
            ForkedError: it is the parent process's.

        >>> held = attach(Buffer(bytearray(8), base=16)).freeze(16, i32, 77)
        >>> held.stop()
        >>> held.active
        False
        """
        self._life.refuse_children()
        with self._lock:
            self.active = False
        self._forget(self)

    def _leave(self) -> None:
        if not self._life.is_forked:  # a child that leaves the block leaves it to its parent
            self.stop()

    def _look(self) -> None:
        """Put the value back if it changed in a way that is not allowed; in the freezer's turn."""
        with self._lock:
            if self.active:
                self._find()
                self._put_back()
                self.error = None

    def _find(self) -> None:
        if self._follower is not None:
            self.address = self._follower.resolve()

    def _put_back(self) -> None:
        target = self._space
        there = target.read_bytes(self.address, len(self._kept))
        # of a bit field the other bits are the target's
        self._kept = over(self._layout.mask, there, self._kept)
        if there == self._kept:
            return
        if self._allows(there):
            self._kept = there
            return
        target.check()
        # past the freezer: it need not be told of its own
        write_fully(target.memory, None, self.address, self._kept, force=self.force)
        self._puts = (self.writes + 1, None)

    @property
    def _is_plain(self) -> bool:
        """Whether all there is to do is to write the same bytes again."""
        return not (self.path or self.allow or self.force or self._layout.mask)

    def _count(self, since: Callable[[], int] | None) -> None:
        """Let the core count what is put back from now on; with None, no more."""
        self._puts = (self.writes, since)

    def _overlaps(self, address: int, size: int) -> bool:
        """Whether it holds some of these bytes, as far as can be told."""
        try:
            self._find()
        except (FarfetchError, OSError):
            return False
        return address < self.address + len(self._kept) and self.address < address + size

    def _hold(self, address: int, raw: bytes, mask: bytes = b"") -> None:
        """Hold bytes, or some bits of them, that were written over the value or a part of it."""
        start = max(address, self.address) - self.address
        end = min(address + len(raw), self.address + len(self._kept)) - self.address
        if start < end:
            shift = self.address - address
            written = raw[start + shift : end + shift]
            written = over(mask[start + shift : end + shift], self._kept[start:end], written)
            self._kept = self._kept[:start] + written + self._kept[end:]

    def _allows(self, there: bytes) -> bool:
        if self.allow is None:
            return False
        now: Any = self._layout.unpack(there)
        grew: bool = now > self.value
        shrank: bool = now < self.value
        return grew if self.allow == "increase" else shrank

    def _end(self, error: FarfetchError | None) -> None:
        with self._lock:
            if self.active:
                self.active = False
                self.error = error

    def _fail(self, error: FarfetchError | OSError) -> None:
        with self._lock:
            if self.active:
                self.error = error
