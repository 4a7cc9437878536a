"""Places in named mappings: shown by the mapping's name, and found again by it."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from farfetch.scanner import Range, attach
from farfetch.scanner.errors import ExpressionError
from farfetch.scanner.memory.addresses import parse_address
from farfetch.scanner.memory.mappings import mapping_start
from farfetch.scanner.memory.modules import locate
from farfetch.scanner.memory.regions import Region, cut_out, merged
from farfetch.scanner.process.maps import parse_maps
from hypothesis import given
from hypothesis import strategies as st

MAPS = """\
10000000-10002000 rw-s 00000000 00:01 7 /memfd:my ram (deleted)
10002000-10003000 r--s 00002000 00:01 7 /memfd:my ram (deleted)
10003000-10004000 rw-s 00000000 00:01 7 /memfd:my ram (deleted)
20000000-20001000 rw-s 00000000 00:01 8 /memfd:ram[1] (deleted)
30000000-30001000 rw-s 00000000 00:01 9 /memfd:ram (deleted)
40000000-40001000 rw-s 00000000 00:01 9 /memfd:ram (deleted)
50000000-50001000 rw-s 00000000 00:01 10 /dev/zero (deleted)
60000000-60001000 rw-p 00000000 00:00 0 [anon:arena]
60001000-60002000 r--p 00000000 00:00 0 [anon:arena]
70000000-70001000 rw-p 00000000 00:00 0 [anon:arena]
80000000-80001000 r--p 00000000 08:01 11 /data/a->b
"""
REGIONS = parse_maps(MAPS)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (0x1000_0010, '"/memfd:my ram"+0x10'),
        (0x1000_2010, '"/memfd:my ram"+0x2010'),
        (0x1000_3010, '"/memfd:my ram[1]"+0x10'),
        (0x2000_0020, "/memfd:ram[1]+0x20"),
        (0x3000_0030, "/memfd:ram+0x30"),
        (0x5000_0050, "0x50000050"),
        (0x6000_1060, "[anon:arena]+0x1060"),
        (0x7000_0070, "0x70000070"),
        (0x8000_0080, "0x80000080"),
    ],
)
def test_what_is_shown_is_found_again(address: int, text: str) -> None:
    location = locate(address, REGIONS, ())
    assert str(location) == text
    assert parse_address(text, (), REGIONS) == address


def test_a_name_with_an_index_goes_before_the_twin_of_another() -> None:
    """/memfd:ram[1] is a mapping's own name here; the second /memfd:ram cannot be said so."""
    assert mapping_start("/memfd:ram[1]", REGIONS) == 0x2000_0000
    shown = str(locate(0x4000_0040, REGIONS, ()))
    assert parse_address(shown, (), REGIONS) == 0x4000_0040


def test_what_is_not_mapped_has_no_address() -> None:
    for text in ("/memfd:rom", "/memfd:my ram[2]", "[anon:arena][5]+0x10"):
        with pytest.raises(ExpressionError, match="no module or region is called"):
            parse_address(text, (), REGIONS)


SPANS = st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda p: Range(p[0], p[0] + p[1]))


@given(SPANS, st.lists(SPANS, max_size=8))
def test_what_is_cut_out_of_a_range(whole: Range, closed: list[Range]) -> None:
    joined = merged(closed)
    shut = {at for each in closed for at in range(each.start, each.end)}
    assert {at for each in joined for at in range(each.start, each.end)} == shut
    left = cut_out(whole, joined)
    assert [at for each in left for at in range(each.start, each.end)] == (
        [at for at in range(whole.start, whole.end) if at not in shut]
    )
    assert left == merged(left)


@contextmanager
def memory_twice(name: str, size: int) -> Iterator[tuple[mmap.mmap, mmap.mmap]]:
    """Shared memory that this process has mapped twice, with a page between nobody's."""
    file = os.memfd_create(name)
    try:
        os.ftruncate(file, size)
        with closing(mmap.mmap(file, size)) as one, closing(mmap.mmap(file, size)) as other:
            yield one, other
    finally:
        os.close(file)


def address_of(mapped: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(mapped))


def test_a_file_that_is_mapped_twice() -> None:
    name, value = f"ram-{os.getpid()}", 0x5A1B_77C3
    with memory_twice(name, 1 << 16) as (one, other), attach(os.getpid()) as target:
        struct.pack_into("<i", one, 0x320, value)
        places = sorted((address_of(one) + 0x320, address_of(other) + 0x320))
        with target.scan("i32", where=f"/memfd:{name}") as scan:
            assert scan.first(f"now == {value}").matches == 2
            assert scan.matches.addresses() == places
            for match in scan:
                assert str(match.location).startswith(f"/memfd:{name}")
                assert target.address(str(match.location)) == match.address
        with target.scan("i32", where=f"/memfd:{name},once") as scan:
            assert scan.first(f"now == {value}").matches == 1
            assert scan[0].address in places
        with target.scan("i32", where=f"-/memfd:{name}") as scan:
            scan.first(f"now == {value}")
            assert not set(scan.matches.addresses()) & set(places)


def test_memory_without_a_file_of_its_own_is_anonymous() -> None:
    with closing(mmap.mmap(-1, 1 << 14)) as shared, attach(os.getpid()) as target:
        value = 0x6B2C_88D1
        struct.pack_into("<i", shared, 0x40, value)
        region = next(each for each in target.regions() if address_of(shared) in each)
        assert (region.kind, region.path, region.shared) == ("anon", "/dev/zero", True)
        assert all(region not in module.regions for module in target.modules())
        with target.scan("i32", where="anon") as scan:
            scan.first(f"now == {value}")
            assert address_of(shared) + 0x40 in scan.matches.addresses()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/SYSV0000abcd (deleted)", "anon"),
        ("/anon_hugepage (deleted)", "anon"),
        ("/dev/zero (deleted)", "anon"),
        ("/dev/zero", "anon"),
        ("/SYSV0000abcd", "file"),
        ("/SYSVabcd (deleted)", "file"),
        ("/tmp/dev/zero (deleted)", "file"),
        ("/memfd:ram (deleted)", "file"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    [region] = parse_maps(f"1000-3000 rw-s 00000000 00:01 42 {path}")
    assert isinstance(region, Region)
    assert region.kind == kind
