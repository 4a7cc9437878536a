"""A script without a target: whether each of its lines can be assembled, and what it waits for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from ..assembler.encoder import CannotEncode
from ..assembler.expressions import evaluate
from ..errors import ScriptError
from .layout import Names, assemble_part
from .program import Program, read_program
from .search import Within
from .source import has_lua
from .statements import Part

if TYPE_CHECKING:
    from .aob import ByteArray
    from .lua import LuaSandbox

_WIDTHS: Final = (64, 32)
_NONE: Final[Mapping[str, int]] = MappingProxyType({})
_MODULE: Final = re.compile(r"\$process|.+\.(?:exe|dll|so|bin|game|dat|elf)", re.IGNORECASE)
#: A module and a symbol of it, as in ``kernel32.Sleep`` and ``GameAssembly.dll!il2cpp_init``.
_EXPORT: Final = re.compile(r"[A-Za-z_][\w\-]*(?:[.!][\w?@][\w@?$]*)+", re.IGNORECASE)
#: A method that Mono or .NET compiles, as in ``PlayerController:Update``.
_METHOD: Final = re.compile(r"[\w.<>`/|+&]+(?::{1,2}[\w.<>`|~]+){1,8}(?:\([^)]*\))?")
#: Functions of Windows that scripts call by their names alone, which are in every game or none.
_FUNCTIONS: Final = frozenset(
    (
        *("beep", "closehandle", "createfilea", "createfilew", "createthread", "exitprocess"),
        *("exitthread", "free", "freelibrary", "getasynckeystate", "getcurrentprocess"),
        *("getcurrentprocessid", "getcurrentthreadid", "getcursorpos", "getforegroundwindow"),
        *("getkeystate", "getlasterror", "getmodulehandlea", "getmodulehandlew", "getprocaddress"),
        *("getprocessheap", "gettickcount", "gettickcount64", "getwindowtexta", "heapalloc"),
        *("heapfree", "isbadcodeptr", "isbadreadptr", "isbadwriteptr", "keybd_event", "lstrcmpa"),
        *("loadlibrarya", "loadlibraryw", "malloc", "memcmp", "memcpy", "memset", "messagebeep"),
        *("messageboxa", "messageboxw", "mouse_event", "outputdebugstringa", "playsounda"),
        *("postmessagea", "postmessagew", "printf", "queryperformancecounter", "rand", "readfile"),
        *("rtladdvectoredexceptionhandler", "sendmessagea", "sendmessagew", "setcursorpos"),
        *("sleep", "sleepex", "sprintf", "srand", "strcmp", "strcpy", "strlen", "timegettime"),
        *("virtualalloc", "virtualfree", "virtualprotect", "virtualquery", "waitforsingleobject"),
        *("wcscmp", "wcscpy", "wcslen", "writefile", "wsprintfa"),
    )
)
#: Names that Lua makes known once it is not only checked, itself or in what it assembles.
_BY_LUA: Final = re.compile(r"(?<!un)registersymbol\s*\(\s*[\"']?(\w+)[\"']?\s*[,)]", re.IGNORECASE)
#: Where it makes a name known that stands elsewhere, and the words that such a name may be.
_COMPUTED: Final = re.compile(r"(?<!un)registerSymbol\s*\(\s*\w+[.\[]", re.IGNORECASE)
_WORD: Final = re.compile(r"[\"']([A-Za-z_]\w{2,80})[\"']")


def _is_unknown(name: str) -> bool:  # noqa: ARG001
    return False


def _is_function(name: str) -> bool:
    """Whether a name can only be a function's, of Windows, of a module, or that is compiled."""
    return bool(name.lower() in _FUNCTIONS or _EXPORT.fullmatch(name) or _METHOD.fullmatch(name))


class OfflineCheck(NamedTuple):
    """What can be said of a script without its target.

    Attributes:
        bits: the width of code that it can be assembled for, 64 before 32; 0 for none.
        error: the first line that cannot be, and why; None where all can.
        registers: symbols that it makes known.
        waits: modules and symbols that it needs.
    """

    bits: int
    error: ScriptError | None
    registers: tuple[str, ...]
    waits: tuple[str, ...]


def check_script(
    text: str,
    *,
    known: Callable[[str], bool] = _is_unknown,
    numbers: Mapping[str, int] = _NONE,
    folder: str | os.PathLike[str] | None = None,
    lua: bool = False,
) -> OfflineCheck:
    r"""Whether a script is understood and assembled whole, for 64-bit code or for 32-bit code.

    Modules, what is looked for and what is read are taken to be there.

    Args:
        text: of the script.
        known: whether a name is a symbol that something else makes known.
        numbers: those of them, in lower case, that are a number and no place: ``define(hp,1F0)``.
        folder: of the table.
        lua: whether its Lua is run, which is told that it is only checked.

    >>> check = check_script("[ENABLE]\ngame.exe+10:\n mov [rbx+48],#100\n[DISABLE]")
    >>> check.bits, check.waits
    (64, ('game.exe',))
    >>> str(check_script("[ENABLE]\nluacall(print(1))\n[DISABLE]").error)
    'line 2: luacall(): Lua is run only when that is asked for (--lua)'
    """
    errors: list[ScriptError] = []
    for bits in _WIDTHS:
        waits: dict[str, None] = {}
        try:
            around = _Imagined(bits, waits, numbers)
            sandbox = _sandbox(around, known) if lua and has_lua(text) else None
            program = read_program(text, bits, folder, sandbox)
            _assemble(program, around, known, sandbox)
        except ScriptError as error:
            errors.append(error)
            if error.reason.startswith("{$"):  # for code of any width
                break
            continue
        registers = tuple(
            dict.fromkeys(
                (
                    *(name for _, name in program.enable.registered),
                    *(one.name for one in program.enable.allocations if one.kept),
                    *(sandbox.registered if sandbox else ()),
                    *(_named_by_lua(text) if sandbox else ()),
                )
            )
        )
        return OfflineCheck(bits, None, registers, tuple(waits))
    return OfflineCheck(0, max(errors, key=lambda error: error.line), (), ())


def _named_by_lua(text: str) -> list[str]:
    """The names that Lua in a script may make known, which it does not do while it is checked."""
    computed = _WORD.findall(text) if _COMPUTED.search(text) else []
    return [*_BY_LUA.findall(text), *computed]


def _sandbox(around: _Imagined, known: Callable[[str], bool]) -> LuaSandbox:
    from .lua import LuaSandbox

    around.is_known = known
    sandbox = LuaSandbox(around, checking=True)
    sandbox.begin()
    return sandbox


def _assemble(
    program: Program,
    around: _Imagined,
    known: Callable[[str], bool],
    sandbox: LuaSandbox | None,
) -> None:
    own = {name.lower() for _, name in program.enable.registered}
    own |= {one.name.lower() for one in program.enable.allocations if one.kept}
    around.is_known = lambda name: name.lower() not in own and known(name)
    names = Names(sandbox.registered if sandbox else {}, around.symbol)
    for part in (program.enable, program.disable):
        around.prepare(part, names)
        assemble_part(part, names, around, strict=program.strict)
        for line, name in part.registered:
            if names.get(name) is None:
                raise ScriptError(line, f"registersymbol(): nothing is called {name:.80}")


class _Imagined:
    """A target in which everything is where it can be reached."""

    program = "$process"
    pid = 1

    def __init__(self, bits: int, waits: dict[str, None], numbers: Mapping[str, int]) -> None:
        self.bits = bits
        self._numbers = numbers
        self.is_known: Callable[[str], bool] = _is_unknown
        self._waits = waits
        self._module = 0x140000000 if bits == 64 else 0x400000
        self._free = self._module + 0x4000000
        self._symbols: dict[str, int] = {}

    def prepare(self, part: Part, names: Names) -> None:
        """Find what is looked for, and allocate."""
        for search in part.searches:
            if search.module and search.module.lower() != "$process":
                self._waits[search.module] = None
            self._evaluated(search.line, names, search.begin, search.end)
            names.set(search.name, self._somewhere(0x1000))
        for allocation in part.allocations:
            self._evaluated(allocation.line, names, allocation.near)
            names.set(allocation.name, self._somewhere(allocation.size))
        for assertion in part.assertions:
            self._evaluated(assertion.line, names, assertion.address)
        for access in part.accesses:
            self._evaluated(access.line, names, access.address)

    def _evaluated(self, line: int, names: Names, *trees: object) -> None:
        for tree in trees:
            if tree is None:
                continue
            try:
                evaluate(tree, names, self.pointer)  # type: ignore[arg-type]
            except CannotEncode as error:
                raise ScriptError(line, error.reason) from None

    def _somewhere(self, size: int) -> int:
        at = self._free
        self._free += size + -size % 0x100
        return at

    def symbol(self, name: str) -> int | None:
        if name not in self._symbols:
            if _MODULE.fullmatch(name):
                self._waits[name] = None
                self._symbols[name] = self._module
            elif self.is_known(name) or _is_function(name):
                self._waits[name] = None
                number = self._numbers.get(name.lower())
                self._symbols[name] = self._somewhere(0x1000) if number is None else number
            else:
                return None
        return self._symbols[name]

    def pointer(self, address: int) -> int:  # noqa: ARG002
        return self._module + 0x2000000

    def copy(self, address: int, size: int) -> bytes:  # noqa: ARG002
        return bytes(size)

    bytes_at = copy

    def places(self, array: ByteArray, within: Within, most: int) -> list[int]:  # noqa: ARG002
        return [self._somewhere(0x1000)]

    def mapped(self) -> list[tuple[str, str, int, int]]:
        """The modules that were named."""
        named = [name for name in self._symbols if _MODULE.fullmatch(name)]
        return [(name, name, self._module, 0x4000000) for name in (*named, self.program)]

    def moved(self, address: int, to: int) -> bytes:  # noqa: ARG002
        return b"\x90" * 5
