"""source: run a script."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Argument, Category, Command, Given
from ..command.kinds import FILE
from ..complete import offers

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Run the lines of a file; their answers come before this command's own."""
    file = str(given.file)
    lines = session.run_script(file)
    return Result({"file": file, "lines": lines})


#: A file, of which those that are scripts are offered first.
SCRIPT = replace(FILE, offer=offers.scripts)

SOURCE = Command(
    name="source",
    category=Category.SCRIPTS,
    summary="run the commands in a file",
    details="Runs the lines of a script as if they were typed, on the same target, matches, table "
    "and variables, up to the first that fails; that fails this command, too.",
    examples=("source hunt.ff",),
    run=run,
    arguments=(Argument("file", SCRIPT),),
    answers="file lines",
)
