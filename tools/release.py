"""Make the tree that of a release: its version everywhere, its date in the changelog.

    python tools/release.py VERSION [--date YYYY-MM-DD]

The version is package/farfetch/__init__.py's; the module's files and its README say it again, for
they are used without the rest. Nothing is committed: what is left to do is printed, and stands in
CONTRIBUTING.md. Nothing is changed unless everything is well.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = "package/farfetch/__init__.py"
#: The others that say the version, and how.
COPIES: Final = {
    "kmod/dkms.conf": ('PACKAGE_VERSION="{}"',),
    "kmod/main.c": ('MODULE_VERSION("{}")',),
    "kmod/README.md": ("/usr/src/farfetch-{}", "farfetch/{}"),
}
VERSION: Final = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
UNRELEASED: Final = "## [Unreleased]\n"
NEXT: Final = """\
Look at git diff, then:
  make test && make test-packages
  git commit -am 'farfetch {version}' && git tag -s v{version} -m 'farfetch {version}'
  make wheels deb      # from the tag; two machines make the same wheels
  then push the tag, and hand dist/ to PyPI (twine upload dist/*.whl dist/*.tar.gz)
"""


class ReleaseError(Exception):
    """What is not well, in a line."""


def git(*words: str) -> str:
    """What git says."""
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def current() -> str:
    """The version that the tree has."""
    found = re.search(r'^__version__ = "(.*)"$', (ROOT / SOURCE).read_text(), re.MULTILINE)
    if found is None:
        raise ReleaseError(f"{SOURCE}: has no line __version__ = …")
    return found[1]


def rank(version: str) -> tuple[object, ...]:
    """What versions are compared by: 1.0.0rc1 comes before 1.0.0."""
    numbers, kind, count = re.fullmatch(r"([\d.]+)(a|b|rc|)(\d*)", version).groups()  # type: ignore[union-attr]
    return (*map(int, numbers.split(".")), kind or "z", int(count or 0))


def dated(changelog: str, version: str, date: str) -> str:
    """The changelog with what is unreleased under the version.

    Raises:
        ReleaseError: there is nothing unreleased.
    """
    before, heading, after = changelog.partition(UNRELEASED)
    if not heading or not re.match(r"\s*###", after):
        raise ReleaseError("CHANGELOG.md: nothing stands under [Unreleased]; say what is new")
    return f"{before}{UNRELEASED}\n## [{version}] - {date}\n{after}"


def refuse_unless_ready(version: str, old: str) -> None:
    """Look at all that a release needs.

    Raises:
        ReleaseError: the first thing that is missing.
    """
    if not VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r}: a version is three numbers, as 1.2.3 or 1.2.3rc1")
    tags = git("tag", "--list", "v*").split()
    if f"v{version}" in tags:
        raise ReleaseError(f"{version}: is tagged already; take a higher one")
    if rank(version) < rank(old):
        raise ReleaseError(f"{version}: is lower than {old}, which the tree has")
    if git("status", "--porcelain"):
        raise ReleaseError("the work tree has changes; commit them first")
    if "farfetch.example" in (ROOT / "pyproject.toml").read_text():
        raise ReleaseError("pyproject.toml: the URLs lead nowhere; write the home's there")


def main() -> int:
    """Change the files. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools/release.py", description="Prepare a release.")
    parser.add_argument("version", metavar="VERSION", help="as 0.2.0")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    parser.add_argument("--date", default=today, help="of the changelog (default: today, UTC)")
    options = parser.parse_args()
    version: str = options.version
    try:
        old = current()
        refuse_unless_ready(version, old)
        changelog = ROOT / "CHANGELOG.md"
        changelog.write_text(dated(changelog.read_text(), version, options.date))
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for name, forms in {SOURCE: ('__version__ = "{}"',), **COPIES}.items():
        file = ROOT / name
        text = file.read_text()
        for form in forms:
            text = text.replace(form.format(old), form.format(version))
        file.write_text(text)
    print(NEXT.format(version=version), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
