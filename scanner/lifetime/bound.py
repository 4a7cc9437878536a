"""Objects that hold on to this process: its files, its threads, its memory."""

from __future__ import annotations

from typing import NoReturn, SupportsIndex

from ..errors import CopyError


class Bound:
    """What is neither copied nor pickled: the copy would be of nothing, or would free it twice."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise CopyError(type(self).__name__.strip("_"))
