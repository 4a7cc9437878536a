"""Debian's packages: installed, used and removed in Debian 13, and the module that DKMS builds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from farfetch.scanner import isas

from guest import kernels, prerequisites, rig
from guest.prerequisites import MissingError
from packages.building import LOGS, ROOT
from packages.chroot import play
from support.cache import run
from support.debian import TRIXIE, installed, root, sources
from support.targets import target_path

PLAY = """
apt-get -q update
apt-get -q install -y --no-install-recommends /debs/farfetch_*.deb
for name in cc gcc clang make; do
    if command -v $name; then echo "not bare: $name"; exit 1; fi
done
cd /tmp
farfetch --version
test -e /usr/share/man/man1/farfetch.1.gz
python3 -c 'from farfetch.scanner import isas; print("isas:", *isas())'
python3 /demo/health.py /game
apt-get -q purge -y farfetch
test -z "$(find / -xdev -name '*farfetch*' -not -path '/debs*')"
echo "all well"
"""

# the one kernel whose headers are there; nothing of this machine's is asked for
DKMS = """
kernel=$(cd /lib/modules && echo *)
dpkg -i /debs/farfetch-dkms_*.deb
dkms install farfetch/$(cd /usr/src && echo farfetch-[0-9]* | cut -d- -f2) -k $kernel
dkms status | grep "^farfetch/.*$kernel.*: installed"
modinfo -k $kernel farfetch
cp /lib/modules/$kernel/updates/dkms/farfetch.ko* /out/
dpkg --purge farfetch-dkms
test -z "$(dkms status)"
test -z "$(find /lib/modules /usr/src /var/lib/dkms -name '*farfetch*')"
echo "all well"
"""


@pytest.fixture(scope="module")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages, as `make deb` makes them, which lintian has nothing to say against."""
    folder = tmp_path_factory.mktemp("debs")
    printed = run([sys.executable, "tools/deb.py", "--out", folder], cwd=ROOT)
    assert len(list(folder.glob("*.deb"))) == 2, printed
    return folder


def test_farfetch(debs: Path, tmp_path: Path) -> None:
    try:
        bare = root(TRIXIE, ["python3-venv"])
    except MissingError as missing:
        prerequisites.give_up(missing)
    listed = tmp_path / "sources.list"
    listed.write_text(sources(TRIXIE))
    binds = {
        debs: "/debs",
        ROOT / "demo": "/demo",
        target_path("game", "static"): "/game",
        listed: "/etc/apt/sources.list",
        Path("/etc/resolv.conf"): "/etc/resolv.conf",
    }
    said = play(bare, PLAY, binds, LOGS / "deb-farfetch.log", network=True)
    assert f"\nisas: {' '.join(isas())}\n" in said
    assert "      health=9999  alive=1\n" in said
    assert said.endswith("\nall well\n")


def test_dkms(debs: Path, tmp_path: Path) -> None:
    """What DKMS builds against Debian's headers loads, and does what the module has to."""
    made, out = tmp_path / "made", tmp_path / "guest"
    made.mkdir()
    out.mkdir()
    try:
        kernel = kernels.get("stock-6.12")
        bare = installed(TRIXIE, ["dkms", "linux-headers-amd64"])
        said = play(bare, DKMS, {debs: "/debs", made: "/out"}, LOGS / "deb-dkms.log")
        assert said.endswith("\nall well\n")
        [module] = made.iterdir()
        tests = [str(rig.INSIDE / name) for name in ("test_targets.py", "test_errors.py")]
        outcome = rig.boot(kernel, out, ["-q", *tests], timeout=900, module=module)
    except MissingError as missing:
        prerequisites.give_up(missing)
    (LOGS / "deb-dkms-guest.log").write_text(str(outcome))
    if not outcome.ok:
        pytest.fail(str(outcome), pytrace=False)
