"""Names that a script makes known, and takes away, for as long as it is enabled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from ..memory.named import NamedAddress, NamedAddresses

_ALL = "*"


class Registered:
    """The names that one script has registered, and what they stood for before.

    Args:
        symbols: of the target.
        owner: the name of the script.
        shadowed: what names stand for that no script has given, while scripts use them for
            something else; all scripts of a target share it.
    """

    def __init__(
        self, symbols: NamedAddresses, owner: str, shadowed: dict[str, NamedAddress]
    ) -> None:
        self._symbols = symbols
        self._owner = owner
        self._shadowed = shadowed
        self._before: dict[str, NamedAddress | None] = {}
        self._removed: dict[str, NamedAddress] = {}
        self._kept: list[str] = []

    @property
    def known(self) -> dict[str, int]:
        """Those that are still known, with their addresses."""
        names = (*self._kept, *self._before)
        return {name: self._symbols[name] for name in names if name in self._symbols}

    def begin(
        self, registered: Mapping[str, int], gone: Collection[str], kept: Mapping[str, int]
    ) -> None:
        """Register names, and take others away.

        Args:
            registered: that stand for addresses while the script is enabled.
            gone: that stand for nothing meanwhile.
            kept: that outlive the script.
        """
        there = {entry.name: entry for entry in self._symbols.entries()}
        self._before = {name: there.get(name) for name in registered}
        for name, before in self._before.items():
            if before is not None and not before.owner:
                self._shadowed[name] = before
        self._kept = [name for name in kept if name not in registered]
        for name in gone:
            if name in there:
                self._removed[name] = there[name]
                self._symbols.unregister(name)
        for name in self._kept:
            if name not in self._symbols:
                self._before[name] = None  # until nothing can fail any more
                self._symbols.register(name, kept[name])
        for name, address in registered.items():
            self._symbols.register(name, address, owner=self._owner)
        for name in self._kept:
            self._before.pop(name, None)

    def take_back(self) -> None:
        """Have names stand for what they stood for before a try that failed."""
        for name, before in {**self._before, **self._removed}.items():
            if before is None:
                self._symbols.unregister(name)
            else:
                self._symbols.register(name, before.address, owner=before.owner)
        self._before, self._removed, self._kept = {}, {}, []

    def end(
        self,
        gone: Collection[str],
        is_freed: Callable[[int], bool],
        enabled: Collection[str],
    ) -> None:
        """Take names away as the script is disabled.

        Args:
            gone: those that the script says; ``*`` is all of its own.
            is_freed: whether an address is no longer the script's, so that its name goes, too.
            enabled: the scripts whose names are still meant.
        """
        for name, before in self._before.items():
            if {name, _ALL} & set(gone) or is_freed(self._symbols.get(name, 0)):
                self._give_back(name, before, enabled)
        for name in self._kept:
            if name in gone:
                self._symbols.unregister(name)
        self._before, self._removed, self._kept = {}, {}, []

    def undo(self, enabled: Collection[str]) -> None:
        """Take all names away that do not outlive the script, and give back what it took away."""
        for name, before in self._before.items():
            self._give_back(name, before, enabled)
        for name, before in self._removed.items():
            if name not in self._symbols:
                self._symbols.register(name, before.address, owner=before.owner)
        self._before, self._removed, self._kept = {}, {}, []

    def _give_back(self, name: str, before: NamedAddress | None, enabled: Collection[str]) -> None:
        """Have a name stand for what it did, unless another script has registered it since."""
        now = next((one for one in self._symbols.entries() if one.name == name), None)
        if now is None or now.owner != self._owner:
            return
        if before is None or before.owner not in enabled:
            before = self._shadowed.pop(name, None)
        if before is None:
            self._symbols.unregister(name)
        else:
            self._symbols.register(name, before.address, owner=before.owner)
