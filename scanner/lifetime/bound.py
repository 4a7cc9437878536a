"""Objects that hold on to this process: its files, its threads, its memory."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, SupportsIndex, TypeVar

from ..errors import CopyError

Opened = TypeVar("Opened", bound="Scoped")


class Bound:
    """What is neither copied nor pickled: the copy would be of nothing, or would free it twice."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise CopyError(type(self).__name__.strip("_"))


class Scoped(Bound):
    """What a ``with`` block ends."""

    __slots__ = ()

    def _leave(self) -> None:
        """What is done at the end of the block, however it ends."""
        raise NotImplementedError

    def __enter__(self: Opened) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()


class Closing(Scoped):
    """What a ``with`` block closes at its end."""

    __slots__ = ()

    def close(self) -> None:
        """Let go of what it holds; more than once does nothing more."""
        raise NotImplementedError

    def _leave(self) -> None:
        self.close()
