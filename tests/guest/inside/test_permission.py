"""Who may touch whom: farfetch and process_vm_readv(2) decide the same.

Each case makes a caller and a target what it says, and asks both. Where the answer is
known beforehand it is written down too, so that two wrong answers are not taken for
a right one.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guest.inside.cast import (
    ALL,
    CAP_DAC_OVERRIDE,
    CAP_SYS_PTRACE,
    OTHER,
    SIZE,
    USER,
    YAMA,
    Cast,
    as_user,
    compare,
)
from guest.inside.programs import WAYS, Caller, denied, set_parameter

CAP_SETUID = 1 << 7


def root_to_root(cast: Cast) -> tuple[Caller, int]:
    return cast.start(), cast.start().pid


def root_to_user(cast: Cast) -> tuple[Caller, int]:
    return cast.start(), cast.start(USER).pid


def root_to_undumpable(cast: Cast) -> tuple[Caller, int]:
    return cast.start(), cast.start(USER, "dumpable 0").pid


def user_to_same(cast: Cast) -> tuple[Caller, int]:
    return cast.start(USER), cast.start(USER).pid


def user_to_other(cast: Cast) -> tuple[Caller, int]:
    return cast.start(USER), cast.start(OTHER).pid


def user_to_root(cast: Cast) -> tuple[Caller, int]:
    return cast.start(USER), cast.start().pid


def user_to_undumpable(cast: Cast) -> tuple[Caller, int]:
    return cast.start(USER), cast.start(USER, "dumpable 0").pid


def user_to_same_of_other_group(cast: Cast) -> tuple[Caller, int]:
    target = cast.start(0, f"resgid {OTHER} {OTHER} {OTHER}", f"resuid {USER} {USER} {USER}")
    target.must("dumpable 1")
    return cast.start(USER), target.pid


def user_to_saved_uid_of_other(cast: Cast) -> tuple[Caller, int]:
    target = cast.start(0, f"resgid {USER} {USER} {USER}", f"resuid {USER} {USER} {OTHER}")
    target.must("dumpable 1")
    return cast.start(USER), target.pid


def user_to_itself(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(USER)
    return caller, caller.pid


def undumpable_to_itself(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(USER, "dumpable 0")
    return caller, caller.pid


def user_to_setuid_program(cast: Cast) -> tuple[Caller, int]:
    """The target was started by the same user, and is root's by its file's bit."""
    target = cast.start(program=cast.special(0o4755, 0), prepare=as_user(USER))
    return cast.start(USER), target.pid


def user_to_setuid_program_of_other(cast: Cast) -> tuple[Caller, int]:
    target = cast.start(program=cast.special(0o4755, OTHER), prepare=as_user(USER))
    return cast.start(USER), target.pid


def user_to_unreadable_program(cast: Cast) -> tuple[Caller, int]:
    """What cannot be read must not be read out of memory either."""
    target = cast.start(program=cast.special(0o711, 0), prepare=as_user(USER))
    return cast.start(USER), target.pid


def root_to_unreadable_program(cast: Cast) -> tuple[Caller, int]:
    target = cast.start(program=cast.special(0o711, 0), prepare=as_user(USER))
    return cast.start(), target.pid


def setuid_root_to_user(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(program=cast.special(0o4755, 0), prepare=as_user(USER))
    return caller, cast.start(OTHER).pid


def effective_other_to_user(cast: Cast) -> tuple[Caller, int]:
    """The real ids decide, not those files are opened with."""
    caller = cast.start(0, "groups", f"resgid {USER} {OTHER} {OTHER}")
    caller.must(f"resuid {USER} {OTHER} {OTHER}")
    return caller, cast.start(USER).pid


def effective_other_to_other(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(0, "groups", f"resgid {USER} {OTHER} {OTHER}")
    caller.must(f"resuid {USER} {OTHER} {OTHER}")
    return caller, cast.start(OTHER).pid


def root_without_capabilities_to_user(cast: Cast) -> tuple[Caller, int]:
    return cast.start(0, "caps 0 0"), cast.start(USER).pid


def root_without_capabilities_to_root(cast: Cast) -> tuple[Caller, int]:
    return cast.start(0, "caps 0 0"), cast.start().pid


def root_without_ptrace_to_user(cast: Cast) -> tuple[Caller, int]:
    few = ALL & ~CAP_SYS_PTRACE
    return cast.start(0, f"caps {few:#x} {few:#x}"), cast.start(USER).pid


def root_without_effective_ptrace_to_user(cast: Cast) -> tuple[Caller, int]:
    return cast.start(0, f"caps {ALL:#x} {ALL & ~CAP_SYS_PTRACE:#x}"), cast.start(USER).pid


def user_with_ptrace_alone(cast: Cast, *, to: int = OTHER) -> tuple[Caller, int]:
    """It may trace anyone, and may not open others' files."""
    caller = cast.start(0, "keepcaps", "groups", f"resgid {USER} {USER} {USER}")
    caller.must(f"resuid {USER} {USER} {USER}")
    caller.must(f"caps {CAP_SYS_PTRACE:#x} {CAP_SYS_PTRACE:#x}")
    return caller, cast.start(to).pid


def user_with_ptrace_alone_to_root(cast: Cast) -> tuple[Caller, int]:
    return user_with_ptrace_alone(cast, to=0)


def user_with_ptrace_alone_to_undumpable(cast: Cast) -> tuple[Caller, int]:
    caller, _ = user_with_ptrace_alone(cast)
    return caller, cast.start(OTHER, "dumpable 0").pid


def user_with_override_alone(cast: Cast) -> tuple[Caller, int]:
    """It may open others' files, and may not trace them."""
    caller = cast.start(0, "keepcaps", f"resuid {USER} {USER} {USER}")
    caller.must(f"caps {CAP_DAC_OVERRIDE:#x} {CAP_DAC_OVERRIDE:#x}")
    return caller, cast.start(OTHER).pid


def user_to_same_with_capability(cast: Cast) -> tuple[Caller, int]:
    """The target has a capability that the caller has not."""
    target = cast.start(0, "keepcaps", "groups", f"resgid {USER} {USER} {USER}")
    target.must(f"resuid {USER} {USER} {USER}")
    target.must(f"caps {CAP_SETUID:#x} {CAP_SETUID:#x}")
    target.must("dumpable 1")
    return cast.start(USER), target.pid


def container_root_to_user(cast: Cast) -> tuple[Caller, int]:
    """Root in a user namespace of its own, and outside nobody's master."""
    caller = cast.start(OTHER, "unshare")
    return caller, cast.start(USER).pid


def container_root_to_same(cast: Cast) -> tuple[Caller, int]:
    caller = cast.start(USER, "unshare")
    return caller, cast.start(USER).pid


def user_to_own_container(cast: Cast) -> tuple[Caller, int]:
    return cast.start(USER), cast.start(USER, "unshare").pid


def other_to_container(cast: Cast) -> tuple[Caller, int]:
    return cast.start(OTHER), cast.start(USER, "unshare").pid


def root_to_container(cast: Cast) -> tuple[Caller, int]:
    return cast.start(), cast.start(USER, "unshare").pid


def after_exec_of_setuid_program(cast: Cast) -> tuple[Caller, int]:
    """What was allowed before the target executed a program is not after."""
    target = cast.start(program=cast.special(0o4755, 0), prepare=as_user(USER))
    caller = cast.start(USER)
    target.must(f"resuid {USER} {USER} {USER}")
    target.must("dumpable 1")
    allowed = caller.call("process_vm", "read", target.pid, target.address(), SIZE)
    assert allowed.done == SIZE
    target.send("exec")
    target.answer()
    return caller, target.pid


def after_exec_of_ordinary_program(cast: Cast) -> tuple[Caller, int]:
    target = cast.start(USER, "dumpable 0")
    target.send("exec")
    target.answer()
    return cast.start(USER), target.pid


CASES: dict[Callable[[Cast], tuple[Caller, int]], bool] = {
    root_to_root: True,
    root_to_user: True,
    root_to_undumpable: True,
    root_to_unreadable_program: True,
    root_to_container: True,
    user_to_same: True,
    user_to_other: False,
    user_to_root: False,
    user_to_undumpable: False,
    user_to_same_of_other_group: False,
    user_to_saved_uid_of_other: False,
    user_to_itself: True,
    undumpable_to_itself: True,
    user_to_setuid_program: False,
    user_to_setuid_program_of_other: False,
    user_to_unreadable_program: False,
    setuid_root_to_user: True,
    effective_other_to_user: True,
    effective_other_to_other: False,
    root_without_capabilities_to_user: False,
    root_without_capabilities_to_root: False,
    root_without_ptrace_to_user: False,
    root_without_effective_ptrace_to_user: False,
    user_with_ptrace_alone: True,
    user_with_ptrace_alone_to_root: True,
    user_with_ptrace_alone_to_undumpable: True,
    user_with_override_alone: False,
    user_to_same_with_capability: False,
    container_root_to_user: False,
    container_root_to_same: False,
    user_to_own_container: True,
    other_to_container: False,
    after_exec_of_setuid_program: False,
    after_exec_of_ordinary_program: True,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_decides_as_process_vm_readv(
    cast: Cast, case: Callable[[Cast], tuple[Caller, int]]
) -> None:
    caller, pid = case(cast)
    compare(caller, pid, allowed=CASES[case])


@pytest.mark.parametrize("scope", [0, 1, 2])
@pytest.mark.parametrize("who", ["root", "parent", "stranger", "named", "ptrace"])
def test_decides_as_process_vm_readv_under_yama(cast: Cast, who: str, scope: int) -> None:
    if who == "root":
        caller, target = cast.start(), cast.start(USER).pid
    elif who == "ptrace":
        caller, target = user_with_ptrace_alone(cast)
    elif who == "parent":
        caller = cast.start(USER)
        target = int(caller.ask("fork")["child"])
    else:
        caller = cast.start(USER)
        program = cast.start(USER)
        target = program.pid
        if who == "named":
            program.must("ptracer")
    YAMA.write_text(str(scope))
    allowed = {
        "root": True,
        "ptrace": True,
        "parent": scope <= 1,
        "stranger": scope == 0,
        "named": scope <= 1,
    }[who]
    address = caller.address()
    expected = caller.call("process_vm", "read", target, address, SIZE)
    assert expected == (("", SIZE, b"planted") if allowed else denied("EPERM"))
    for way in WAYS:
        got = caller.call(way, "read", target, address, SIZE)
        assert got == expected, way


def test_pid_is_the_one_of_the_callers_namespace(cast: Cast) -> None:
    inside = cast.start(wrapper=("unshare", "--pid", "--fork", "--kill-child"))
    assert inside.pid == 1
    outside = cast.start()
    for way in ["process_vm", *WAYS]:
        # To the one inside 1 is itself, and who is outside has no number.
        assert inside.call(way, "read", 1, inside.address(), SIZE).done == SIZE
        assert inside.call(way, "read", outside.pid, inside.address(), SIZE) == denied("ESRCH")


def test_root_of_a_container_reaches_its_processes_and_no_others(cast: Cast) -> None:
    """A user's own user and pid namespace, as containers without root are."""
    container = cast.start(
        wrapper=("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"),
        prepare=as_user(USER),
    )
    child = int(container.ask("fork")["child"])
    for way in ["process_vm", *WAYS]:
        got = container.call(way, "read", child, container.address(), SIZE)
        assert got.content == b"planted", way


def test_works_where_no_proc_is_mounted(cast: Cast) -> None:
    bare = cast.start(
        wrapper=("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0"')
    )
    target = cast.start(USER)
    for way in WAYS:
        assert bare.call(way, "read", target.pid, target.address(), SIZE).done == SIZE


@pytest.mark.parametrize(
    ("case", "allowed"),
    [
        (root_to_user, True),
        (user_with_ptrace_alone, True),
        (user_to_own_container, False),
        (user_to_same, False),
        (user_to_itself, False),
        (user_to_other, False),
        (container_root_to_same, False),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_root_only_asks_for_the_capability_too(
    cast: Cast, case: Callable[[Cast], tuple[Caller, int]], allowed: bool
) -> None:
    caller, pid = case(cast)
    set_parameter("root_only", "Y")
    for way in WAYS:
        got = caller.call(way, "read", pid, caller.address(), SIZE)
        assert got == (("", SIZE, b"planted") if allowed else denied("EPERM")), way


def test_root_only_lets_a_containers_root_at_its_own(cast: Cast) -> None:
    container = cast.start(wrapper=("unshare", "--user", "--map-root-user"), prepare=as_user(USER))
    child = int(container.ask("fork")["child"])
    set_parameter("root_only", "Y")
    for way in WAYS:
        got = container.call(way, "read", child, container.address(), SIZE)
        assert got.content == b"planted", way
