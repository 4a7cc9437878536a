"""Commands of scripts: which there are, how many arguments each takes, and which are not run."""

from __future__ import annotations

import re
from typing import Final

#: How many arguments each takes, at least and at most; 0 at most is any number.
COMMANDS: Final = {
    "alloc": (2, 4),
    "allocnx": (2, 3),
    "allocxo": (2, 3),
    "globalalloc": (2, 3),
    "dealloc": (1, 0),
    "label": (1, 0),
    "define": (2, 0),
    "registersymbol": (1, 0),
    "unregistersymbol": (1, 0),
    "aobscan": (2, 3),
    "aobscanex": (2, 3),
    "aobscanmodule": (3, 4),
    "aobscanregion": (4, 5),
    "assert": (2, 2),
    "readmem": (2, 2),
    "reassemble": (1, 1),
    "fullaccess": (2, 3),
    "loadbinary": (2, 2),
    "include": (1, 1),
    "align": (1, 2),
    "nop": (1, 1),
}
_THREADS: Final = "threads are not started in the target"
_MONO: Final = "names of Mono's and .NET's methods are not known"
_LIBRARIES: Final = "no library is loaded into the target"
_KERNEL: Final = "the kernel is not changed"
_LUA: Final = "Lua is not run"
_STEALTH: Final = "changes are not hidden from the program"
#: What is said of Lua that could be run.
LUA_NOT_ASKED: Final = "Lua is run only when that is asked for (--lua)"
#: What is not run, and why.
NOT_RUN: Final = {
    "luacall": LUA_NOT_ASKED,
    "luacode": _LUA,
    "createthread": _THREADS,
    "createthreadandwait": _THREADS,
    "loadlibrary": _LIBRARIES,
    "injectdll": _LIBRARIES,
    "loadfromfile": "no file is read into the target but by loadbinary",
    "usemono": _MONO,
    "findmonomethod": _MONO,
    "getmonostruct": _MONO,
    "usedotnet": _MONO,
    "kalloc": _KERNEL,
    "stealthedit": _STEALTH,
    "stealtheditex": _STEALTH,
    "sharedalloc": "memory is not shared between programs",
    "waitforsymbols": "symbol files are not loaded from elsewhere",
    "waitforpdb": "symbol files are not loaded from elsewhere",
    "waitfordotnet": _MONO,
    "aobscanall": "is no command that is known",
    "autoassemble": _LUA,
}
_HEAD: Final = re.compile(r"([A-Za-z_]\w*)\s*\(")
_ANY: Final = re.compile(r"([A-Za-z_]\w*)\s*\((.*)\)[^)\w\]]*", re.DOTALL)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[()]")
#: Commands whose argument ends with the last bracket of the line.
_WHOLE: Final = frozenset(["define", "luacall", "luacode", "autoassemble"])


def command_of(text: str) -> tuple[str, str] | None:
    """The name of a command, and what stands between its brackets; None of other lines.

    What stands behind the bracket of a command that is known is nothing.

    >>> command_of("alloc(newmem,$1000) 2"), command_of("mov eax,(int)5")
    (('alloc', 'newmem,$1000'), None)
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    name = head[1].lower()
    if name in _WHOLE or (name not in COMMANDS and name not in NOT_RUN):
        whole = _ANY.fullmatch(text)
        if whole is None and name in _WHOLE and ")" in text[head.end() :]:
            return head[1], text[head.end() : text.rindex(")")]
        return None if whole is None else (whole[1], whole[2])
    depth = 1
    for mark in _QUOTED.finditer(text, head.end()):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if depth == 0:
            return head[1], text[head.end() : mark.start()]
    return None
