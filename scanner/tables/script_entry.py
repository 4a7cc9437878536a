"""Scripts of tables: what changes code, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .entry import check_text

#: Characters of a script in a table.
MAX_SCRIPT: Final = 1 << 20
_REGISTERED: Final = re.compile(r"(?<!un)registersymbol\s*\(([^)]*)\)", re.IGNORECASE)
_APART: Final = re.compile(r"[\s,'\"]+")


@dataclass(frozen=True, slots=True)
class Script:
    r"""An Auto Assembler script with a name.

    Attributes:
        name: no entry and no other script of a table has it.
        text: of the script.
        group: what it belongs to; ``/`` divides groups in groups.
        note: for people.

    Raises:
        TableError: a field is not what it has to be.

    >>> Script("no damage", "[ENABLE]\ngame+10:\n nop 2\n[DISABLE]\ngame+10:\n db 29 D8").name
    'no damage'
    """

    name: str
    text: str
    group: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for field in ("name", "group", "note"):
            check_text(field, getattr(self, field), needed=field == "name")
        check_text("text", self.text, needed=False, most=MAX_SCRIPT)

    @property
    def registers(self) -> tuple[str, ...]:
        r"""The symbols that it registers by name, in lower case, each once.

        Those in what Lua assembles are among them, as far as they are written out.

        >>> Script("caught", "registersymbol(pPlayer,Gold)\nregistersymbol(gold)").registers
        ('pplayer', 'gold')
        """
        found = " ".join(_REGISTERED.findall(self.text)).lower()
        return tuple(dict.fromkeys(filter(None, _APART.split(found))))
