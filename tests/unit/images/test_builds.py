"""Headers of programs and libraries, and what tells one build from another."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner import attach
from farfetch.scanner.images.builds import build_of
from farfetch.scanner.images.elf import headers_size
from farfetch.scanner.images.elf_headers import build_id, elf_header, elf_notes, elf_segments
from farfetch.scanner.images.pe_headers import PE32, PE32_PLUS, pe_header
from hypothesis import given
from hypothesis import strategies as st


def reader(raw: bytes, base: int = 0) -> Callable[[int, int], bytes]:
    return lambda at, size: raw[max(0, at - base) :][:size] if at >= base else b""


def windows(magic: int, stamp: int = 0x5EADBEEF, size: int = 0x7000, count: int = 16) -> bytes:
    """The headers of a PE file with two directories."""
    optional = struct.pack("<H54xI", magic, size)
    optional = optional.ljust((112 if magic == PE32_PLUS else 96) - 4) + struct.pack("<I", count)
    optional += struct.pack("<4I", 0x1000, 64, 0x2000, 32).ljust(8 * count, b"\0")
    head = struct.pack("<4sHHI8xHH", b"PE\0\0", 0x8664, 0, stamp, len(optional), 0)
    return b"MZ".ljust(60, b"\0") + struct.pack("<I", 128) + bytes(64) + head + optional


def test_the_build_id_that_the_linker_gave(tmp_path: Path) -> None:
    source, program = tmp_path / "a.c", tmp_path / "a"
    source.write_text("int main(void) { return 0; }\n")
    known = "0123456789abcdef0123456789abcdef01234567"
    flags = [f"-Wl,--build-id=0x{known}", "-o", str(program), str(source)]
    subprocess.run(["gcc", *flags], check=True)
    raw = program.read_bytes()
    assert build_of(reader(raw, 0x5000), 0x5000) == known  # its headers lie as in the file
    subprocess.run(["gcc", "-Wl,--build-id=none", *flags[1:]], check=True)
    assert build_of(reader(program.read_bytes()), 0) == ""


def test_builds_of_a_running_process() -> None:
    with attach(os.getpid()) as target:
        libc = next(one for one in target.modules() if one.name.startswith("libc."))
        build = build_of(target.memory.read, libc.base)
        assert len(bytes.fromhex(build)) == 20
        raw = Path(libc.path).read_bytes()
    assert build_of(reader(raw), 0) == build
    header = elf_header(raw[:64])
    assert header is not None
    assert header.kind == 3
    segments = [*elf_segments(header, raw[header.segments :][: header.table])]
    assert len(segments) == header.segment_count
    size = headers_size(raw[:4096])
    assert size is not None
    assert 0 <= libc.end - libc.base - size < mmap.PAGESIZE


@pytest.mark.parametrize("magic", [PE32, PE32_PLUS])
def test_the_stamp_and_size_of_windows(magic: int) -> None:
    raw = windows(magic)
    assert build_of(reader(raw, 64), 64) == "pe-5eadbeef-7000"
    header = pe_header(reader(raw))
    assert header is not None
    assert (header.magic, header.size, header.directory(1)) == (magic, 0x7000, (0x2000, 32))
    assert header.directory(99) == (0, 0)
    assert headers_size(raw) == 0x7000
    cut = pe_header(reader(raw[: 128 + 24 + 96 + 12]))
    assert cut is None or cut.directory(1) == (0, 0)


def test_notes_that_do_not_end() -> None:
    note = struct.pack("<3I4s4s", 4, 4, 3, b"GNU\0", b"\x12\x34\x56\x78")
    assert build_id(note, "<") == "12345678"
    assert build_id(struct.pack("<3I4s", 4, 4, 1, b"GNU\0") + bytes(4) + note, "<") == "12345678"
    assert build_id(note[:-1], "<") == ""
    assert build_id(note, ">") == ""
    with pytest.raises(ValueError, match="goes on behind the end"):
        list(elf_notes(note[:-1], "<"))


@given(st.binary(max_size=256), st.sampled_from([b"\x7fELF\x02\x01", b"\x7fELF\x01\x02", b"MZ"]))
def test_headers_that_lie(raw: bytes, start: bytes) -> None:
    lying = start + raw
    assert isinstance(build_of(reader(lying), 0), str)
    headers_size(lying)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=8))
def test_damaged_headers_of_windows(at: int, wrong: bytes) -> None:
    raw = bytearray(windows(PE32_PLUS))
    raw[at : at + len(wrong)] = wrong
    build_of(reader(bytes(raw)), 0)
