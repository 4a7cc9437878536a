"""The screens that the prompt has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farfetch.scanner import Accesses, Watchpoint

from ..session.place import Place
from ..session.session import Session
from .accesses import AccessesScreen
from .hex import HexScreen
from .watch import WatchScreen
from .who import WhoScreen


class TerminalScreens:
    """Takes over the terminal; see :class:`..session.screens.Screens`.

    Args:
        session: with the target.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def watch(
        self, entries: Sequence[tuple[str, Place]], every: float, *, force: bool, note: str = ""
    ) -> None:
        """Show values live until the user leaves."""
        WatchScreen(self._session, entries, every, force=force, note=note).screen.run()

    def who(self, hits: Watchpoint) -> None:
        """Show who touches a value until the user leaves."""
        WhoScreen(self._session, hits).run()

    def accesses(self, accesses: Accesses) -> None:
        """Show what an instruction reaches until the user leaves."""
        AccessesScreen(self._session, accesses).run()

    def hex(self, address: int, value_type: Any, *, force: bool) -> None:
        """Show memory until the user leaves."""
        HexScreen(self._session, address, value_type, force=force).screen.run()
