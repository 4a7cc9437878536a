"""Debian's archive: its suites, their packages, and roots with nothing in them but some of these.

Nothing is installed on this machine: apt has a state of its own, in the cache.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from guest.prerequisites import MissingError, require
from support.cache import cache, locked, once, run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LISTS_FRESH_FOR = 24 * 3600


@dataclasses.dataclass(frozen=True)
class Suite:
    """A Debian suite, and whether it has security updates of its own."""

    name: str
    security: bool = True


TRIXIE = Suite("trixie")


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


def sources(suite: Suite) -> str:
    """Return apt's list of where a suite's packages are, its security updates among them."""
    places = [f"{mirror('Debian')} {suite.name} main"]
    if suite.security:
        places.append(f"{mirror('Debian-Security')} {suite.name}-security main")
    return "".join(f"deb [signed-by={KEYRING}] {place}\n" for place in places)


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
        with locked(self.folder.name):
            self._update(suite)

    def _update(self, suite: Suite) -> None:
        stamp = self.folder / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_FRESH_FOR:
            return
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "sources.list").write_text(sources(suite))
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

    def closure(self, packages: Sequence[str]) -> list[str]:
        """Return the packages and all that they depend on, where nothing is installed."""
        options = ["--simulate", "--no-install-recommends"]
        text = run(["apt-get", *self._options, "-q", *options, "install", *packages])
        return re.findall(r"^Inst (\S+)", text, re.MULTILINE)

    def unpack(self, packages: Sequence[str], into: Path) -> None:
        """Fetch packages and unpack them, without running anything of theirs."""
        archives = into / "archives"
        archives.mkdir()
        run(["apt-get", *self._options, "-q", "download", *packages], cwd=archives)
        for archive in sorted(archives.glob("*.deb")):
            run(["dpkg-deb", "-x", archive, into])
        shutil.rmtree(archives)


def is_this_machine(suite: Suite) -> bool:
    """Say whether this machine runs the suite, and so has its compiler."""
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return False
    return f"VERSION_CODENAME={suite.name}\n" in text


def unpacked(suite: Suite, arch: str, packages: Sequence[str]) -> Path:
    """Return a folder with packages and all they depend on, unpacked and no more.

    None of their programs was run, so they may be another processor's.
    """
    apt = Apt(suite, arch)
    names = apt.closure(packages)
    versions = "\n".join(f"{name} {apt.version(name)}" for name in names)

    def make(folder: Path) -> None:
        (folder / "root").mkdir()
        apt.unpack(names, folder / "root")

    key = hashlib.sha256(versions.encode()).hexdigest()[:12]
    return once(cache() / f"root-{suite.name}-{arch}-{key}", make) / "root"


def root(suite: Suite, packages: Sequence[str]) -> Path:
    """Return a folder with the least of a suite, and packages, made by debootstrap."""
    require("debootstrap")
    if os.geteuid() != 0:
        raise MissingError("debootstrap needs root")
    included = ",".join(packages)

    def make(folder: Path) -> None:
        run(
            [
                *("debootstrap", "--variant=minbase", f"--include={included}"),
                *(f"--keyring={KEYRING}", suite.name, folder / "root", mirror("Debian")),
            ]
        )

    key = hashlib.sha256(included.encode()).hexdigest()[:12]
    return once(cache() / f"root-{suite.name}-{key}", make) / "root"


def installed(suite: Suite, packages: Sequence[str]) -> Path:
    """Return a folder with a suite's root in which apt has installed packages.

    It resolves what debootstrap does not, such as packages that provide others.
    """
    base = root(suite, ["python3-venv"])
    words = " ".join(packages)

    def make(folder: Path) -> None:
        made = folder / "root"
        run(["cp", "-a", base, made])
        (made / "etc/apt/sources.list").write_text(sources(suite))
        shutil.copy("/etc/resolv.conf", made / "etc/resolv.conf")
        install = (
            "export DEBIAN_FRONTEND=noninteractive; apt-get -q update; "
            f"apt-get -q install -y --no-install-recommends {words}; apt-get clean"
        )
        script = f"mount -t proc proc {made}/proc; chroot {made} sh -ec '{install}'"
        run(["unshare", "--mount", "--pid", "--fork", "sh", "-ec", script])

    key = hashlib.sha256(words.encode()).hexdigest()[:12]
    return once(cache() / f"installed-{suite.name}-{key}", make) / "root"
