"""Callers and targets with the ids, capabilities and namespaces that a test wants."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from guest.inside.programs import CALLER, WAYS, Caller, denied

USER = 1000
OTHER = 1001
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
CAP_DAC_OVERRIDE = 1 << 1
CAP_SYS_PTRACE = 1 << 19
ALL = (1 << 41) - 1
SIZE = 7
# Of user namespaces: what a container has, and one without a root. USER and OTHER are
# themselves in both, and outside nobody is who root is.
WITH_ROOT = "0 100000 1000\n1000 1000 2\n"
WITHOUT_ROOT = "1000 1000 2\n"


def as_user(uid: int) -> Callable[[], None]:
    """Return what makes a new process a user's before it executes its program."""

    def change() -> None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)

    return change


class Cast:
    """Starts callers and targets, and ends them after the test."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self.program = self.special(0o755, 0)

    def start(
        self,
        uid: int = 0,
        *lines: str,
        program: Path | None = None,
        wrapper: tuple[str, ...] = (),
        prepare: Callable[[], None] | None = None,
    ) -> Caller:
        """Start one as a user, and have it change itself as the lines say."""
        caller = Caller([*wrapper, program or self.program], prepare=prepare)
        self._stack.callback(caller.close)
        # A process that was root, but for a while, is not dumpable any more.
        if uid:
            caller.must("groups")
            caller.must(f"resgid {uid} {uid} {uid}")
            caller.must(f"resuid {uid} {uid} {uid}")
            caller.must("dumpable 1")
        for line in lines:
            caller.must(line)
        return caller

    def special(self, mode: int, owner: int) -> Path:
        """Return a copy of the program with an owner and a mode, setuid say."""
        copy = self._folder / f"special-{owner}-{mode:o}"
        if not copy.exists():
            shutil.copy(CALLER, copy)
            os.chown(copy, owner, owner)
            copy.chmod(mode)
        return copy

    def namespace(self, ids: str) -> int:
        """Return the pid of a process in a user namespace of its own, a user's.

        Args:
            ids: what ``uid_map`` and ``gid_map`` say there, user_namespaces(7).
        """
        holder = self.start(USER, "unshare")
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{holder.pid}/{name}").write_text(ids)
        return holder.pid

    def member(
        self, namespace: int, uid: int, *, caps: int = 0, inside: bool = False, dumpable: int = 1
    ) -> Caller:
        """Start one that joins a user namespace and becomes a user there.

        Args:
            namespace: a process in it.
            uid: the user's number, the same inside; and the group's.
            caps: the capabilities it has there.
            inside: it executes its program there too, and not only outside before.
            dumpable: what it says of itself.
        """
        member = self.start(0, f"setns {namespace}", "groups", f"resgid {uid} {uid} {uid}")
        member.must(f"resuid {uid} {uid} {uid}")
        if inside:
            member.send("exec")
            member.answer()
        else:
            member.must(f"caps {caps:#x} {caps:#x}")
        member.must(f"dumpable {dumpable}")
        return member


def compare(caller: Caller, pid: int, *, allowed: bool) -> None:
    """Ask process_vm_readv(2), which must say this, and each way in, which must say the same."""
    address = caller.address()  # The program is static: everybody's is the same.
    expected = caller.call("process_vm", "read", pid, address, SIZE)
    assert expected == (("", SIZE, b"planted") if allowed else denied("EPERM"))
    for way in WAYS:
        for operation in ("read", "write"):
            got = caller.call(way, operation, pid, address, SIZE, content=b"planted")
            assert (got.error, got.done) == (expected.error, expected.done), (way, operation)
