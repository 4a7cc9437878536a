"""Where a table came from: the bytes of a file of Cheat Engine's, and what each entry is in it."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import TableError
from .table_file import MAX_BYTES

if TYPE_CHECKING:
    from .ct_document import Element
    from .entry import Entry
    from .script_entry import Script

#: Renamed things of one table; there cannot be more than there are things.
_MAX_RENAMED: Final = 200_000


class Source(NamedTuple):
    """What an entry or a script was made of.

    Attributes:
        element: of the file.
        made: as it was then.
    """

    element: Element
    made: Entry | Script


class Found(NamedTuple):
    """What is in a file.

    Attributes:
        root: of it.
        sources: by the names that its entries and scripts have got when it was read.
    """

    root: Element
    sources: dict[str, Source]


class Origin:
    """A file that a table was made of.

    Attributes:
        raw: its bytes.
        found: what is in them; None where nobody has looked since a file of ours had them.
    """

    def __init__(self, raw: bytes, found: Found | None = None) -> None:
        self.raw = raw
        self.found = found
        self._renamed: dict[str, str] = {}  # "" is the new name of what had to make way

    def rename(self, name: str, new: str) -> None:
        """Go by another name from now on."""
        old = next((first for first, now in self._renamed.items() if now == name), None)
        if old is None:
            if name in self._renamed:
                return  # what is called so now is not of the file
            old = name
        for first, now in self._renamed.items():
            if now == new:
                self._renamed[first] = ""
        self._renamed.setdefault(new, "")
        self._renamed[old] = new

    @property
    def sources(self) -> dict[str, Source]:
        """What its entries and scripts were made of, by their present names."""
        if self.found is None:
            return {}
        sources = self.found.sources
        if not self._renamed:
            return sources
        now = {self._renamed.get(name, name): source for name, source in sources.items()}
        now.pop("", None)
        return now

    @property
    def unnamed(self) -> list[Source]:
        """What of it has no name any more, as something else has been called so."""
        sources = self.found.sources if self.found else {}
        return [sources[name] for name, now in self._renamed.items() if not now and name in sources]

    def fields(self) -> dict[str, object]:
        """What a file of ours says of it: all of it, packed."""
        packed = base64.b85encode(zlib.compress(self.raw, 9)).decode("ascii")
        renamed = {name: now for name, now in self._renamed.items() if name != now}
        return {"packed": packed, **({"renamed": renamed} if renamed else {})}

    @classmethod
    def of_fields(cls, fields: object) -> Origin:
        """What :meth:`fields` has said.

        Raises:
            TableError: it is something else.
        """
        if not isinstance(fields, dict) or not fields.keys() <= {"packed", "renamed"}:
            raise TableError("", "cheat_engine is an object of packed and renamed")
        packed, renamed = fields.get("packed"), fields.get("renamed", {})
        try:
            unpacking = zlib.decompressobj()
            raw = unpacking.decompress(base64.b85decode(str(packed)), MAX_BYTES + 1)
        except (ValueError, zlib.error, binascii.Error):
            raise TableError("", "cheat_engine is not packed as it has to be") from None
        if len(raw) > MAX_BYTES or not unpacking.eof:
            raise TableError("", f"cheat_engine is larger than {MAX_BYTES >> 20} MiB, or cut off")
        if (
            not isinstance(renamed, dict)
            or len(renamed) > _MAX_RENAMED
            or not all(isinstance(now, str) for now in renamed.values())
        ):
            raise TableError("", "what is renamed is an object of names")
        origin = cls(raw)
        origin._renamed = dict(renamed)
        return origin
