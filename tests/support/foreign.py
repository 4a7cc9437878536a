"""Kernels for processors that this machine does not have, run under QEMU's user emulation.

A program of the core is the same bytes on arm64 as here, so what is compiled here is sent to a
process there, which evaluates it.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farfetch.scanner.compiler.program import Code
from farfetch.scanner.engine import ffi, isas, lib

from guest.prerequisites import is_forced

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "foreign"
COMPILER = "aarch64-linux-gnu-gcc-12"
EMULATOR = "qemu-aarch64"
TOOLCHAIN = ROOT / "tests" / "laws" / "aarch64.cmake"
OPTIONS = ("-DFARFETCH_MODULE=OFF", "-DFARFETCH_PROGRAMS=ON", "-DFARFETCH_WERROR=ON")
NONE = 0xFFFF_FFFF

_written: dict[int, bytes] = {}
_create = Code.create


def _remember(self: Code, size: int, constant: bytes, relation: int) -> Any:
    """What :meth:`Code.create` does, with a copy of what it hands to the core."""
    handle = _create(self, size, constant, relation)
    parts = [
        bytes(ffi.buffer(ffi.new(f"struct {kind}[]", listed)))
        for kind, listed in (
            ("ff_atom", self.atoms),
            ("ff_logic", self.logic),
            ("ff_expr", self.steps),
        )
    ]
    counts = len(self.atoms), len(self.logic), len(self.steps), len(self.raw)
    head = struct.pack("<6I", size, relation, *counts)
    _written[int(ffi.cast("uintptr_t", handle))] = head + b"".join(parts) + bytes(self.raw)
    return handle


Code.create = _remember  # type: ignore[method-assign]


@functools.cache
def kernel_isas() -> list[str]:
    """The instruction sets to test kernels of: this machine's, and NEON where it is not one."""
    ours = list(isas())
    there = is_forced() or all(map(shutil.which, ("cmake", COMPILER, EMULATOR)))
    if "neon" in ours or not there or "FARFETCH_NOT_EMULATED" in os.environ:
        return ours
    return [*ours, "neon"]


def build(name: str) -> Path:
    """Compile a program of the core, as far as it is not: sessions share what is compiled."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (
            ("cmake", "-S", ROOT, "-B", BUILD, f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", *OPTIONS),
            # with all of the core, and what is installed beside it, which has to compile there
            ("cmake", "--build", BUILD, "--target", name, "farfetch_core", "farfetch-guardian"),
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    return BUILD / "tests" / name


@functools.cache
def _process() -> subprocess.Popen[bytes]:
    program = build("evaluate")
    process = subprocess.Popen([EMULATOR, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end() -> None:
        process.communicate(timeout=60)

    atexit.register(end)
    return process


def evaluate(handle: Any, isa: str, streams: Mapping[int, bytes], stride: int, count: int) -> int:
    """A program's mask.

    Args:
        handle: the core's program.
        isa: the instruction set.
        streams: bytes by the core's number for them.
        stride: bytes between slots.
        count: of the slots.
    """
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    written = _written[int(ffi.cast("uintptr_t", handle))]
    sizes = [len(streams[s]) if s in streams else NONE for s in range(lib.FF_STREAMS)]
    head = struct.pack("<16s", isa.encode()) + written[:24]
    head += struct.pack(f"<2I{len(sizes)}I", stride, count, *sizes)
    process.stdin.write(head + written[24:] + b"".join(streams[s] for s in sorted(streams)))
    process.stdin.flush()
    size = -(-count // 64) * 8
    answer = process.stdout.read(size)
    assert len(answer) == size, f"the emulated program ended with {process.wait(60)}"
    return int.from_bytes(answer, "little")
