"""System call 505 on our patched kernel, and the matrix of Debian's. Slow: `make test-kernels`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from guest import arm64_guest, kernels, passed, prerequisites, rig
from guest.prerequisites import MissingError

# The main job, by the library, through either way.
HUNT = ("../../live/test_hunt.py",)
# A process whose first thread has ended is reached by others.
THREADS = ("../../live/test_first_thread.py",)
CHOSEN = (
    "-k",
    "not (test_hunt or test_first_thread) or ((syscall or device) and (pie or test_first_thread))",
)


@dataclasses.dataclass(frozen=True)
class Run:
    """One guest.

    Attributes:
        tests: files in ``inside``.
        levels: of page tables.
        qemu: more for its command line.
        inputs: patterns of files that its outcome depends on, beside those of all guests.
    """

    tests: tuple[str, ...]
    levels: int = 5
    qemu: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


# Two nodes, between which pages can be moved, and each a processor in a socket of its own.
NODES = (
    "-smp 2,sockets=2,cores=1,threads=1",
    "-object memory-backend-ram,id=a,size=1G -object memory-backend-ram,id=b,size=1G"
    " -numa node,nodeid=0,memdev=a,cpus=0 -numa node,nodeid=1,memdev=b,cpus=1",
)
RUNS = {
    "patched-6.1-debug": Run(
        (
            *(*rig.MODULE_TESTS, "test_loading.py", "test_footprint.py", "test_races.py"),
            *("test_editing.py", *HUNT, *THREADS),
        ),
        qemu=NODES,
    ),
    "stock-5.10": Run(rig.MODULE_TESTS, levels=4),  # Debian's has no more
    # What Debian forbids by perf and Yama; that test leaves the guest fit for no other.
    "stock-6.12": Run(
        (*rig.MODULE_TESTS, "test_editing.py", "test_watching.py"),
        levels=4,
        qemu=NODES,
        inputs=("scanner/core/watch/*", "scanner/core/guardian/*", "scanner/debug/*"),
    ),
    "stock-sid": Run(rig.MODULE_TESTS),
}


@pytest.mark.parametrize("name", RUNS)
def test_guest(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = RUNS[name]
    try:
        kernel = kernels.get(name)
        inputs = passed.digest(kernel, (one, CHOSEN), (*passed.INPUTS, *one.inputs))
        if before := passed.has_passed(inputs):
            with capsys.disabled():
                print(f"{before}; passed before, and nothing that it depends on has changed")
            return
        outcome = rig.boot(
            kernel,
            tmp_path,
            ["-q", *(str(rig.INSIDE / test) for test in one.tests), *CHOSEN],
            timeout=2400,
            qemu=[f"-cpu max,la57={'on' if one.levels == 5 else 'off'}", *one.qemu],
            environment={"FARFETCH_LEVELS": str(one.levels)},
        )
    except MissingError as missing:
        prerequisites.give_up(missing)
    if not outcome.ok:
        pytest.fail(str(outcome), pytrace=False)
    summary = f"{name}: {outcome.output.splitlines()[-1]}; guest time {outcome.seconds:.0f} s"
    passed.note(inputs, summary)
    with capsys.disabled():
        print(summary)


@pytest.mark.parametrize("name", ["patched-6.1-debug", "stock-6.1"])
def test_sparse_is_silent(name: str, tmp_path: Path) -> None:
    try:
        prerequisites.require("sparse")
        kernel = kernels.get(name)
    except MissingError as missing:
        prerequisites.give_up(missing)
    # C=2: check every file with sparse; what it says are warnings, which fail the build.
    rig.build_module(kernel, tmp_path / "kmod", options=("W=1", "C=2"))


def test_arm64(tmp_path: Path) -> None:
    try:
        kernel = kernels.get("stock-6.1-arm64")
        arm64_guest.smoke(kernel, tmp_path, timeout=600)
    except MissingError as missing:
        prerequisites.give_up(missing)


def test_arm64_system_call_tables(tmp_path: Path) -> None:
    try:
        slots = arm64_guest.stub_slots("6.1", tmp_path)
    except MissingError as missing:
        prerequisites.give_up(missing)
    assert slots == {"sys": [505], "sys32": [505]}
