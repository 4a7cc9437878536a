"""ps: the processes that could be attached to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from farfetch.scanner import processes

from ..answers.result import Column, Result, Table
from ..command import Argument, Category, Command, Given, Kind
from ..complete import offers

#: A part of a process's name or command line.
PROCESS_TEXT = Kind("TEXT", offer=offers.process, takes="rest")

if TYPE_CHECKING:
    from ..session.session import Session

_COLUMNS = (
    Column("PID", right=True, style="cyan"),
    Column("USER"),
    Column("BITS", right=True),
    Column("NAME", style="bold"),
    Column("COMMAND"),
)


def run(session: Session, given: Given) -> Result:  # noqa: ARG001
    """List processes, those that hold the given text when there is one."""
    wanted = given.text.lower()
    found = [
        process
        for process in processes()
        if process.pid != os.getpid()
        and (wanted in process.name.lower() or wanted in " ".join(process.cmdline).lower())
    ]
    rows = tuple(
        (
            str(process.pid),
            process.user,
            str(process.bits or ""),
            process.name,
            " ".join(process.cmdline),
        )
        for process in found
    )
    return Result(
        {
            "processes": [
                {
                    "pid": process.pid,
                    "name": process.name,
                    "user": process.user,
                    "bits": process.bits,
                    "exe": process.exe,
                    "cmdline": list(process.cmdline),
                }
                for process in found
            ]
        },
        (Table(_COLUMNS, rows) if rows else "no such process",),
    )


PS = Command(
    name="ps",
    category=Category.TARGET,
    summary="list processes",
    details="Lists the processes whose name or command line holds TEXT, or all of them. The user "
    "and whether it is a 32-bit or 64-bit program are empty where the kernel does not say.",
    examples=("ps", "ps game"),
    run=run,
    arguments=(Argument("text", PROCESS_TEXT, optional=True, default=""),),
    answers="processes",
)
