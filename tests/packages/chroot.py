"""Run a script in a root of Debian's as if it were another machine: what it changes is gone after.

The root itself stays as it was, below a tmpfs. What is mounted, and what is said about programs of
other processors (binfmt_misc), is the script's alone, and goes with it.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from guest.prerequisites import MissingError, require

#: How an arm64 program begins, and which of its bits count: QEMU's scripts/qemu-binfmt-conf.sh.
ARM64 = (
    r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
)
EMULATOR = "qemu-aarch64-static"
#: How long a script may take. Under emulation, pip takes minutes.
TIMEOUT = 900


def _mounts(root: Path, binds: Mapping[Path, str]) -> list[str]:
    lines = [
        "mount -t tmpfs none /mnt",
        "mkdir /mnt/upper /mnt/work /mnt/root",
        f"mount -t overlay none -o lowerdir={root},upperdir=/mnt/upper,workdir=/mnt/work /mnt/root",
        "mkdir -p /mnt/root/proc /mnt/root/dev /mnt/root/tmp",
        "chmod 1777 /mnt/root/tmp",
        "mount --rbind /dev /mnt/root/dev",
        "mount -t proc proc /mnt/root/proc",
    ]
    for outside, inside in binds.items():
        place = f"/mnt/root{inside}"
        make = f"mkdir -p {place}" if outside.is_dir() else f"install -D /dev/null {place}"
        lines += [make, f"mount --bind {shlex.quote(str(outside))} {place}"]
    return lines


def play(
    root: Path,
    script: str,
    binds: Mapping[Path, str],
    log: Path,
    *,
    arch: str = "amd64",
    network: bool = False,
) -> str:
    """Run a shell script in a root and return what it said.

    Args:
        root: a folder with a Debian system.
        script: run by /bin/sh there, as root; it ends with the first command that fails.
        binds: what is there beside the root: files and folders of this machine, and where.
        log: kept, with all it said.
        arch: ``arm64`` runs under emulation.
        network: it may use this machine's.

    Raises:
        MissingError: this machine lacks what that takes.
        AssertionError: it failed; with the last of what it said.
    """
    require("unshare", "mount")
    lines = _mounts(root, binds)
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts"]
    if not network:
        command.append("--net")
    if arch == "arm64":
        require(EMULATOR)
        # a user namespace has its own say about programs of other processors, from Linux 6.7 on
        command += ["--user", "--map-root-user"]
        place = "/proc/sys/fs/binfmt_misc"
        entry = f":arm64:M::{ARM64[0]}:{ARM64[1]}:{shutil.which(EMULATOR)}:F"
        lines[:0] = [
            "mount -t proc proc /proc",
            f"mount -t binfmt_misc none {place}",
            f"printf %s {shlex.quote(entry)} >{place}/register",
        ]
    lines.append(f"exec chroot /mnt/root /bin/sh -exc {shlex.quote(script)}")
    done = subprocess.run(
        [*command, "sh", "-ec", "\n".join(lines)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"},
        timeout=TIMEOUT,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(said)
    if "binfmt_misc: permission denied" in said or "unknown filesystem type" in said:
        raise MissingError(f"this kernel has no binfmt_misc for a user namespace: {said[-500:]}")
    assert done.returncode == 0, f"{log}:\n{said[-6000:]}"
    return said
