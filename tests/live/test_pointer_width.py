"""How wide pointers are: as the ELF file says, as a Windows program's header says, or as chosen."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    PointerPath,
    Target,
    attach,
    c_struct,
    decode,
    i32,
    member,
    pointer,
)

from support.puppet import PAGE, READ, Puppet
from support.targets import Spawn, every_build

BASE = 0x2000_0000  # below 4 GiB, where Windows would put it
HEADER = 0x80
I386, AMD64 = 0x14C, 0x8664
ONLY_MANAGED, NEEDS_32 = 1, 2


def pe(*, machine: int = I386, magic: int = 0x10B, managed: int | None = None) -> bytes:
    """A Windows program's header; managed gives the flags of one in .NET."""
    raw = bytearray(PAGE)
    raw[:2] = b"MZ"
    struct.pack_into("<I", raw, 60, HEADER)
    struct.pack_into("<4sHH12xHH", raw, HEADER, b"PE\0\0", machine, 0, 0xE0, 0x102)
    optional = HEADER + 24
    struct.pack_into("<H", raw, optional, magic)
    struct.pack_into("<I", raw, optional + 56, PAGE)  # SizeOfImage
    directories = optional + (96 if magic == 0x10B else 112)
    struct.pack_into("<I", raw, directories - 4, 16)
    if managed is not None:
        struct.pack_into("<II", raw, directories + 8 * 14, 0x400, 72)
        struct.pack_into("<I", raw, 0x400 + 16, managed)
    return bytes(raw)


@pytest.fixture
def wine() -> Iterator[Puppet]:
    """A process of 64 bits that names a Windows program, as Wine's do."""
    with Puppet(r"C:\games\Old Game.exe") as puppet:
        yield puppet


def load(puppet: Puppet, file: Path, content: bytes, base: int = BASE) -> None:
    file.write_bytes(content)
    puppet.map(base, 1, READ, str(file))


@pytest.mark.parametrize(
    ("content", "bits"),
    [
        (pe(), 32),
        (pe(machine=AMD64, magic=0x20B), 64),
        (pe(managed=ONLY_MANAGED), 64),  # fits either width, and this process has 64
        (pe(managed=ONLY_MANAGED | NEEDS_32), 32),
        (pe(managed=0), 32),  # not all of it is managed
        (pe(magic=0x107), 64),
        (b"MZ".ljust(60, b"\0") + b"\xff" * 4, 64),
        (pe().replace(b"PE", b"NE"), 64),
        (b"#!/bin/sh\n", 64),
    ],
)
def test_the_programs_header_says_it(
    wine: Puppet, tmp_path: Path, content: bytes, bits: int
) -> None:
    with attach(wine.pid) as target:
        assert target.process is not None
        assert (target.process.bits, target.bits) == (64, 64)
        load(wine, tmp_path / "old game.EXE", content)
        assert target.bits == bits
    with attach(wine.pid) as target:
        assert target.bits == bits


def test_the_program_that_is_meant(wine: Puppet, tmp_path: Path) -> None:
    load(wine, tmp_path / "services.exe", pe(machine=AMD64, magic=0x20B), BASE - 16 * PAGE)
    load(wine, tmp_path / "kernel32.dll", pe(machine=AMD64, magic=0x20B), BASE - 8 * PAGE)
    with attach(wine.pid) as target:
        assert target.bits == 64
    load(wine, tmp_path / "old game.exe", pe())
    with attach(wine.pid) as target:
        assert target.bits == 32


def test_a_program_that_is_only_looked_at(wine: Puppet, tmp_path: Path) -> None:
    """By an editor or a runtime of 64 bits, which do not map it where it could run."""
    load(wine, tmp_path / "old game.exe", pe(), wine.reserve(1))
    with attach(wine.pid) as target:
        assert target.bits == 64


def test_without_a_windows_program_nothing_is_looked_for(tmp_path: Path) -> None:
    with Puppet() as puppet:
        load(puppet, tmp_path / "old game.exe", pe())
        with attach(puppet.pid) as target:
            assert target.bits == 64


@every_build
def test_an_elf_file_says_it(build: str, spawn: Spawn) -> None:
    with attach(spawn("game").pid) as target:
        assert target.bits == (32 if build == "m32" else 64)


PLAYER = c_struct("struct player { struct player *next; long gold; int hp; };")


def planted(target: Target, start: int) -> None:
    """Two pointers and a player for whichever width, at known places."""
    target.write_bytes(start, struct.pack("<IIII", start + 0x100, 0xDEAD, start + 0x200, 0xBEEF))
    target.write_bytes(start + 0x100, struct.pack("<IiiI", start + 0x200, 1500, 100, 7))
    target.write_bytes(start + 0x200 + 8, struct.pack("<i", 42))


def test_all_that_has_pointers_in_it_follows(wine: Puppet, tmp_path: Path) -> None:
    load(wine, tmp_path / "old game.exe", pe())
    start = BASE + 16 * PAGE
    wine.map(start, 1)
    with attach(wine.pid) as target:
        planted(target, start)
        assert target.read(start, pointer) == start + 0x100
        path = PointerPath(f"{start:#x}", (0, 8))
        assert path.resolve(target) == start + 0x208
        assert target.read(path.resolve(target), i32) == 42
        assert target.read(start + 0x100, PLAYER).gold == 1500
        assert member(PLAYER, "hp", bits=target.bits).offset == 8
        with target.scan(pointer, where=f"{start:#x}..{start + PAGE:#x}") as scan:
            scan.first(f"now == {start + 0x200}")
            assert scan.matches.addresses() == [start + 8, start + 0x100]
        with target.scan(PLAYER, where=f"{start:#x}..{start + PAGE:#x}") as scan:
            scan.first("gold == 1500 and hp == 100")
            assert scan.matches.addresses() == [start + 0x100]
        target.write(start + 8, pointer, 1)
        assert target.read_bytes(start + 8, 8) == b"\1\0\0\0\xef\xbe\0\0"


def test_it_can_be_chosen() -> None:
    memory = bytearray(4096)
    memory[:8] = bytes.fromhex("10 20 00 00 20 30 00 00")
    with attach(Buffer(memory, base=0x1000), bits=32) as target:
        assert target.bits == 32
        assert target.read(0x1000, pointer) == 0x2010
        scan = target.scan(pointer)
        scan.first("now == 0x2010")
        watch = target.watch([(0x1000, pointer)])
        target.bits = 64
        assert target.read(0x1000, pointer) == 0x3020_0000_2010
        # what has begun goes on as it was
        assert (scan.bits, scan[0].value, scan.next("unchanged").matches) == (32, 0x2010, 1)
        assert watch.look()[0].value == 0x2010
        scan.write_all(0x55)
        assert memory[:8] == bytes.fromhex("55 00 00 00 20 30 00 00")
        target.bits = None
        assert target.bits == 64
        for wrong in (4, 8, 0, -32, 32.0, True, "32"):
            with pytest.raises(
                ArgumentError, match=r"^bits takes 32, 64, or None for the program's own, not "
            ):
                target.bits = wrong  # type: ignore[assignment]
            with pytest.raises(
                ArgumentError, match=r"^bits takes 32, 64, or None for the program's own, not "
            ):
                attach(Buffer(memory), bits=wrong)  # type: ignore[arg-type]
    assert decode(pointer, bytes(4), bits=32) == 0
