"""Where a table came from: the bytes of a file of Cheat Engine's, and what each entry is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .ct_document import Element
    from .entry import Entry
    from .script_entry import Script


class Source(NamedTuple):
    """What an entry or a script was made of.

    Attributes:
        element: of the file.
        made: as it was then.
    """

    element: Element
    made: Entry | Script


class Origin:
    """A file that a table was made of.

    Attributes:
        raw: its bytes.
        root: its root.
        sources: by the present names of entries and scripts.
    """

    def __init__(self, raw: bytes, root: Element) -> None:
        self.raw = raw
        self.root = root
        self.sources: dict[str, Source] = {}

    def rename(self, name: str, new: str) -> None:
        """Go by another name from now on."""
        if name in self.sources:
            self.sources[new] = self.sources.pop(name)
