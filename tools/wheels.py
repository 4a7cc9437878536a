"""Build the wheels: for CPython's stable ABI and manylinux2014, of any processor on any machine.

    tools/packaging.sh python tools/wheels.py [--out FOLDER] [PROCESSOR...]

The source distribution is made first, and the wheels from what is in it, so that both hold the
same. Two runs make the same bytes, wherever they run: names of folders and times of files are left
out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PROCESSORS: Final = ("x86_64", "aarch64")
#: manylinux2014 is glibc 2.17 (PEP 599).
GLIBC: Final = "2.17"
PLATFORM: Final = "manylinux2014"
#: What zip files can say at the earliest, for all that is packed.
EPOCH: Final = "315532800"


def run(*command: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command, and say what it printed if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nwheels: exit status {done.returncode}: {' '.join(words)}")
    return done.stdout


def source_distribution(folder: Path) -> Path:
    """Make the source distribution in a folder."""
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT)
    (made,) = folder.glob("*.tar.gz")
    return made


def unpacked(archive: Path, folder: Path) -> Path:
    """The folder in an archive, unpacked."""
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):  # it came with patch releases
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder)
    (made,) = folder.iterdir()
    return made


def toolchain(processor: str, folder: Path) -> Path:
    """Programs by the names that CMake asks for, each of which is zig."""
    import ziglang

    zig = Path(ziglang.__file__).parent / "zig"
    folder.mkdir()
    for name, words in {
        "cc": f"cc -target {processor}-linux-gnu.{GLIBC}",
        "ar": "ar",
        "ranlib": "ranlib",
    }.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{zig}" {words} "$@"\n')
        program.chmod(0o755)
    return folder


def headers(folder: Path) -> Path:
    """Python's headers. Debian keeps one of them apart for each processor, and all say the same."""
    shutil.copytree(sysconfig.get_path("include"), folder)
    config = folder / "pyconfig.h"
    config.unlink()
    shutil.copy(sysconfig.get_config_h_filename(), config)
    return folder


def wheel(source: Path, processor: str, work: Path) -> Path:
    """Build a wheel for this very machine's kind of Linux."""
    flags = f"-ffile-prefix-map={source}=. -ffile-prefix-map={work}=."
    defines = {
        "CMAKE_TOOLCHAIN_FILE": source / "package" / "zig.cmake",
        "CMAKE_C_FLAGS": flags,
        "CMAKE_MODULE_LINKER_FLAGS": "-Wl,-s",
        "FARFETCH_PROCESSOR": processor,
        "FARFETCH_TOOLS": toolchain(processor, work / "tools"),
        "FARFETCH_WERROR": "ON",
        "Python_INCLUDE_DIR": headers(work / "include"),
    }
    settings = [f"-Ccmake.define.{name}={value}" for name, value in defines.items()]
    settings += ["-Cinstall.strip=false", f"-Cbuild-dir={work / 'build'}"]
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", *settings]
    zig = Path(os.environ["FARFETCH_CACHE"]) / "zig"
    environment = {
        # what the tag says, too, where another processor's is built
        "_PYTHON_HOST_PLATFORM": f"linux-{processor}",
        "ZIG_GLOBAL_CACHE_DIR": str(zig),
        "ZIG_LOCAL_CACHE_DIR": str(zig),
    }
    run(*command, "--outdir", work / "made", source, environment=environment)
    (made,) = (work / "made").glob("*.whl")
    return made


def repaired(made: Path, processor: str, out: Path) -> Path:
    """The wheel with the tag of what it needs; that, and the ABI it claims, is looked at."""
    auditwheel = [sys.executable, "-m", "auditwheel"]
    run(*auditwheel, "repair", "--plat", "auto", "--wheel-dir", out, made)
    found = next(out.glob(f"*{PLATFORM}_{processor}*.whl"), None)
    if found is None:
        sys.exit(f"wheels: {made.name} needs more than {PLATFORM} has; see auditwheel show")
    run(sys.executable, "-m", "abi3audit", "--strict", "--report", found)
    return found


def main() -> int:
    """Build what is asked for. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the wheels.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="FOLDER")
    parser.add_argument("processors", nargs="*", metavar="PROCESSOR", help=" ".join(PROCESSORS))
    options = parser.parse_args()
    processors = options.processors or PROCESSORS
    if unknown := set(processors) - set(PROCESSORS):
        parser.error(f"no wheels for {' '.join(unknown)}; there are {' '.join(PROCESSORS)}")
    os.environ["SOURCE_DATE_EPOCH"] = EPOCH
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="farfetch-wheels-") as name:
        folder = Path(name)
        archive = source_distribution(folder / "sdist")
        source = unpacked(archive, folder / "source")
        made = [archive]
        for processor in processors:
            work = folder / processor
            work.mkdir()
            built = wheel(source, processor, work)
            made.append(repaired(built, processor, folder / "wheels"))
        options.out.mkdir(parents=True, exist_ok=True)
        for file in made:
            shutil.copy(file, options.out)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            print(f"{digest}  {options.out / file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
