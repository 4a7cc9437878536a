"""Which vectors an x86 processor has: asked on this one, and on others that QEMU plays."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

import pytest
from farfetch.scanner.engine import isas

from guest.prerequisites import MissingError, give_up, require

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "scanner" / "core"
NEEDED = {
    "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
    "avx2": {"avx2"},
}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="of x86-64")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("instructions") / "instructions"
    sources = [HERE / "instructions.c", CORE / "kernels" / "x86.c"]
    subprocess.run(["gcc", "-static", "-O2", f"-I{CORE}", "-o", made, *sources], check=True)
    return made


def found(*command: str | Path) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


def test_what_the_kernel_says_of_this_processor(program: Path) -> None:
    [flags, *_] = re.findall(r"^flags\s*:(.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    expected = [name for name, needed in NEEDED.items() if needed <= set(flags.split())]
    assert found(program) == expected
    assert [name for name in isas() if name in NEEDED] == expected


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        ("Nehalem", []),  # before AVX
        ("SandyBridge", []),  # AVX without AVX2
        ("Haswell", ["avx2"]),
        ("Haswell,-xsave", []),  # a system that does not keep the registers
        ("max,-avx2", []),
    ],
)
def test_other_processors(program: Path, processor: str, expected: list[str]) -> None:
    try:
        require("qemu-x86_64")
    except MissingError as missing:
        give_up(missing)
    assert found("qemu-x86_64", "-cpu", processor, program) == expected
