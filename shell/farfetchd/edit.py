"""Memory in an editor: read it, give it to the editor as a file, write back what was changed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from farfetch.scanner import (
    ConfigurationError,
    ExpressionError,
    FarfetchError,
    MemoryFault,
    Target,
    attach,
    format_address,
    memory_names,
    parse_integer,
)

from ..answers.quantities import count
from ..errors import CommandError, UsageError

if TYPE_CHECKING:
    from .stop import Stop

#: What one farfetch(2) copies at most: the kernel's MAX_RW_COUNT with pages of 4 KiB.
LONGEST: Final = 0x7FFF_F000

_EDITOR: Final = "bvi"
_VARIABLE: Final = "FARFETCH_EDITOR"
_CHUNK: Final = 1 << 24
_BLOCK: Final = 4096


def edit(
    target: str, address: str, length: str, *, memory: str, stop: Stop, force: bool = False
) -> str:
    """Let a person edit the bytes at an address.

    Args:
        target: a pid or a name.
        address: as :meth:`Target.address` takes it.
        length: bytes, as typed.
        memory: one of :func:`memory_names`.
        stop: the signals that end the program.
        force: write even where the target may not write itself.

    Returns:
        What was done, in a line.

    Raises:
        UsageError: an argument is not well formed.
        FarfetchError: it failed; the text says what was written, if anything.
        Stopped: a signal asked us to end; nothing was written.
    """
    size = _size(length)
    if memory not in memory_names():
        raise UsageError(f"--memory takes {', '.join(memory_names())}, not {memory}")
    command = _editor()
    with attach(target, memory=memory) as attached:
        try:
            start = attached.address(address)
        except ExpressionError as error:
            raise UsageError(f"ADDR {error}") from error
        before = _read(attached, start, size, stop)
        if len(before) < size:
            there = f"only {count(len(before), 'byte')} of {size:,} can be read"
            print(f"farfetchd: {there} at {format_address(start)}: editing these", file=sys.stderr)
        with Draft(format_address(start), before) as draft:
            after = draft.edited(command, stop)
            runs = list(changed_runs(before, after))
            if not runs:
                return "nothing changed"
            try:
                _write(attached, start, after, runs, force=force)
            except CommandError as error:
                raise CommandError(f"{error}; the edited bytes are in {draft.keep()}") from error
    return _done(start, runs)


def changed_runs(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Where two blocks of the same length differ: half-open ranges of offsets, ascending.

    What lies between two changed bytes is in no range, however short: it may have changed in the
    target since, and must not be set back.

    >>> list(changed_runs(b"100 gold", b"999 fold"))
    [(0, 3), (4, 5)]
    """
    start = -1
    for block in range(0, len(before), _BLOCK):
        end = min(block + _BLOCK, len(before))
        if before[block:end] == after[block:end]:
            if start >= 0:
                yield start, block
            start = -1
            continue
        for offset in range(block, end):
            differs = before[offset] != after[offset]
            if differs and start < 0:
                start = offset
            elif not differs and start >= 0:
                yield start, offset
                start = -1
    if start >= 0:
        yield start, len(before)


class Draft:
    """A private file that an editor changes; a context manager that removes it.

    It is 0600 in a folder of its own, 0700, under FARFETCH_TMPDIR, TMPDIR or /tmp. The folder goes
    with all that the editor left in it.

    Args:
        name: the file's.
        contents: what is in it at first.
    """

    def __init__(self, name: str, contents: bytes) -> None:
        self._contents = contents
        self._kept = False
        wanted = os.environ.get("FARFETCH_TMPDIR")
        try:
            folder = tempfile.mkdtemp(prefix="farfetchd-", dir=wanted or None)
        except OSError as error:
            raise _cannot("make a folder in", wanted or "a temporary directory", error) from error
        self._folder = Path(folder).absolute()
        self._path = self._folder / name
        try:
            self._path.touch(0o600, exist_ok=False)
            self._path.write_bytes(contents)
        except OSError as error:
            self._remove()
            raise _cannot("write", str(self._path), error) from error

    def edited(self, command: Sequence[str], stop: Stop) -> bytes:
        """Run an editor and give what it left, of the same length.

        Raises:
            CommandError: it ended badly, or left something else.
            Stopped: a signal asked us to end.
        """
        name = Path(command[0]).name
        try:
            code = stop.run([*command, str(self._path)])
        except OSError as error:
            raise CommandError(f"cannot run {name}: {error.strerror}") from error
        if code:
            how = f"with {code}" if code > 0 else f"by {signal.Signals(-code).name}"
            raise CommandError(f"{name} ended {how}: nothing written")
        if not self._path.is_file():
            raise CommandError(f"{name} left no file: nothing written")
        size, length = self._path.stat().st_size, len(self._contents)
        if size != length:
            raise CommandError(
                f"{name} left {count(size, 'byte')} where there were {length:,}, and the length "
                "must stay: nothing written"
            )
        return self._path.read_bytes()

    def keep(self) -> Path:
        """Do not remove the file. Returns where it is."""
        self._kept = True
        return self._path

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._kept:
            self._remove()

    def _remove(self) -> None:
        try:
            shutil.rmtree(self._folder)
        except FileNotFoundError:
            pass  # the editor has removed it
        except OSError as error:
            print(f"farfetchd: cannot remove {self._folder}: {error.strerror}", file=sys.stderr)


def _size(text: str) -> int:
    try:
        size = parse_integer(text.strip())
    except ValueError:
        raise UsageError(f"LEN takes a number of bytes such as 64 or 0x40, not {text}") from None
    if not 0 < size <= LONGEST:
        raise UsageError(f"LEN takes 1 to {LONGEST:#x} bytes, not {text}")
    return size


def _editor() -> list[str]:
    """The editor's command, which is there and can be used here."""
    value = os.environ.get(_VARIABLE, "")
    try:
        command = shlex.split(value)
    except ValueError as error:
        raise ConfigurationError(_VARIABLE, value, str(error).lower()) from None
    if not command:
        if not shutil.which(_EDITOR):
            hint = f"install the package {_EDITOR}, or name another hex editor in {_VARIABLE}"
            raise CommandError(f"there is no {_EDITOR}: {hint}")
        command = [_EDITOR]
    elif not shutil.which(command[0]):
        raise ConfigurationError(_VARIABLE, value, f"there is no program {command[0]}")
    # without one it would wait for keys for ever, with all of a processor
    if Path(command[0]).name == _EDITOR and not (os.isatty(0) and os.isatty(1)):
        raise CommandError(f"{_EDITOR} needs a terminal as standard input and output")
    return command


def _read(target: Target, address: int, size: int, stop: Stop) -> bytes:
    """The bytes from an address on, up to the first that cannot be read; at least one."""
    chunks: list[bytes] = []
    done = 0
    while done < size:
        stop.check()
        wanted = min(size - done, _CHUNK)
        chunks.append(target.memory.read(address + done, wanted))
        done += len(chunks[-1])
        if len(chunks[-1]) < wanted:
            break
    target.check()
    if not done:
        raise MemoryFault(address, size, 0, False)
    return b"".join(chunks)


def _write(
    target: Target,
    address: int,
    after: bytes,
    runs: Sequence[tuple[int, int]],
    *,
    force: bool,
) -> None:
    """Write the changed runs in order, up to the first that fails.

    Raises:
        CommandError: one failed; it says how many bytes were written.
    """
    written = 0
    for start, end in runs:
        try:
            target.write_bytes(address + start, after[start:end], force=force)
        except (FarfetchError, OSError) as error:
            if isinstance(error, MemoryFault):
                written += error.done
            why = error if isinstance(error, FarfetchError) else error.strerror
            total = sum(end - start for start, end in runs)
            part = (
                f"{written:,} of {count(total, 'byte')} written" if written else "nothing written"
            )
            raise CommandError(f"{why}: {part}") from error
        written += end - start


def _done(address: int, runs: Sequence[tuple[int, int]]) -> str:
    written = count(sum(end - start for start, end in runs), "byte")
    first, end = format_address(address + runs[0][0]), format_address(address + runs[-1][1])
    if len(runs) == 1:
        return f"{written} written at {first}"
    return f"{written} written at {len(runs):,} places in {first}..{end}"


def _cannot(what: str, where: str, error: OSError) -> CommandError:
    hint = "name another directory in FARFETCH_TMPDIR"
    return CommandError(f"cannot {what} {where}: {error.strerror}; {hint}")
