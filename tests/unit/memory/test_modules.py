from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
from pathlib import Path

import pytest
from farfetch.scanner.images.elf import elf_bits, image_size
from farfetch.scanner.memory.modules import (
    Module,
    locate,
    locations_said,
    module_label,
    modules_of,
)
from farfetch.scanner.memory.regions import Region
from farfetch.scanner.process.maps import RegionReader, parse_maps

PAGE = mmap.PAGESIZE

# ELF files whose table of segments is of another kind, far behind the end, or cut off.
BROKEN = [
    struct.pack("<6s26xQ14x2H", b"\x7fELF\x02\x01", *table).ljust(100, b"\1")
    for table in ((0, 65535, 65535), (2**64 - 1, 56, 1), (64, 56, 1))
]


def own_modules() -> tuple[list[Region], list[Module]]:
    regions = RegionReader(os.getpid()).read()
    return regions, modules_of(regions)


def libc() -> tuple[list[Region], list[Module], Module]:
    regions, modules = own_modules()
    address = ctypes.cast(ctypes.CDLL(None).malloc, ctypes.c_void_p).value
    assert address is not None
    module = locate(address, regions, modules).module
    assert module is not None
    return regions, modules, module


def test_own_modules_are_those_that_the_linker_knows() -> None:
    regions, modules = own_modules()
    assert [module.base for module in modules] == sorted(module.base for module in modules)
    paths = [module.path for module in modules]
    assert len(paths) == len(set(paths))
    assert os.path.realpath(sys.executable) in paths
    mapped = {
        region.path for region in regions if region.executable and region.path.startswith("/")
    }
    assert set(paths) == mapped
    for module in modules:
        assert module.name == Path(module.path).name
        assert module.base == module.regions[0].start
        assert module.end == module.regions[-1].end


def test_symbols_are_where_the_linker_says() -> None:
    regions, modules, module = libc()
    for name in ("malloc", "environ", "stdout"):
        address = ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(None), name))
        location = locate(address, regions, modules)
        assert location.module == module
        assert str(location) == f"{module.name}+0x{address - module.base:x}"
        assert location.region is not None
        assert address in location.region


def test_the_bss_belongs_to_its_module() -> None:
    _, _, module = libc()
    address = ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(None), "environ"))
    [part] = [region for region in module.regions if address in region]
    assert part.writable
    assert address in module


def test_memory_behind_a_library_is_not_its() -> None:
    _, _, module = libc()
    mapped = [region for region in module.regions if region.kind == "file"]
    size = image_size(Path(module.path), mapped[0].inode)
    assert size is not None
    end = mapped[-1].end
    behind = parse_maps(f"{end:x}-{end + (1 << 30):x} rw-p 00000000 00:00 0")
    [again] = modules_of([*mapped, *behind])
    assert again.end == module.end
    assert 0 <= again.end - again.base - size < PAGE


GONE = """\
00400000-00401000 r-xp 00000000 08:01 1 /no/such/game (deleted)
00600000-00601000 rw-p 00000000 08:01 1 /no/such/game (deleted)
00601000-00603000 rw-p 00000000 00:00 0
00603000-00604000 r--p 00000000 00:00 0
7f0000000000-7f0000001000 r--p 00000000 08:01 2 /no/such/font
7f0000002000-7f0000003000 r-xs 00000000 08:01 3 /memfd:jit (deleted)
7f0000004000-7f0000005000 r--p 00000000 08:01 4 /no/such/GAME.EXE
7f0000005000-7f0000007000 rw-p 00000000 00:00 0
7f0000008000-7f0000009000 r--p 00000000 08:01 5 /no/such/lib.so
7f0000009000-7f000000a000 r-xp 00001000 08:01 5 /no/such/lib.so
7f000000b000-7f000000c000 r--p 00000000 08:01 6 /no/such/other
7f000000d000-7f000000e000 r-xp 00000000 08:01 5 /no/such/lib.so
"""


def test_files_that_cannot_be_read() -> None:
    modules = modules_of(parse_maps(GONE))
    assert [(module.name, module.base, module.end) for module in modules] == [
        ("game", 0x400000, 0x603000),
        ("GAME.EXE", 0x7F0000004000, 0x7F0000007000),
        ("lib.so", 0x7F0000008000, 0x7F000000A000),
        ("lib.so", 0x7F000000D000, 0x7F000000E000),
    ]


def test_a_windows_program_has_the_size_that_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "game.exe"
    header = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    path.write_bytes(header + struct.pack("<4s76xI", b"PE\0\0", 0x5000))
    inode = path.stat().st_ino
    maps = f"""\
00400000-00401000 r--p 00000000 08:01 {inode} {path}
00401000-00403000 r-xp 00000000 00:00 0
00403000-00404000 ---p 00000000 00:00 0
00404000-00409000 rw-p 00000000 00:00 0
"""
    [module] = modules_of(parse_maps(maps))
    assert (module.base, module.end) == (0x400000, 0x405000)
    assert [(region.start, region.end) for region in module.regions] == [
        (0x400000, 0x401000),
        (0x401000, 0x403000),
        (0x404000, 0x405000),
    ]
    assert 0x403000 not in module


def test_another_file_of_that_name_is_not_asked() -> None:
    _, _, module = libc()
    path = Path(module.path)
    assert image_size(path, path.stat().st_ino) is not None
    assert image_size(path, path.stat().st_ino + 1) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\x7fEL", b"\x7fELF", *BROKEN, b"MZ", b"MZ".ljust(64, b"\xff"), b"#!/bin/sh\n"],
    ids=range(9),
)
def test_files_that_are_no_programs(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert image_size(path, path.stat().st_ino) is None
    assert elf_bits(path) == (64 if content in BROKEN else None)


@pytest.mark.parametrize(("elf_class", "order"), [(1, "<"), (1, ">"), (2, "<"), (2, ">")])
def test_every_kind_of_elf(tmp_path: Path, elf_class: int, order: str) -> None:
    start = b"\x7fELF" + bytes([elf_class, 1 if order == "<" else 2])
    segments = [(6, 0x400040, 0x100), (1, 0x400010, 0x500), (1, 0x602000, 0x3210), (4, 0, 1 << 30)]
    if elf_class == 1:
        header = start.ljust(28, b"\0") + struct.pack(f"{order}I10x2H", 52, 32, len(segments))
        table = [struct.pack(f"{order}I4xI8xI8x", *segment) for segment in segments]
        path = write(tmp_path, header.ljust(52, b"\0"), table)
    else:
        header = start.ljust(32, b"\0") + struct.pack(f"{order}Q14x2H", 64, 56, len(segments))
        table = [struct.pack(f"{order}I12xQ16xQ8x", *segment) for segment in segments]
        path = write(tmp_path, header.ljust(64, b"\0"), table)
    assert image_size(path, path.stat().st_ino) == 0x605210 - 0x400000
    assert elf_bits(path) == 32 * elf_class


def write(folder: Path, header: bytes, table: list[bytes]) -> Path:
    path = folder / "program"
    path.write_bytes(header + b"".join(table))
    return path


def test_an_elf_that_loads_nothing(tmp_path: Path) -> None:
    header = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<Q14x2H", 64, 56, 0)
    path = write(tmp_path, header.ljust(64, b"\0"), [])
    assert image_size(path, path.stat().st_ino) is None


MAPS = """\
00400000-00401000 r-xp 00000000 08:01 1 /no/such/game
00a00000-00a10000 rw-p 00000000 00:00 0 [heap]
00a10000-00a20000 r--p 00000000 00:00 0 [heap]
7f0000000000-7f0000001000 rw-p 00000000 00:00 0
7f0000002000-7f0000003000 r-xp 00000000 08:01 2 /no/a/lib.so
7f0000004000-7f0000005000 r-xp 00000000 08:01 3 /no/b/lib.so
7f0000006000-7f0000007000 r-xp 00000000 08:01 4 /no/my game.exe
"""


@pytest.mark.parametrize(
    ("address", "text", "offset"),
    [
        (0x400123, "game+0x123", 0x123),
        (0xA002A0, "[heap]+0x2a0", 0x2A0),
        (0xA10000, "[heap]+0x10000", 0x10000),
        (0x7F0000000010, "0x7f0000000010", 0x10),
        (0x7F0000002001, "/no/a/lib.so+0x1", 1),
        (0x7F0000006010, '"my game.exe"+0x10', 0x10),
        (0x5000, "0x5000", 0x5000),
        (0x401000, "0x401000", 0x401000),
        (2**64 - 1, "0xffffffffffffffff", 2**64 - 1),
    ],
)
def test_locations(address: int, text: str, offset: int) -> None:
    regions = parse_maps(MAPS)
    location = locate(address, regions, modules_of(regions))
    assert (str(location), location.offset, location.address) == (text, offset, address)
    around = [region for region in regions if address in region]
    assert location.region == (around[0] if around else None)


def test_locations_of_many_are_those_of_each() -> None:
    """In one region a module may end, and what lies behind it counts from the region's start."""
    regions = parse_maps(MAPS + "7f0000007000-7f000000a000 rw-p 00000000 00:00 0 \n")
    modules = modules_of(regions, size_of=lambda _region: 0x2800)
    edges = {
        edge + by for region in regions for edge in (region.start, region.end) for by in (-1, 0)
    }
    inside = {region.start + at for region in regions for at in range(0, region.size, 0x248)}
    behind = {module.end + by for module in modules for by in (-1, 0, 1)}
    addresses = sorted({0, 2**64 - 1, *edges, *inside, *behind})
    said = [str(locate(address, regions, modules)) for address in addresses]
    assert locations_said(addresses, regions, modules) == said
    assert len({place.partition("+")[0] for place in said if "+" in place}) == len(modules) + 1
    assert locations_said([], regions, modules) == []


def test_a_file_loaded_twice_has_no_name_for_sure() -> None:
    regions = parse_maps(GONE)
    modules = modules_of(regions)
    assert module_label(modules[-1], modules) == ""
    location = locate(0x7F000000D010, regions, modules)
    assert (str(location), location.module) == ("0x7f000000d010", modules[-1])


@pytest.mark.parametrize("kind", ["r-xp", "rw-s"])
@pytest.mark.parametrize("name", [b"g\xff", b"a\nb", b"\x1b[31mx", b'a"b', b"a->b"])
def test_a_name_that_is_not_read_back_names_nothing(name: bytes, kind: str) -> None:
    path = os.fsdecode(b"/no/dir" + name + b"/" + name)
    regions = [Region(0x5000, 0x6000, kind, 0, "08:01", 1, path, False)]
    assert str(locate(0x5010, regions, modules_of(regions))) == "0x5010"
