"""Values at the edges of pages, chunks and regions, and beside what cannot be read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import (
    Range,
    Scan,
    Target,
    WhereError,
    attach,
    bytes_,
    i32,
    now,
    number,
    regex,
    sized,
    text,
    u64,
)

from support.puppet import NONE, PAGE, READ, READ_WRITE, Puppet
from support.readers import READERS, every_reader
from support.targets import Spawn
from support.waiting import wait_for

VALUE = 0x51DE_CA5E
MUTATE_VALUE = 20260415
RAW = struct.pack("<I", VALUE)
CHUNKS = (PAGE, 3 * PAGE, 2 * PAGE + 4, 65536, None)

every_chunk = pytest.mark.parametrize("chunk", CHUNKS)


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as running:
        yield running


@pytest.fixture(params=READERS)
def target(puppet: Puppet, request: pytest.FixtureRequest) -> Iterator[Target]:
    with attach(puppet.pid, memory=request.param) as attached:
        yield attached


def within(start: int, pages: int) -> str:
    return f"all,{start:#x}..{start + pages * PAGE:#x}"


def found(scan: Scan) -> list[int]:
    """The addresses, which ascend, so that none is there twice."""
    addresses = scan.matches.addresses()
    assert addresses == sorted(set(addresses))
    assert len(scan) == len(addresses)
    return addresses


@every_chunk
def test_values_on_every_byte_around_an_edge(
    chunk: int | None, puppet: Puppet, target: Target
) -> None:
    start = puppet.reserve(8)
    puppet.map(start, 8)
    scan = target.scan(i32, align=1, where=within(start, 8), chunk=chunk)
    edges = [start + PAGE, start + 3 * PAGE, start + 2 * PAGE + 4, start + 6 * PAGE]
    for edge in edges:
        for before in range(6):
            puppet.write(edge - before, RAW)
            scan.first(now == VALUE)
            assert found(scan) == [edge - before]
            scan.next("unchanged")
            assert found(scan) == [edge - before]
            assert scan[0].value == scan[0].previous == VALUE
            puppet.write(edge - before, bytes(4))


@every_chunk
def test_values_side_by_side_everywhere(chunk: int | None, puppet: Puppet, target: Target) -> None:
    start = puppet.reserve(7)
    puppet.map(start, 7)
    puppet.write(start + 3, RAW * ((7 * PAGE - 3) // 4))
    scan = target.scan("u32", align=1, where=within(start, 7), chunk=chunk, threads=3)
    scan.first(now == VALUE)
    everywhere = list(range(start + 3, start + 7 * PAGE - 3, 4))
    assert found(scan) == everywhere
    puppet.write(start + 3 * PAGE - 1, b"\0\0\0\0")  # the last bytes of one, the first of another
    scan.next(now == VALUE)
    assert found(scan) == [at for at in everywhere if not abs(at - start - 3 * PAGE + 1) < 4]


@every_chunk
def test_a_long_text_across_several_pages(
    chunk: int | None, puppet: Puppet, target: Target
) -> None:
    words = "farfetch " * 1200
    raw = words.encode()
    start = puppet.reserve(8)
    puppet.map(start, 8)
    puppet.write(start + PAGE - 77, raw)
    with target.scan(text, where=within(start, 8), chunk=chunk) as scan:
        scan.first(now == words)
        assert found(scan) == [start + PAGE - 77]
        scan.next("unchanged")
        assert scan[0].value == scan[0].first == words
        puppet.write(start + 3 * PAGE, b"F")
        assert scan.next("changed").matches == 1
        assert scan[0].first == words != scan[0].previous
    # one unreadable page in the middle takes the value away
    with target.scan(sized(text, len(raw)), where=within(start, 8), chunk=chunk) as scan:
        assert scan.first().matches == 8 * PAGE - len(raw) + 1
        puppet.unmap(start + 5 * PAGE, 1)
        result = scan.next("unchanged")
        assert result.unreadable == PAGE
        assert found(scan) == list(range(start, start + 5 * PAGE - len(raw) + 1))


@every_chunk
def test_neighbours_of_different_kinds_are_one_stretch(
    chunk: int | None, puppet: Puppet, target: Target, tmp_path: Path
) -> None:
    file = tmp_path / "mapped"
    file.write_bytes(bytes(2 * PAGE))
    start = puppet.reserve(6)
    puppet.map(start, 2, READ_WRITE, str(file))
    puppet.map(start + 2 * PAGE, 2)
    puppet.map(start + 4 * PAGE, 2)
    inside = [region for region in target.regions() if start <= region.start < start + 6 * PAGE]
    assert [one.kind for one in inside][:2] == ["file", "anon"]
    puppet.write(start + 2 * PAGE - 1, RAW)
    puppet.write(start + 4 * PAGE - 3, RAW)
    puppet.protect(start + 4 * PAGE, 2, READ)
    scan = target.scan(i32, align=1, where=within(start, 6), chunk=chunk)
    scan.first(now == VALUE)
    assert found(scan) == [start + 2 * PAGE - 1, start + 4 * PAGE - 3]
    assert scan[0].region == inside[0]
    # of the writable ones alone the last pages are no part, nor is what reaches into them
    writable = target.scan(
        i32, align=1, where=f"{start:#x}..{start + 6 * PAGE:#x},writable", chunk=chunk
    )
    writable.first(now == VALUE)
    assert found(writable) == [start + 2 * PAGE - 1]


@every_chunk
def test_the_first_and_last_bytes_of_a_region(
    chunk: int | None, puppet: Puppet, target: Target
) -> None:
    start = puppet.reserve(5)
    puppet.map(start, 5)
    end = start + 5 * PAGE
    puppet.write(start, RAW)
    puppet.write(end - 4, RAW)
    scan = target.scan(i32, where=within(start, 5), chunk=chunk)
    scan.first(now == VALUE)
    assert found(scan) == [start, end - 4]
    assert scan.first().matches == 5 * PAGE // 4
    wide = target.scan(u64, align=1, where=within(start, 5), chunk=chunk)
    assert wide.first().matches == 5 * PAGE - 7
    assert wide[-1].address == end - 8
    assert wide[-1].value == VALUE << 32
    byte = target.scan("u8", where=within(start, 5), chunk=chunk)
    byte.first(now == RAW[-1])
    assert found(byte) == [start + 3, end - 1]
    # a window of addresses cuts as a region's end does
    cut = target.scan(i32, align=1, where=f"{start + 1:#x}..{end - 1:#x}", chunk=chunk)
    cut.first(now == VALUE)
    assert found(cut) == []


@every_chunk
def test_pages_that_only_seem_readable_are_counted(
    chunk: int | None, puppet: Puppet, target: Target, tmp_path: Path
) -> None:
    file = tmp_path / "short"
    file.write_bytes(bytes(2 * PAGE))
    start = puppet.reserve(9)
    puppet.map(start, 3)
    puppet.map(start + 3 * PAGE, 4, READ_WRITE, str(file))  # two pages beyond its end
    puppet.map(start + 7 * PAGE, 2)
    hole = Range(start + 5 * PAGE, start + 7 * PAGE)
    near = [hole.start - 4, hole.end]
    for address in near:
        puppet.write(address, RAW)
    puppet.write(hole.start - 8, b"\xff" * 4)
    scan = target.scan(i32, align=1, where=within(start, 9), chunk=chunk)
    result = scan.first(now == VALUE)
    assert found(scan) == near
    assert result.unreadable == result.faults.bytes == 2 * PAGE
    assert result.faults.ranges == (hole,)
    unknown = scan.first()
    assert unknown.unreadable == 2 * PAGE
    assert unknown.matches == 5 * PAGE - 3 + 2 * PAGE - 3
    assert hole.start - 4 in scan.matches.addresses()
    assert not set(range(hole.start - 3, hole.end)) & set(scan.matches.addresses())
    # what is not read matches nothing, not even the contrary
    assert scan.next("not (now == 12345)").matches == unknown.matches


@every_chunk
def test_matches_on_pages_that_vanished(chunk: int | None, puppet: Puppet, target: Target) -> None:
    start = puppet.reserve(8)
    puppet.map(start, 8)
    for page in range(8):
        puppet.write(start + page * PAGE + 100, RAW)
    puppet.write(start + 4 * PAGE - 2, RAW)  # half of it will be gone
    scan = target.scan(i32, align=2, where=within(start, 8), chunk=chunk)
    scan.first(now == VALUE)
    before = found(scan)
    assert len(before) == 9
    puppet.unmap(start + 4 * PAGE, 2)
    puppet.protect(start + PAGE, 1, NONE)
    gone = {start + page * PAGE + 100 for page in (1, 4, 5)} | {start + 4 * PAGE - 2}
    assert {match.address for match in scan if match.value is None} == (
        gone if target.memory.name != "proc_mem" else gone - {start + PAGE + 100}
    )
    assert all(match.previous == match.first == VALUE for match in scan)
    result = scan.next("unchanged or changed")
    if target.memory.name == "proc_mem":  # it may look where the target may not
        gone.discard(start + PAGE + 100)
    assert found(scan) == [at for at in before if at not in gone]
    assert result.unreadable > 0
    scan.undo()
    assert found(scan) == before


@every_chunk
def test_values_whose_end_has_vanished(chunk: int | None, puppet: Puppet, target: Target) -> None:
    """What is left of a page before a gap can still be a shorter number, and a shorter text."""
    start = puppet.reserve(6)
    puppet.map(start, 6)
    edge = start + 3 * PAGE
    puppet.write(edge - 4, struct.pack("<q", 77))
    puppet.write(edge - 5 * 4, struct.pack("<q", 77))
    puppet.write(edge - 9, b"HP:12")
    puppet.write(start + PAGE - 4, b"HP:12")
    where = within(start, 6)
    numbers = target.scan(number, where=where, chunk=chunk)
    texts = target.scan(bytes_, align=1, where=where, chunk=chunk)
    assert numbers.first("77").matches == 2
    assert texts.first(now == regex("HP:[0-9]+")).matches == 2
    puppet.unmap(start + PAGE, 1)
    puppet.unmap(edge, 1)
    assert numbers.next("unchanged").matches == 2
    assert [one.types for one in numbers] == [("i32", "i64"), ("i32",)]
    assert texts.next(now == regex("HP:[0-9]+")).matches == 2
    assert [one.value for one in texts] == [b"HP:1", b"HP:12"]
    puppet.unmap(start, 1)
    assert texts.next(now == regex("HP:[0-9]+")).matches == 1
    assert numbers.next("now > 0").matches == 2


def test_nothing_is_left_of_the_regions(puppet: Puppet, target: Target) -> None:
    start = puppet.reserve(4)
    puppet.map(start, 4)
    puppet.write(start, RAW)
    scan = target.scan(i32, where=within(start, 4))
    scan.first(now == VALUE)
    puppet.unmap(start, 4)
    result = scan.next(now == VALUE)
    assert result.matches == len(scan) == 0
    assert result.unreadable == PAGE
    with pytest.raises(WhereError):
        scan.first(now == VALUE)
    assert len(scan.steps) == 2
    scan.undo()
    assert found(scan) == [start]


@every_reader
@pytest.mark.parametrize("change", ["unmap", "protect none"])
def test_a_region_that_changes_between_scans(change: str, reader: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    start, size = mutate.greeting.number("addr"), mutate.greeting.number("size")
    with attach(mutate.pid, memory=reader) as target, target.scan(i32) as scan:
        scan.first(now == MUTATE_VALUE)
        planted = set(range(start, start + size, PAGE))
        assert planted < set(found(scan))  # its own variable holds the value too
        mutate.command(change)
        result = scan.next("unchanged")
        if change == "unmap" or reader != "proc_mem":
            assert result.unreadable == size
            assert not planted & set(found(scan))
        else:
            assert planted < set(found(scan))
        assert len(scan) >= 1


@every_reader
def test_regions_that_come_and_go_all_the_time(reader: str, spawn: Spawn) -> None:
    mutate = spawn("mutate")
    start, size = mutate.greeting.number("addr"), mutate.greeting.number("size")
    planted = set(range(start, start + size, PAGE))
    faults = []
    with attach(mutate.pid, memory=reader) as target, target.scan(i32, chunk=16384) as scan:
        mutate.command("churn")

        def scan_once() -> bool:
            faults.append(scan.first(now == MUTATE_VALUE).unreadable)
            assert planted <= set(found(scan))
            scan.next(now == MUTATE_VALUE)
            assert planted <= set(found(scan))
            scan.next("unchanged")
            assert planted <= set(found(scan))
            return len(faults) > 50 and any(faults)

        wait_for(scan_once)
        mutate.command("calm")
