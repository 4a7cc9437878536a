"""Objects that hold on to this process: its files, its threads, its memory."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, SupportsIndex, TypeVar

from ..errors import CopyError

Opened = TypeVar("Opened", bound="Closing")


class Bound:
    """What is neither copied nor pickled: the copy would be of nothing, or would free it twice."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise CopyError(type(self).__name__.strip("_"))


class Closing(Bound):
    """What a ``with`` block closes at its end."""

    __slots__ = ()

    def close(self) -> None:
        """Let go of what it holds; more than once does nothing more."""
        raise NotImplementedError

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
