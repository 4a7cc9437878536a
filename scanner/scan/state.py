"""What all of a scan works with: how it was set up, and what it has come to so far."""

from __future__ import annotations

from typing import Any, Final

from .. import arguments
from ..engine import default_threads, isa, isa_index, lib, shared_cache
from ..errors import AlignError, ArgumentError
from ..lifetime.bound import Closing
from ..memory.region_filter import Where, filter_of
from ..memory.space import Space
from ..values.any_number import part_aligns
from ..values.convert import value_type
from ..values.layout import Layout
from ..values.structures import scan_layout
from .arena import Arena
from .budget import Budget
from .disk import snapshot_directory
from .history import History
from .job import Jobs
from .turns import Turns

#: Bytes a thread reads at a time. More take fewer calls, and the kernel copies faster to where the
#: second-level cache does not have the lines yet: 2 MiB are read in 0.85 of the time of 512 KiB.
LEAST_CHUNK: Final = 1 << 19
BEST_CHUNK: Final = 1 << 21
CHUNKS: Final = (64, 1 << 30)  # what may be chosen
MAX_THREADS: Final = 1024


def threads_of(threads: int | None) -> int:
    """The worker threads that somebody asks for; one a processor if None."""
    return (
        default_threads()
        if threads is None
        else arguments.whole("threads", threads, 1, MAX_THREADS)
    )


def chunk_of(chunk: int | None, threads: int) -> int:
    """The bytes a thread reads at a time, as somebody asks for them.

    If None, as many as leave the threads together half of the cache that they share.
    """
    if chunk is not None:
        return arguments.whole("chunk", chunk, *CHUNKS)
    share = shared_cache() // 2 // threads
    return min(BEST_CHUNK, max(LEAST_CHUNK, 1 << share.bit_length() >> 1))


class ScanState(Closing):
    """How a scan was set up, and its history; :class:`.Scan` says what each is."""

    def __init__(
        self,
        target: Space,
        type: Any,  # noqa: A002
        *,
        align: int | None,
        where: str | Where,
        threads: int | None,
        directory: str | None,
        budget: Budget,
        soft_dirty: bool,
        chunk: int | None,
        arena: Arena,
    ) -> None:
        self.target = target
        self.type = value_type(type)
        self.bits = target.bits
        self.layout: Layout = scan_layout(self.type, bits=self.bits)
        self.align = self.layout.alignment if align is None else align
        try:
            self.align = arguments.whole("align", self.align, 1, lib.FF_ALIGN_MAX)
        except ArgumentError:
            raise AlignError(align) from None
        self.part_aligns = part_aligns(self.layout, None if align is None else self.align)
        self.where = filter_of(where)
        self.threads = threads_of(threads)
        self.directory = snapshot_directory(directory)
        self.budget = arguments.instance("budget", budget, Budget, "a Budget, or None")
        self.soft_dirty = soft_dirty
        self.history = History()
        self.isa = isa_index(isa())
        self.chunk = chunk_of(chunk, self.threads)
        self.arena = arena
        self.jobs = Jobs()
        self._turns = Turns(target, self.history, self.jobs)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that a predicate can name, if the type is a structure."""
        return self.layout.names

    @property
    def size(self) -> int:
        """Bytes of one value; of text without a length, that of what was looked for first."""
        ground = self.history.present.ground
        return (ground.layout if ground else self.layout).size or 0

    @property
    def memory(self) -> int:
        """Bytes of memory that the matches and the old values with them take."""
        return self.history.memory

    @property
    def values_memory(self) -> int:
        """Bytes of memory that the old values take beside, before any go to disk."""
        ground = self.history.present.ground
        return ground.store.memory if ground else 0

    @property
    def disk(self) -> int:
        """Bytes of disk that the old values take."""
        ground = self.history.present.ground
        return ground.store.bytes if ground else 0
