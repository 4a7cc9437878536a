"""Every way to write into a target, a row each; test_writing.py holds them all to the same rules.

To add a way, add its row to :data:`LINES`, :data:`CALLS` or :data:`KEYS`. What is written is
:data:`NEW` where :data:`OLD` was, both i32, at a place that a row calls AT, in a page that it calls
PAGE. FORCE stands for the option, or for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from farfetch.scanner import MemoryFault, Target, bytes_, i32, now

OLD, NEW = 0x11223344, 0x01020304
OLD_RAW, NEW_RAW = OLD.to_bytes(4, "little"), NEW.to_bytes(4, "little")


class Lines(NamedTuple):
    """Lines at the prompt, in a script or a pipe; the last one writes.

    Attributes:
        command: that writes.
        lines: what is run.
        forces: whether it forces without being asked.
        begins: what is there before the first line; OLD_RAW unless the lines put that there.
    """

    command: str
    lines: tuple[str, ...]
    forces: bool = False
    begins: bytes = OLD_RAW


_FOUND = ("where PAGE", "align 4", "type i32", f"first {OLD}")
_IN_A_STRUCTURE = (
    "struct pair { int hp; int mp; };",
    "where PAGE",
    "type pair",
    f"first hp == {OLD}",
)

LINES = {
    "set": Lines("set", (*_FOUND, f"set 0 {NEW} FORCE")),
    "set an entry": Lines("set", ("table add AT it --type i32", f"set it {NEW} FORCE")),
    "set an address": Lines("set", ("type i32", f"set AT {NEW} FORCE")),
    "set a range": Lines("set", (*_FOUND, f"set 0..0 {NEW} FORCE")),
    "set all": Lines("set", (*_FOUND, f"set * {NEW} FORCE")),
    "set computed": Lines("set", (*_FOUND, f"set 0 now - {OLD - NEW} FORCE")),
    "set all computed": Lines("set", (*_FOUND, f"set * now - {OLD - NEW} FORCE")),
    "set a field": Lines("set", (*_IN_A_STRUCTURE, f"set 0.hp {NEW} FORCE")),
    "set all numbers": Lines(
        "set", ("where PAGE", "type number", f"first {OLD}", f"set * {NEW} FORCE")
    ),
    "unset": Lines("unset", (f"write AT i32 {OLD} --force", "unset"), forces=True, begins=NEW_RAW),
    "write": Lines("write", (f"write AT i32 {NEW} FORCE",)),
    "write an entry": Lines("write", ("table add AT it --type i32", f"write it {NEW} FORCE")),
    "write a range": Lines("write", (*_FOUND, f"write 0..0 {NEW} FORCE")),
    "write a field": Lines("write", (*_IN_A_STRUCTURE, f"write AT.hp {NEW} FORCE")),
    "freeze": Lines("freeze", ("type i32", f"freeze AT {NEW} --every 0.001 FORCE")),
    "freeze a range": Lines("freeze", (*_FOUND, f"freeze 0..0 {NEW} --every 0.001 FORCE")),
    "table set": Lines("table", ("table add AT it --type i32", f"table set it {NEW} FORCE")),
    "table freeze": Lines("table", ("table add AT it --type i32", f"table freeze it {NEW} FORCE")),
    "load": Lines(
        "load",
        (
            "table add AT it --type i32",
            f"table freeze it {NEW} --force",
            "save frozen.json",
            "unfreeze it",
            f"write AT i32 {OLD} --force",
            "load frozen.json --freeze FORCE",
        ),
    ),
    "patch": Lines("patch", (f"patch AT {NEW_RAW.hex(' ')}",), forces=True),
    "unpatch": Lines(
        "unpatch", (f"patch AT {OLD_RAW.hex(' ')}", "unpatch"), forces=True, begins=NEW_RAW
    ),
}

#: Keys on the whole terminal: the command that takes it over, and what is typed.
KEYS = {
    "watch s": ("watch", "watch AT FORCE", f"s{NEW}\r"),
    "hex": ("hex", "hex AT FORCE", NEW_RAW.hex()),
}

#: Commands that write by patches, as patch does, and something that they make themselves.
PATCHERS = frozenset({"nop", "assemble", "hook"})

#: Commands that write nothing, whatever they are told; watch and hex do with keys alone.
READERS = frozenset(
    {
        *("ps", "attach", "detach", "info", "regions", "type", "struct", "align"),
        *("where", "option", "first", "next", "pattern", "undo", "redo", "history"),
        *("snapshot", "reset", "list", "map", "unfreeze", "read", "pointer", "pointers", "save"),
        *("export", "wait", "expect", "until", "let", "source", "help", "quit"),
        *("delete", "save-memory", "who", "accesses", "disassemble", "signature"),
    }
)


def _write(target: Target, at: int, force: bool) -> None:
    target.write(at, i32, NEW, force=force)


def _write_bytes(target: Target, at: int, force: bool) -> None:
    target.write_bytes(at, NEW_RAW, force=force)


def _write_all(type_: Any) -> Callable[[Target, int, bool], None]:
    def write_all(target: Target, at: int, force: bool) -> None:
        with target.scan(type_, where=f"{at:#x}..{at + 4:#x}", align=1) as scan:
            scan.first(now == (OLD_RAW if type_ is bytes_ else OLD))
            if scan.write_all(NEW_RAW if type_ is bytes_ else NEW, force=force) != (1, 0):
                raise MemoryFault(at, 4, 0, True, "read-only")

    return write_all


def _write_computed(target: Target, at: int, force: bool) -> None:
    with target.scan(i32, where=f"{at:#x}..{at + 4:#x}", align=1) as scan:
        scan.first(now == OLD)
        if scan.write_all(now + (NEW - OLD), force=force) != (1, 0):
            raise MemoryFault(at, 4, 0, True, "read-only")


def _freeze(target: Target, at: int, force: bool) -> None:
    target.freeze(at, i32, NEW, interval=0.001, force=force)


def _patch(target: Target, at: int, force: bool) -> None:
    del force
    target.patch(at, NEW_RAW)


#: Calls of the library, with whether they force without being asked.
CALLS: dict[str, tuple[Callable[[Target, int, bool], None], bool]] = {
    "Target.write": (_write, False),
    "Target.write_bytes": (_write_bytes, False),
    "Scan.write_all": (_write_all(i32), False),
    "Scan.write_all, bytes": (_write_all(bytes_), False),
    "Scan.write_all, numbers": (_write_all("number"), False),
    "Scan.write_all, any": (_write_all("any"), False),
    "Scan.write_all, computed": (_write_computed, False),
    "Target.freeze": (_freeze, False),
    "Target.patch": (_patch, True),
}
