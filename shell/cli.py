"""The ``farfetch`` command.

Only the standard library is imported here: ``farfetch --help`` answers at once, and a run without
a prompt does not load what the prompt needs.
"""

from __future__ import annotations

import getopt
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .loading import loading
from .run.options import Options, parse

if TYPE_CHECKING:
    from .answers.answers import Answers
    from .session.session import Session

USAGE = """\
usage: farfetch [-p PID|NAME | --core FILE] [--memory NAME] [--json]
                [--let NAME=TEXT]... [-c COMMAND]... [SCRIPT]...

Find, change and freeze values in running programs.

  -p, --pid PID|NAME   attach to this process first; with a prompt a part of a
                       name that no other process has will do
      --core FILE      attach to this core file instead, or Windows minidump
  -c, --command CMD    run a command and exit; several run in order
  SCRIPT               run the commands in a file, one a line, behind those of -c
      --let NAME=TEXT  set a variable, which commands use as $NAME
      --json           answer with one JSON object a command
      --memory NAME    how to read the target: auto, syscall, device, process_vm,
                       proc_mem
  -V, --version        print the version
  -h, --help           print this

Without commands it opens a prompt; on a pipe it runs the lines that come in, and
goes on behind one that failed. -c and scripts stop at the first command that
fails. Exit codes: 0, 1 (a command failed), 2 (usage). A run that a signal ends
undoes patches as asked, lets go what is frozen, and ends by that signal.

  farfetch                                      # help at the prompt says more
  farfetch -c ps
  farfetch -p game -c 'type i32' -c 100 -c list
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line behind the program's name; ``sys.argv``'s when None.

    Returns:
        The exit code.
    """
    _open_closed_streams()
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
    except getopt.GetoptError as error:
        print(f"farfetch: {error}; see farfetch --help", file=sys.stderr)
        return 2
    try:
        return _run(options)
    except KeyboardInterrupt:
        return 1
    except OSError as error:
        # A broken pipe is a reader that has seen enough; anything else, such as a full disk, is
        # said. What is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"farfetch: cannot write the answer: {error.strerror}", file=sys.stderr)
        return 1


def _open_closed_streams() -> None:
    """Put /dev/null where a standard stream is closed, so that no other file takes its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def _run(options: Options) -> int:
    if options.show == "help":
        sys.stdout.write(USAGE)
        sys.stdout.flush()
        return 0
    if options.show == "version":
        from farfetch import __version__

        print(f"farfetch {__version__}", flush=True)
        return 0
    with loading():
        from .run import front_end

    return front_end.run(options, _run_prompt)


def _run_prompt(session: Session, answers: Answers) -> int:
    """Load the prompt, which runs without one do without, and run it."""
    with loading():
        from .repl.app import run_prompt

    return run_prompt(session, answers)
