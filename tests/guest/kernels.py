"""Kernels to boot: Debian's own, and Debian's source with the stub patched in.

Nothing is installed. Packages are fetched with apt, into a state of its own, and
unpacked into the cache; it is keyed by what goes in, and can be deleted at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from guest.prerequisites import MissingError, require

HERE = Path(__file__).parent
KMOD = HERE.parents[1] / "kmod"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# It became the default, and its opposite the option.
UNKNOWN_FROM_6_10 = "CONFIG_BASE_FULL=y"
LISTS_FRESH_FOR = 24 * 3600
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


@dataclasses.dataclass(frozen=True)
class Suite:
    """A Debian suite, and whether it has security updates of its own."""

    name: str
    security: bool = True


BOOKWORM = Suite("bookworm")
SUITES = {
    "5.10": Suite("bullseye"),
    "6.1": BOOKWORM,
    "6.12": Suite("trixie"),
    "sid": Suite("sid", security=False),
}


def mirror(label: str) -> str:
    """Return where this machine's own apt gets Debian's packages from.

    Args:
        label: of the archive, ``Debian`` or ``Debian-Security``.
    """
    text = run(["apt-get", "indextargets", "--format", "$(LABEL) $(SITE)"])
    sites = [line.split()[1] for line in text.splitlines() if line.split()[:1] == [label]]
    if not sites:
        raise MissingError(f"apt knows no archive {label}: run apt-get update, on a Debian machine")
    return sites[0].rstrip("/")


def cache() -> Path:
    """Return the folder for everything that can be fetched or built again."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("FARFETCH_CACHE") or Path(home) / "farfetch")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command and return what it printed; if it fails, say all of it."""
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        words = " ".join(map(str, command))
        raise RuntimeError(f"{words}\nexit status {result.returncode}\n{result.stdout}")
    return result.stdout


@contextmanager
def _locked(name: str) -> Iterator[None]:
    with (cache() / f"{name}.lock").open("w") as file:
        flock(file, LOCK_EX)
        yield


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return a finished cache folder, making it first if it is not there."""
    with _locked(folder.name):
        done = folder / ".done"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            done.touch()
    return folder


class Apt:
    """Apt with lists of its own, so that any suite and machine can be asked.

    Args:
        suite: the suite.
        arch: the packages' machine.
    """

    def __init__(self, suite: Suite, arch: str) -> None:
        require("apt-get", "dpkg-deb")
        if not KEYRING.exists():
            raise MissingError(f"not found: {KEYRING}; install debian-archive-keyring")
        self.folder = cache() / f"apt-{suite.name}-{arch}"
        self._options = [
            *("-o", f"Dir::State={self.folder}/state"),
            *("-o", f"Dir::Cache={self.folder}/cache"),
            *("-o", f"Dir::Etc::SourceList={self.folder}/sources.list"),
            *("-o", "Dir::Etc::SourceParts=/dev/null"),
            *("-o", "Dir::State::status=/dev/null"),
            *("-o", f"APT::Architecture={arch}"),
            *("-o", f"APT::Architectures={arch}"),
            *("-o", "APT::Sandbox::User=root"),
            *("-o", "Acquire::Languages=none"),
            *("-o", "Acquire::Check-Valid-Until=false"),
        ]
        with _locked(self.folder.name):
            self._update(suite)

    def _update(self, suite: Suite) -> None:
        stamp = self.folder / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_FRESH_FOR:
            return
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        sources = [f"{mirror('Debian')} {suite.name} main"]
        if suite.security:
            sources.append(f"{mirror('Debian-Security')} {suite.name}-security main")
        lines = [f"deb [signed-by={KEYRING}] {source}" for source in sources]
        (self.folder / "sources.list").write_text("\n".join(lines) + "\n")
        run(["apt-get", *self._options, "-q", "update"])
        stamp.touch()

    def depends(self, package: str) -> list[str]:
        """Return the packages that one package names as its dependencies."""
        text = run(["apt-cache", *self._options, "depends", package])
        return re.findall(r"^ +Depends: ([^<\s]+)", text, re.MULTILINE)

    def version(self, package: str) -> str:
        """Return the version apt would install."""
        text = run(["apt-cache", *self._options, "policy", package])
        found = re.search(r"Candidate: (\S+)", text)
        if found is None or found[1] == "(none)":
            raise MissingError(f"no package {package} in {self.folder.name}")
        return found[1]

    def unpack(self, packages: Sequence[str], into: Path) -> None:
        """Fetch packages and unpack them, without running anything of theirs."""
        archives = into / "archives"
        archives.mkdir()
        run(["apt-get", *self._options, "-q", "download", *packages], cwd=archives)
        for archive in sorted(archives.glob("*.deb")):
            run(["dpkg-deb", "-x", archive, into])
        shutil.rmtree(archives)


def _only(paths: Iterator[Path]) -> Path:
    found = sorted(paths)
    if len(found) != 1:
        raise RuntimeError(f"expected one of {found}")
    return found[0]


def is_this_machine(suite: Suite) -> bool:
    """Say whether this machine runs the suite, and so has its compiler."""
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return False
    return f"VERSION_CODENAME={suite.name}\n" in text


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
    folder = _once(cache() / f"stock-{arch}-{version}", make)
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
    require("debootstrap")
    [gcc] = {f"gcc-{number}" for number in re.findall(r"gcc-(\d+)", " ".join(apt.depends(headers)))}
    needed = sorted({name for package in kbuild for name in apt.depends(package)})
    # With W=1 kbuild checks the comments, in Perl or Python.
    packages = ",".join(["make", "libc6-dev", "perl", "python3-minimal", gcc, *needed])

    def make(folder: Path) -> None:
        root = folder / "root"
        run(
            [
                *("debootstrap", "--variant=minbase", f"--include={packages}"),
                *(f"--keyring={KEYRING}", suite.name, root, mirror("Debian")),
            ]
        )

    key = hashlib.sha256(packages.encode()).hexdigest()[:12]
    return _once(cache() / f"root-{suite.name}-{key}", make) / "root"


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

    folder = _once(cache() / f"source-{apt.version(package)}-{digest}", make)
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

    folder = _once(cache() / f"{name}-{digest}", make)
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
