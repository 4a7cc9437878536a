from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner.errors import AccessDenied, TargetGone
from farfetch.scanner.memory.regions import Region
from farfetch.scanner.process.maps import RegionReader, parse_maps
from hypothesis import given
from hypothesis import strategies as st

from unit.conftest import Start

PAGES = st.integers(0, (1 << 52) - 1).map(lambda page: page * 4096)
PATHS = st.sampled_from(
    ["", "[heap]", "[stack]", "[anon:my arena]", "/opt/a game/lib.so", "/memfd:x", "/tmp/new\nline"]
)
REGIONS = st.builds(
    lambda start, size, perms, *rest: Region(start, start + size, "".join(perms), *rest),
    PAGES,
    PAGES,
    st.tuples(*map(st.sampled_from, ("r-", "w-", "x-", "ps"))),
    PAGES,
    st.sampled_from(["00:00", "08:01", "fe:00", "103:0a"]),
    st.integers(0, 2**64 - 1),
    PATHS,
    st.booleans(),
).filter(lambda region: not region.deleted or region.path.startswith("/"))


def line(path: str, perms: str = "rw-p") -> Region:
    return parse_maps(f"1000-3000 {perms} 00002000 08:01 42 {path}".rstrip())[0]


def test_own_maps_format_back_to_the_kernels_text() -> None:
    text = Path("/proc/self/maps").read_text()
    assert "".join(f"{region}\n" for region in parse_maps(text)) == text


@given(st.lists(REGIONS))
def test_parsing_undoes_formatting(regions: list[Region]) -> None:
    text = "".join(f"{region}\n" for region in regions)
    assert parse_maps(text) == regions
    assert parse_maps(text.encode()) == regions


def test_every_field() -> None:
    [region] = parse_maps(
        "7f12a000-7f12c000 r-xs 00001000 103:0a 18446744073709551615 "
        "            /opt/my  game.exe\n"
    )
    assert region == Region(
        0x7F12A000, 0x7F12C000, "r-xs", 0x1000, "103:0a", 2**64 - 1, "/opt/my  game.exe", False
    )
    assert region.size == 0x2000
    assert (region.readable, region.writable, region.executable, region.shared) == (
        *(True, False, True, True),
    )
    assert 0x7F12A000 in region
    assert 0x7F12BFFF in region
    assert 0x7F12C000 not in region
    assert 0x7F129FFF not in region


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("", "anon", ""),
        ("[heap]", "heap", "[heap]"),
        ("[stack]", "stack", "[stack]"),
        ("[stack:123]", "stack", "[stack:123]"),
        ("[anon:glibc: malloc]", "anon", "[anon:glibc: malloc]"),
        ("[anon_shmem:x]", "anon", "[anon_shmem:x]"),
        ("[vdso]", "special", "[vdso]"),
        ("[vvar_vclock]", "special", "[vvar_vclock]"),
        ("[vsyscall]", "special", "[vsyscall]"),
        ("anon_inode:[perf_event]", "special", "anon_inode:[perf_event]"),
        ("/usr/lib/libc.so.6", "file", "/usr/lib/libc.so.6"),
        ("/memfd:x (deleted)", "file", "/memfd:x (deleted)"),
        ("/SYSV00000000 (deleted)", "anon", "/SYSV00000000 (deleted)"),
        (r"/a\012b (deleted)", "file", "/a\nb (deleted)"),
        (r"C:\games\101", "special", r"C:\games\101"),
    ],
)
def test_kinds_and_names(path: str, kind: str, name: str) -> None:
    region = line(path)
    assert (region.kind, region.name) == (kind, name)
    assert region.deleted == name.endswith(" (deleted)")
    assert region.path + (" (deleted)" if region.deleted else "") == name


def test_names_that_are_not_utf8_are_kept() -> None:
    [region] = parse_maps(b"1000-2000 r--p 00000000 08:01 1 /tmp/\xff\n")
    assert os.fsencode(region.path) == b"/tmp/\xff"


@pytest.mark.parametrize(
    "bad",
    ["nonsense", "1000 r--p 0 08:01 1", "1000-2000 rwzp 0 08:01 1", "1000-2000 r--p 0 08:01 x /a"],
)
def test_a_bad_line_is_named(bad: str) -> None:
    good = "1000-2000 r--p 00000000 08:01 1 /a\n"
    with pytest.raises(ValueError, match=r"^line 2 is not one of a maps file: '"):
        parse_maps(good + bad + "\n" + good)


def test_own_regions() -> None:
    regions = RegionReader(os.getpid()).read()
    assert [region.start for region in regions] == sorted(region.start for region in regions)
    buffer = ctypes.create_string_buffer(16)
    [around] = [region for region in regions if ctypes.addressof(buffer) in region]
    assert around.readable
    assert around.writable
    assert {"stack", "file", "special"} <= {region.kind for region in regions}


def test_a_mapped_file_that_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "new\nline of text"
    path.write_bytes(bytes(mmap.PAGESIZE))
    reader = RegionReader(os.getpid())  # which knows all other regions the second time
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ):
        inode = path.stat().st_ino
        [before] = [region for region in reader.read() if region.path == str(path)]
        path.unlink()
        [after] = [region for region in reader.read() if region.path == str(path)]
    assert not any(region.inode == inode for region in reader.read())
    assert (before.deleted, after.deleted) == (False, True)
    assert (before.inode, before.size, before.shared) == (inode, mmap.PAGESIZE, True)


def test_a_shared_memory_file() -> None:
    descriptor = os.memfd_create("ff test")
    os.truncate(descriptor, mmap.PAGESIZE)
    with mmap.mmap(descriptor, mmap.PAGESIZE):
        os.close(descriptor)
        [region] = [
            region for region in RegionReader(os.getpid()).read() if region.path == "/memfd:ff test"
        ]
    assert region.deleted
    assert region.shared


def test_a_child(start: Start) -> None:
    child = start("cat")
    assert {"heap", "stack", "file"} <= {region.kind for region in RegionReader(child.pid).read()}


def test_exited(gone: int) -> None:
    with pytest.raises(TargetGone, match=rf"^game \({gone}\) has exited$"):
        RegionReader(gone, "game").read()


def test_a_zombie_has_exited(zombie: int) -> None:
    with pytest.raises(TargetGone, match=f"^process {zombie} has exited$"):
        RegionReader(zombie).read()


def test_another_users_process(start: Start, as_nobody: Callable[[Callable[[], str]], str]) -> None:
    pid = start("cat").pid if os.geteuid() == 0 else 1

    def attempt() -> str:
        try:
            RegionReader(pid, "cat").read()
        except AccessDenied as error:
            return str(error)
        return "allowed"

    said = as_nobody(attempt)
    assert said.startswith(f"cannot read the regions of cat ({pid}): permission denied; run as ")
    assert "sudo" in said


def test_as_many_regions_as_a_process_can_have() -> None:
    text = "".join(
        f"{start:x}-{start + 4096:x} rw-p 00000000 00:00 0 \n"
        for start in range(0x10000, 0x10000 + 65530 * 8192, 8192)
    )
    regions = parse_maps(text)
    assert len(regions) == 65530
    assert sys.getsizeof(regions[0]) < 200


@pytest.mark.parametrize(
    "name", ["a\\012b", "a\nb", "a\\012\nb", "gone (deleted)", "a\\012b (deleted)", "plain"]
)
@pytest.mark.parametrize("deleted", [False, True])
def test_names_that_could_be_read_in_two_ways(tmp_path: Path, name: str, *, deleted: bool) -> None:
    """A backslash and digits, or a newline; the end of a name, or what the kernel puts there."""
    file = tmp_path / name
    file.write_bytes(bytes(8192))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 8192, prot=mmap.PROT_READ):
        if deleted:
            file.unlink()
        regions = RegionReader(os.getpid()).read()
        inode = os.fstat(opened.fileno()).st_ino
        [region] = [each for each in regions if each.inode == inode]
    assert (region.path, region.deleted) == (str(file), deleted)
    assert region.name == str(file) + " (deleted)" * deleted
