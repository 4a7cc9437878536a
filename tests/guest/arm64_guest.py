"""An arm64 guest: a kernel, and an initramfs with the module and one program.

virtme-ng runs this machine's own programs, so not those of another architecture.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from guest import kernel_log, rig
from guest.kernels import CROSS, CROSS_COMPILER, KMOD, MACHINES, Kernel, source
from guest.prerequisites import require, search_path
from support.cache import run

SMOKE = Path(__file__).parent / "arm64" / "smoke.c"
WELL = "smoke: all well"


def archive(files: Mapping[str, tuple[int, bytes]]) -> bytes:
    """Return an initramfs of some files: names, modes and contents.

    The format is cpio's "newc", of the kernel's driver-api/early-userspace/buffer-format.rst.
    """
    parts = []
    entries = [*files.items(), ("TRAILER!!!", (0, b""))]
    for number, (name, (mode, content)) in enumerate(entries):
        fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (header + name.encode() + b"\0", content):
            parts.append(part + b"\0" * (-len(part) % 4))
    return b"".join(parts)


def smoke(kernel: Kernel, out: Path, *, timeout: float) -> str:
    """Boot the kernel, let the program try the module, and return what the console showed.

    The program goes by the device, and with the stub by the system call too.

    Args:
        kernel: an arm64 one.
        out: an empty folder.
        timeout: seconds until the guest is killed.

    Raises:
        RuntimeError: it did not go well; with the console.
    """
    require("qemu-system-aarch64", CROSS_COMPILER)
    module = rig.build_module(kernel, out / "kmod")
    program = out / "smoke"
    compiler = [CROSS_COMPILER, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    headers = kernel.build / "user/include" if kernel.syscall else KMOD / "uapi"
    run([*compiler, "-static", "-isystem", headers, "-o", program, SMOKE])
    initramfs = out / "initramfs"
    initramfs.write_bytes(
        archive(
            {
                "init": (0o100755, program.read_bytes()),
                "farfetch.ko": (0o100644, module.read_bytes()),
            }
        )
    )
    command = ["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57", "-smp", "2"]
    command += ["-m", "512M", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"]
    command += ["-kernel", str(kernel.image), "-initrd", str(initramfs)]
    argument = " -- syscall" if kernel.syscall else ""
    # Before 6.5 there is no memfd_secret(2) unless it is asked for.
    options = " ".join(("console=ttyAMA0", "panic=-1", "secretmem.enable=1", *rig.PATIENCE))
    command += ["-append", f"{options}{argument}"]
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            env={**os.environ, "PATH": search_path()},
            check=False,
        )
        printed = result.stdout
    except subprocess.TimeoutExpired as error:
        printed = (error.stdout or b"") + b"\nstopped: out of time\n"
    console = printed.decode(errors="replace").replace("\r\n", "\n")
    if WELL not in console or kernel_log.reports(console):
        raise RuntimeError(f"the arm64 guest did not do well:\n{console[-6000:]}")
    return console


def stub_slots(series: str, folder: Path) -> dict[str, list[int]]:
    """Return where arm64's system call tables have the stub.

    Args:
        series: of the kernel.
        folder: an empty one to build in.

    Returns:
        The slots by table: ``sys`` of the kernel's own programs, ``sys32`` of 32-bit ones.
    """
    machine = MACHINES["arm64"]
    require(machine.compiler, "make", "flex", "bison")
    fragment, build = folder / "fragment", folder / "build"
    fragment.write_text("CONFIG_MODULES=y\nCONFIG_COMPAT=y\nCONFIG_FARFETCH_SYSCALL=y\n")
    command = ["make", "-s", "-C", str(source(series)), f"O={build}", *machine.options]
    run([*command, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"])
    tables = {name: f"arch/arm64/kernel/{name}.o" for name in ("sys", "sys32")}
    run([*command, f"-j{os.cpu_count()}", *tables.values(), "mm/farfetch.o"])
    slots = {}
    for name, table in tables.items():
        relocations = run([f"{CROSS}objdump", "-r", build / table])
        found = re.findall(r"^([0-9a-f]{16}) \S+ +__arm64_sys_farfetch", relocations, re.MULTILINE)
        slots[name] = [int(offset, 16) // 8 for offset in found]
    return slots
