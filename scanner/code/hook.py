"""Hooks: code that runs each time an instruction does."""

from __future__ import annotations

from typing import Any, Final, Literal

from ..live.patch import Patch
from ..memory.changes import Change
from .decoder import decode, iced

#: What becomes of the instructions that the jump takes the place of.
Original = Literal["after", "before", "none"]
ORIGINALS: Final = ("after", "before", "none")


class Hook(Patch):
    r"""A jump to other code; made by :meth:`.Target.hook`. It is a patch, whose bytes are the jump.

    The other code stays where it is when the hook is undone: a thread may still be in it. Only
    padding of a module that was used for it is given back, where no call in it may return to it.

    Attributes:
        code: the address of the code that runs instead.
        size: its bytes, with the instructions that were moved there and the jump back.
        text: of the code, or its bytes, as it was given.
        original: whether what was there runs ``"after"`` it, ``"before"`` it, or not (``"none"``).
        in_cave: whether it is in a module's padding, as nothing could be allocated.

    >>> import subprocess
    >>> cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    >>> _ = cat.stdin.write(b"one\n"), cat.stdin.flush(), cat.stdout.readline()
    >>> target = attach(cat)
    >>> read = target.address("libc!read")
    >>> counter = target.allocate(8, near=read)
    >>> with target.hook(read, f"inc qword ptr [{counter:x}]") as hook:
    ...     _ = cat.stdin.write(b"two\n"), cat.stdin.flush(), cat.stdout.readline()
    ...     _ = cat.stdin.write(b"three\n"), cat.stdin.flush(), cat.stdout.readline()
    >>> hook.original, hook.active, target.read(counter, "u64") > 0
    ('after', False, True)
    >>> target.close()
    >>> cat.communicate()
    (b'', None)
    """

    code: int
    size: int
    text: str | bytes
    original: Original
    in_cave: bool

    def __init__(self, *given: Any, room: Room) -> None:
        super().__init__(*given)
        self.code = room.address
        self.size = len(room.raw)
        self.text = room.text
        self.original = room.original
        self.in_cave = room.padding is not None
        self._room = room

    def _back(self, there: bytes) -> list[Change]:
        changes = super()._back(there)
        if self._room.padding is not None and not self._room.calls:
            # with the byte before it, so that a thread that has just come to it is led out, too
            changes.append(self._room.change.back)
        return changes


class Room:
    """Where the code of a hook is.

    Args:
        key: what it is for: the address of the hook, its text, and what becomes of the original.
        address: of the first byte.
        raw: what is there.
        bits: of the code.
        padding: what was there, with the byte before it; None of what was allocated.
    """

    def __init__(
        self,
        key: tuple[int, str | bytes, Original],
        address: int,
        raw: bytes,
        bits: int,
        padding: bytes | None = None,
    ) -> None:
        self.key = key
        self.address = address
        self.raw = raw
        self.padding = padding
        flow = iced().FlowControl
        self.calls = any(
            decoded.flow_control in (flow.CALL, flow.INDIRECT_CALL)
            for decoded in decode(raw, address, bits)
        )

    @property
    def text(self) -> str | bytes:
        """The code, as it was given."""
        return self.key[1]

    @property
    def original(self) -> Original:
        """What becomes of the original instructions."""
        return self.key[2]

    @property
    def change(self) -> Change:
        """What padding became it."""
        assert self.padding is not None
        return Change(self.address - 1, self.padding, self.padding[:1] + self.raw)
