"""Who may look at whom."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import pwd
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from farfetch.scanner import AccessDenied, attach, bytes_, find_process, now, processes

from support import apart
from support.puppet import PAGE, Puppet
from support.readers import every_reader_and_auto
from support.targets import Spawn

PR_SET_DUMPABLE = 4
MARK = "found-by-its-own-user"

#: Root can become nobody; anybody else is not the root that pid 1 runs as.
AS_ROOT = os.geteuid() == 0


def become_nobody() -> None:
    """From here on this process may do what nobody may; a user who is not root stays who he is."""
    if AS_ROOT:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setresgid(*[nobody.pw_gid] * 3)
        os.setresuid(*[nobody.pw_uid] * 3)
        # else the kernel would go on to hide from us what is ours; see proc(5)
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    assert os.geteuid() != 0


def refusal(what: int | str, reader: str) -> dict[str, Any]:
    """What attach says when it does not."""
    try:
        attach(what, memory=reader).close()
    except AccessDenied as error:
        return {"pid": error.pid, "text": str(error), "name": error.name, "cure": error.cure}
    return {"text": "attached"}


def ask_as_nobody(pid: int, reader: str) -> dict[str, Any]:
    become_nobody()
    return refusal(pid, reader)


@every_reader_and_auto
def test_another_users_process(reader: str, spawn: Spawn) -> None:
    pid = spawn("game").pid if AS_ROOT else 1
    name = find_process(pid).name
    said = apart.run(ask_as_nobody, pid, reader)
    assert said["pid"] == pid
    assert said["name"] == name
    assert said["text"].startswith(f"cannot attach to {name} ({pid}): permission denied; ")
    assert "sudo" in said["cure"]
    assert said["cure"] in said["text"]
    assert "\n" not in said["text"]


def look_around_as_nobody() -> dict[str, Any]:
    become_nobody()
    listed = processes()
    one = next(process for process in listed if process.uid == 0)
    return {"pids": [process.pid for process in listed], "exe": one.exe, "bits": one.bits}


def test_others_are_listed_all_the_same(spawn: Spawn) -> None:
    game = spawn("game")
    seen = apart.run(look_around_as_nobody)
    assert game.pid in seen["pids"]
    assert seen["exe"] is None
    assert seen["bits"] is None


@contextmanager
def own_process() -> Iterator[subprocess.Popen[bytes]]:
    """A program that anybody may run, with something to find in its memory."""
    with subprocess.Popen(
        ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"MARK": MARK}
    ) as running:
        try:
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(b"\n")
            running.stdin.flush()
            running.stdout.readline()  # it runs
            yield running
        finally:
            running.kill()


def scan_own_as_nobody(reader: str) -> dict[str, Any]:
    become_nobody()
    said: dict[str, Any] = {}
    with own_process() as cat, attach(cat.pid, memory=reader) as target:
        scan = target.scan(bytes_, where="stack")
        said["cat"] = scan.first(now == f"MARK={MARK}".encode()).matches
        target.write(scan[0].address, bytes_, b"MARK=changed")
        said["written"] = target.read_bytes(scan[0].address, 12).decode()
    with attach(os.getpid(), memory=reader) as target:
        said["own"] = target.scan(bytes_, where="stack").first(now == b"PYTHONPATH=").matches
    return said


@every_reader_and_auto
def test_ones_own_process(reader: str) -> None:
    said = apart.run(scan_own_as_nobody, reader)
    assert said["cat"] == 1
    assert said["written"] == "MARK=changed"
    assert said["own"] >= 1


@contextmanager
def twin(memory: mmap.mmap) -> Iterator[tuple[int, Callable[[], None]]]:
    """A copy of this process, with a copy of the memory: its pid, and what makes it hide.

    Not a program of its own: another user may not run ours where it lies in a home.
    """
    ask, answer = socket.socketpair()
    pid = os.fork()
    if not pid:
        ask.close()
        while answer.recv(1):
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
            answer.send(b".")
        os._exit(len(memory) == 0)
    answer.close()

    def hide() -> None:
        ask.send(b".")
        assert ask.recv(1)

    with ask:
        yield pid, hide
    assert os.waitpid(pid, 0)[1] == 0


def ask_for_hidden_as_nobody(reader: str) -> dict[str, Any]:
    become_nobody()
    with mmap.mmap(-1, PAGE, mmap.MAP_PRIVATE) as memory, twin(memory) as (pid, hide):
        before = refusal(pid, reader)["text"]
        hide()
        return {"before": before, "hidden": pid, **refusal(pid, reader)}


@every_reader_and_auto
def test_ones_own_process_that_hides(reader: str) -> None:
    said = apart.run(ask_for_hidden_as_nobody, reader)
    assert said["before"] == "attached"
    assert said["pid"] == said["hidden"]
    assert "permission denied" in said["text"]


def read_what_hides(reader: str) -> str:
    with Puppet() as puppet:
        start = puppet.reserve(1)
        puppet.map(start, 1)
        puppet.write(start, b"hidden")
        puppet.hide()
        with attach(puppet.pid, memory=reader) as target:
            said = target.read_bytes(start, 6).decode()
            target.write_bytes(start, b"bidden")
        assert puppet.read(start, 6) == b"bidden"
    return said


@every_reader_and_auto
def test_root_sees_what_hides(reader: str) -> None:
    become_root = () if AS_ROOT else ("unshare", "--user", "--map-root-user")
    assert apart.run(read_what_hides, reader, prefix=become_root) == "hidden"


def scan_while_it_hides(reader: str) -> list[str]:
    become_nobody()
    with mmap.mmap(-1, PAGE, mmap.MAP_PRIVATE) as memory:
        memory[:6] = b"hidden"
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        gc.collect()  # that c_char
        with twin(memory) as (pid, hide), attach(pid, memory=reader) as target:
            scan = target.scan(bytes_, where=f"{start:#x}..{start + PAGE:#x}")
            scan.first(now == b"hidden")
            hide()
            said = []
            steps: list[Callable[[], object]] = [
                *(lambda: scan.next("unchanged"), lambda: scan.first(now == b"hidden")),
                *(lambda: target.read_bytes(start, 6), lambda: scan[0], target.regions),
            ]
            for step in steps:
                with pytest.raises(AccessDenied) as raised:
                    step()
                said.append(str(raised.value))
            assert scan.matches.addresses() == [start]
    return said


def test_one_that_hides_from_the_next_scan_on() -> None:
    for one in apart.run(scan_while_it_hides, "process_vm"):
        assert "permission denied" in one
