"""A process that maps, protects and fills memory as a test tells it, page by page.

What the programs of ``targets/`` do not plant: mappings at chosen places, files shorter than
their mapping. It is Python, so scan no more of it than what was asked for.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import subprocess
import sys
from types import TracebackType
from typing import Any

from support.ending import end
from support.targets import ROOT

PAGE = mmap.PAGESIZE
NONE, READ, READ_WRITE = 0, 1, 3

_PRIVATE, _FIXED, _ANONYMOUS = 2, 0x10, 0x20
_PR_SET_DUMPABLE = 4


class Puppet:
    """The process; a context manager that kills it on exit.

    Its methods are the commands; they return when it has obeyed.

    Args:
        arguments: more for its command line, which it does not look at.

    Attributes:
        pid: its process id.
    """

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.puppet", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        )
        self.pid = self._process.pid

    def __enter__(self) -> Puppet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end(self._process)

    def reserve(self, pages: int) -> int:
        """Find room for ``pages`` that nothing is mapped in, nor beside; return its address."""
        address: int = self._ask("reserve", pages)
        return address

    def map(self, address: int, pages: int, protection: int = READ_WRITE, file: str = "") -> None:
        """Map pages over what there is, anonymous ones or a private copy of a file."""
        self._ask("map", address, pages, protection, file)

    def protect(self, address: int, pages: int, protection: int) -> None:
        self._ask("protect", address, pages, protection)

    def unmap(self, address: int, pages: int) -> None:
        self._ask("unmap", address, pages)

    def write(self, address: int, raw: bytes) -> None:
        self._ask("write", address, raw.hex())

    def read(self, address: int, size: int) -> bytes:
        return bytes.fromhex(self._ask("read", address, size))

    def hide(self) -> None:
        """Let nobody but root look at it: PR_SET_DUMPABLE 0."""
        self._ask("hide")

    def exec(self) -> None:
        """Execute the same program anew; what was mapped is gone, and the pid is the same."""
        self._ask("exec")

    def exit(self) -> None:
        """Exit."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _ask(self, *command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{command} ended it"
        return json.loads(answer)


def _libc(name: str, *arguments: int) -> int:
    """A call of the C library; its mmap wants pointers, which are as wide as these."""
    libc = ctypes.CDLL(None, use_errno=True)
    function = libc[name]
    function.restype = ctypes.c_ssize_t if name == "mmap" else ctypes.c_int
    result: int = function(*map(ctypes.c_size_t, arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


def _reserve(pages: int) -> int:
    address = _libc("mmap", 0, (pages + 2) * PAGE, NONE, _PRIVATE | _ANONYMOUS, 0, 0)
    _libc("munmap", address, (pages + 2) * PAGE)
    return address + PAGE


def _map(address: int, pages: int, protection: int, file: str) -> None:
    flags, descriptor = _PRIVATE | _FIXED | _ANONYMOUS, 0
    if file:
        flags, descriptor = _PRIVATE | _FIXED, os.open(file, os.O_RDONLY)
    _libc("mmap", address, pages * PAGE, protection, flags, descriptor, 0)
    if file:
        os.close(descriptor)


def _protect(address: int, pages: int, protection: int) -> None:
    _libc("mprotect", address, pages * PAGE, protection)


def _unmap(address: int, pages: int) -> None:
    _libc("munmap", address, pages * PAGE)


def _write(address: int, raw: str) -> None:
    ctypes.memmove(address, bytes.fromhex(raw), len(raw) // 2)


def _read(address: int, size: int) -> str:
    return ctypes.string_at(address, size).hex()


def _hide() -> None:
    _libc("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _exec() -> None:
    arguments = [sys.executable, "-m", "support.puppet", "again"]
    os.execv(sys.executable, arguments)


def main() -> None:
    if sys.argv[1:] == ["again"]:
        print("null", flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(globals()[f"_{name}"](*arguments)), flush=True)


if __name__ == "__main__":
    main()
