"""The scripts of a target, and what they have in common."""

from __future__ import annotations

import os
import threading
from functools import partial

from .. import arguments
from ..code.symbols import Symbols
from ..errors import TargetClosed
from ..lifetime.bound import Bound
from ..lifetime.life import Life
from ..memory.named import NamedAddress
from ..memory.space import Space
from .allocating import Block
from .live_script import LiveScript
from .rights import Rights


class Scripts(Bound):
    """The scripts of one target.

    Args:
        space: the target.
        functions: of its modules.
    """

    def __init__(self, space: Space, functions: Symbols) -> None:
        self.space = space
        self.functions = functions
        self.lock = threading.RLock()
        self._life = Life(partial(TargetClosed, None, "target"))
        self.kept: dict[str, Block] = {}  # by globalalloc
        self.rights: list[Rights] = []  # of the scripts that have asked for some
        self.shadowed: dict[str, NamedAddress] = {}  # by names that scripts register
        self._enabled: list[LiveScript] = []
        self._count = 0

    @property
    def enabled(self) -> tuple[LiveScript, ...]:
        """Those that are enabled, in the order in which that was done."""
        self._life.check()
        return tuple(self._enabled)

    def script(
        self,
        text: str,
        name: str = "",
        folder: str | os.PathLike[str] | None = None,
        *,
        lua: bool = False,
    ) -> LiveScript:
        """Make one; nothing is read or changed yet."""
        self._life.check()
        arguments.text("text", text)
        arguments.text("name", name)
        shown = None if folder is None else arguments.path("folder", folder)
        lua = arguments.flag("lua", lua)
        self._count += 1
        return LiveScript(self, text, name or f"script {self._count}", shown, lua=lua)

    def add(self, script: LiveScript) -> None:
        """Note that one is enabled."""
        self._enabled.append(script)

    def remove(self, script: LiveScript) -> None:
        """Note that one no longer is."""
        self._enabled.remove(script)
