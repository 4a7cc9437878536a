"""Callers that are confined, by user namespaces or by Landlock, and that may trace all the same.

On kernels without the stub a file is opened to ask who may; what confines which files a
caller may open must have no say in that.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from guest.inside.cast import (
    ALL,
    CAP_SYS_PTRACE,
    OTHER,
    USER,
    WITH_ROOT,
    WITHOUT_ROOT,
    Cast,
    compare,
)
from guest.inside.programs import LANDLOCK, Caller


def namespaced_ptrace_to_program_executed_outside(cast: Cast) -> tuple[Caller, int]:
    """The caller's capability is over the target's namespace, not over its memory's."""
    container = cast.namespace(WITH_ROOT)
    target = cast.member(container, OTHER)
    return cast.member(container, USER, caps=CAP_SYS_PTRACE), target.pid


def namespaced_ptrace_to_undumpable_executed_outside(cast: Cast) -> tuple[Caller, int]:
    container = cast.namespace(WITH_ROOT)
    target = cast.member(container, OTHER, dumpable=0)
    return cast.member(container, USER, caps=CAP_SYS_PTRACE), target.pid


def namespaced_ptrace_to_undumpable(cast: Cast) -> tuple[Caller, int]:
    container = cast.namespace(WITH_ROOT)
    target = cast.member(container, OTHER, inside=True, dumpable=0)
    return cast.member(container, USER, caps=CAP_SYS_PTRACE), target.pid


def namespaced_ptrace_to_undumpable_without_root(cast: Cast) -> tuple[Caller, int]:
    """What is not dumpable is owned by the root of its namespace, which has none."""
    container = cast.namespace(WITHOUT_ROOT)
    target = cast.member(container, OTHER, inside=True, dumpable=0)
    return cast.member(container, USER, caps=CAP_SYS_PTRACE), target.pid


def all_capabilities_to_undumpable_without_root(cast: Cast) -> tuple[Caller, int]:
    container = cast.namespace(WITHOUT_ROOT)
    target = cast.member(container, OTHER, inside=True, dumpable=0)
    return cast.member(container, USER, caps=ALL), target.pid


def same_user_to_undumpable_without_root(cast: Cast) -> tuple[Caller, int]:
    container = cast.namespace(WITHOUT_ROOT)
    target = cast.member(container, USER, inside=True, dumpable=0)
    return cast.member(container, USER), target.pid


def namespaced_override_to_undumpable_without_root(cast: Cast) -> tuple[Caller, int]:
    """To be allowed to open every file is not to be allowed to trace."""
    container = cast.namespace(WITHOUT_ROOT)
    target = cast.member(container, USER, inside=True, dumpable=0)
    return cast.member(container, USER, caps=ALL & ~CAP_SYS_PTRACE), target.pid


def namespaced_ptrace_to_user_outside(cast: Cast) -> tuple[Caller, int]:
    container = cast.namespace(WITH_ROOT)
    return cast.member(container, OTHER, caps=ALL), cast.start(USER).pid


def namespaced_ptrace_to_another_namespace(cast: Cast) -> tuple[Caller, int]:
    target = cast.member(cast.namespace(WITH_ROOT), USER, inside=True)
    return cast.member(cast.namespace(WITH_ROOT), OTHER, caps=ALL), target.pid


def landlocked_to_same(cast: Cast) -> tuple[Caller, int]:
    """Its sandbox does not let it trace who is not in it."""
    return cast.start(USER, "landlock"), cast.start(USER).pid


def landlocked_to_own_child(cast: Cast) -> tuple[Caller, int]:
    """It may open no file, and trace who is in the same sandbox."""
    caller = cast.start(USER, "landlock")
    return caller, int(caller.ask("fork")["child"])


def landlocked_to_child_of_before(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(USER)
    child = int(caller.ask("fork")["child"])
    caller.must("landlock")
    return caller, child


def twice_landlocked_to_once(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(USER, "landlock")
    child = int(caller.ask("fork")["child"])
    caller.must("landlock")
    return caller, child


def landlocked_root_to_user(cast: Cast) -> tuple[Caller, int]:
    return cast.start(0, "landlock"), cast.start(USER).pid


def landlocked_root_to_own_child(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(0, "landlock")
    return caller, int(caller.ask("fork")["child"])


def user_to_landlocked(cast: Cast) -> tuple[Caller, int]:
    return cast.start(USER), cast.start(USER, "landlock").pid


CASES: dict[Callable[[Cast], tuple[Caller, int]], bool] = {
    namespaced_ptrace_to_program_executed_outside: True,
    namespaced_ptrace_to_undumpable_executed_outside: False,
    namespaced_ptrace_to_undumpable: True,
    namespaced_ptrace_to_undumpable_without_root: True,
    all_capabilities_to_undumpable_without_root: True,
    same_user_to_undumpable_without_root: False,
    namespaced_override_to_undumpable_without_root: False,
    namespaced_ptrace_to_user_outside: False,
    namespaced_ptrace_to_another_namespace: False,
}
if LANDLOCK:
    CASES |= {
        landlocked_to_same: False,
        landlocked_to_own_child: True,
        landlocked_to_child_of_before: False,
        twice_landlocked_to_once: False,
        landlocked_root_to_user: False,
        landlocked_root_to_own_child: True,
        user_to_landlocked: True,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_decides_as_process_vm_readv(
    cast: Cast, case: Callable[[Cast], tuple[Caller, int]]
) -> None:
    caller, pid = case(cast)
    compare(caller, pid, allowed=CASES[case])


def test_other_mounts_of_procfs_are_as_they_were() -> None:
    """What is set on the module's own is not on everybody's."""
    script = "mount -t proc none /proc && mount --bind /proc /sys && cat /sys/self/comm"
    words = ["unshare", "--mount", "sh", "-ec", script]
    got = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    assert got.stdout == "cat\n"
