"""Restartable sequences: code that a thread begins anew when it is interrupted in it; rseq(2).

The kernel goes by where a thread is: one that was interrupted within a sequence goes on where that
is aborted, and one elsewhere has left it for good. So nothing of a sequence may run at another
place: interrupted there, a thread would go on in the middle with what it had read before, which
others have changed. Each is described in memory, by a struct rseq_cs of linux/rseq.h:

    version  flags  start     size      where it is aborted
    u32      u32    u64       u64       u64

Where it is aborted a signature stands in front, without which the kernel ends the program. That is
how they are found here; names of sections say less, and not every file has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ..memory.modules import Module
from ..memory.regions import Region
from ..memory.space import Space

#: RSEQ_SIG of sys/rseq.h on x86, which the C library has registered its threads with.
_SIGNATURE: Final = (0x53053053).to_bytes(4, "little")
_ABORTED: Final = 24  # bytes into its description
_DESCRIPTION: Final = 32
_LONGEST: Final = 1 << 16  # bytes of a sequence: they are a few instructions
_AT_ONCE: Final = 1 << 20


class Sequence(NamedTuple):
    """A restartable sequence.

    Attributes:
        start: the address of its first instruction.
        end: the first address behind the one that it is over with.
        aborted: where it goes on when a thread was interrupted in it.
    """

    start: int
    end: int
    aborted: int

    def is_reached(self, address: int, size: int) -> bool:
        """Whether some of these bytes are its own, or its signature."""
        return (address < self.end and self.start < address + size) or (
            address < self.aborted and self.aborted - len(_SIGNATURE) < address + size
        )


def sequences(space: Space, module: Module) -> Iterator[Sequence]:
    """The restartable sequences of a module.

    Args:
        space: the target.
        module: one of its.
    """
    aborts = {
        at + len(_SIGNATURE)
        for region in module.regions
        if region.executable
        for at in _found(space, region, _SIGNATURE)
    }
    for aborted in aborts:
        word = aborted.to_bytes(8, "little")
        for region in module.regions:
            for at in _found(space, region, word):
                sequence = _described(space.memory.read(at - _ABORTED, _DESCRIPTION), aborted)
                if sequence is not None:
                    yield sequence


def _found(space: Space, region: Region, wanted: bytes) -> Iterator[int]:
    """Where some bytes are in a region."""
    more = len(wanted) - 1  # of the next piece, for what lies across its beginning
    for start in range(region.start, region.end if region.readable else 0, _AT_ONCE):
        raw = space.memory.read(start, min(_AT_ONCE + more, region.end - start))
        at = raw.find(wanted)
        while at >= 0:
            yield start + at
            at = raw.find(wanted, at + 1)


def _described(raw: bytes, aborted: int) -> Sequence | None:
    """What a description says; None where it is something else."""
    words = [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)]
    if len(raw) < _DESCRIPTION or words[3] != aborted:
        return None
    version, start, size = words[0] & 0xFFFFFFFF, words[1], words[2]
    # the place where it is aborted is outside of it, or it would be aborted again and again
    if version or not 0 < size <= _LONGEST or start <= aborted < start + size:
        return None
    return Sequence(start, start + size, aborted)
