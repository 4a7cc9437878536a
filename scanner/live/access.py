"""Values of a memory in use: read and written, one at a time or many at once."""

from __future__ import annotations

import builtins
import struct
from collections.abc import Iterable, Mapping
from typing import Any, overload

from construct import Construct

from .. import arguments
from ..engine import ffi
from ..errors import ArgumentError
from ..lifetime import waiting
from ..memory import writing
from ..memory.path_group import AnyPath
from ..memory.space import Space
from ..memory.values import Values, addresses_given
from ..predicates.nodes import Predicate
from ..values.codec import codec_of, decoder, format_of, mask_of
from ..values.convert import decode, encode, value_type
from ..values.structures import fixed_size_of
from ..values.value_type import AnyType, Container, OtherType, T, ValueType
from .awaited import awaited


class Access(Space):
    """A memory in use whose values are read and written.

    One number is read or written in a single call of the core where nothing stands in the way;
    whatever does is left to the longer way, which says what it is.
    """

    @overload
    def read(self, address: int, type: ValueType[T]) -> T: ...

    @overload
    def read(self, address: int, type: OtherType) -> Any: ...

    def read(self, address: int, type: AnyType) -> Any:  # noqa: A002
        """The value at an address.

        Args:
            address: of its first byte.
            type: a construct with a size, or the name of one.

        >>> target = attach(Buffer(b"hi" + bytes(6), base=16))
        >>> target.read(16, "text[4]"), target.read(16, u16be)
        ('hi', 26729)
        """
        codec = codec_of(type)
        if codec is not None and address.__class__ is int:
            there = self.memory.peek(address, codec.size)
            if there is not None:
                return codec.unpack(there)[0]
        construct = value_type(type)
        return decode(
            construct,
            self.read_bytes(address, fixed_size_of(construct, bits=self.bits)),
            bits=self.bits,
        )

    @overload
    def write(
        self,
        address: int,
        type: ValueType[T],
        value: T,
        *,
        force: bool = False,
    ) -> None: ...

    @overload
    def write(
        self,
        address: int,
        type: ValueType[Container],
        value: Mapping[str, Any],
        *,
        force: bool = False,
    ) -> None: ...

    @overload
    def write(
        self,
        address: int,
        type: OtherType,
        value: Any,
        *,
        force: bool = False,
    ) -> None: ...

    def write(
        self,
        address: int,
        type: AnyType,  # noqa: A002
        value: Any,
        *,
        force: bool = False,
    ) -> None:
        """Write a value at an address; what is frozen there is held so from then on.

        Args:
            address: of its first byte.
            type: a construct, or the name of one.
            value: of that type.
            force: also where the target may not write itself.

        Raises:
            ValueRangeError: it does not fit the type; nothing is written.
            MemoryFault: it cannot be written there, or only by force.

        >>> target = attach(Buffer(bytearray(8), base=16))
        >>> held = target.freeze(16, i32, 77)
        >>> target.write(16, i32, 5)
        >>> held.value
        5
        """
        codec = codec_of(type)
        if codec and value.__class__ is codec.kind and address.__class__ is int:
            try:
                raw = codec.pack(value)
            except (struct.error, OverflowError):
                raw = b""  # it is said below what is wrong with it
            is_plain = self._holder is None and force is False
            if raw and is_plain and self.memory.poke(address, raw):
                return
        construct = value_type(type)
        raw, mask = encode(construct, value, bits=self.bits), mask_of(construct)
        if not mask:
            self.write_bytes(address, raw, force=force)
            return
        address, force = arguments.address(address), arguments.flag("force", force)
        self.check()
        writing.write_fully(self.memory, self._holder, address, raw, force=force, mask=mask)

    @overload
    def read_many(
        self,
        addresses: Iterable[int],
        type: ValueType[T],
    ) -> list[T | None]: ...

    @overload
    def read_many(
        self,
        addresses: Iterable[int],
        type: OtherType,
    ) -> list[Any]: ...

    def read_many(
        self,
        addresses: Iterable[int],
        type: AnyType,  # noqa: A002
    ) -> list[Any]:
        """The values at many addresses, each for itself, in a few calls.

        Args:
            addresses: of their first bytes, in any order; a column of matches, too.
            type: of them all: a construct with a size, or the name of one.

        Returns:
            A value for each address, None where it cannot be read or is no such value.

        Raises:
            TargetGone: it has exited or executed another program.

        >>> target = attach(Buffer(b"abcdef", base=16))
        >>> target.read_many([20, 16, 64], u16be)
        [25958, 24930, None]
        """
        self._life.check()
        construct = value_type(type)
        places = addresses_given(addresses)
        values = Values(places, fixed_size_of(construct, bits=self.bits))
        whole = self.memory.read_many(values)
        self.check()  # after the fact: so these are not another program's values
        code = format_of(construct, self.bits)
        if code and whole == len(places):
            return list(struct.unpack(f"{code[0]}{whole}{code[1]}", ffi.buffer(values.raw)))
        decoded = decoder(construct, self.bits)
        return [None if raw is None else decoded(raw) for raw in values]

    @overload
    def write_many(
        self,
        addresses: Iterable[int],
        type: ValueType[T],
        values: Iterable[T],
        *,
        force: bool = False,
    ) -> list[bool]: ...

    @overload
    def write_many(
        self,
        addresses: Iterable[int],
        type: OtherType,
        values: Iterable[Any],
        *,
        force: bool = False,
    ) -> list[bool]: ...

    def write_many(
        self,
        addresses: Iterable[int],
        type: AnyType,  # noqa: A002
        values: Iterable[Any],
        *,
        force: bool = False,
    ) -> list[bool]:
        """Write a value at each of many addresses, in their order, as :meth:`write` does.

        Args:
            addresses: of their first bytes.
            type: of them all: a construct, or the name of one.
            values: one for each address.
            force: also where the target may not write itself.

        Returns:
            For each address whether all of its value is there now.

        Raises:
            ArgumentError: there are more addresses than values, or fewer.
            ValueRangeError, ValueKindError: one does not fit the type; nothing is written.
            TargetGone: it has exited or executed another program.

        >>> memory = bytearray(4)
        >>> target = attach(Buffer(memory, base=16))
        >>> target.write_many([18, 64, 16], u8, [1, 2, 3]), memory.hex(" ")
        ([True, False, True], '03 00 01 00')
        """
        self.check()
        places, construct = addresses_given(addresses), value_type(type)
        raw, sizes = _encoded(construct, values, len(places), bits=self.bits)
        given = Values(places, sizes=sizes, raw=raw)
        force = arguments.flag("force", force)
        mask = mask_of(construct)
        writing.write_many(self.memory, self._holder, given, force=force, mask=mask)
        return [done == size for done, size in zip(given.done, sizes, strict=True)]

    @overload
    def wait_for(
        self,
        address: int | AnyPath,
        type: ValueType[T],
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.01,
    ) -> T: ...

    @overload
    def wait_for(
        self,
        address: int | AnyPath,
        type: OtherType,
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.01,
    ) -> Any: ...

    def wait_for(
        self,
        address: int | AnyPath,
        type: AnyType,  # noqa: A002
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.01,
    ) -> Any:
        r"""Wait until a value fulfils a predicate. Returns the value.

        Args:
            address: of its first byte, or the path to it, which is followed at each look.
            type: a construct with a size, or the name of one.
            predicate: also as text; ``prev`` is what the look before saw, ``first`` the first one.
            timeout: seconds to wait; as long as it takes if None.
            interval: seconds between looks.

        Raises:
            WaitTimeout: it has not come to be; says what was there at the last look.
            ExpressionError: the predicate is not understood.
            TargetGone: it has exited or executed another program.

        >>> target = attach(Buffer(b"\7\0\0\0", base=16))
        >>> target.wait_for(16, i32, "now > 5", timeout=1)
        7
        >>> target.wait_for(16, i32, now != prev, timeout=0.1)
        Traceback (most recent call last):
        farfetch.scanner.WaitTimeout: waited in vain for now != prev: it is 7 at 0x10
        """
        return waiting.wait(self._awaited(address, type, predicate, timeout, interval))

    @overload
    async def wait_for_async(
        self,
        address: int | AnyPath,
        type: ValueType[T],
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.01,
    ) -> T: ...

    @overload
    async def wait_for_async(
        self,
        address: int | AnyPath,
        type: OtherType,
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.01,
    ) -> Any: ...

    async def wait_for_async(
        self,
        address: int | AnyPath,
        type: AnyType,  # noqa: A002
        predicate: Predicate | str,
        *,
        timeout: float | None = None,
        interval: float = 0.01,
    ) -> Any:
        """Wait as :meth:`wait_for` does, in a coroutine.

        >>> import asyncio
        >>> target = attach(Buffer(bytes([7]), base=16))
        >>> asyncio.run(target.wait_for_async(16, u8, "now > 5", timeout=1))
        7
        """
        looks = self._awaited(address, type, predicate, timeout, interval)
        return await waiting.wait_async(looks)

    def _awaited(
        self,
        address: int | AnyPath,
        type: AnyType,  # noqa: A002
        predicate: Predicate | str,
        timeout: float | None,
        interval: float,
    ) -> waiting.Waiting[Any]:
        self._life.check()
        return awaited(self, address, value_type(type), predicate, timeout, interval)


def _encoded(
    type: Construct,  # noqa: A002
    values: Iterable[Any],
    count: int,
    *,
    bits: int,
) -> tuple[bytes, list[int]]:
    """The bytes of some values side by side, and how many each has.

    Args:
        type: of them all.
        values: as many as are to be written.
        count: how many that is.
        bits: of the target, 32 or 64.

    Raises:
        ArgumentError: there are more, or fewer.
        ValueRangeError, ValueKindError: one does not fit the type.
    """
    try:
        if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
            raise TypeError
        listed = list(values)
    except Exception:  # of that object
        raise ArgumentError("values", values, "a value for each address") from None
    if len(listed) != count:
        raise ArgumentError("values", values, f"{count} values, one for each address")
    code = format_of(type, bits)
    if code and set(map(builtins.type, listed)) == {float if code[1] in "efd" else int}:
        try:
            raw = struct.pack(f"{code[0]}{count}{code[1]}", *listed)
        except (struct.error, OverflowError):  # one of them: encode() says what is wrong with it
            pass
        else:
            return raw, [len(raw) // count] * count
    each = [encode(type, value, bits=bits) for value in listed]
    return b"".join(each), list(map(len, each))
