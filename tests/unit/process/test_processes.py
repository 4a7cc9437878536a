from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner.errors import TargetAmbiguous, TargetNotFound
from farfetch.scanner.process.processes import find_process, has_exited, process, processes

from support.machine import give_up
from unit.conftest import Start


def test_processes_are_in_order_and_include_this_one() -> None:
    pids = [info.pid for info in processes()]
    assert pids == sorted(set(pids))
    assert os.getpid() in pids


def test_this_process() -> None:
    info = process(os.getpid())
    assert info.exe == os.path.realpath(sys.executable)
    assert info.name == Path("/proc/self/comm").read_text().rstrip("\n")
    assert (info.uid, info.ppid) == (os.geteuid(), os.getppid())
    assert info.bits == (64 if sys.maxsize > 2**32 else 32)
    assert info.user


def test_a_child(start: Start, program: Callable[[str], Path], unheard_of: str) -> None:
    child = start(program(unheard_of), "-", "a b", "")
    info = process(child.pid)
    assert info.name == unheard_of
    assert info.exe is not None
    assert info.exe.endswith(f"/{unheard_of}")
    assert info.cmdline[1:] == ("-", "a b", "")
    assert info.ppid == os.getpid()
    assert info.started >= process(os.getpid()).started
    assert info in processes()


def test_names_with_anything_in_them(start: Start, program: Callable[[str], Path]) -> None:
    child = start(program("a) R 1 (b\n)"))
    assert process(child.pid).name == "a) R 1 (b\n)"
    assert process(child.pid).ppid == os.getpid()


@pytest.mark.parametrize("name", [" {}", "{} ", " {} b ", "\t{}", "{}\n"])
def test_found_by_a_name_with_blanks_around_it(
    start: Start, program: Callable[[str], Path], unheard_of: str, name: str
) -> None:
    called = name.format(unheard_of[:9])
    child = start(program(called))
    assert find_process(called).pid == child.pid


def test_blanks_around_a_name_that_has_none_do_not_matter(
    start: Start, program: Callable[[str], Path], unheard_of: str
) -> None:
    child = start(program(unheard_of))
    assert find_process(f" {unheard_of} ").pid == child.pid


def test_a_program_deleted_while_it_runs(
    start: Start, program: Callable[[str], Path], unheard_of: str
) -> None:
    path = program(unheard_of)
    child = start(path)
    path.unlink()
    assert process(child.pid).exe == str(path)
    assert find_process(unheard_of).pid == child.pid


def test_kernel_threads_are_listed_when_asked_for() -> None:
    # what starts or ends between two listings is in one of them only
    before = {info.pid for info in processes()}
    every = {info.pid: info for info in processes(include_kernel_threads=True)}
    after = {info.pid for info in processes()}
    assert every.keys() >= before & after
    for pid in every.keys() - before - after:
        if not has_exited(pid):
            assert (every[pid].exe, every[pid].cmdline, every[pid].bits) == (None, (), None)


@pytest.mark.parametrize(
    ("unshare", "within", "said"),
    [
        ("--mount", "mount -t tmpfs none /proc", "is not mounted here"),
        ("--pid --fork", "true", "is of another PID namespace than farfetch"),
    ],
)
def test_a_proc_that_tells_of_nothing_or_of_others(unshare: str, within: str, said: str) -> None:
    """The pids that it shows are other processes for the kernel's calls."""
    code = f"""
from farfetch.scanner import TargetNotFound, attach
for wanted in {os.getpid()}, "no-such-process":
    try:
        attach(wanted)
    except TargetNotFound as error:
        print(error)
"""
    command = f"unshare --user --map-root-user --mount {unshare} sh -c".split()
    within = f'{within} && exec "$@"'
    done = subprocess.run(
        [*command, within, "sh", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stderr.startswith(("unshare:", "mount:")):
        give_up("user namespaces")
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith(f"process {os.getpid()} cannot be looked for: /proc {said}")
    assert second.startswith(f"process no-such-process cannot be looked for: /proc {said}")


def test_a_kernel_thread_cannot_be_meant() -> None:
    listed = {info.pid for info in processes()}
    threads = [info for info in processes(include_kernel_threads=True) if info.pid not in listed]
    threads = [info for info in threads if info.ppid == 2]
    if not threads:
        pytest.skip("no kernel thread is visible from in here; outside of containers there are")
    with pytest.raises(
        TargetNotFound, match=r"is a kernel thread, which has no memory of its own$"
    ):
        find_process(threads[0].pid)


def test_a_zombie_is_gone(zombie: int) -> None:
    assert has_exited(zombie)
    assert zombie not in [info.pid for info in processes()]
    for find in (process, find_process):
        with pytest.raises(TargetNotFound, match=rf"^process {zombie} \(true\) has exited$"):
            find(zombie)


def test_no_process(gone: int) -> None:
    assert has_exited(gone)
    for find in (process, find_process):
        with pytest.raises(TargetNotFound, match=f"^no process {gone}; to list processes: "):
            find(gone)
    with pytest.raises(TargetNotFound, match=f"^no process {gone}; "):
        find_process(str(gone))


def test_found_by_pid(start: Start) -> None:
    child = start("cat")
    assert find_process(child.pid) == find_process(f" {child.pid} ") == process(child.pid)
    assert find_process(os.getpid()).pid == os.getpid()


def test_found_by_name(start: Start, program: Callable[[str], Path], unheard_of: str) -> None:
    child = start(program(unheard_of))
    assert find_process(unheard_of).pid == child.pid


def test_found_by_a_name_longer_than_the_kernel_keeps(
    start: Start, program: Callable[[str], Path], unheard_of: str
) -> None:
    child = start(program(f"{unheard_of}-and more"))
    assert process(child.pid).name == unheard_of
    assert find_process(f"{unheard_of}-and more").pid == child.pid


def test_found_by_first_argument(start: Start, unheard_of: str) -> None:
    child = start(f"C:\\games\\{unheard_of}.exe", executable=shutil.which("cat"))
    assert find_process(f"{unheard_of}.exe").pid == child.pid


@pytest.mark.parametrize("options", [[], ["-u"], ["-u", "-B"]])
def test_found_by_script(start: Start, tmp_path: Path, unheard_of: str, options: list[str]) -> None:
    script = tmp_path / f"{unheard_of}.py"
    script.write_text("while True: print(input(), flush=True)\n")
    child = start(sys.executable, *options, script, "argument")
    assert find_process(f"{unheard_of}.py").pid == child.pid


def test_code_and_arguments_are_no_names(start: Start, unheard_of: str) -> None:
    start(
        sys.executable,
        "-c",
        f"while True: print(input(), flush=True) #/{unheard_of}",
        f"/{unheard_of}",
    )
    start("cat", "-", f"/{unheard_of}")
    with pytest.raises(TargetNotFound):
        find_process(unheard_of)


def test_a_name_that_is_a_number(start: Start, program: Callable[[str], Path], gone: int) -> None:
    child = start(program(str(gone)))
    if child.pid != gone:
        assert find_process(str(gone)).pid == child.pid


def test_a_name_that_two_have(
    start: Start, program: Callable[[str], Path], unheard_of: str
) -> None:
    path = program(unheard_of)
    pids = sorted(start(path).pid for _ in range(2))
    with pytest.raises(TargetAmbiguous) as error:
        find_process(unheard_of)
    assert [info.pid for info in error.value.candidates] == pids
    user = error.value.candidates[0].user
    assert str(error.value) == (
        f"2 processes are called {unheard_of}, give a pid: "
        f"{pids[0]} {unheard_of} {user}, {pids[1]} {unheard_of} {user}"
    )


def test_never_found_by_its_own_name(unheard_of: str) -> None:
    comm = Path("/proc/self/comm")
    before = comm.read_text().removesuffix("\n")  # which is not of the name
    comm.write_text(unheard_of)
    try:
        assert process(os.getpid()).name == unheard_of
        with pytest.raises(TargetNotFound) as error:
            find_process(unheard_of)
    finally:
        comm.write_text(before)
    assert os.getpid() not in [info.pid for info in error.value.near]


@pytest.mark.parametrize(
    "mistake", [str.upper, lambda name: name[:8], lambda name: name[:-1] + "_"]
)
def test_near_names_are_listed(
    start: Start,
    program: Callable[[str], Path],
    unheard_of: str,
    mistake: Callable[[str], str],
) -> None:
    child = start(program(unheard_of))
    with pytest.raises(TargetNotFound) as error:
        find_process(mistake(unheard_of))
    assert error.value.near[0].pid == child.pid
    assert f"near it: {unheard_of} ({child.pid})" in str(error.value)


@pytest.mark.parametrize("wanted", ["", "99999999999999999999999", "-1", "/no/such/game"])
def test_nothing_that_could_be_meant(wanted: str) -> None:
    with pytest.raises(TargetNotFound):
        find_process(wanted)
