"""Core files: what they hold is found, and what is none, or is damaged, is said in one line."""

from __future__ import annotations

import bz2
import importlib
import importlib.util
import os
import random
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import (
    Budget,
    Buffer,
    CoreFile,
    CoreFileError,
    FarfetchError,
    Range,
    ReadOnlyTarget,
    attach,
    i32,
)
from farfetch.scanner.coredump.save import gathered
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x1000


def zstd(raw: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        module: Any = importlib.import_module("compression.zstd")
        packed: bytes = module.compress(raw)
    else:
        module = importlib.import_module("zstandard")
        packed = bytes(module.ZstdCompressor().compress(raw))
    return packed


def lz4(raw: bytes) -> bytes:
    module: Any = importlib.import_module("lz4.frame")
    packed: bytes = module.compress(raw)
    return packed


PACKERS = {"zst": zstd, "lz4": lz4}


def memory() -> bytearray:
    contents = bytearray(64 << 10)
    contents[0x100:0x104] = (1500).to_bytes(4, "little")
    contents[0xF000:0xF010] = b"the last of them"
    return contents


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = tmp_path_factory.mktemp("core") / "buffer.core"
    attach(Buffer(memory(), base=BASE)).save_memory(name)
    return name


def refused(name: Path) -> str:
    with pytest.raises(CoreFileError) as caught:
        CoreFile(name)
    said = str(caught.value)
    assert said.isprintable()
    assert said.startswith(f"the core file {name}: ")
    return said.partition(": ")[2]


def test_all_of_a_memory_is_in_it(core: Path) -> None:
    with attach(CoreFile(core)) as target:
        assert (target.name, target.pid, target.bits, target.alive) == (
            "buffer.core",
            None,
            64,
            True,
        )
        assert target.read_bytes(BASE, 64 << 10) == bytes(memory())
        assert [(region.start, region.size) for region in target.regions()] == [(BASE, 64 << 10)]
        assert [print_.resident for print_ in target.footprints()] == [64 << 10]
        scan = target.scan(i32)
        assert scan.first("now == 1500").matches == 1
        assert scan.next("unchanged").matches == 1
        with pytest.raises(FarfetchError, match="0x11000 is not mapped"):
            target.read_bytes(BASE + (64 << 10) - 4, 8)


def test_pages_of_zeros_take_no_disk(core: Path) -> None:
    assert core.stat().st_size > 64 << 10
    assert core.stat().st_blocks * 512 <= 32 << 10


@pytest.mark.parametrize(
    "write",
    [
        lambda target: target.write(BASE, i32, 5),
        lambda target: target.write(BASE, i32, 5, force=True),
        lambda target: target.write_bytes(BASE, b"x"),
        lambda target: target.freeze(BASE + 0x100, i32),
        lambda target: target.freeze(BASE + 0x100, i32, 5),
        lambda target: target.patch(BASE, b"\x90"),
        lambda target: target.write_many([BASE], i32, [5]),
        lambda target: found(target).write_all(5),
    ],
)
def test_nothing_is_written(core: Path, write: Callable[[Any], object]) -> None:
    with attach(CoreFile(core)) as target:
        with pytest.raises(ReadOnlyTarget) as caught:
            write(target)
        assert str(caught.value).startswith("buffer.core cannot be written to")
        assert not target.frozen
        assert not target.patches
        assert target.read(BASE + 0x100, i32) == 1500


def found(target: Any) -> Any:
    scan = target.scan(i32)
    scan.first("now == 1500")
    return scan


def test_a_core_of_a_core_is_the_same(core: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.core"
    attach(CoreFile(core)).save_memory(again)
    assert attach(CoreFile(again)).read_bytes(BASE, 64 << 10) == bytes(memory())


@pytest.mark.parametrize("ending", PACKERS)
def test_packed_as_systemd_coredump_does(ending: str, core: Path, tmp_path: Path) -> None:
    packed = tmp_path / f"core.{ending}"
    packed.write_bytes(PACKERS[ending](core.read_bytes()))
    seen: list[tuple[int, int]] = []
    unpacked = CoreFile(packed, progress=lambda done, total: seen.append((done, total)))
    assert attach(unpacked).read_bytes(BASE, 64 << 10) == bytes(memory())
    assert seen[-1] == (packed.stat().st_size,) * 2
    raw = packed.read_bytes()
    packed.write_bytes(raw[: len(raw) // 2])
    assert "cut short" in refused(packed) or "damaged" in refused(packed)
    packed.write_bytes(raw[:20] + bytes(16) + raw[36:])
    assert "damaged" in refused(packed) or "cut short" in refused(packed)
    packed.write_bytes(raw)
    with pytest.raises(
        CoreFileError, match=r"takes more than its budget of disk in .* 4,096 bytes"
    ):
        CoreFile(packed, directory=tmp_path, budget=Budget(disk=4096))
    assert [one.name for one in tmp_path.iterdir()] == [packed.name]


@pytest.mark.parametrize("ending", PACKERS)
def test_without_what_unpacks_it_the_cure_is_said(
    ending: str, core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / f"core.{ending}"
    packed.write_bytes(PACKERS[ending](core.read_bytes()))
    for module in ("zstandard", "lz4", "lz4.frame", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    assert "pip install 'farfetch[cores]', or unpack it first: " in refused(packed)
    assert importlib.util.find_spec("farfetch") is not None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is no core file: neither of ELF nor a Windows minidump"),
        (b"#!/bin/sh\n", "is no core file: neither of ELF nor a Windows minidump"),
        (bz2.compress(b"x"), "is no core file: neither of ELF nor a Windows minidump"),
        (b"\x7fELF", "is cut short: what it announces is not there"),
        (b"MDMP" + bytes(4), "is cut short: what it announces is not there"),
        (b"MDMP" + bytes(4) + b"\xff" * 8, "is damaged: it lists 4,294,967,295 streams"),
    ],
)
def test_what_is_none(tmp_path: Path, raw: bytes, said: str) -> None:
    name = tmp_path / "core"
    name.write_bytes(raw)
    assert refused(name) == said


def test_programs_and_folders_are_none(tmp_path: Path) -> None:
    assert refused(Path(sys.executable)) in (
        "is a program or a library, no core file",
        "is a program, no core file",
    )
    assert refused(tmp_path) == "is not a regular file"
    assert refused(tmp_path / "nothing") == "cannot be read: No such file or directory"
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert refused(fifo) == "is not a regular file"


def test_cut_short_anywhere_it_is_refused(core: Path, tmp_path: Path) -> None:
    raw, name = core.read_bytes(), tmp_path / "core"
    for length in (*range(0, 80, 7), 4096, 40_000, len(raw) - 4096, len(raw) - 57, len(raw) - 1):
        name.write_bytes(raw[:length])
        refused(name)


def test_damage_is_refused_or_does_no_harm(core: Path, tmp_path: Path) -> None:
    raw, name = core.read_bytes(), tmp_path / "core"
    (headers,) = struct.unpack_from("<Q", raw, 32)
    places = [
        *range(64),
        *range(len(raw) - 4096 if len(raw) - 4096 > headers else headers, len(raw)),
    ]

    @settings(deadline=None, max_examples=400)
    @given(
        st.lists(st.tuples(st.sampled_from(places), st.integers(0, 255)), min_size=1, max_size=6)
    )
    def check(changes: list[tuple[int, int]]) -> None:
        damaged = bytearray(raw)
        for at, byte in changes:
            damaged[at] = byte
        used(name, bytes(damaged))

    check()


def test_numbers_as_large_as_can_be(core: Path, tmp_path: Path) -> None:
    raw, name = core.read_bytes(), tmp_path / "core"
    (headers,) = struct.unpack_from("<Q", raw, 32)
    draw = random.Random(15)
    for at in (*range(16, 64, 2), *range(headers, len(raw) - 8, 4)):
        for number in (b"\xff" * 8, (1 << 63).to_bytes(8, "little"), bytes(8)):
            damaged = bytearray(raw)
            damaged[at : at + draw.choice((2, 4, 8))] = number[: draw.choice((2, 4, 8))]
            used(name, bytes(damaged))


def used(name: Path, raw: bytes) -> None:
    """Attach to it and look at all of it, or have it refused in one line."""
    name.write_bytes(raw)
    said = ""
    try:
        with attach(CoreFile(name)) as target:
            target.memory.stacks()
            assert target.modules() is not None
            assert len(target.footprints()) == len(target.regions())
            scan = target.scan(i32, where="all")
            assert scan.first("now == 1500").matches >= 0
    except FarfetchError as error:
        said = str(error)
    assert said.isprintable()


def test_one_that_shrinks_meanwhile_has_holes(core: Path, tmp_path: Path) -> None:
    name = tmp_path / "core"
    name.write_bytes(core.read_bytes())
    with attach(CoreFile(name)) as target:
        assert target.read(BASE + 0x100, i32) == 1500
        os.truncate(name, 4096 + 0x100)
        with pytest.raises(FarfetchError, match="cannot read 4 bytes at 0x1100"):
            target.read(BASE + 0x100, i32)
        result = target.scan(i32).first("now == 1500")
        assert (result.matches, result.unreadable > 0) == (0, True)


def test_what_is_there_is_written_over_only_if_it_is_one(tmp_path: Path) -> None:
    target = attach(Buffer(memory(), base=BASE))
    letter = tmp_path / "letter"
    letter.write_text("dear")
    with pytest.raises(CoreFileError, match="is not written over, as what is there is no core"):
        target.save_memory(letter)
    assert letter.read_text() == "dear"
    target.save_memory(letter, force=True)
    target.save_memory(letter)
    assert attach(CoreFile(letter)).read(BASE + 0x100, i32) == 1500
    assert letter.stat().st_mode & 0o77 == 0o44  # as it was
    for bad in (tmp_path, Path("/dev/full")):
        with pytest.raises(CoreFileError, match="is not a regular file"):
            target.save_memory(bad)
    with pytest.raises(CoreFileError, match="nothing was written"):
        target.save_memory(tmp_path / "nowhere" / "core")


@pytest.mark.parametrize(
    ("there", "spans"),
    [
        ([], []),
        ([(0, 1)], [(0, 1)]),
        ([(1, 2), (3, 4)], [(0, 4)]),
        ([(3, 4), (6, 7)], [(3, 4), (6, 7)]),
        ([(0, 1), (3, 4), (5, 6), (9, 10)], [(0, 1), (3, 6), (9, 10)]),
        ([(8, 9)], [(8, 10)]),
    ],
)
def test_zeros_that_go_on_and_on_are_left_out(
    there: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> None:
    """In gibibytes."""
    groups = gathered(Range(0, 10 << 30), [Range(a << 30, b << 30) for a, b in there])
    assert [(span.start >> 30, span.end >> 30) for span, _ in groups] == spans
    assert [run for _, inside in groups for run in inside] == [
        Range(a << 30, b << 30) for a, b in there
    ]
    assert gathered(Range(0, 1 << 20), []) == [(Range(0, 1 << 20), [])]


def test_a_new_one_is_for_its_owner_alone(core: Path) -> None:
    assert core.stat().st_mode & 0o77 == 0


def test_a_full_disk_leaves_nothing_behind(core: Path, tmp_path: Path) -> None:
    """A limit of what a process may write stands for the disk."""
    program = (
        "import resource, sys\n"
        "from farfetch.scanner import Buffer, CoreFileError, attach\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40 << 10, 40 << 10))\n"
        "target = attach(Buffer(bytes(range(1, 256)) * 1024, base=0x1000))\n"
        "try:\n    target.save_memory(sys.argv[1])\n"
        "except CoreFileError as error:\n    print(error)\n"
    )
    name = tmp_path / "core"
    name.write_bytes(core.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", program, name], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"the core file {name}: File too large; nothing was written\n"
    assert name.read_bytes() == core.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["core"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 40 << 10
