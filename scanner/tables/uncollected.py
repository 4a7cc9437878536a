"""Making a million objects without Python looking, again and again, for circles among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Make objects that go in no circles without a look, now and then, at all of them.

    Afterwards they count as old, so that the next look is not at these first.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:  # or what others froze would thaw
            gc.freeze()
            gc.unfreeze()
        gc.enable()
