"""What is held in a memory in use: frozen values, patches, and looks at several values together."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Literal, overload

from .. import arguments
from ..memory.base import Memory
from ..memory.path_group import AnyPath
from ..values.convert import value_type
from ..values.value_type import AnyType, OtherType, T, ValueType
from .access import Access
from .freeze import Freezer
from .frozen import Freeze
from .patch import Patch, Patches
from .watch import Watch


class Holding(Access):
    """A memory in use whose values and bytes are held as somebody wants them.

    It makes a freezer, and the list of its patches, once they are needed; any thread may ask.
    """

    def __init__(self, memory: Memory, *, bits: int | None = None) -> None:
        super().__init__(memory, bits=bits)
        self._making = threading.RLock()  # of what is made once, when it is needed
        self._holder: Freezer | None = None
        self._patches: Patches | None = None

    @overload
    def freeze(
        self,
        address: int | AnyPath,
        type: ValueType[T],
        value: T | None = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze[T]: ...

    @overload
    def freeze(
        self,
        address: int | AnyPath,
        type: OtherType,
        value: Any = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze[Any]: ...

    def freeze(
        self,
        address: int | AnyPath,
        type: AnyType,  # noqa: A002
        value: Any = None,
        *,
        allow: Literal["increase", "decrease"] | None = None,
        interval: float = 0.05,
        force: bool = False,
    ) -> Freeze[Any]:
        """Hold a value by writing it again whenever it changes.

        What cannot be reached for a while is held again when it can be; see :class:`.Freeze`.

        Args:
            address: of its first byte, or the path to it, which is followed at each look, or a
                group of paths, which holds it while they agree.
            type: a construct, or the name of one.
            value: to hold; what is there now if None.
            allow: the way in which the value may still move, taking the frozen value with it.
            interval: seconds between looks.
            force: hold it even where the target may not write itself.

        Raises:
            ValueRangeError: the value does not fit the type.
            MemoryFault: it cannot be read or written there now.
            PointerError: the path leads nowhere now.

        >>> memory = bytearray(8)
        >>> target = attach(Buffer(memory, base=16))
        >>> with target.freeze(16, i32, 77, allow="increase") as held:
        ...     memory[0], held.holding, len(target.frozen)
        (77, True, 1)
        >>> held.active, len(target.frozen)
        (False, 0)
        """
        self._life.check()
        construct = value_type(type)
        self.memory.check_writable()
        if not isinstance(address, AnyPath):
            address = arguments.address(address)
        if value is None:
            at = address if isinstance(address, int) else address.resolve(self)
            value = self.read(at, construct)
        with self._making:
            self._life.check()
            if self._holder is None:
                self._holder = Freezer(self)
        return self._holder.add(
            address, construct, value, allow=allow, interval=interval, force=force
        )

    @property
    def frozen(self) -> tuple[Freeze[Any], ...]:
        """What is frozen, and held unless :attr:`.Freeze.holding` says otherwise."""
        if self._life.is_forked:
            self._life.check()
        return self._holder.entries if self._holder else ()

    def watch(self, places: Iterable[tuple[int, AnyType]]) -> Watch:
        """Look at several values together, again and again.

        Args:
            places: the address and the type of each: a construct with a size, or its name.

        >>> target = attach(Buffer(bytes([7, 0, 0, 0, 9, 0]), base=16))
        >>> watch = target.watch([(16, i32), (20, "u16")])
        >>> [seen.value for seen in watch.look()]
        [7, 9]
        """
        self._life.check()
        return Watch(self, arguments.pairs("places", places))

    def patch(self, address: int, raw: bytes) -> Patch:
        """Change bytes and keep the old ones; code, too, where the target cannot write it itself.

        This is the one way to write that forces without being asked; :attr:`.Patch.forced` says
        whether it had to. While several bytes of code change, the threads of a process stand still
        for about a tenth of a millisecond, where the kernel lets us stop them: none sees half of
        them.

        Args:
            address: of the first.
            raw: the new bytes.

        Raises:
            MemoryFault: they cannot be read or written there; nothing is changed.

        >>> target = attach(Buffer(bytearray(b"abc"), base=16))
        >>> with target.patch(17, b"X"):
        ...     target.read_bytes(16, 3)
        b'aXc'
        >>> target.read_bytes(16, 3)
        b'abc'
        """
        return self._all_patches().add(address, raw)

    def _all_patches(self) -> Patches:
        self._life.check()
        with self._making:
            if self._patches is None:
                self._patches = Patches(self)
        return self._patches

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches that were not undone, in the order in which they were made."""
        if self._life.is_forked:
            self._life.check()
        return self._patches.entries if self._patches else ()

    def _thaw(self) -> None:
        if self._holder is not None:
            self._holder.close()  # first: so that nothing it holds seems to fail
        with self._making:
            self._life.is_closed = True
            freezer = self._holder
        if freezer is not None:
            freezer.close()
