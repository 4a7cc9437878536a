"""The commands of the shell, one file each, registered here and nowhere else."""

from __future__ import annotations

from ..command import Command
from .align import ALIGN
from .attach import ATTACH
from .detach import DETACH
from .expect import EXPECT
from .export import EXPORT
from .first import FIRST
from .freeze import FREEZE
from .help import HELP
from .hex import HEX
from .history import HISTORY
from .info import INFO
from .let import LET
from .list import LIST
from .load import LOAD
from .map import MAP
from .next import NEXT
from .option import OPTION
from .patch import PATCH
from .pattern import PATTERN
from .pointer import POINTER
from .ps import PS
from .quit import QUIT
from .read import READ
from .redo import REDO
from .regions import REGIONS
from .reset import RESET
from .save import SAVE
from .set import SET
from .snapshot import SNAPSHOT
from .source import SOURCE
from .struct import STRUCT
from .table import TABLE
from .type import TYPE
from .undo import UNDO
from .unfreeze import UNFREEZE
from .unpatch import UNPATCH
from .wait import WAIT
from .watch import WATCH
from .where import WHERE
from .write import WRITE

#: All commands by name, in the order of ``help``.
COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        PS,
        ATTACH,
        DETACH,
        INFO,
        REGIONS,
        TYPE,
        STRUCT,
        ALIGN,
        WHERE,
        OPTION,
        FIRST,
        NEXT,
        PATTERN,
        UNDO,
        REDO,
        HISTORY,
        SNAPSHOT,
        RESET,
        LIST,
        MAP,
        SET,
        FREEZE,
        UNFREEZE,
        WATCH,
        READ,
        WRITE,
        HEX,
        PATCH,
        UNPATCH,
        POINTER,
        TABLE,
        SAVE,
        LOAD,
        EXPORT,
        WAIT,
        EXPECT,
        LET,
        SOURCE,
        HELP,
        QUIT,
    )
}
