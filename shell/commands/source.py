"""source: run a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers.result import Result
from ..command import Command
from ..complete.offers import file_name
from ..line.words import Words, path_of

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, words: Words) -> Result:
    """Run the lines of a file; their answers come before this command's own."""
    word = words.take("FILE")
    words.end()
    file = str(path_of(word.text))
    lines = session.run_script(file)
    return Result({"file": file, "lines": lines})


SOURCE = Command(
    name="source",
    usage="source FILE",
    summary="run the commands in a file",
    details="Runs the lines of a script as if they were typed, on the same target, matches, table "
    "and variables, up to the first that fails; that fails this command, too.",
    examples=("source hunt.ff",),
    run=run,
    complete=file_name,
)
