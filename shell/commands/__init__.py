"""The commands of the shell: a file each, and nothing else makes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from ..command import Command

#: In the order to show them; what is not named here comes behind. ``help`` groups them.
_ORDER: Final = (
    "ps",
    "attach",
    "detach",
    "info",
    "regions",
    "save-memory",
    "type",
    "struct",
    "align",
    "where",
    "option",
    "first",
    "next",
    "pattern",
    "undo",
    "redo",
    "history",
    "snapshot",
    "reset",
    "list",
    "delete",
    "map",
    "set",
    "unset",
    "freeze",
    "unfreeze",
    "watch",
    "read",
    "write",
    "hex",
    "patch",
    "unpatch",
    "who",
    "accesses",
    "disassemble",
    "signature",
    "nop",
    "assemble",
    "hook",
    "pointer",
    "pointers",
    "table",
    "save",
    "load",
    "export",
    "wait",
    "expect",
    "until",
    "let",
    "source",
    "help",
    "quit",
)

_FILES: Final = {file.stem.replace("_", "-") for file in Path(__file__).parent.glob("[a-z]*.py")}

#: Each names a module, and in capitals the command in it.
NAMES: Final = (*_ORDER, *sorted(_FILES - set(_ORDER)))


class Commands(Mapping[str, Command]):
    """All commands by name, each loaded when it is first asked for: the prompt comes before."""

    def __getitem__(self, name: str) -> Command:
        if name not in NAMES:
            raise KeyError(name)
        file = name.replace("-", "_")
        command: Command = getattr(import_module(f".{file}", __package__), file.upper())
        return command

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


COMMANDS: Final[Mapping[str, Command]] = Commands()
