"""save-memory: write a core file of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, Needs
from ..command.kinds import FILE, OVERWRITE

if TYPE_CHECKING:
    from farfetch.scanner import Progress

    from ..session.session import Session

_PAGES = ("page", "pages")


def run(session: Session, given: Given) -> Result:
    """Write what is in the target's memory to a file."""
    meter = session.meter

    def show(seen: Progress) -> None:
        meter.show(seen, _PAGES)

    try:
        size = session.attached.save_memory(given.file, force=given.force, progress=show)
    finally:
        meter.clear()
    taken = given.file.stat().st_blocks * 512
    said = f"{quantities.size(size)} of {session.attached.name} saved in {given.file}"
    return Result(
        {"file": str(given.file), "bytes": size, "disk": taken},
        (f"{said}, which takes {quantities.size(taken)}",),
    )


SAVE_MEMORY = Command(
    name="save-memory",
    category=Category.TARGET,
    summary="save the target's memory as a core file",
    details="Writes what is in memory of the target, and readable, as a core file, which farfetch "
    "--core and attach --core take in place of a process, and gdb reads. The target runs on, so "
    "what it changes meanwhile is there as it was or as it is. Memory that nobody touched takes no "
    "disk. All of the file is written or nothing; what is there and is no core file is not written "
    "over unless --force says so.",
    examples=("save-memory game.core", "save-memory game.core --force"),
    run=run,
    arguments=(Argument("file", FILE),),
    options=(OVERWRITE,),
    needs=Needs.TARGET,
    answers="file bytes disk",
)
