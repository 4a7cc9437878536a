"""A target's code that is changed: instructions that do nothing, other code, memory for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import arguments
from .coded import Coded
from .errors import ArgumentError, CodeError
from .later import Later
from .live.patch import Patch, Way, is_one_store
from .memory.base import Memory

if TYPE_CHECKING:
    from .code import hook as _hook
    from .script import hooking as _hooking
else:
    _hook = Later("farfetch.scanner.code.hook")
    _hooking = Later("farfetch.scanner.script.hooking")


class Changed(Coded):
    """A memory in use whose code is changed, and taken back byte for byte."""

    def __init__(self, memory: Memory, *, bits: int | None = None) -> None:
        super().__init__(memory, bits=bits)
        self._hooks: _hooking.Hooks | None = None
        self._allocated: dict[int, int] = {}  # sizes by address

    def nop(self, address: int) -> Patch:
        """Let an instruction do nothing; the patch puts it back.

        Threads that run through it meanwhile see the one or the other. Where no single store can
        do it, as its first two bytes lie on both sides of a multiple of 8, all threads are
        stopped for about a tenth of a millisecond.

        Args:
            address: of the instruction.

        Raises:
            CodeError: there is none, it is data, which nothing runs, or this machine's code cannot
                be read here.
            MemoryFault: it cannot be read or written there.
            AccessDenied, StopError: threads have to be stopped for it, and cannot be.

        >>> memory = bytearray(bytes.fromhex("83 6b 04 05 c3"))
        >>> target = attach(Buffer(memory, base=0x1000))
        >>> with target.nop(0x1000):
        ...     print(target.disassemble(0x1000)[0])
        nop [rax]
        >>> print(target.disassemble(0x1000)[0])
        sub dword ptr [rbx+4], 5
        """
        from .code.nops import nothing
        from .code.running import NOTHING_RUNS, is_data

        (found,) = self.disassemble(address)
        if is_data(self, address):
            raise CodeError(address, f"{NOTHING_RUNS}; patch changes data")
        if not found.is_valid:
            raise CodeError(address, "this is no instruction")
        raw = nothing(address, found.size)
        is_one = is_one_store(address, len(raw))
        way: Way = "store" if is_one else "only stopped"
        before = found.raw[: len(raw)]
        return self._all_patches()._make(Patch, address, raw, before=before, kind="nop", way=way)

    def assemble(self, address: int, text: str) -> bytes:
        r"""The bytes of some code, as it would be at an address; nothing is written.

        Each instruction is decoded again and compared before its bytes are given out. The dialect
        is that of Auto Assembler: numbers are hexadecimal (``#10`` is decimal), memory of no said
        size is a dword, names are those of the target's symbols, modules and functions. Several
        lines may have labels, and data behind ``db``, ``dw``, ``dd`` and ``dq``.

        Args:
            address: where it would be.
            text: one instruction, or several lines.

        Raises:
            AssemblyError: the one line is no instruction; has the column.
            ScriptError: one of several lines cannot be assembled; has its number.

        >>> target = attach(Buffer(bytearray(16), base=0x1000))
        >>> target.assemble(0x1000, "sub dword ptr [rbx+48],5").hex(" ")
        '83 6b 48 05'
        >>> target.assemble(0x1000, "test eax,eax\nje over\ninc [rdi]\nover:\nret").hex(" ")
        '85 c0 0f 84 02 00 00 00 ff 07 c3'
        """
        from .script.assembling import assembled  # which needs iced

        self._life.check()
        address, text = arguments.address(address), arguments.text("text", text)
        return assembled(self, self._functions(), address, text)

    def allocate(self, size: int, *, near: int | None = None, access: str = "rwx") -> int:
        """Let the process map memory of its own; :meth:`free` gives it back, and nothing else.

        One of its threads is stopped for about a tenth of a millisecond, and makes the call.

        Args:
            size: in bytes; whole pages are mapped.
            near: an address within 2 GiB of all of it; None where it does not matter.
            access: what may be done there: some of ``r``, ``w`` and ``x``.

        Returns:
            The address of the first byte.

        Raises:
            MemoryUnavailable: there is no room, a seccomp filter watches its calls, or it is no
                process.
            AccessDenied, StopError: its threads cannot be stopped.
            TargetGone: it has exited or executed another program.

        >>> attach(Buffer(bytearray(8))).allocate(16)
        Traceback (most recent call last):
        farfetch.scanner.MemoryUnavailable: memory buffer is not available: only processes
            allocate more of it
        """
        self.check()
        address = self.memory.allocate(size, near=near, access=access)
        with self._making:
            self._allocated[address] = arguments.size(size)
        return address

    def free(self, address: int) -> None:
        """Let the process unmap memory that :meth:`allocate` gave.

        Whoever still runs or reads there crashes, as after munmap(2).

        Args:
            address: that it gave.

        Raises:
            ArgumentError: nothing was allocated there, or it was freed.
            MemoryUnavailable, AccessDenied, StopError, TargetGone: as by :meth:`allocate`; it
                stays.

        >>> attach(Buffer(bytearray(8))).free(16)
        Traceback (most recent call last):
        farfetch.scanner.ArgumentError: address takes what allocate() gave, not 16
        """
        self.check()
        address = arguments.address(address)
        with self._making:
            size = self._allocated.pop(address, None)
        if size is None:
            raise ArgumentError("address", address, "what allocate() gave")
        try:
            self.memory.release(address, size)
        except BaseException:
            with self._making:
                self._allocated[address] = size
            raise

    def hook(
        self, address: int, code: str | bytes, *, original: _hook.Original = "after"
    ) -> _hook.Hook:
        r"""Let other code run each time an instruction does; the hook takes that back.

        A jump is put there, to memory that is allocated within 2 GiB, or to padding of the module
        where nothing can be allocated; where there is none, a longer jump to memory farther away,
        if the instructions there allow for that. What the jump takes the place of is moved behind
        the other code, and goes on where it did. Threads are stopped for about a tenth of a
        millisecond and led out of these bytes, unless they are one instruction that one store
        replaces.

        Registers and flags are the code's to keep: it runs in the middle of a function. A call
        that was moved has its return address elsewhere, which exceptions that are thrown through
        it do not know.

        Args:
            address: of the instruction.
            code: lines as :meth:`assemble` takes them, or bytes. ``original`` is where what was
                moved is, ``back`` where it goes on.
            original: whether what was there runs ``"after"`` the code, ``"before"`` it, or not
                (``"none"``).

        Raises:
            CodeError: this place cannot be hooked, as something leads into the middle of what the
                jump takes; or there is no room for the code.
            AssemblyError, ScriptError: the code is none.
            MemoryFault: it cannot be read or written there.
            AccessDenied, StopError: threads have to be stopped for it, and cannot be.
            PatchError: what is there has just changed.

        >>> attach(Buffer(bytearray(b"\xc3\xc3\xc3\xc3\xc3"), base=16)).hook(16, "nop")
        Traceback (most recent call last):
        farfetch.scanner.CodeError: the code at 0x10: the code ends after 1 byte, and a jump takes 5
        """
        from .script.hooking import Hooks  # which needs iced

        patches, functions = self._all_patches(), self._functions()
        with self._making:
            if self._hooks is None:
                self._hooks = Hooks(self, functions, patches)
        return self._hooks.add(arguments.address(address), code, original)
