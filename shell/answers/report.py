"""The one place that turns an error into what the user sees."""

from __future__ import annotations

import errno
import shutil
import sys
from pathlib import Path

from farfetch.scanner import DeclarationError, ExpressionError, FarfetchError, TargetAmbiguous

from ..errors import notes
from .cures import cure
from .render import printable, wrapped
from .result import Json


def message(error: BaseException) -> str:
    """Say an error in one line."""
    if isinstance(error, FarfetchError):
        text = _cured(str(error), error)
    elif isinstance(error, KeyboardInterrupt):
        text = f"interrupted: {error}" if error.args else "interrupted"
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        text += "; raise the limit with ulimit -n" if error.errno == errno.EMFILE else ""
    else:
        text = f"internal error: {type(error).__name__}: {error}{_origin(error)}"
    return printable("; ".join((text, *notes(error))))


def _cured(text: str, error: BaseException) -> str:
    """A text with how to write what was meant behind it."""
    said = cure(error)
    return f"{text}: {said}" if said else text


def lines(error: BaseException, place: str = "", *, pointing: bool = False) -> str:
    """Say an error as it stands on standard error.

    Args:
        error: what was raised.
        place: ``file:line`` of a script, "" elsewhere.
        pointing: show an expression with a caret under the column, as the prompt does.

    Returns:
        One line without a newline; three when pointing at an expression.
    """
    if pointing and isinstance(error, ExpressionError):
        pointer = "\n".join(f"  {line}" for line in error.pointer().splitlines())
        said = "; ".join((_cured(error.reason, error), *notes(error)))
        return f"farfetch: {printable(said)}\n{pointer}"
    where = f"{printable(place)}: " if place else ""
    return f"farfetch: {where}{message(error)}"


def fields(error: BaseException, place: str = "") -> dict[str, Json]:
    """Describe an error for JSON: its type, its message and what else programs can use."""
    described: dict[str, Json] = {"type": type(error).__name__, "message": message(error)}
    if place:
        described["place"] = place
    if isinstance(error, ExpressionError):
        described["position"] = error.position
    if isinstance(error, DeclarationError):
        described["line"], described["column"] = error.line, error.column
    if isinstance(error, TargetAmbiguous):
        described["candidates"] = [
            {
                "pid": candidate.pid,
                "name": candidate.name,
                "user": candidate.user,
                "cmdline": list(getattr(candidate, "cmdline", ())),
            }
            for candidate in error.candidates
        ]
    return described


def _origin(error: BaseException) -> str:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return ""
    return f" ({Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno})"


def complain(error: BaseException, place: str = "", *, pointing: bool = False) -> None:
    """Write an error to standard error; on a terminal it fits, but for an expression pointed at."""
    text, newline, pointer = lines(error, place, pointing=pointing).partition("\n")
    if sys.stderr.isatty():
        text = wrapped(text, shutil.get_terminal_size().columns)
    print(text + newline + pointer, file=sys.stderr, flush=True)
