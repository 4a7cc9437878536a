"""An eye on the target between lines: that it has died, and its next run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from farfetch.scanner import FarfetchError, Target, quote

from ..session import entries
from ..session.processes import next_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..session.entries import Held
    from ..session.session import Session


class TargetWatch:
    """Says once that a target has died; attaches to its next run where that is asked for.

    Args:
        session: whose target to watch.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: Target | None = None
        self._held: list[Held] = []  # of the run that there is, or was
        self._waiting: list[Held] = []  # to be held in the new run, once they can be

    def news(self) -> FarfetchError | None:
        """The error that the target's death makes of every command, the first time it is seen."""
        target = self._session.target
        if target is None or target is self._told or target.alive:
            return None
        self._told = target
        try:
            target.check()
        except FarfetchError as error:
            return error
        return None

    def spare_memory(self) -> None:
        """Have what is kept of scans take no more than the machine can spare."""
        target = self._session.target
        if target is not None:
            with suppress(FarfetchError):  # closed meanwhile
                target.spare_memory()

    def remember(self) -> None:
        """A line was run: what it has frozen of the table is frozen in the next run, too."""
        session, target = self._session, self._session.target
        if target is not None and target.alive:
            self._held = entries.held(session) if session.follows else []
            if not session.follows:
                self._waiting = []

    def again(self) -> Iterator[str]:
        """Go on with the next run of a target that has died, and hold there what was held.

        Returns:
            What to say of it.
        """
        session, target = self._session, self._session.target
        if target is None or not session.follows:
            return
        if not target.alive and session.last is not None:
            info = next_run(session.last)
            if info is None:
                return
            held = [*self._held, *self._waiting]
            try:
                session.attach(str(info.pid))
            except (FarfetchError, OSError):
                return  # it has ended already, or is only beginning: the next look tells
            session.follows = True
            self._waiting = list({one.name: one for one in held}.values())
            self._held = []
            yield f"attached to {info.name} ({info.pid}), its next run"
        for one in list(self._waiting):
            said = entries.hold_again(session, one)
            if said is not None:
                self._waiting.remove(one)
                self._held.append(one)
                yield f"{quote(one.name)} {said}"
