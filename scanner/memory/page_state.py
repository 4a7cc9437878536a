"""What is known of a memory's pages beside their bytes, so that scans need not read them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine import ffi
from ..lifetime.bound import Bound
from .regions import Range, Region


class PageState(Bound):
    """What is known of a memory's pages: nothing, unless a kind of memory says more.

    What was written to is told by epochs: pages that are clean hold what they held when one began.

    Attributes:
        epoch: how many have begun; what was clean in an earlier one is not what is clean now.
    """

    epoch = 0

    @property
    def handle(self) -> Any:
        """The core's pages; NULL where nothing is known."""
        return ffi.NULL

    def is_sparse(self, ranges: Sequence[Range]) -> bool:
        """Whether much of the ranges may never have been touched, so that it pays to ask."""
        del ranges
        return False

    def expecting_zeros(self, regions: Sequence[Region]) -> Any:
        """The core's pages, of which those in regions that nobody touched count as zeros."""
        del regions
        return self.handle

    def forget(self) -> int | None:
        """Begin an epoch: from now on, pages that are not written to are clean.

        Returns:
            Its number, or None where clean pages cannot be told.
        """
        return None

    def trusts(self, epoch: int | None) -> bool:
        """Whether what is clean now has been so since an epoch began."""
        del epoch
        return False

    def remember_dirty(self, regions: Sequence[Region], epoch: int) -> None:
        """Note what was written to, by which :meth:`trusts` tells whether an epoch still holds."""

    def close(self) -> None:
        """Let go of what it asks."""
