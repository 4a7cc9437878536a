"""One random call: who is asked what, and whether what comes of it was promised."""

from __future__ import annotations

import fnmatch
import functools
import itertools
import traceback
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from farfetch.scanner import FarfetchError

from torture.arguments import ARGUMENTS, LEFT_OUT, MADE_BY_CALLS, RARE, Arguments
from torture.draw import BoomError, Draw
from torture.surface import Member, fits, members, taken
from torture.world import NothingThereError

#: How often something of a class is called; 1 where nothing is said.
_SHARES: Final = dict(
    {"Scan": 12, "Target": 8, "Matches": 8, "Match": 3, "Watch": 3, "Freeze": 3, "Freezer": 3},
    **{"Patch": 3, "History": 3, "Step": 3, "Snapshot": 3, "Memory": 2, "": 10},
)
#: How often one call of those is made; 4 where nothing is said.
_FAVOURITES: Final = dict(
    {"Scan.first": 24, "Scan.next": 24, "Scan.snapshot": 8, "Scan.undo": 8, "Scan.redo": 6},
    **{"Target.scan": 6, "Target.freeze": 8, "Matches.column": 16, "Matches.__iter__": 10},
    **{"attach": 12, "Target.read_bytes": 8, "Target.write": 8, "processes": 1, "Target.close": 2},
)
#: Classes whose objects a round may be about.
EMPHASES: Final = {
    "": (),
    "scans": ("Scan", "Matches", "Match", "History"),
    "steps": ("Scan", "History", "Step", "Snapshot"),
    "targets": ("", "Target", "Memory", "Buffer", "Watch"),
    "holding": ("Freeze", "Freezer", "Patch", "Patches", "Target"),
}
#: Errors that are not farfetch's own, and what promises them.
_OTHERS: Final[dict[str, tuple[type[Exception], ...]]] = {
    "Expr.__bool__": (TypeError,),  # a predicate has no truth, and says so
    "Predicate.__bool__": (TypeError,),
    **dict.fromkeys(  # "Raises: ValueError"
        ["Target.freeze", "Freezer.add", "Target.patch", "Patches.add", "Scan.snapshot", "at"],
        (ValueError,),
    ),
    "field": (ValueError,),
    "NamedAddresses.__getitem__": (KeyError,),  # as of any mapping
    "parse_integer": (ValueError,),
    "Declarations.add_header": (OSError,),
    "Buffer": (ValueError,),
    "Layout.with_size": (ValueError,),
    "AnyCase.choices": (UnicodeEncodeError,),
}
#: Calls that Ctrl-C ends with ScanCancelled, or with KeyboardInterrupt where it came too early.
INTERRUPTIBLE: Final = frozenset({"Scan.first", "Scan.next", "Scan.snapshot"})


class BrokenPromiseError(Exception):
    """A call came to an end that nobody promised."""


class Outcome(NamedTuple):
    """What came of a call.

    Attributes:
        name: of the call.
        error: the name of the error that it raised, or "".
    """

    name: str
    error: str


#: Names, as fnmatch(3) knows them, of calls that are not made: to get past what is known to fail.
without: list[str] = []


@functools.cache
def _choices(emphasis: str) -> tuple[tuple[Member, ...], tuple[float, ...]]:
    by_class: dict[str, list[Member]] = {}
    for name, member in members().items():
        if name in LEFT_OUT or name in MADE_BY_CALLS:
            continue
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in without):
            continue
        by_class.setdefault(name.partition(".")[0] if "." in name else "", []).append(member)
    chosen, weights = [], []
    for owner, found in by_class.items():
        each = [_FAVOURITES.get(member.name, 0.3 if member.name in RARE else 4) for member in found]
        chosen += found
        share = _SHARES.get(owner, 1) * (10 if owner in EMPHASES[emphasis] else 1)
        weights += [weight / sum(each) * share for weight in each]
    return tuple(chosen), tuple(itertools.accumulate(weights))


def choose(draw: Draw, emphasis: str = "") -> Member:
    """Something to call.

    Args:
        draw: where the luck comes from.
        emphasis: one of EMPHASES: what is called more often than else.
    """
    found, weights = _choices(emphasis)
    return draw.chance.choices(found, cum_weights=weights)[0]


def prepare(draw: Draw, member: Member) -> tuple[list[Any], Arguments]:
    """The object that it is of, if any, and its arguments.

    Raises:
        NothingThereError: there is no object of some class.
    """
    things: list[Any] = [] if member.owner is None else [draw.a(member.owner)]
    thing = things[0] if things else None
    arguments = ARGUMENTS.get(member.name)
    try:
        made = arguments(draw, thing) if arguments else Arguments((), {})
    except FarfetchError:  # of an object that is closed, where one is asked for an argument
        raise NothingThereError(member.name) from None
    return things, made


def make(
    draw: Draw,
    member: Member,
    things: list[Any],
    arguments: Arguments,
    refusals: tuple[type[BaseException], ...] = (),
    around: Callable[[Callable[[], Any]], Any] = lambda call: call(),
) -> Outcome:
    """Make a call.

    Args:
        draw: where the arguments came from.
        one: what is called.
        things: the object that it is of, if any.
        arguments: what it is made with.
        refusals: errors that are as good as any result, beside those that it promises.
        around: how to make it.

    Raises:
        BrokenPromiseError: it came to an end that nobody promised.
    """
    draw.boomed = False
    promised: tuple[type[BaseException], ...] = (FarfetchError, *_OTHERS.get(member.name, ()))
    try:
        result = around(lambda: taken(member.call(*things, *arguments.given, **arguments.named)))
    except BaseException as error:
        is_own = isinstance(error, BoomError) and draw.boomed
        if is_own or isinstance(error, (*promised, *refusals)):
            return Outcome(member.name, type(error).__name__)
        raise BrokenPromiseError(_told(member, things, arguments)) from error
    if not fits(result, member.hint):
        told = _told(member, things, arguments)
        raise BrokenPromiseError(f"{told} gave {repr(result)[:200]}, not {member.hint}")
    draw.world.add(result)
    return Outcome(member.name, "")


def _told(member: Member, things: list[Any], arguments: Arguments) -> str:
    def shown(thing: Any) -> str:
        try:
            return repr(thing)[:160]
        except Exception:  # it is what this is about
            return f"<{type(thing).__name__}, which cannot be shown>"

    given = [*map(shown, arguments.given), *(f"{k}={shown(v)}" for k, v in arguments.named.items())]
    of = f" of {shown(things[0])}" if things else ""
    return f"{member.name}({', '.join(given)}){of}"


def story(error: BaseException) -> str:
    """An error with all that led to it."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
