"""Loading of what takes long to load."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import without looking for garbage, of which there is none; it takes a twentieth longer."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def thaw() -> None:
    """Let what was loaded only count as old, before a table is read.

    A table is a million objects, and they come to count as old together with all that is frozen.
    """
    gc.unfreeze()
