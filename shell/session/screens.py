"""What takes the whole terminal; the prompt brings it, and other front ends have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from farfetch.scanner import Accesses, Watchpoint

    from .place import Place


class Screens(Protocol):
    """Takes over the terminal until the user leaves."""

    def watch(
        self, entries: Sequence[tuple[str, Place]], every: float, *, force: bool, note: str = ""
    ) -> None:
        """Show values live.

        Args:
            entries: how each place was called, and the place.
            every: seconds between looks.
            force: set and freeze even what the target may not write itself.
            note: what is left out; "" for nothing.
        """

    def who(self, hits: Watchpoint) -> None:
        """Show the instructions that touch a value, as they come.

        Args:
            hits: what is seen.
        """

    def accesses(self, accesses: Accesses) -> None:
        """Show the addresses that an instruction reaches, as they come.

        Args:
            accesses: what is seen.
        """

    def hex(self, address: int, value_type: Any, *, force: bool) -> None:
        """Show memory as hex digits, to page through and to edit.

        Args:
            address: where to begin.
            value_type: of the values beside the bytes.
            force: edit even what the target may not write itself.
        """
