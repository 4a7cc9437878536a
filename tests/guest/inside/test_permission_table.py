"""Every caller against every target: farfetch decides as process_vm_readv(2), pair for pair.

What it must never do is allow what process_vm_readv(2) refuses. The one way in which it may
refuse more, on a kernel without the stub, is written down.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guest.inside.cast import (
    ALL,
    CAP_DAC_OVERRIDE,
    CAP_SYS_PTRACE,
    OTHER,
    SIZE,
    USER,
    WITH_ROOT,
    WITHOUT_ROOT,
    Cast,
)
from guest.inside.programs import ASKS_PROCFS, LANDLOCK, WAYS, Caller, denied

FEW = 1 << 10  # CAP_NET_BIND_SERVICE
# Callers that have dropped capabilities, and keep them permitted. Procfs judges by what is
# effective, process_vm_readv(2) by what is permitted.
DROPPED = "dropped"


def alone(cast: Cast, uid: int, caps: int, effective: int | None = None) -> Caller:
    """Start a user outside of all namespaces who has some capabilities."""
    program = cast.start(0, "keepcaps", "groups", f"resgid {uid} {uid} {uid}")
    program.must(f"resuid {uid} {uid} {uid}")
    program.must(f"caps {caps:#x} {caps if effective is None else effective:#x}")
    program.must("dumpable 1")
    return program


def targets(cast: Cast, namespaces: dict[str, int]) -> Iterator[tuple[str, Caller]]:
    """Start the targets: ids, capabilities, dumpable or not, and where they are."""
    yield "root", cast.start()
    yield "root without capabilities", cast.start(0, "caps 0 0")
    yield "undumpable root", cast.start(0, "dumpable 0")
    for uid in (USER, OTHER):
        yield f"{uid}", cast.start(uid)
        yield f"undumpable {uid}", cast.start(uid, "dumpable 0")
        yield f"{uid} with a capability", alone(cast, uid, FEW)
        yield f"{uid} with the capability", alone(cast, uid, CAP_SYS_PTRACE)
    yield "unmapped container", cast.start(USER, "unshare")
    for name, namespace in namespaces.items():
        for inside in (False, True):
            for dumpable in (0, 1):
                member = cast.member(namespace, USER, inside=inside, dumpable=dumpable)
                yield f"{name}, inside={inside}, dumpable={dumpable}", member
        yield f"{name}, with a capability", cast.member(namespace, USER, caps=FEW)
        yield f"{name}, another", cast.member(namespace, OTHER, inside=True)
    if LANDLOCK:
        yield "landlocked", cast.start(USER, "landlock")


def callers(cast: Cast, namespaces: dict[str, int]) -> Iterator[tuple[str, Caller]]:
    """Start the callers."""
    yield "root", cast.start()
    yield "root without capabilities", cast.start(0, "caps 0 0")
    yield (
        "root without the capability",
        cast.start(0, "caps {0:#x} {0:#x}".format(ALL ^ CAP_SYS_PTRACE)),
    )
    yield f"root, {DROPPED}", cast.start(0, f"caps {ALL:#x} 0")
    yield f"root, {DROPPED} one", cast.start(0, f"caps {ALL:#x} {ALL ^ CAP_SYS_PTRACE:#x}")
    yield "user", cast.start(USER)
    yield "undumpable user", cast.start(USER, "dumpable 0")
    yield "user with a capability", alone(cast, USER, FEW)
    yield "user with the capability", alone(cast, USER, CAP_SYS_PTRACE)
    yield "user with the other", alone(cast, USER, CAP_DAC_OVERRIDE)
    yield f"user, {DROPPED}", alone(cast, USER, FEW | CAP_SYS_PTRACE, 0)
    yield "unmapped container", cast.start(USER, "unshare")
    for name, namespace in namespaces.items():
        yield f"{name}, none", cast.member(namespace, USER)
        yield f"{name}, another, none", cast.member(namespace, OTHER)
        yield f"{name}, a capability", cast.member(namespace, USER, caps=FEW)
        yield f"{name}, the capability", cast.member(namespace, USER, caps=CAP_SYS_PTRACE)
        yield f"{name}, the other", cast.member(namespace, USER, caps=CAP_DAC_OVERRIDE)
        yield f"{name}, all but one", cast.member(namespace, USER, caps=ALL ^ CAP_SYS_PTRACE)
        yield f"{name}, all", cast.member(namespace, USER, caps=ALL)
        yield f"{name}, root", cast.start(0, f"setns {namespace}")
    if LANDLOCK:
        yield "landlocked root", cast.start(0, "landlock")
        yield "landlocked user", cast.start(USER, "landlock")
        yield "landlocked in container", cast.member(namespaces["container"], USER, caps=ALL)


def test_every_caller_and_every_target(cast: Cast) -> None:
    namespaces = {
        "container": cast.namespace(WITH_ROOT),
        "rootless": cast.namespace(WITHOUT_ROOT),
    }
    goals = list(targets(cast, namespaces))
    seen = set()
    for who, caller in callers(cast, namespaces):
        for whom, target in goals:
            expected = caller.call("process_vm", "read", target.pid, caller.address(), SIZE)
            seen.add(expected)
            for way in WAYS:
                got = caller.call(way, "read", target.pid, caller.address(), SIZE)
                if got != expected:
                    assert got == denied("EPERM"), (who, whom, way)
                    assert DROPPED in who, (who, whom, way)
                    assert ASKS_PROCFS, (who, whom, way)
    assert seen == {("", SIZE, b"planted"), denied("EPERM")}


@pytest.mark.skipif(not ASKS_PROCFS, reason="the stub has the kernel asked itself")
def test_procfs_judges_by_effective_capabilities(cast: Cast) -> None:
    caller = alone(cast, USER, FEW, 0)
    target = alone(cast, USER, FEW)
    call = caller.call("process_vm", "read", target.pid, caller.address(), SIZE)
    assert call.content == b"planted"
    assert caller.call("device", "read", target.pid, caller.address(), SIZE) == denied("EPERM")
