"""Build Debian's packages, farfetch and farfetch-dkms, in a clean root of Debian 13.

    python tools/deb.py [--out FOLDER]

Needs root, and debootstrap. The root is kept in the cache, and what the build changes is thrown
away. lintian looks at what was built, and has the last word.
"""

from __future__ import annotations

import argparse
import datetime
import email.utils
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from guest.prerequisites import MissingError  # noqa: E402  # as the tests make roots, so does this
from packages.chroot import play  # noqa: E402
from support.cache import run  # noqa: E402
from support.debian import TRIXIE, installed  # noqa: E402

#: Of the tree, for packages made from no commit: what zip files can say at the earliest.
EPOCH: Final = 315532800
BUILD: Final = """
cd /build/source
dpkg-buildpackage --unsigned-source --unsigned-changes
cd ..
lintian --allow-root --fail-on error,warning --display-info *.changes
"""


def needed(control: str) -> list[str]:
    """What debian/control asks for to build with."""
    field = re.search(r"^Build-Depends:((?:.|\n )*)$", control, re.MULTILINE)
    assert field is not None
    names = [word.split()[0] for word in field[1].split(",")]
    return [name.replace("debhelper-compat", "debhelper") for name in names]


def changelog(version: str, when: datetime.datetime, maintainer: str) -> str:
    """Debian's changelog: what is new stands in farfetch's own.

    The revision is lower than any of Debian's own would be. With "farfetch" in it lintian would
    take it for one of a Debian called etch.
    """
    return (
        f"farfetch ({version}-0upstream1) unstable; urgency=medium\n\n"
        f"  * farfetch {version}; CHANGELOG.md says what is new.\n\n"
        f" -- {maintainer}  {email.utils.format_datetime(when)}\n"
    )


def committed() -> datetime.datetime:
    """When what is built was committed."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return datetime.datetime.fromtimestamp(int(done.stdout or EPOCH), datetime.timezone.utc)


def source(folder: Path) -> Path:
    """Lay out the source package in a folder: the source distribution, and debian/."""
    command = ["tools/packaging.sh", "python", "-m", "build", "--sdist", "--no-isolation"]
    run([*command, "--outdir", folder], cwd=ROOT)
    [archive] = folder.glob("farfetch-*.tar.gz")
    version = archive.name[len("farfetch-") : -len(".tar.gz")]
    archive.rename(folder / f"farfetch_{version}.orig.tar.gz")
    tree = folder / "source"
    tree.mkdir()
    run(["tar", "-xzf", folder / f"farfetch_{version}.orig.tar.gz", "-C", tree, "--strip=1"])
    shutil.copytree(ROOT / "package" / "debian", tree / "debian")
    control = (tree / "debian" / "control").read_text()
    maintainer = control.partition("Maintainer: ")[2].partition("\n")[0]
    text = changelog(version, committed(), maintainer)
    (tree / "debian" / "changelog").write_text(text)
    return tree


def main() -> int:
    """Build. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools/deb.py", description="Build Debian's packages.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="farfetch-deb-") as name:
        folder = Path(name)
        tree = source(folder)
        log = ROOT / "build" / "packages" / "deb.log"
        try:
            clean = installed(
                TRIXIE,
                [*needed((tree / "debian" / "control").read_text()), "build-essential", "lintian"],
            )
            play(clean, BUILD, {folder: "/build"}, log)
        except MissingError as missing:
            print(f"deb: {missing}", file=sys.stderr)
            return 1
        except AssertionError as failed:
            print(f"deb: {failed}", file=sys.stderr)
            return 1
        options.out.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.glob("*.deb")):
            shutil.copy(file, options.out)
            print(options.out / file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
