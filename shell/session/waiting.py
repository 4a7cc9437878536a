"""Places that wait: for which script of the table, that makes their symbol known."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from farfetch.scanner import quote

if TYPE_CHECKING:
    from farfetch.scanner import Table

_LACKING: Final = re.compile(r'no module or region is called "([^"]+)"')


class Waiting:
    """Which scripts make known what places lack.

    The scripts are read when it is asked first, once for however many places.

    Args:
        table: whose scripts are meant.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def waits_for(self, reason: str) -> str:
        """Which script a place waits for; "" where there is none.

        Args:
            reason: why the place cannot be told.
        """
        lacking = _LACKING.search(reason)
        script = self._registering.get(lacking[1].lower()) if lacking else None
        return "" if script is None else f"waits for table on {quote(script)}"

    @cached_property
    def _registering(self) -> dict[str, str]:
        """Of each symbol the first script that registers it."""
        found: dict[str, str] = {}
        for script in self._table.scripts:
            for name in script.registers:
                found.setdefault(name, script.name)
        return found
