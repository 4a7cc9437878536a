"""Commands of scripts: which there are, how many arguments each takes, and which are not run."""

from __future__ import annotations

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
