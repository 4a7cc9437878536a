"""Symbols: names that people and scripts give to addresses of a target."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from .. import arguments
from ..errors import ArgumentError

#: Symbols of one target.
MAX_SYMBOLS: Final = 100_000
_NAME: Final = re.compile(r'[^\s"+*\[\]()]{1,200}')


class NamedAddress(NamedTuple):
    """A name of an address.

    Attributes:
        name: as it was given.
        address: that it stands for.
        owner: who gave it: a script's name, or "" for a person.

    >>> NamedAddress("health", 0x4010, "")
    NamedAddress(name='health', address=16400, owner='')
    """

    name: str
    address: int
    owner: str


class NamedAddresses(Mapping[str, int]):
    """The symbols of a target, which every address that is written can begin with.

    A name that differs only in its letters' case is found where no other is. Any thread may use
    them.

    >>> symbols = NamedAddresses()
    >>> symbols.register("pPlayer", 0x4010)
    >>> symbols["pplayer"], len(symbols), list(symbols)
    (16400, 1, ['pPlayer'])
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._symbols: dict[str, NamedAddress] = {}
        self._folded: dict[str, str] = {}

    def register(self, name: str, address: int, *, owner: str = "") -> None:
        """Give an address a name, or give a name another address.

        Args:
            name: without blanks, quotes, brackets, ``+`` and ``*``.
            address: that it stands for.
            owner: who gives it.

        Raises:
            ArgumentError: the name is none, or there are too many.

        >>> symbols = NamedAddresses()
        >>> symbols.register("a b", 1)
        Traceback (most recent call last):
        farfetch.scanner.ArgumentError: name takes a name without blanks, quotes, brackets, +
            and *, not 'a b'
        """
        if not _NAME.fullmatch(arguments.text("name", name)):
            raise ArgumentError("name", name, "a name without blanks, quotes, brackets, + and *")
        address = arguments.address(address)
        arguments.text("owner", owner)
        with self._lock:
            if name not in self._symbols and len(self._symbols) >= MAX_SYMBOLS:
                raise ArgumentError("name", name, f"at most {MAX_SYMBOLS} symbols")
            self._symbols[name] = NamedAddress(name, address, owner)
            self._folded[name.casefold()] = name

    def unregister(self, name: str) -> None:
        """Take a name away; nothing happens where there is none.

        >>> symbols = NamedAddresses()
        >>> symbols.register("health", 0x4010)
        >>> symbols.unregister("health")
        >>> "health" in symbols
        False
        """
        with self._lock:
            if self._symbols.pop(arguments.text("name", name), None) is not None:
                self._folded = {known.casefold(): known for known in self._symbols}

    def entries(self) -> tuple[NamedAddress, ...]:
        """All of them, in the order in which they were given.

        >>> NamedAddresses().entries()
        ()
        """
        with self._lock:
            return tuple(self._symbols.values())

    def __getitem__(self, name: str) -> int:
        with self._lock:
            known = self._symbols.get(name)
            if known is None and isinstance(name, str):
                known = self._symbols.get(self._folded.get(name.casefold(), ""))
            if known is None:
                raise KeyError(name)
            return known.address

    def __iter__(self) -> Iterator[str]:
        return iter([symbol.name for symbol in self.entries()])

    def __len__(self) -> int:
        with self._lock:
            return len(self._symbols)
