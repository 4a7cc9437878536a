"""Boot a kernel with this working tree inside, test the module there, bring the results back.

The guest is QEMU emulating the processor: /dev/kvm is never used. Its root is this
machine's, read-only, so the tests run there with the same Python and packages.
"""

from __future__ import annotations

import dataclasses
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from guest import kernel_log
from guest.kernels import KMOD, MACHINES, Kernel
from guest.prerequisites import require, search_path
from support.cache import run

REPOSITORY = KMOD.parent
INSIDE = Path(__file__).parent / "inside"
# What runs in the guest of every kernel.
MODULE_TESTS = (
    "test_targets.py",
    "test_errors.py",
    "test_hostile.py",
    "test_kinds_of_pages.py",
    "test_narrow.py",
    "test_permission.py",
    "test_permission_confined.py",
    "test_permission_table.py",
    "test_torture.py",
    "test_watchdogs.py",
)
HOLDERS = Path(__file__).parent / "holder"
TORTURE = Path(__file__).parent / "torture"
# What the guest imports of the repository.
COMPILED = ("scanner", "shell", "tests")
# The emulator keeps what it has translated for good, for each address that code has run at: for
# every process once more, since programs are loaded at random addresses. A byte that is written
# where code has run is looked up among all that was translated from its page. So to clear one huge
# page took the kernel half a minute, in one go, with the gibibyte that the emulator keeps by
# itself. When this much is full it begins anew.
EMULATOR = "-accel tcg,tb-size=64"  # MiB
# The kernel's watchdogs expect a processor that is one. What is emulated is slow, at times by
# orders of magnitude, on a busy machine most of all. What never ends is still reported, and the
# time a guest has is limited.
PATIENCE = (
    "watchdog_thresh=60",  # a soft lockup is twice that
    "rcupdate.rcu_cpu_stall_timeout=120",
    "workqueue.watchdog_thresh=120",
    "sysctl.kernel.hung_task_timeout_secs=240",
)
OPTIONS = (
    *PATIENCE,
    # After its first report KASAN is silent unless told otherwise.
    "kasan_multi_shot",
    # A root that nobody writes to can be cached, so that programs start sooner. Only kernels
    # without an initramfs, the slowest ones, mount it as they are told here.
    "rootflags=version=9p2000.L,trans=virtio,access=any,msize=524288,cache=loose",
    # Before 6.5 there is no memfd_secret(2) unless it is asked for.
    "secretmem.enable=1",
)
# x86 forgets what the processor can do for a moment while it identifies it, with interrupts on
# (identify_cpu() in arch/x86/kernel/cpu/common.c). KASAN, asking in one of these whether there are
# five levels of page tables, takes a good address for a wild one. Its report switches lockdep off,
# so a guest in which that happened is of no use: it is started again.
FALSE_ALARM = "BUG: KASAN: wild-memory-access"
STARTS = 3


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a guest run came to.

    Attributes:
        status: what pytest exited with; None if it did not get that far.
        output: what pytest printed.
        reports: the mistakes the kernel reported.
        log: the kernel's log and the console.
        seconds: how long the guest ran.
    """

    status: int | None
    output: str
    reports: list[str]
    log: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Say whether all tests passed and the kernel had nothing to say."""
        return self.status == 0 and not self.reports

    def __str__(self) -> str:
        parts = [self.output]
        if self.status is None:
            parts.append(f"the guest did not finish; its last words:\n{self.log[-4000:]}")
        parts += [f"the kernel reported:\n{report}" for report in self.reports]
        if self.status:
            parts.append(f"pytest in the guest exited with {self.status}")
        parts.append(f"guest time {self.seconds:.0f} s")
        return "\n\n".join(parts)


def build_module(kernel: Kernel, into: Path, *, options: Sequence[str] = ("W=1",)) -> Path:
    """Build the module for a kernel, without a warning, and return the .ko file.

    Args:
        kernel: what to build for.
        into: a new folder for a copy of the sources, since kbuild writes beside them.
        options: more words for make.
    """
    shutil.copytree(KMOD, into, ignore=shutil.ignore_patterns("*.o", "*.ko", "*.mod*", ".*.cmd"))
    command = ["make", "-C", str(into), f"KDIR={kernel.build}", *options]
    if kernel.arch == "arm64":
        command += MACHINES["arm64"].options
    if kernel.root is not None:
        binds = [kernel.build.parents[2], into]
        script = "".join(
            f"mkdir -p {kernel.root}{path} && mount --bind {path} {kernel.root}{path} && "
            for path in binds
        )
        script += f"mount -t proc proc {kernel.root}/proc && "
        script += f"chroot {kernel.root} {shlex.join(command)}"
        command = ["unshare", "--mount", "sh", "-ec", script]
    output = run(command)
    if re.search(r"^\S+:\d+.*warning:|^WARNING: ", output, re.MULTILINE):
        raise RuntimeError(f"the module does not compile cleanly:\n{output}")
    return into / "farfetch.ko"


def build_holders(kernel: Kernel, into: Path) -> Path:
    """Build the modules that have what ours needs, for a kernel with the stub."""
    shutil.copytree(HOLDERS, into)
    run(["make", "-C", str(kernel.build), f"M={into}", "modules"])
    return into


def build_torture(command: Sequence[str], into: Path) -> Path:
    """Build the torture of the module in a folder, with a compiler and its options."""
    torture = into / "torture"
    run([*command, "-o", torture, *sorted(TORTURE.glob("*.c")), "-pthread"])
    return torture


def build_programs(kernel: Kernel, into: Path) -> dict[str, str]:
    """Build what runs in the guest beside Python; return where it is there, by variable."""
    into.mkdir()
    compiler = "aarch64-linux-gnu-gcc-12" if kernel.arch == "arm64" else "gcc"
    command = [compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static"]
    # With the stub, the headers the kernel installs have to be enough.
    if kernel.syscall:
        command += ["-isystem", str(kernel.build / "user/include")]
    else:
        command += ["-I", str(KMOD / "uapi")]
    for name in ("caller", "hop", "stall"):
        run([*command, "-o", into / name, INSIDE / f"{name}.c", "-pthread"])
    build_torture(command, into)
    # The kernel's headers for 32 bits are those for 64, where the stub's are not used.
    command += ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
    run([*command, "-o", into / "caller32", INSIDE / "caller.c", "-pthread"])
    run(["make", "-C", REPOSITORY / "targets", f"OUT={into}", "BUILDS=pie"])
    return {
        "FARFETCH_PROGRAMS": str(into),
        "FARFETCH_CALLER": "/run/programs/caller",
        "FARFETCH_CALLER_32": "/run/programs/caller32",
        "FARFETCH_HOP": "/run/programs/hop",
        "FARFETCH_STALL": "/run/programs/stall",
        "FARFETCH_TARGETS": "/run/programs",
        "FARFETCH_TORTURE": "/run/programs/torture",
    }


def _script(
    kernel: Kernel, out: Path, environment: dict[str, str], arguments: Sequence[str]
) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    lines += [
        f"cd {shlex.quote(str(REPOSITORY))}",
        "echo 1 > /proc/sys/kernel/printk",
        f"if dmesg | grep '{FALSE_ALARM}' > {out}/false-alarm; then exit; fi; rm {out}/false-alarm",
        # On tmpfs, so that files there have no disk's habits.
        "mkdir -m 1777 /run/scratch && export TMPDIR=/run/scratch",
        # The shared file system caches nothing: programs start faster from memory.
        "cp -r $FARFETCH_PROGRAMS /run/programs",
        f"insmod {environment['FARFETCH_MODULE']} || exit 1",
    ]
    if kernel.debug:
        lines.append(
            "echo scan > /sys/kernel/debug/kmemleak; echo clear > /sys/kernel/debug/kmemleak"
        )
    lines += [
        f"{{ {shlex.join(command)} 2>&1; echo $? > {out}/status.part; }} | tee {out}/pytest.txt",
    ]
    if kernel.debug:
        # An object counts as leaked from the second scan on that finds no way to it,
        # and not while it is younger than five seconds.
        lines += [
            "echo scan > /sys/kernel/debug/kmemleak; sleep 6",
            "echo scan > /sys/kernel/debug/kmemleak",
            "cat /sys/kernel/debug/kmemleak > /dev/kmsg",
        ]
    lines += [
        "rmmod farfetch",
        f"dmesg > {out}/dmesg.txt",
        f"mv {out}/status.part {out}/status",
    ]
    return "\n".join(lines) + "\n"


def guest_command(
    image: Path, *, memory: str = "2G", append: Sequence[str] = (), qemu: Sequence[str] = ()
) -> list[str]:
    """Return the command that boots a kernel; what runs there is to be added.

    Args:
        image: the kernel.
        memory: how much the guest has.
        append: more for the kernel's command line.
        qemu: more for QEMU's command line.
    """
    command = ["vng", "--run", str(image), "--disable-kvm", "--force-9p", "--verbose"]
    command += ["--cpus", "2", "--memory", memory, "--name", "guest"]
    for option in (*OPTIONS, *append):
        command += ["--append", option]
    # In one word: -accel alone would be an option of vng's, -a.
    command += [f"--qemu-opts={option}" for option in qemu]
    return command


def boot(
    kernel: Kernel,
    out: Path,
    arguments: Sequence[str],
    *,
    timeout: float,
    memory: str = "2G",
    append: Sequence[str] = (),
    qemu: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    module: Path | None = None,
) -> Outcome:
    """Boot a kernel and run pytest in it.

    Args:
        kernel: what to boot.
        out: an empty folder, shared with the guest.
        arguments: what pytest is told, after its options.
        timeout: seconds until the guest is killed.
        memory: how much the guest has.
        append: more for the kernel's command line.
        qemu: more for QEMU's command line.
        environment: more for the tests' environment.
        module: one that is built already.
    """
    require("qemu-system-x86_64", "vng", "make", "gcc", "depmod")
    out = out.resolve()
    variables = {
        "FARFETCH_GUEST": kernel.name,
        "FARFETCH_WAYS": "syscall device" if kernel.syscall else "device",
        # As Kbuild has it: who decides whether the caller may touch the target.
        "FARFETCH_ACCESS": os.environ.get("FARFETCH_ACCESS")
        or ("exported" if kernel.syscall else "procfs"),
        "FARFETCH_DEBUG_KERNEL": str(int(kernel.debug)),
        "FARFETCH_MODULE": str(module or build_module(kernel, out / "kmod")),
        "FARFETCH_OUT": str(out),
        "HYPOTHESIS_STORAGE_DIRECTORY": "/run/hypothesis",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **build_programs(kernel, out / "programs"),
        **(environment or {}),
    }
    if kernel.syscall:
        variables["FARFETCH_HOLDERS"] = str(build_holders(kernel, out / "holder"))
    # The guest cannot write here, and would compile everything at each start of a program.
    run([sys.executable, "-m", "compileall", "-q", *(REPOSITORY / part for part in COMPILED)])
    script = out / "inside.sh"
    script.write_text(_script(kernel, out, variables, arguments))
    # The debug kernel does not clear huge pages before it gives them out, and its code is so much
    # that most of it would be translated over and over.
    if not kernel.debug:
        qemu = (EMULATOR, *qemu)
    command = guest_command(kernel.image, memory=memory, append=append, qemu=qemu)
    command += ["--rwdir", str(out), "--exec", f"sh {script}"]
    for _ in range(STARTS):
        started = time.monotonic()
        _run_on_terminal(command, out / "console.txt", timeout)
        seconds = time.monotonic() - started
        if not (out / "false-alarm").exists():
            break

    log = _text(out / "dmesg.txt")
    console = _text(out / "console.txt").replace("\r\n", "\n")
    status = _text(out / "status")
    # What dmesg has is on the console only in part, and after a crash only there.
    return Outcome(
        status=int(status) if status else None,
        output=_text(out / "pytest.txt"),
        reports=kernel_log.reports(log or console),
        log=log + console,
        seconds=seconds,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _run_on_terminal(command: Sequence[str], printed: Path, timeout: float) -> None:
    """Run a command that wants a terminal, and keep what it prints on it in a file."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=REPOSITORY,
        env={**os.environ, "PATH": search_path()},
        start_new_session=True,
    )
    os.close(slave)
    deadline = time.monotonic() + timeout
    with printed.open("wb", buffering=0) as file:
        try:
            _copy_terminal(master, file, deadline)
        finally:
            if process.poll() is None:
                _stop(process)
            os.close(master)


def _copy_terminal(master: int, file: BinaryIO, deadline: float) -> None:
    """Copy until the last process on the terminal has ended, or the deadline."""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([master], [], [], left)[0]:
            break
        try:
            chunk = os.read(master, 65536)
        except OSError:  # EIO: nobody has the other end open.
            return
        if not chunk:
            return
        file.write(chunk)
    file.write(b"\nstopped: out of time\n")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it started; they are a session of their own."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
