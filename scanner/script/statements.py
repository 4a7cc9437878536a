"""What the lines of a script say: commands, places, data, instructions."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ..assembler.assembler import Line
from ..assembler.expressions import Expression
from .aob import ByteArray
from .data import Item


class Allocation(NamedTuple):
    """Memory that is asked for: ``alloc(newmem,$1000,game.exe)``.

    Attributes:
        line: of the script.
        name: of its start.
        size: in bytes.
        near: what it is to be within 2 GiB of; None where it does not matter.
        access: ``rwx``, ``rw`` or ``rx``.
        kept: whether it outlives the script (``globalalloc``).
    """

    line: int
    name: str
    size: int
    near: Expression | None
    access: str
    kept: bool


class Search(NamedTuple):
    """Bytes that are looked for: ``aobscanmodule(hook,game.exe,48 8B)``.

    Attributes:
        line: of the script.
        name: of the first place where they are.
        array: the bytes.
        module: to look in; "" for all memory.
        begin: where the range that is looked in begins; None where there is no range.
        end: where it ends.
        executable: whether only code is looked at.
    """

    line: int
    name: str
    array: ByteArray
    module: str = ""
    begin: Expression | None = None
    end: Expression | None = None
    executable: bool = False


class Assertion(NamedTuple):
    """Bytes that have to be there: ``assert(hook,48 8B)``."""

    line: int
    address: Expression
    array: ByteArray


class Access(NamedTuple):
    """Memory that is made readable, writable and executable: ``fullaccess(hook,100)``."""

    line: int
    address: Expression
    size: int


class Place(NamedTuple):
    """Where what follows goes: ``hook+5:``."""

    line: int
    address: Expression
    text: str


class Label(NamedTuple):
    """A name of where it stands: ``return:``."""

    line: int
    name: str


class Code(NamedTuple):
    """An instruction."""

    line: int
    code: Line


class Data(NamedTuple):
    """Numbers and texts: ``db``, ``dw``, ``dd``, ``dq``.

    Attributes:
        line: of the script.
        size: bytes of each number.
        items: of the line.
        text: as it was written.
    """

    line: int
    size: int
    items: tuple[Item, ...]
    text: str


class Align(NamedTuple):
    """Filling up to a multiple of a size."""

    line: int
    size: int
    fill: int


class Copy(NamedTuple):
    """Bytes as they are somewhere: ``readmem(hook,7)``."""

    line: int
    address: Expression
    size: int


class Moved(NamedTuple):
    """The instruction that is somewhere: ``reassemble(hook)``."""

    line: int
    address: Expression


Emitted: TypeAlias = "Place | Label | Code | Data | Align | Copy | Moved"


class Part(NamedTuple):
    """All that [ENABLE] or [DISABLE] says.

    Attributes:
        searches: done first, in order.
        allocations: done next.
        assertions: checked before anything is written.
        accesses: rights that are given.
        emitted: what is assembled, in order.
        labels: names that are declared as labels.
        registered: names that become symbols, with the line.
        unregistered: names that no longer are; ``*`` is all.
        freed: allocations that are given back; ``*`` is all.
        constants: registered names that are defined, and as what.
    """

    searches: tuple[Search, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    accesses: tuple[Access, ...] = ()
    emitted: tuple[Emitted, ...] = ()
    labels: frozenset[str] = frozenset()
    registered: tuple[tuple[int, str], ...] = ()
    unregistered: tuple[str, ...] = ()
    freed: tuple[str, ...] = ()
    constants: tuple[tuple[int, str, Expression], ...] = ()
