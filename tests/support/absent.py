"""A process with memory whose pages somebody has to bring, and does so when a test says it.

The pages are those of a userfaultfd(2), which it serves itself, or of a file in a file system of
its own, which speaks the protocol of fuse(4). It needs root, for both; the mount is in a mount
namespace of its own and goes with the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import select
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
from types import TracebackType
from typing import Any, Final

from support.ending import end
from support.targets import ROOT

PAGE: Final = mmap.PAGESIZE
NEEDLE: Final = 0x5EED1234
NEEDLE_AT: Final = 16  # bytes from the start of each page that has been brought
_TIMEOUT: Final = 60
_PR_SET_PDEATHSIG: Final = 1

# include/uapi/linux/userfaultfd.h
_SYSCALL: Final = {"x86_64": 323, "aarch64": 282}
_API, _REGISTER, _COPY = 0xC018AA3F, 0xC020AA00, 0xC028AA03
_WRITE_PROTECT, _CONTINUE = 0xC018AA06, 0xC020AA07
_MODES: Final = {"missing": 1, "write-protect": 2, "minor": 4}
_FEATURES: Final = {"missing": 0, "write-protect": 0, "minor": 1 << 10}  # MINOR_SHMEM
_EVENT_PAGEFAULT: Final = 0x12

# include/uapi/linux/fuse.h
_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ = 1, 2, 3, 14, 15
_RELEASE, _INIT = 18, 26
_ASYNC_READ: Final = 1
_ROOT, _FILE = 1, 2


class Absent:
    """The process; a context manager that kills it on exit.

    Attributes:
        pid: its process id.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.absent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        )
        self.pid = self._process.pid

    def __enter__(self) -> Absent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end(self._process)

    def userfault(self, pages: int, mode: str = "missing", *, shared: bool = False) -> int:
        """Map pages, none of which is there, and register them; return their address.

        Of ``write-protect`` all are there, but nothing can be written to them.
        """
        return int(self._ask("userfault", pages, mode, shared))

    def file(self, pages: int) -> int:
        """Map a file, none of whose pages is there; return the address."""
        return int(self._ask("file", pages))

    def bring(self, address: int, pages: int) -> None:
        """Fill pages of a userfaultfd, with a needle in each."""
        self._ask("bring", address, pages)

    def plain(self, pages: int) -> int:
        """Map pages with needles that nobody has to bring."""
        return int(self._ask("plain", pages))

    def discard(self, address: int, pages: int) -> None:
        """Give pages back to the kernel; they have to be brought again."""
        self._ask("discard", address, pages)

    def poke(self, address: int, value: int) -> None:
        """Write a signed 32-bit integer."""
        self._ask("poke", address, value)

    def serve(self) -> None:
        """From now on, bring each page that is asked for."""
        self._ask("serve")

    def wait_until_asked(self) -> None:
        """Wait until somebody waits for a page."""
        self._ask("wait_until_asked")

    def _ask(self, *command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], _TIMEOUT)
        assert ready, f"{command} is not obeyed"
        answer = self._process.stdout.readline()
        assert answer, f"{command} ended it"
        return json.loads(answer)


def _content(page: int = 0) -> bytes:
    raw = bytearray(PAGE)
    raw[NEEDLE_AT : NEEDLE_AT + 4] = NEEDLE.to_bytes(4, sys.byteorder)
    raw[NEEDLE_AT + 4 : NEEDLE_AT + 8] = page.to_bytes(4, sys.byteorder)
    return bytes(raw)


class Serving:
    """What both kinds of memory have in common."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.serves = threading.Event()


class Userfaults(Serving):
    """Memory of a userfaultfd."""

    def __init__(self, pages: int, mode: str, shared: bool) -> None:
        super().__init__()
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.syscall(_SYSCALL[platform.machine()], os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "userfaultfd")
        self.mode = mode
        self._ioctl(_API, "QQQ", 0xAA, _FEATURES[mode], 0)
        if shared or mode == "minor":
            self._file = os.memfd_create("absent")
            os.ftruncate(self._file, pages * PAGE)
            self.memory = mmap.mmap(self._file, pages * PAGE)
        else:
            self.memory = mmap.mmap(-1, pages * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        if mode == "write-protect":
            for page in range(pages):
                self.memory[page * PAGE : (page + 1) * PAGE] = _content(page)
        if mode == "minor":  # there, but mapped nowhere
            for page in range(pages):
                os.pwrite(self._file, _content(page), page * PAGE)
        size = pages * PAGE
        self._ioctl(_REGISTER, "QQQQ", self.address, size, _MODES[mode], 0)
        if mode == "write-protect":
            self._ioctl(_WRITE_PROTECT, "QQQ", self.address, size, 1)
        threading.Thread(target=self._listen, daemon=True).start()

    def _ioctl(self, request: int, form: str, *values: int) -> None:
        fcntl.ioctl(self.fd, request, struct.pack(form, *values))

    def serve(self) -> None:
        self.serves.set()

    def bring(self, address: int) -> None:
        content = ctypes.create_string_buffer(_content(), PAGE)
        try:
            if self.mode == "minor":
                self._ioctl(_CONTINUE, "QQQq", address, PAGE, 0, 0)
            elif self.mode == "write-protect":
                self._ioctl(_WRITE_PROTECT, "QQQ", address, PAGE, 0)
            else:
                at = ctypes.addressof(content)
                self._ioctl(_COPY, "QQQQq", address, at, PAGE, 0, 0)
        except OSError as error:
            if error.errno != errno.EEXIST:  # two have asked for the same
                raise

    def _listen(self) -> None:
        while True:
            event = os.read(self.fd, 32)
            if event[0] != _EVENT_PAGEFAULT:
                continue
            (address,) = struct.unpack_from("Q", event, 16)
            self.asked.set()
            self.serves.wait()
            self.bring(address - address % PAGE)


class Files(Serving):
    """Memory of a file whose file system is this process."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self._size = pages * PAGE
        self._fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        libc = ctypes.CDLL(None, use_errno=True)
        where = tempfile.mkdtemp()
        options = f"fd={self._fuse},rootmode=40000,user_id=0,group_id=0".encode()
        new_namespace, private = 0x20000, 1 << 18 | 0x4000
        if (
            libc.unshare(new_namespace)
            or libc.mount(None, b"/", None, private, None)
            or libc.mount(b"absent", where.encode(), b"fuse", 0, options)
        ):
            raise OSError(ctypes.get_errno(), "mount")
        # a process of its own: what waits for its own answers cannot be killed
        ours, theirs = os.pipe()
        told, tell = os.pipe()
        parent = os.getpid()
        if not os.fork():
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() == parent:
                threading.Thread(target=self._obey, args=(ours,), daemon=True).start()
                self._tell = tell
                self._listen()
            os._exit(1)
        os.close(self._fuse)
        self._serve = theirs
        threading.Thread(target=self._hear, args=(told,), daemon=True).start()
        descriptor = os.open(f"{where}/file", os.O_RDWR)
        self.memory = mmap.mmap(descriptor, self._size, mmap.MAP_SHARED)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))

    def serve(self) -> None:
        os.write(self._serve, b"!")

    def _hear(self, told: int) -> None:
        while os.read(told, 1):  # and does not end: its stack would be unmapped
            self.asked.set()

    def _obey(self, ours: int) -> None:
        os.read(ours, 1)
        self.serves.set()

    def _listen(self) -> None:
        while True:
            request = os.read(self._fuse, 1 << 20)
            _, code, unique, node = struct.unpack_from("IIQQ", request)
            if code == _READ:
                offset, size = struct.unpack_from("QQI", request, 40)[1:]
                os.write(self._tell, b"?")
                threading.Thread(
                    target=self._read, args=(unique, offset, size), daemon=True
                ).start()
            elif code != _FORGET:
                self._answer(unique, *self._known(code, node))

    def _read(self, unique: int, offset: int, size: int) -> None:
        self.serves.wait()
        first = offset // PAGE
        whole = b"".join(_content(first + i) for i in range((size + PAGE - 1) // PAGE))
        self._answer(unique, 0, whole[:size])

    def _known(self, code: int, node: int) -> tuple[int, bytes]:
        if code == _INIT:
            most = 1 << 17  # bytes read ahead, and written at once
            return 0, struct.pack("IIIIHHI40x", 7, 31, most, _ASYNC_READ, 64, 48, most)
        if code == _LOOKUP:
            return 0, struct.pack("QQQQII", _FILE, 0, 9999, 9999, 0, 0) + self._attributes(_FILE)
        if code == _GETATTR:
            return 0, struct.pack("QII", 9999, 0, 0) + self._attributes(node)
        if code == _OPEN:
            return 0, struct.pack("QII", 1, 0, 0)
        if code == _RELEASE:
            return 0, b""
        return -errno.ENOSYS, b""

    def _attributes(self, node: int) -> bytes:
        mode = stat.S_IFDIR | 0o755 if node == _ROOT else stat.S_IFREG | 0o644
        size = 0 if node == _ROOT else self._size
        return struct.pack("QQQQQQIIIIIIIIII", node, size, size // 512, *[0] * 6, mode, 1, *[0] * 5)

    def _answer(self, unique: int, error: int, body: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):  # who asked has gone
            os.write(self._fuse, struct.pack("IiQ", 16 + len(body), error, unique) + body)


class _Commands:
    """What the process obeys."""

    def __init__(self) -> None:
        self._all: list[Userfaults | Files] = []
        self._plain: list[mmap.mmap] = []

    def userfault(self, pages: int, mode: str, shared: bool) -> int:
        self._all.append(Userfaults(pages, mode, shared))
        return self._all[-1].address

    def file(self, pages: int) -> int:
        self._all.append(Files(pages))
        return self._all[-1].address

    def bring(self, address: int, pages: int) -> None:
        userfaults = self._all[-1]
        assert isinstance(userfaults, Userfaults)
        for page in range(pages):
            userfaults.bring(address + page * PAGE)

    def plain(self, pages: int) -> int:
        memory = mmap.mmap(-1, pages * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for page in range(pages):
            memory[page * PAGE : (page + 1) * PAGE] = _content(page)
        self._plain.append(memory)
        return ctypes.addressof(ctypes.c_char.from_buffer(memory))

    def discard(self, address: int, pages: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        size = ctypes.c_size_t(pages * PAGE)
        if libc.madvise(ctypes.c_void_p(address), size, mmap.MADV_DONTNEED):
            raise OSError(ctypes.get_errno(), "madvise")

    def poke(self, address: int, value: int) -> None:
        ctypes.c_int32.from_address(address).value = value

    def serve(self) -> None:
        for one in self._all:
            one.serve()

    def wait_until_asked(self) -> None:
        self._all[-1].asked.wait()


def main() -> None:
    commands = _Commands()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(commands, name)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
