"""The command line. Only the standard library is imported here; see :mod:`..cli`."""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The command line.

    Attributes:
        pid: what to attach to, as typed; "" for nothing.
        core: the core file to attach to instead; "" for none.
        empty: which of both was said, and is empty; "" for neither.
        commands: lines to run.
        scripts: files to run behind them.
        variables: names and texts.
        json: answer with JSON.
        memory: how to read targets.
        show: ``"help"`` or ``"version"`` when only that is wanted.
    """

    pid: str = ""
    core: str = ""
    empty: str = ""
    commands: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    json: bool = False
    memory: str = "auto"
    show: str = ""

    @property
    def runs(self) -> bool:
        """Whether there is something to run, so that no line is read."""
        return bool(self.commands or self.scripts)


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line.

    Raises:
        getopt.GetoptError: it is not well formed.
    """
    given, scripts = getopt.gnu_getopt(
        list(arguments),
        "p:c:hV",
        ["pid=", "core=", "command=", "let=", "json", "memory=", "help", "version"],
    )
    options = dict(given)
    if "-h" in options or "--help" in options:
        return Options(show="help")
    if "-V" in options or "--version" in options:
        return Options(show="version")
    pid, core = options.get("-p", options.get("--pid")), options.get("--core")
    if pid is not None and core is not None:
        raise getopt.GetoptError("-p and --core name one target each: give one of them")
    return Options(
        pid=pid or "",
        core=core or "",
        empty="-p" if pid == "" else "--core" if core == "" else "",
        commands=tuple(value for name, value in given if name in ("-c", "--command")),
        scripts=tuple(scripts),
        variables=tuple(_variable(value) for name, value in given if name == "--let"),
        json="--json" in options,
        memory=options.get("--memory", "auto"),
    )


def _variable(given: str) -> tuple[str, str]:
    name, equals, text = given.partition("=")
    if not equals or not name.isascii() or not name.isidentifier():
        raise getopt.GetoptError(f"option --let takes NAME=TEXT, not {given!r}")
    return name, text
