"""The ``farfetchd`` command: the bytes of a running program in a hex editor.

As in ``cli.py``, only the standard library is imported here.
"""

from __future__ import annotations

import getopt
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from .stop import Stop, Stopped

USAGE = """\
usage: farfetchd [--memory NAME] [--force] PID|NAME ADDR LEN

Edit the memory of a running program in a hex editor.

Reads LEN bytes at ADDR, opens them in bvi, and writes back what was changed there,
if the editor ended well. The program runs on meanwhile: bytes that were not changed
in the editor are not written.

  ADDR                 0x7f00…, game+0x4010 or [heap]+0x2a0
  LEN                  bytes, in decimal or 0x…
      --memory NAME    how to reach the program: auto, syscall, device, process_vm
                       or proc_mem
      --force          write also where the program may not write itself
  -V, --version        print the version
  -h, --help           print this

FARFETCH_EDITOR names another editor, with arguments if need be; the file comes last.
Exit codes: 0, 1 (it failed, or not all was written), 2 (usage).

  farfetchd game '[heap]+0x2a0' 64
  FARFETCH_EDITOR='vim -b' farfetchd 1234 0x7f0012345000 4096
"""


@dataclass(frozen=True)
class Options:
    """The command line.

    Attributes:
        target: the pid or name, as typed.
        address: as typed.
        length: as typed.
        memory: how to reach the target.
        force: write even where it may not write itself.
        show: ``"help"`` or ``"version"`` when only that is wanted.
    """

    target: str = ""
    address: str = ""
    length: str = ""
    memory: str = "auto"
    force: bool = False
    show: str = ""


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line.

    Raises:
        getopt.GetoptError: it is not well formed.
    """
    given, words = getopt.gnu_getopt(list(arguments), "hV", ["memory=", "force", "help", "version"])
    options = dict(given)
    if "-h" in options or "--help" in options:
        return Options(show="help")
    if "-V" in options or "--version" in options:
        return Options(show="version")
    if len(words) != 3:
        raise getopt.GetoptError(f"expected PID ADDR LEN, got {len(words)} of them")
    target, address, length = words
    memory, force = options.get("--memory", "auto"), "--force" in options
    return Options(target, address, length, memory=memory, force=force)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line behind the program's name; ``sys.argv``'s when None.

    Returns:
        The exit code.
    """
    stop = Stop()
    stop.listen()
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
    except getopt.GetoptError as error:
        print(f"farfetchd: {error}; see farfetchd --help", file=sys.stderr)
        return 2
    try:
        return _answer(options, stop)
    except Stopped:
        stop.end()


def _answer(options: Options, stop: Stop) -> int:
    if options.show == "help":
        return _print(USAGE)
    if options.show == "version":
        from farfetch import __version__

        return _print(f"farfetch {__version__}\n")
    from ..answers import exit_codes, report
    from . import edit

    try:
        done = edit.edit(
            *(options.target, options.address, options.length),
            memory=options.memory,
            stop=stop,
            force=options.force,
        )
    except Stopped:
        raise
    except MemoryError:
        print(f"farfetchd: not enough memory to edit {options.length} bytes", file=sys.stderr)
        return 1
    except Exception as error:
        print(f"farfetchd: {report.message(error)}", file=sys.stderr)
        return exit_codes.exit_code(error)
    return _print(f"{done}\n")


def _print(text: str) -> int:
    """Print the answer. Returns the exit code: a reader that left or a full disk is 1."""
    if sys.stdout is None:
        return 0
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"farfetchd: cannot write the answer: {error.strerror}", file=sys.stderr)
        return 1
    return 0
