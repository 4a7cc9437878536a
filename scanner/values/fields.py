"""Fields: the values inside a structure, and the names of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .layout import Layout

#: What construct has to decode; see :mod:`.meaning`.
DECODED: Final = Layout("decoded", "int", None, 64, True, is_mixed=True)


def top_names(names: Iterable[str]) -> dict[str, None]:
    """The names that paths to fields begin with, each once and in their order.

    >>> list(top_names(("hp", "pos.x", "pos.y", "units[0].hp")))
    ['hp', 'pos', 'units']
    """
    return {name.partition(".")[0].partition("[")[0]: None for name in names}
