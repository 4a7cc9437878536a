"""An arm64 guest: Debian's kernel, and an initramfs with the module and one program.

virtme-ng runs this machine's own programs, so not those of another architecture.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from guest import kernel_log, rig
from guest.kernels import KMOD, Kernel, run
from guest.prerequisites import require, search_path

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

    Args:
        kernel: an arm64 one.
        out: an empty folder.
        timeout: seconds until the guest is killed.

    Raises:
        RuntimeError: it did not go well; with the console.
    """
    require("qemu-system-aarch64", "aarch64-linux-gnu-gcc-12")
    module = rig.build_module(kernel, out / "kmod")
    program = out / "smoke"
    compiler = ["aarch64-linux-gnu-gcc-12", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    run([*compiler, "-static", "-I", KMOD / "uapi", "-o", program, SMOKE])
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
    # Before 6.5 there is no memfd_secret(2) unless it is asked for.
    command += ["-append", "console=ttyAMA0 panic=-1 secretmem.enable=1"]
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
