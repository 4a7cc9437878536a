"""A memory in use: what scans, frozen values, patches, watches and pointer paths work on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from .. import arguments
from ..errors import ArgumentError, MemoryFault, TargetClosed
from ..lifetime.bound import Closing
from ..lifetime.life import Life
from . import writing
from .addresses import parse_address
from .base import Memory
from .modules import Location, Module, locate
from .named import NamedAddresses
from .regions import Region
from .stacks import names_stack

_WIDTHS: Final = (32, 64)


class Space(Closing):
    """A memory in use: its bytes, what is mapped in it, and what they are written past.

    It is closed for all that work on it at once, and none of them reads or writes what has become
    another program's.

    Attributes:
        memory: the way its bytes are read and written.
        stepping: what stops each scan that is in the middle of a step, and waits for it; and each
            watchpoint.
        symbols: names of addresses, which texts of addresses may begin with.

    Args:
        memory: the way.
        bits: width of a pointer, 32 or 64; what the memory says if None.
    """

    def __init__(self, memory: Memory, *, bits: int | None = None) -> None:
        self.memory = memory
        self.stepping: dict[Callable[[], None], None] = {}
        self._bits = bits
        self._holder: writing.Holder | None = None
        self.symbols = NamedAddresses()
        self._life = Life(partial(TargetClosed, memory.pid, memory.title))

    @property
    def bits(self) -> int:
        """Width of a pointer: 32 or 64.

        It is that of the process's program; under Wine that of the Windows program, which may be 32
        in a process of 64 bits. What cannot be seen from outside, as in emulators, can be said: set
        it, or set None to go by the program again. Scans that have begun keep theirs.
        """
        return self._bits or self.memory.bits

    @bits.setter
    def bits(self, bits: int | None) -> None:
        self._bits = checked_bits(bits)

    @property
    def alive(self) -> bool:
        """Whether it is still what was attached to: not closed, nor exited, nor executed anew."""
        if self._life.is_closed:
            return False
        self._life.check()
        return self.memory.alive

    def check(self) -> None:
        """Raise unless it is still what was attached to.

        Raises:
            TargetGone: it has exited or executed another program.
            TargetClosed: it was closed.
            ForkedError: it is the parent process's.

        >>> target = attach(Buffer(b"abc"))
        >>> target.close()
        >>> target.check()
        Traceback (most recent call last):
        farfetch.scanner.TargetClosed: the buffer was closed here: attach again
        """
        self._life.check()
        if not self.memory.alive:
            raise self.memory.gone()

    def regions(self) -> list[Region]:
        """The regions that are mapped, by ascending address.

        Raises:
            TargetGone: it has exited or executed another program.

        >>> [region] = attach(Buffer(bytearray(4096), base=0x1000)).regions()
        >>> hex(region.start), region.size, region.perms
        ('0x1000', 4096, 'rw-p')
        """
        self.check()
        return self.memory.regions()

    def modules(self, regions: list[Region] | None = None) -> list[Module]:
        """The programs and libraries that are mapped, by ascending address.

        Args:
            regions: that :meth:`regions` gave; they are read anew if None.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     any(module.name.startswith("libc.") for module in target.modules())
        True
        """
        self.check()
        if regions is not None:
            regions = arguments.several("regions", regions, Region, "regions of a target, or None")
        return self.memory.modules(regions)

    def locate(self, address: int) -> Location:
        """The region and module of an address.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     program = target.modules()[0]
        ...     location = target.locate(program.base + 16)
        >>> location.module == program, location.offset
        (True, 16)
        """
        address = arguments.address(address)
        regions = self.regions()
        return locate(address, regions, self.memory.modules(regions))

    def address(self, text: str) -> int:
        """The address that a person wrote: ``0x7f00…``, ``game+0x4010``, ``[heap]+0x2a0``.

        Raises:
            ExpressionError: it is none.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     target.address("0x7f00"), target.address("[stack]+16") - target.address("[stack]")
        (32512, 16)
        """
        regions = self.regions()
        modules = self.memory.modules(regions)
        program = program_path(self.memory, modules)
        stacks = self.memory.stacks() if names_stack(arguments.text("text", text)) else ()
        return parse_address(text, modules, regions, self.symbols, program, stacks)

    def read_bytes(self, address: int, size: int) -> bytes:
        """The bytes at an address, all of them.

        Raises:
            MemoryFault: some cannot be read; says how many could.
            TargetGone: it has exited or executed another program.

        >>> target = attach(Buffer(b"abcdef", base=16))
        >>> target.read_bytes(18, 3)
        b'cde'
        >>> target.read_bytes(20, 3)
        Traceback (most recent call last):
        farfetch.scanner.MemoryFault: cannot read 3 bytes at 0x14: 0x16 is not mapped or not
            readable
        """
        address, size = arguments.address(address), arguments.size(size)
        raw = self.memory.read(address, size)
        self.check()  # after the fact: so these are not another program's bytes
        if len(raw) < size:
            blocked = self.memory.blocks(address + len(raw), size - len(raw))
            raise MemoryFault(address, size, len(raw), False, blocked=blocked)
        return raw

    def write_bytes(self, address: int, raw: bytes, *, force: bool = False) -> None:
        """Write bytes at an address, all of them; what is frozen there is held so from then on.

        Args:
            address: of the first.
            raw: the bytes.
            force: also where the target may not write itself, as a debugger does: it gets its own
                copy of such a page.

        Raises:
            MemoryFault: some cannot be written; says how many were.
            TargetGone: it has exited or executed another program.

        >>> memory = bytearray(b"abcdef")
        >>> attach(Buffer(memory, base=16)).write_bytes(18, b"XY")
        >>> bytes(memory)
        b'abXYef'
        """
        address, raw = arguments.address(address), arguments.raw("raw", raw)
        self.check()
        force = arguments.flag("force", force)
        writing.write_fully(self.memory, self._holder, address, raw, force=force)

    def close(self) -> None:
        """Let go of the memory; what others read or write meanwhile ends as it would have.

        Steps of scans are cancelled and waited for. In a child of the process that made this only
        its own descriptors are closed.
        """
        if not self._life.is_forked:
            self.memory.wait_no_more()
            self._life.is_closed = True
            for stop in tuple(self.stepping):
                stop()
        self.memory.close()


def program_path(memory: Memory, modules: list[Module]) -> str:
    """The path of the module that is the program itself."""
    process = memory.process
    if process is None:
        return modules[0].path if modules else ""
    words = {word.replace("\\", "/").rpartition("/")[2].casefold() for word in process.cmdline}
    programs = [module for module in modules if module.name.casefold().endswith(".exe")]
    named = [module for module in programs if module.name.casefold() in words]
    for module in named or programs:  # what Wine runs
        return module.path
    return process.exe or ""


def checked_bits(bits: object) -> int | None:
    """A width of pointers that somebody gave: 32, 64, or None."""
    if bits is None or (type(bits) is int and bits in _WIDTHS):
        return bits
    raise ArgumentError("bits", bits, "32, 64, or None for the program's own")
