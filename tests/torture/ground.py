"""What the rules of the state machine stand on: targets, scans, what calls on them may raise."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from farfetch.scanner import FarfetchError, Freeze, Patch, Scan, Target
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from torture.accounts import account
from torture.memories import PAGE, READ_WRITE, Known, Own, Process, contents, windows
from torture.model import Contents, ModelScan

TYPES = ("i8", "u8", "i16", "u16be", "i32", "i32be", "u32", "i64", "f32", "f64")
Allow = Literal["increase", "decrease"]
CELL = 16  # bytes; what is held or patched lies in cells of its own


@dataclass
class Attached:
    """A target, and the memory that it is of.

    Attributes:
        held: what is frozen in it, by address, and how it may still move.
        patches: those that were not undone.
    """

    real: Target
    memory: str
    known: Known
    closed: bool = False
    scans: list[Seen] = field(default_factory=list)
    held: dict[int, tuple[Freeze, Allow | None]] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)

    @property
    def gone(self) -> bool:
        return bool(self.known.gone)

    def contents(self) -> Contents:
        """What can be read in it now."""
        return contents(self.known, self.memory)


@dataclass
class Seen:
    """A scan, and the model of it."""

    real: Scan
    model: ModelScan
    of: Attached
    closed: bool = False


class Ground(RuleBasedStateMachine):
    """One process, a buffer, targets of them, and all that is made of those."""

    def __init__(self) -> None:
        super().__init__()
        self.before = account([])
        self.process = Process()
        self.own = Own()
        self.targets: list[Attached] = []

    def target(self, data: st.DataObject) -> Attached | None:
        """One of the targets, closed ones and those that are gone included."""
        return data.draw(st.sampled_from(self.targets)) if self.targets else None

    def a_scan(self, data: st.DataObject) -> Seen | None:
        """One of the scans."""
        scans = [seen for target in self.targets for seen in target.scans]
        return data.draw(st.sampled_from(scans)) if scans else None

    def place(self, data: st.DataObject, target: Attached) -> int:
        """An address in what is scanning."""
        return self.within(data, target.known, CELL)

    def within(self, data: st.DataObject, known: Known, size: int) -> int:
        """An address of so many bytes that are scanned; drawn apart from where they are."""
        start, end = windows(known)[data.draw(st.integers(0, 1))]
        return start + data.draw(st.integers(0, end - start - size))

    def cell(self, data: st.DataObject, target: Attached) -> int:
        """The first address of a cell."""
        return self.place(data, target) // CELL * CELL

    def is_refused(self, target: Attached) -> bool:
        """Whether it is no longer a target."""
        return target.closed or target.gone

    def is_writable(self, target: Attached, place: int, size: int) -> bool:
        pages = {
            (place - target.known.base) // PAGE,
            (place + size - 1 - target.known.base) // PAGE,
        }
        return all(target.known.protections[page] == READ_WRITE for page in pages)

    def is_held(self, known: Known, place: int, size: int = CELL) -> bool:
        """Whether something there is frozen."""
        cells = [cell for target in self.targets if target.known is known for cell in target.held]
        return any(place < cell + CELL and cell < place + size for cell in cells)

    def there(self, target: Attached, place: int) -> int:
        """The i32 at an address."""
        at = place - target.known.base
        number: int = struct.unpack("<i", target.known.there[at : at + 4])[0]
        return number

    def wrote(self, target: Attached, place: int, raw: bytes) -> None:
        """Note what the library has written, after a look at whether it has."""
        at = place - target.known.base
        if isinstance(target.known, Process):
            if self.is_writable(target, place, len(raw)):
                assert target.known.seen(at, len(raw)) == raw
            target.known.there[at : at + len(raw)] = raw
        assert target.known.there[at : at + len(raw)] == raw

    @contextlib.contextmanager
    def refused(
        self,
        target: Attached | None,
        *names: str,
        seen: Seen | None = None,
        maybe: bool = False,
    ) -> Iterator[list[str]]:
        """What the block may raise, and so has to.

        Args:
            one: the target that it has to reach, if any.
            names: of errors that come of the arguments.
            seen: the scan that it is about.
            maybe: whether the errors may come, or not.

        Yields:
            The name of the error that was raised, once it was.
        """
        expected = [name for name in names if name]
        if seen is not None and seen.closed:
            expected.append("ScanClosed")
        elif target is not None and target.closed:
            expected.append("TargetClosed")
        elif target is not None and target.gone:
            expected.append("TargetGone")
        raised: list[str] = []
        try:
            yield raised
        except FarfetchError as error:
            raised.append(type(error).__name__)
            if type(error).__name__ not in expected:
                raise
        else:
            assert maybe or not expected, f"nothing was raised; {expected} should have been"
