"""Reading one section of a script: what each of its lines says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ..assembler.assembler import read_line
from ..assembler.encodings import catalogue
from ..assembler.expressions import Expression, parse, plain
from ..assembler.operands import split
from ..errors import AssemblyError, ScriptError
from .aob import ByteArray, parse_aob
from .commands import COMMANDS, NOT_RUN, command_of
from .data import read_data
from .defines import Defines
from .files import Files
from .source import SourceLine
from .statements import (
    Access,
    Align,
    Allocation,
    Assertion,
    Code,
    Copy,
    Data,
    Emitted,
    Label,
    Moved,
    Part,
    Place,
    Search,
)
from .structs import take_structs

#: Bytes of one allocation.
MAX_ALLOCATION: Final = 64 << 20
#: Bytes of all allocations of a script.
MAX_ALLOCATED: Final = 256 << 20
#: Allocations of a script, and what it looks for.
MAX_COMMANDS: Final = 1024
#: Bytes that are copied by one readmem.
MAX_COPY: Final = 1 << 20
_MAX_ALIGN: Final = 1 << 16

_DATA: Final = re.compile(r"(db|dw|dd|dq)\b\s*(.*)", re.IGNORECASE | re.DOTALL)
_ALIGN: Final = re.compile(r"align\s+(\S+)(?:\s*[,\s]\s*(\S+))?", re.IGNORECASE)
_NEARBY: Final = re.compile(r"(?<![\w@])@([fb])(?!\w)", re.IGNORECASE)
_RIGHTS: Final = re.compile(r"[\"']?(?:[+\-*][WXCwxc])*[\"']?")
_ALLOCATIONS: Final = {"alloc": "rwx", "allocnx": "rw", "allocxo": "rx", "globalalloc": "rwx"}


def read_section(lines: list[SourceLine], files: Files) -> Part:
    """Read the lines of a section.

    Args:
        lines: of the section, without those for code of another width.
        files: that it may load.

    Raises:
        ScriptError: a line is not understood, or is not run; the first of them.
    """
    return _Reader(lines, files).read()


class _Reader:
    """Reads the lines of one section.

    Names are gathered first: a label called ``add1`` or ``cl`` is no number and no register.
    """

    def __init__(self, lines: list[SourceLine], files: Files) -> None:
        self._defines = Defines()
        self._files = files
        self._lines = take_structs(lines, self._defines)
        self._known: set[str] = set()
        self._searches: list[Search] = []
        self._allocations: dict[str, Allocation] = {}
        self._assertions: list[Assertion] = []
        self._accesses: list[Access] = []
        self._emitted: list[Emitted] = []
        self._labels: set[str] = set()
        self._registered: list[tuple[int, str]] = []
        self._unregistered: list[str] = []
        self._freed: list[str] = []
        self._anonymous = 0
        self._nearby_is_used = any(_NEARBY.search(text) for _, text in self._lines)
        self._allocated = 0

    def read(self) -> Part:
        for number, text in self._lines:
            self._declare(number, text)
        for number, text in self._lines:
            command = command_of(text)
            named = command is not None and command[0].lower() in _NAMING
            try:
                self._statement(number, text if named else self._defines.replaced(number, text))
            except AssemblyError as error:
                raise ScriptError(number, str(error)) from None
        return Part(
            tuple(self._searches),
            tuple(self._allocations.values()),
            tuple(self._assertions),
            tuple(self._accesses),
            tuple(self._emitted),
            frozenset(self._labels),
            tuple(self._registered),
            tuple(self._unregistered),
            tuple(self._freed),
            self._constants(),
        )

    def _constants(self) -> tuple[tuple[int, str, Expression], ...]:
        """Registered names that are defined: symbols for what stands there."""
        found = []
        for number, name in self._registered:
            text = self._defines.get(name)
            if text is None:
                continue
            try:
                found.append((number, name, self._expression(text)))
            except AssemblyError as error:
                raise ScriptError(number, str(error)) from None
        return tuple(found)

    def _declare(self, number: int, text: str) -> None:
        """Note what a line names."""
        command = command_of(text)
        if command is None:
            return
        name, inside = command[0].lower(), command[1]
        if name == "label":
            self._known |= set(_words(inside))
        elif name in _ALLOCATIONS or name.startswith("aobscan"):
            self._known.add(inside.partition(",")[0].strip())
        elif name == "define":
            what, comma, value = inside.partition(",")
            if not comma:
                raise ScriptError(number, "define(): takes a name and a text")
            self._defines.add(number, what.strip(), value.strip())

    def _statement(self, number: int, text: str) -> None:
        command = command_of(text)
        if command is not None and self._command(number, *command):
            return
        if text[:8].lower() == "dealloc(" and ")" not in text:
            return  # Cheat Engine frees nothing then, and says nothing
        data = _DATA.fullmatch(text)
        if data is not None:
            self._data(number, text, data)
            return
        align = _ALIGN.fullmatch(text)
        if align is not None:
            self._align(number, align[1], align[2])
            return
        if text.endswith(":") and not text.endswith("::"):
            self._place(number, text[:-1].strip())
            return
        line = _NEARBY.sub(self._nearby, text)
        self._emitted.append(Code(number, read_line(line, known=self._known)))

    def _nearby(self, found: re.Match[str]) -> str:
        return f"@@{self._anonymous + (found[1].lower() == 'f')}"

    def _place(self, number: int, text: str) -> None:
        """Take what ends with a colon; @f is the next such line, whatever it names, @b the last."""
        if text != "@@" and text in self._labels:
            self._emitted.append(Label(number, text))
        elif text != "@@":
            self._emitted.append(Place(number, self._expression(text), text))
        self._anonymous += 1
        if self._nearby_is_used:
            self._emitted.append(Label(number, f"@@{self._anonymous}"))

    def _data(self, number: int, text: str, data: re.Match[str]) -> None:
        size = {"b": 1, "w": 2, "d": 4, "q": 8}[data[1][1].lower()]
        near = _NEARBY.sub(self._nearby, data[2])
        items = read_data(near, size, self._known)
        self._emitted.append(Data(number, size, items, text))

    def _align(self, number: int, size: str, fill: str | None) -> None:
        width = plain(self._expression(size))
        byte = 0 if fill is None else plain(self._expression(fill))
        if width is None or not 0 < width <= _MAX_ALIGN:
            raise ScriptError(number, f"align: {size:.40} is no number of bytes up to 10000")
        if byte is None or not 0 <= byte <= 0xFF:
            raise ScriptError(number, f"align: {fill or '':.40} is no byte")
        self._emitted.append(Align(number, width, byte))

    def _expression(self, text: str) -> Expression:
        return parse(text, known=self._known)

    def _command(self, number: int, word: str, inside: str) -> bool:
        """Take a command; whether it is one."""
        name = word.lower()
        if name in NOT_RUN:
            raise ScriptError(number, f"{name}(): {NOT_RUN[name]}")
        if name not in COMMANDS:
            if name in catalogue() or name in ("jmp", "call", *_DATA_WORDS):
                return False
            raise ScriptError(number, f"{word:.40}() is no command that is known")
        parts = [inside[begin:end] for begin, end in split(inside)]
        least, most = COMMANDS[name]
        if len(parts) < least or not parts[0]:
            raise ScriptError(number, f"{name}(): takes {least} arguments, not {len(parts)}")
        if most and len(parts) > most:
            raise ScriptError(number, f"{name}(): takes {most} arguments, not {len(parts)}")
        if name in _ALLOCATIONS:
            self._allocate(number, name, parts)
        elif name.startswith("aobscan"):
            self._search(number, name, parts)
        else:
            _TAKEN[name](self, number, parts)
        return True

    def _allocate(self, number: int, name: str, parts: list[str]) -> None:
        size = decimal(parts[1])
        if size is None or size < 0:
            raise ScriptError(number, f"{name}(): {parts[1]:.40} is no number of bytes")
        if size > MAX_ALLOCATION:
            mib = MAX_ALLOCATION >> 20
            more = f"{size} bytes" if size < 1 << 64 else "so much"
            raise ScriptError(number, f"{name}(): at most {mib} MiB are allocated, not {more}")
        self._allocated += size
        if self._allocated > MAX_ALLOCATED:
            raise ScriptError(number, f"{name}(): more than {MAX_ALLOCATED >> 20} MiB in all")
        near = self._expression(parts[2]) if len(parts) > 2 and parts[2] else None
        kept, access = name == "globalalloc", _ALLOCATIONS[name]
        made = Allocation(number, parts[0], max(size, 1), near, access, kept)
        before = self._allocations.get(made.name.lower())
        if before is not None:  # the first of a name counts; it has room for either
            made = before._replace(size=max(before.size, made.size))
        elif len(self._allocations) == MAX_COMMANDS:
            raise ScriptError(number, f"{name}(): a script has at most {MAX_COMMANDS}")
        self._allocations[made.name.lower()] = made

    def _search(self, number: int, name: str, parts: list[str]) -> None:
        rights = parts.pop() if len(parts) == COMMANDS[name][1] else ""
        if rights and not _RIGHTS.fullmatch(rights):
            raise ScriptError(number, f"{name}(): {rights:.40} are no rights, such as +X-W")
        array = self._array(number, name, parts[-1])
        if len(self._searches) == MAX_COMMANDS:
            raise ScriptError(number, f"{name}(): a script has at most {MAX_COMMANDS}")
        if name == "aobscanmodule":
            module = parts[1].strip("\"'")
            self._searches.append(Search(number, parts[0], array, module or "$process"))
        elif name == "aobscanregion":
            begin, end = self._expression(parts[1]), self._expression(parts[2])
            self._searches.append(Search(number, parts[0], array, "", begin, end))
        else:
            executable = name == "aobscanex" or "+X" in rights.upper()
            self._searches.append(Search(number, parts[0], array, executable=executable))

    def _array(self, number: int, name: str, text: str) -> ByteArray:
        try:
            return parse_aob(text)
        except ValueError as error:
            raise ScriptError(number, f"{name}(): {error}") from None

    def _label(self, number: int, parts: list[str]) -> None:  # noqa: ARG002
        self._labels |= set(_words(" ".join(parts)))

    def _define(self, number: int, parts: list[str]) -> None:
        pass  # it was taken before

    def _register(self, number: int, parts: list[str]) -> None:
        self._registered += [(number, word) for word in _words(" ".join(parts))]

    def _unregister(self, number: int, parts: list[str]) -> None:  # noqa: ARG002
        self._unregistered += _words(" ".join(parts))

    def _free(self, number: int, parts: list[str]) -> None:  # noqa: ARG002
        self._freed += _words(" ".join(parts))

    def _assert(self, number: int, parts: list[str]) -> None:
        array = self._array(number, "assert", parts[1])
        self._assertions.append(Assertion(number, self._expression(parts[0]), array))

    def _copy(self, number: int, parts: list[str]) -> None:
        size = decimal(parts[1])
        if size is None or not 0 < size <= MAX_COPY:
            raise ScriptError(number, f"readmem(): {parts[1]:.40} is no number of bytes")
        self._emitted.append(Copy(number, self._expression(parts[0]), size))

    def _reassemble(self, number: int, parts: list[str]) -> None:
        self._emitted.append(Moved(number, self._expression(parts[0])))

    def _access(self, number: int, parts: list[str]) -> None:
        size = decimal(parts[1])
        if size is None or not 0 < size <= MAX_ALLOCATION:
            raise ScriptError(number, f"fullaccess(): {parts[1]:.40} is no number of bytes")
        self._accesses.append(Access(number, self._expression(parts[0]), size))

    def _load(self, number: int, parts: list[str]) -> None:
        raw = self._files.load(parts[1].strip("\"'"), number)
        self._emitted.append(Place(number, self._expression(parts[0]), parts[0]))
        self._emitted.append(Data(number, 1, (raw,), f"loadbinary {parts[1]}"))

    def _fill(self, number: int, parts: list[str]) -> None:
        self._align(number, parts[0], parts[1] if len(parts) > 1 else None)

    def _nop(self, number: int, parts: list[str]) -> None:
        self._emitted.append(Code(number, read_line(f"nop {parts[0]}", known=self._known)))

    def _include(self, number: int, parts: list[str]) -> None:
        raise ScriptError(number, f"include(): {parts[0]:.80} is included by what is included")


#: Commands whose arguments are names, and not what is defined for them.
_NAMING: Final = ("registersymbol", "unregistersymbol", "label", "define")
_DATA_WORDS: Final = ("db", "dw", "dd", "dq")
_TAKEN: Final[dict[str, Callable[[_Reader, int, list[str]], None]]] = {
    "label": _Reader._label,
    "define": _Reader._define,
    "registersymbol": _Reader._register,
    "unregistersymbol": _Reader._unregister,
    "dealloc": _Reader._free,
    "assert": _Reader._assert,
    "readmem": _Reader._copy,
    "reassemble": _Reader._reassemble,
    "fullaccess": _Reader._access,
    "loadbinary": _Reader._load,
    "align": _Reader._fill,
    "nop": _Reader._nop,
    "include": _Reader._include,
}


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", text) if word]


def decimal(text: str) -> int | None:
    """A size, which is decimal unless it says otherwise; None of what is none.

    >>> decimal("100"), decimal("$100"), decimal("0x10"), decimal("4*1024"), decimal("near")
    (100, 256, 16, 4096, None)
    """
    word = text.strip()
    product = 1
    for factor in word.split("*"):
        part = factor.strip()
        if re.fullmatch(r"#?[0-9]{1,12}", part):
            product *= int(part.lstrip("#"))
        elif re.fullmatch(r"(?:\$|0[xX])[0-9A-Fa-f]{1,12}", part):
            product *= int(part.lstrip("$").removeprefix("0x").removeprefix("0X"), 16)
        elif re.fullmatch(r"[0-9A-Fa-f]{1,12}", part):
            product *= int(part, 16)
        else:
            return None
        product = min(product, 1 << 64)  # which is too much for anything
    return product
