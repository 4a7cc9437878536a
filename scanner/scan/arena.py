"""Where old bytes are kept first: memory that stays from one scan of a target to the next."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from ..engine import cell, content, lib
from ..errors import TargetClosed
from ..lifetime.life import Held
from .budget import values_share


class Arena:
    """The memory that old bytes of a target's scans lie in; none is taken before it is needed.

    What scans let go is not given back but used by the next ones, until the target is closed. The
    kernel may take what is free as soon as others want it, and while others wait for memory, or a
    control group's limit is near, the oldest values go to disk.

    Args:
        root: what comes before ``/proc`` and ``/sys``, where that is read.
    """

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._held: Held[Any] | None = None
        self._share: int | None = None
        self._is_closed = False

    @property
    def handle(self) -> Any:
        """The core's; None where this machine has none, or it was closed."""
        if self._held is None and not self._is_closed:
            out = cell("arena")
            if lib.ff_arena_create(os.fsencode(self._root), out):
                return None
            self._held = Held(content(out), lambda: TargetClosed(None, "target"))
        return None if self._held is None else self._held.get()

    @property
    def bytes(self) -> int:
        """Bytes of memory that it holds, free ones too."""
        return 0 if self._held is None else int(lib.ff_arena_bytes(self._held.get()))

    @property
    def share(self) -> int:
        """Bytes that it may hold where nobody says: as at first, or less if memory is scarce."""
        share = values_share(self.bytes, self._root)
        self._share = share if self._share is None else min(self._share, share)
        return self._share

    def relieve(self) -> None:
        """Give back or move to disk what the machine cannot spare any more."""
        held = self._held
        if held is not None:
            with suppress(TargetClosed):  # just now, by another thread
                lib.ff_arena_relieve(held.get())

    def close(self) -> None:
        """Give back what is free now, and the rest with the last step that has bytes in it."""
        self._is_closed = True
        held, self._held = self._held, None
        if held is not None:
            held.let_go()
