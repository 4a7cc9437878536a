"""What who and accesses have in common: seeing what comes, and saying it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from farfetch.scanner import FarfetchError, decode, format_address, size_of, type_named

from ..answers import quantities, streams, values

if TYPE_CHECKING:
    from farfetch.scanner import Access, Accesses, Watchpoint, WatchState

    from ..answers.result import Json
    from .screens import Screens
    from .session import Session

_POLL: Final = 0.2  # seconds between looks for what is new
_SHOWN: Final = 16  # bytes of a value of no type


def see(
    session: Session,
    watch: Watchpoint | Accesses,
    duration: float | None,
    screen: Callable[[Screens], None],
    news: Callable[[], Iterable[tuple[Hashable, str]]],
) -> None:
    """Show what comes: on the whole terminal at a prompt, else a line for each thing.

    Args:
        session: that shows it.
        watch: what sees it.
        duration: seconds; None for as long as the user likes.
        screen: shows it on the whole terminal.
        news: all that was seen so far, by name, with the line for each.
    """
    if session.screens is not None and duration is None:
        screen(session.screens)
    else:
        _follow(session, watch, math.inf if duration is None else duration, news)


def _follow(
    session: Session,
    watch: Watchpoint | Accesses,
    duration: float,
    news: Callable[[], Iterable[tuple[Hashable, str]]],
) -> None:
    """Wait until the time is over, the target ends or Ctrl-C; say each thing that is new."""
    until = time.monotonic() + duration
    said: set[Hashable] = set()
    seen = 0
    try:
        while (left := until - time.monotonic()) > 0 and not watch.state.ended:
            streams.check_reader()
            if not watch.wait(min(left, _POLL), hits=seen):
                continue
            seen = watch.state.hits
            for name, line in news():
                if name not in said and session.say is not None:
                    session.say(line)
                said.add(name)
    except KeyboardInterrupt:
        pass


def place_fields(session: Session, address: int) -> dict[str, Json]:
    """What programs are told of where a watch is; the target may end at any time."""
    location = ""
    with suppress(FarfetchError):
        location = str(session.attached.locate(address))
    return {"address": format_address(address), "location": location}


def end_fields(session: Session, state: WatchState) -> dict[str, Json]:
    """What programs are told of a watch that has ended."""
    return {
        "lost": state.lost,
        "estimated": state.estimated,
        "by": state.by,
        "seconds": round(state.elapsed, 3),
        "alive": session.attached.alive,
    }


def summary(state: WatchState, things: str) -> str:
    """The last line: how many hits there were, and whether all were counted.

    Args:
        state: of the watch that has ended.
        things: what they were of, such as ``"2 instructions"``.
    """
    line = f"{quantities.count(state.hits, 'hit')} of {things} in {state.elapsed:.1f} s"
    if state.estimated:
        line += "; so many that it rested in between: the counts are estimates, and low ones"
    if state.by == "ptrace":
        line += f"; each stopped it for {state.cost * 1e6:.0f} µs"
    if state.ended == "killed":
        line += "; what traced it was killed, and nothing was seen from then on"
    if state.lost:
        line += f"; {quantities.count(state.lost, 'more hit')} got lost"
    return line


def counted(count: int, state: WatchState) -> str:
    """A count, marked when it is an estimate."""
    return f"{'≥' if state.estimated else ''}{count}"


def type_of(session: Session, access: Access) -> Any | None:
    """The type of what is at an address that an instruction reaches; None where it is no number."""
    wanted = session.settings.type
    if size_of(wanted, bits=session.bits) == access.size:
        return wanted
    return type_named(f"i{8 * access.size}") if access.size in (1, 2, 4, 8) else None


def value_text(session: Session, access: Access) -> str:
    """What is at an address that an instruction reaches, as a number where its size is one's."""
    if access.value is None:
        return "?"
    wanted = type_of(session, access)
    if wanted is None:
        more = " …" if len(access.value) > _SHOWN else ""
        return access.value[:_SHOWN].hex(" ") + more
    return values.shown(wanted, decode(wanted, access.value, bits=session.bits))
