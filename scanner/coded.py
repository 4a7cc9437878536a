"""A target's code: its functions and instructions, who runs them, scripts that change them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from . import arguments
from .errors import ExpressionError
from .later import Later
from .live.holding import Holding
from .live.patch import Patches
from .memory.addresses import PROGRAM
from .memory.base import Memory
from .memory.space import program_path
from .predicates.byte_pattern import Pattern
from .values.literals import parse_integer

if TYPE_CHECKING:
    from .code import instruction as _instruction
    from .code import symbols as _symbols
    from .debug import accesses as _accesses
    from .debug import refusals as _refusals
    from .debug import watchpoint as _watchpoint
    from .script import live_script as _live_script
else:
    _instruction = Later("farfetch.scanner.code.instruction")
    _symbols = Later("farfetch.scanner.code.symbols")
    _accesses = Later("farfetch.scanner.debug.accesses")
    _refusals = Later("farfetch.scanner.debug.refusals")
    _watchpoint = Later("farfetch.scanner.debug.watchpoint")
    _live_script = Later("farfetch.scanner.script.live_script")

#: A function behind its module's name, and an offset.
_FUNCTION: Final = re.compile(r'"?([^"]*![^"+]*)"?\s*([+-]\s*(?:0x[0-9a-fA-F]+|[0-9]+))?')


class Coded(Holding):
    """A memory in use whose code is read and watched, and changed by scripts.

    What that takes, a decoder of instructions above all, is loaded when it is first asked for.
    """

    def __init__(self, memory: Memory, *, bits: int | None = None) -> None:
        super().__init__(memory, bits=bits)
        self._scripts: _live_script.Scripts | None = None
        self._symbols: _symbols.Symbols | None = None

    def _all_patches(self) -> Patches:
        self._life.check()
        with self._making:
            if self._patches is None:
                self._patches = Patches(self, sign=self.signature)
        return self._patches

    def watchpoint(
        self,
        address: int,
        size: int = 4,
        on: _watchpoint.On = "write",
        *,
        loss: float = 0.05,
        stack: int = 512,
        by: _refusals.By = "perf",
    ) -> _watchpoint.Watchpoint:
        """See which instructions touch a value from now on; the target is not stopped.

        Args:
            address: of the value.
            size: its bytes, up to 32 where they begin at a multiple of 8. The processor has four
                registers for it, each for 1, 2, 4 or 8 bytes at a multiple of as many.
            on: ``"write"``, ``"read"``, ``"access"`` for both, or ``"execute"`` for an instruction.
            loss: the part of its time that the target may lose, a twentieth unless told
                otherwise. With more hits the breakpoints rest in between, and counts are
                estimates; 1 lets them never rest.
            stack: bytes of the stack that are kept of each hit, up to 4096.
            by: ``"perf"``, breakpoints of the kernel that stop nobody; or, where these are not to
                be had, ``"ptrace"``: a process of our own traces the target, and each hit stops
                the thread that hits for some 10 to 50 microseconds. Meanwhile nobody else can
                trace it, nor can its memory be allocated and its code be hooked from here. A
                thread that ignores or blocks SIGTRAP does not any more once it has hit. The
                registers stay reserved for ptrace until the thread ends, so that perf has fewer.
                When this program is killed, the target goes on; when that other process is, the
                next hit may end the target. x86-64 only.

        Raises:
            WatchpointError: there are no such breakpoints here, for us, or for so many bytes; the
                text has the reason and the cure.
            CodeError: this machine's code cannot be read here.
            AccessDenied: the kernel does not let this user trace it.
            TargetGone: it has exited or executed another program.

        >>> import ctypes, os
        >>> value = ctypes.c_int()
        >>> try:
        ...     with attach(os.getpid()) as target:
        ...         with target.watchpoint(ctypes.addressof(value), 4) as hits:
        ...             value.value = 7
        ...         [(hit.count, hit.after.hex()) for hit in hits]
        ... except WatchpointError as error:
        ...     print(error.reason)
        [(1, '07000000')]
        """
        from .debug.watchpoint import Watchpoint  # which takes a while to load

        self._life.check()
        return Watchpoint(self, self._functions(), address, size, on, loss=loss, stack=stack, by=by)

    def accesses_of(
        self,
        instruction: int | _instruction.Instruction,
        *,
        loss: float = 0.05,
        by: _refusals.By = "perf",
    ) -> _accesses.Accesses:
        """See which addresses an instruction reaches from now on; the target is not stopped.

        Args:
            instruction: its address, or itself.
            loss: the part of its time that the target may lose, as for :meth:`watchpoint`.
            by: ``"perf"`` or ``"ptrace"``, as for :meth:`watchpoint`.

        Raises:
            WatchpointError: there are no such breakpoints here, or for us.
            CodeError: it reaches no memory, or such of a thread's own block; or this machine's
                code cannot be read here.
            MemoryFault: nothing can be read there.
            AccessDenied: the kernel does not let this user trace it.
            TargetGone: it has exited or executed another program.

        >>> code = attach(Buffer(bytes.fromhex("89 53 04 c3"), base=0x1000))
        >>> try:
        ...     code.accesses_of(0x1000)
        ... except WatchpointError as error:
        ...     print(error.reason)
        only processes can be watched, and this is a buffer
        """
        from .debug.accesses import Accesses  # which takes a while to load

        self._life.check()
        return Accesses(self, instruction, loss=loss, by=by)

    def address(self, text: str) -> int:
        """The address that a person wrote: ``0x7f00…``, ``game+0x4010``, ``game!hit+0x12``.

        ``$process!hit`` is a function of the program itself, whatever it is called.

        Raises:
            ExpressionError: it is none.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     target.address("libc!qsort+4") - target.address("libc.so.6!qsort")
        4
        """
        try:
            return super().address(text)
        except ExpressionError:
            found = _FUNCTION.fullmatch(text.strip())
            if found is None:
                raise
            address = self._function(text, found[1].strip())
            address += parse_integer((found[2] or "+0").replace(" ", "").lstrip("+"))
            return arguments.address(address)

    def functions(self, text: str, count: int = 100) -> list[str]:
        """The functions of a module whose names begin so, in alphabetical order.

        Args:
            text: the module's name, ``!``, and the beginning of the functions' names.
            count: how many at the most.

        >>> import os
        >>> with attach(os.getpid()) as target:
        ...     "libc!qsort" in target.functions("libc!qsor")
        True
        """
        from .code.naming import functions_like

        functions = self._functions()
        count = arguments.whole("count", count, 0, arguments.MOST_BYTES)
        return functions_like(functions, self.modules(), arguments.text("text", text), count)

    def _function(self, text: str, name: str) -> int:
        """The address of a function with its module's name before it."""
        from .code.naming import function_named, modules_called

        modules = self.modules()
        before, _, after = name.partition("!")
        if before.casefold() == PROGRAM:
            name = f"{program_path(self.memory, modules)}!{after}"
        found = function_named(self._functions(), modules, name)
        if found is None:
            where = modules_called(modules, name.rpartition("!")[0])
            reason = f'no function of {before} is called "{after}"'
            raise ExpressionError(text, 0, reason if where else f'no module is called "{before}"')
        return found

    def symbol(self, address: int) -> _symbols.Symbol | None:
        """The function that an address is in; None where none is known.

        They come from the symbols of the modules' files, from files of symbols that belong to
        these, from what libraries export, and from what unwinding knows.

        >>> import ctypes, os
        >>> getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
        >>> with attach(os.getpid()) as target:
        ...     symbol = target.symbol(getpid + 2)
        >>> "getpid" in symbol.name, symbol.offset
        (True, 2)
        """
        return self._functions().at(arguments.address(address))

    def _functions(self) -> _symbols.Symbols:
        from .code.symbols import Symbols

        self._life.check()
        with self._making:
            if self._symbols is None:
                self._symbols = Symbols(self)
        return self._symbols

    def signature(self, address: int) -> Pattern:
        """The shortest pattern of eight bytes or more that is nowhere else in its module's code.

        It begins at an address. What is likely to be another in the next build is left wild: how
        far it is to data and to functions, and addresses. It is of the code as it was before
        patches.

        Args:
            address: of an instruction.

        Raises:
            CodeError: it is in no module's code, or no pattern of 256 bytes is unique.
            MemoryFault: it cannot be read.

        >>> import ctypes, os
        >>> getpid = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
        >>> with attach(os.getpid()) as target:
        ...     pattern = target.signature(getpid)
        ...     pattern.fits(target.read_bytes(getpid, len(pattern)))
        True
        """
        from .code.signature import signature_of

        self._life.check()
        return signature_of(self, arguments.address(address), self._all_patches().original)

    def disassemble(self, address: int, count: int = 1) -> list[_instruction.Instruction]:
        """The instructions from an address on.

        Args:
            address: of the first.
            count: how many; fewer come where the code ends, one at least.

        Raises:
            MemoryFault: nothing can be read there, or the first is cut off by what cannot be read.
            CodeError: this machine's code cannot be read here.

        >>> target = attach(Buffer(bytes.fromhex("e8 0b 00 00 00 90"), base=0x1000))
        >>> call, nop = target.disassemble(0x1000, 2)
        >>> call.text, hex(call.target), nop.address - call.address
        ('call 0x1010', '0x1010', 5)
        """
        from .code.disassembling import disassembled

        return disassembled(self, address, count)

    def script(
        self,
        text: str,
        *,
        name: str = "",
        folder: str | os.PathLike[str] | None = None,
        lua: bool = False,
    ) -> _live_script.LiveScript:
        r"""Take an Auto Assembler script, as Cheat Engine's tables have them; nothing changes yet.

        Args:
            text: of the script, with its [ENABLE] and [DISABLE].
            name: what errors call it.
            folder: from which the script may include files; it may include none if None.
            lua: whether its Lua is run, where it only computes; that needs ``farfetch[lua]``.

        >>> memory = bytearray(b"\x29\xd8")
        >>> target = attach(Buffer(memory, base=0x1000))
        >>> script = target.script("[ENABLE]\n1000:\n nop 2\n[DISABLE]\n1000:\n db 29 D8")
        >>> script.enable()
        >>> memory.hex(" "), [one.name for one in target.scripts]
        ('90 90', ['script 1'])
        """
        from .script.live_script import Scripts  # which needs iced

        self._life.check()
        with self._making:
            if self._scripts is None:
                self._scripts = Scripts(self, self._functions())
        return self._scripts.script(text, name, folder, lua=lua)

    @property
    def scripts(self) -> tuple[_live_script.LiveScript, ...]:
        """The scripts that are enabled, in the order in which that was done.

        >>> attach(Buffer(bytearray(8))).scripts
        ()
        """
        if self._life.is_forked:
            self._life.check()
        return self._scripts.enabled if self._scripts else ()
