"""Bring the man page and the shells' completions up to the commands' own help.

tools/manual.py            rewrite what is between the marks in docs/ and completions/
tools/manual.py --check    only name the files that are not as they should be; exit 1 if any
"""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from farfetch.shell.command import Category, Command
from farfetch.shell.commands import COMMANDS
from farfetch.shell.session.session import Session

ROOT: Final = Path(__file__).resolve().parent.parent
BEGIN: Final = "written by tools/manual.py; run make manual"
_WIDTH: Final = 72
_SENTENCES: Final = re.compile(r"(?<=\.) (?=[A-Z+-])")


def roff(text: str) -> str:
    r"""A text as a line of a man page, whatever is in it.

    >>> print(roff("--force puts 'it' back …"))
    \-\-force puts \(aqit\(aq back \[u2026]
    """
    special = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
    written = "".join(
        special.get(one) or (one if one.isascii() else rf"\[u{ord(one):04X}]") for one in text
    )
    return rf"\&{written}" if written.startswith(".") else written


def manual_commands() -> str:
    """The commands by what they are about, as ``help`` has them, for the man page."""
    return "\n".join(line for category in Category for line in _about(category))


def _about(category: Category) -> Iterator[str]:
    yield f".SS {category.value[0].upper()}{category.value[1:]}"
    for command in COMMANDS.values():
        if command.category is category:
            yield from entry(command)


def entry(command: Command) -> Iterator[str]:
    """A command's lines in the man page."""
    yield ".TP"
    yield f'.B "{roff(command.usage)}"'
    summary = command.summary[0].upper() + command.summary[1:]
    for sentence in _SENTENCES.split(f"{summary}. {command.sentences}"):
        yield from map(roff, textwrap.wrap(sentence, _WIDTH, break_on_hyphens=False))
    yield ".IP"
    yield ".EX"
    yield from map(roff, command.examples)
    yield ".EE"


def manual_predicates() -> str:
    """What ``help`` says of lines that are only predicates, for the man page."""
    lines = [block for block in _help() if isinstance(block, str)]
    return "\n".join([".EX", *map(roff, lines), ".EE"])


def _help() -> tuple[object, ...]:
    return COMMANDS["help"].call(Session(), "help", len("help")).blocks


def bash_commands() -> str:
    """The names, for bash."""
    names = textwrap.wrap(" ".join(COMMANDS), 74)
    return "\n".join(["_farfetch_commands='", *names, "'"])


def zsh_commands() -> str:
    """The names with what they do, for zsh."""
    escaped = ((one.name, one.summary.replace(":", r"\:")) for one in COMMANDS.values())
    rows = (f"  {shlex.quote(f'{name}:{summary}')}" for name, summary in escaped)
    return "\n".join(["_farfetch_commands=(", *rows, ")"])


def fish_commands() -> str:
    """The names with what they do, for fish."""
    escaped = (
        (one.name, one.summary.replace("\\", r"\\").replace("'", r"\'"))
        for one in COMMANDS.values()
    )
    rows = (f"    {name} '{summary}'" for name, summary in escaped)
    return " \\\n".join(["set -g __farfetch_commands", *rows])


WRITTEN: Final[tuple[tuple[str, str, Callable[[], str]], ...]] = (
    ("docs/farfetch.1", "commands", manual_commands),
    ("docs/farfetch.1", "predicates", manual_predicates),
    ("completions/farfetch.bash", "commands", bash_commands),
    ("completions/_farfetch", "commands", zsh_commands),
    ("completions/farfetch.fish", "commands", fish_commands),
)


def renewed(text: str, name: str, written: str) -> str:
    """A file's text with what stands between the marks of a name written anew.

    Args:
        text: of the whole file; the marks are comments, ``# commands: …`` and ``# commands end``.
        name: of the marks.
        written: what belongs between them.
    """
    pattern = re.compile(
        rf"^(?P<begin>\S+ {name}: {re.escape(BEGIN)}\n).*?(?P<end>^\S+ {name} end$)",
        re.MULTILINE | re.DOTALL,
    )
    fresh, count = pattern.subn(lambda found: f"{found['begin']}{written}\n{found['end']}", text)
    if count != 1:
        raise SystemExit(f"there are {count} places for the {name}, not one")
    return fresh


def main() -> int:
    """Write, or check. Returns the exit code."""
    stale = []
    for name, mark, write in WRITTEN:
        path = ROOT / name
        text = path.read_text()
        fresh = renewed(text, mark, write())
        if fresh != text:
            stale.append(f"{name}: {mark}")
            if "--check" not in sys.argv:
                path.write_text(fresh)
    for one in stale:
        print(one)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
