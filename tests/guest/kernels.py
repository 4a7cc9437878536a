"""Kernels to boot: Debian's own, and Debian's source with the stub patched in.

Nothing is installed. Packages are unpacked into the cache, which is keyed by what goes in,
and can be deleted at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from guest.prerequisites import require
from support.cache import cache, once, run
from support.debian import Apt, Suite, is_this_machine, root

HERE = Path(__file__).parent
KMOD = HERE.parents[1] / "kmod"
# It became the default, and its opposite the option.
UNKNOWN_FROM_6_10 = "CONFIG_BASE_FULL=y"
CROSS = "aarch64-linux-gnu-"
CROSS_COMPILER = f"{CROSS}gcc-12"


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel that can be booted and that modules can be built for.

    Attributes:
        name: as the command line says it.
        arch: Debian's word for the machine, ``amd64`` or ``arm64``.
        image: the bootable image.
        build: the folder kbuild calls KDIR.
        root: the chroot to build in, or None to build on this machine.
        syscall: the stub is in it.
        debug: it reports lockdep, KASAN and kmemleak findings.
    """

    name: str
    arch: str
    image: Path
    build: Path
    root: Path | None = None
    syscall: bool = False
    debug: bool = False


@dataclasses.dataclass(frozen=True)
class Machine:
    """How kernels for a kind of machine are built here.

    Attributes:
        fragments: the names of the parts of the configuration.
        image: the bootable image in the build folder, and the target that makes it.
        compiler: what the kernel is compiled with.
        options: for make.
    """

    fragments: tuple[str, ...]
    image: str
    compiler: str
    options: tuple[str, ...] = ()


MACHINES = {
    "amd64": Machine(("base", "x86_64"), "arch/x86/boot/bzImage", "gcc"),
    "arm64": Machine(
        ("arm64",),
        "arch/arm64/boot/Image",
        CROSS_COMPILER,
        ("ARCH=arm64", f"CROSS_COMPILE={CROSS}", f"CC={CROSS_COMPILER}"),
    ),
}


BOOKWORM = Suite("bookworm")
SUITES = {
    "5.10": Suite("bullseye"),
    "6.1": BOOKWORM,
    "6.12": Suite("trixie"),
    "sid": Suite("sid", security=False),
}


def _only(paths: Iterator[Path]) -> Path:
    found = sorted(paths)
    if len(found) != 1:
        raise RuntimeError(f"expected one of {found}")
    return found[0]


def stock(series: str, arch: str = "amd64") -> Kernel:
    """Return Debian's kernel of a series: image, modules, headers and kbuild."""
    suite = SUITES[series]
    apt = Apt(suite, arch)
    [image] = [name for name in apt.depends(f"linux-image-{arch}") if "linux-image" in name]
    [headers] = [name for name in apt.depends(f"linux-headers-{arch}") if "headers" in name]
    common = [name for name in apt.depends(headers) if name.endswith("-common")]
    kbuild = [name for name in apt.depends(headers) if "-kbuild-" in name]
    compiler = [name for name in apt.depends(headers) if "-compiler-" in name]

    def make(folder: Path) -> None:
        # Newer ones have the image and the modules in packages of their own.
        parts = [name for name in apt.depends(image) if re.match("linux-(binary|modules)-", name)]
        packages = [image, *parts, headers, *common]
        native = "amd64"
        if arch == native:
            apt.unpack([*packages, *kbuild, *compiler], folder)
        else:  # Kbuild's programs run here, whatever they build for.
            apt.unpack([*packages, *compiler], folder)
            Apt(suite, native).unpack(kbuild, folder)
        makefile = _only(folder.glob(f"usr/src/linux-headers-*-{arch}/Makefile"))
        makefile.write_text(makefile.read_text().replace("/usr/src", f"{folder}/usr/src"))
        if not (folder / "lib").exists():  # Newer packages have merged /usr.
            (folder / "lib").symlink_to("usr/lib")
        release = _only(folder.glob("lib/modules/*")).name
        run(["depmod", "-a", "-b", folder, release])

    version = apt.version(image).replace("~", "-").replace(":", "-")
    folder = once(cache() / f"stock-{arch}-{version}", make)
    return Kernel(
        name=f"stock-{series}",
        arch=arch,
        image=_only(
            path
            for pattern in ("boot/vmlinu[xz]-*", "lib/modules/*/vmlinu[xz]")
            for path in folder.glob(pattern)
        ),
        build=_only(folder.glob(f"usr/src/linux-headers-*-{arch}")),
        root=None if is_this_machine(suite) else chroot(suite, apt, headers, kbuild),
    )


def chroot(suite: Suite, apt: Apt, headers: str, kbuild: Sequence[str]) -> Path:
    """Return a root folder of a suite, to build in.

    Kbuild's programs need the suite's libraries, and kernels the gcc that built them, which
    the package of their headers names.
    """
    [gcc] = {f"gcc-{number}" for number in re.findall(r"gcc-(\d+)", " ".join(apt.depends(headers)))}
    needed = sorted({name for package in kbuild for name in apt.depends(package)})
    # With W=1 kbuild checks the comments, in Perl or Python.
    return root(suite, ["make", "libc6-dev", "perl", "python3-minimal", gcc, *needed])


def patch_file(series: str) -> Path:
    """Return the stub patch for a series."""
    return KMOD / "patch" / f"linux-{series}-farfetch-stub.patch"


def source(series: str) -> Path:
    """Return Debian's kernel source of a series with the stub patched in."""
    suite = SUITES[series]
    apt = Apt(suite, "amd64")
    package = f"linux-source-{series}"
    patch = patch_file(series)
    digest = hashlib.sha256(patch.read_bytes()).hexdigest()[:12]

    def make(folder: Path) -> None:
        unpacked = folder / "package"
        unpacked.mkdir()
        apt.unpack([package], unpacked)
        run(["tar", "-xJf", unpacked / f"usr/src/{package}.tar.xz", "-C", folder])
        shutil.rmtree(unpacked)
        tree = folder / package
        run(["git", "apply", "--stat", patch], cwd=tree)
        run(["git", "apply", "--check", patch], cwd=tree)
        run(["git", "apply", patch], cwd=tree)

    folder = once(cache() / f"source-{apt.version(package)}-{digest}", make)
    return folder / package


def patched(series: str, arch: str = "amd64", *, debug: bool = False) -> Kernel:
    """Return Debian's source of a series with the stub, built for a guest."""
    machine = MACHINES[arch]
    require(machine.compiler, "make", "flex", "bison", "bc", "rsync")
    tree = source(series)
    fragments = [*machine.fragments, *(["debug"] if debug else [])]
    config = "".join((HERE / "config" / f"{name}.config").read_text() for name in fragments)
    compiler = run([machine.compiler, "-dumpfullversion"]).strip()
    key = f"{tree.parent.name}\n{compiler}\n{config}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    name = f"patched-{series}{'-debug' if debug else ''}{'' if arch == 'amd64' else f'-{arch}'}"

    def make(folder: Path) -> None:
        (folder / "fragment").write_text(config)
        command = ["nice", "make", "-s", "-C", str(tree), f"O={folder}", *machine.options]
        jobs = f"-j{os.cpu_count()}"
        run([*command, f"KCONFIG_ALLCONFIG={folder}/fragment", "allnoconfig"])
        _check_config(config, (folder / ".config").read_text())
        run([*command, jobs, Path(machine.image).name, "modules"])
        run([*command, f"INSTALL_HDR_PATH={folder}/user", "headers_install"])
        for path in folder.rglob("*"):
            if path.suffix in {".o", ".a"} and "scripts" not in path.parts:
                path.unlink()
        (folder / "vmlinux").unlink()

    folder = once(cache() / f"{name}-{digest}", make)
    return Kernel(
        name=name,
        arch=arch,
        image=folder / machine.image,
        build=folder,
        syscall=True,
        debug=debug,
    )


def _check_config(wanted: str, got: str) -> None:
    lines = set(got.splitlines())
    lost = [
        line
        for line in wanted.splitlines()
        if line.startswith("CONFIG_") and line not in {*lines, UNKNOWN_FROM_6_10}
    ]
    if lost:
        raise RuntimeError(f"the kernel's configuration lost {', '.join(lost)}")


NAMES: dict[str, Callable[[], Kernel]] = {
    **{f"stock-{series}": lambda series=series: stock(series) for series in SUITES},  # type: ignore[misc]
    "stock-6.1-arm64": lambda: stock("6.1", "arm64"),
    "patched-6.1": lambda: patched("6.1"),
    "patched-6.1-debug": lambda: patched("6.1", debug=True),
    "patched-6.12": lambda: patched("6.12"),
    "patched-6.1-arm64": lambda: patched("6.1", "arm64"),
}


def get(name: str) -> Kernel:
    """Return a kernel by its name, fetching or building it if it is not in the cache."""
    return dataclasses.replace(NAMES[name](), name=name)
