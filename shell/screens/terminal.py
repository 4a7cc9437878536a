"""The screens that the prompt has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..session.places import Place
from ..session.session import Session
from .hex import HexScreen
from .watch import WatchScreen


class TerminalScreens:
    """Takes over the terminal; see :class:`farfetch.shell.screens.Screens`."""

    def watch(
        self, session: Session, entries: Sequence[tuple[str, Place]], every: float, *, force: bool
    ) -> None:
        """Show values live until the user leaves."""
        WatchScreen(session, entries, every, force=force).screen.run()

    def hex(self, session: Session, address: int, value_type: Any, *, force: bool) -> None:
        """Show memory until the user leaves."""
        HexScreen(session, address, value_type, force=force).screen.run()
