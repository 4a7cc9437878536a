"""Functions of files: also of files that somebody has broken on purpose."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from farfetch.scanner import attach
from farfetch.scanner.images.demangle import demangled
from farfetch.scanner.images.elf_functions import ElfFile, elf_functions
from farfetch.scanner.images.functions import MOST, Functions, bounded
from farfetch.scanner.images.pe_functions import PeFile, pe_functions

from support.elf_files import elf_file


def program() -> bytes:
    """A small library that every process has."""
    with attach(os.getpid()) as target:
        paths = [module.path for module in target.modules() if module.path.startswith("/")]
    return min((Path(path).read_bytes() for path in paths), key=len)


def test_functions_are_looked_up() -> None:
    functions = Functions([(16, 4, b"one"), (32, 0, b""), (16, 4, b""), (64, 8, b"two")])
    assert [functions.at(at) and functions.at(at).name for at in (16, 19)] == ["one", "one"]  # type: ignore[union-attr]
    assert functions.at(0) is None
    assert functions.at(20) is None
    unnamed = functions.at(63)
    assert unnamed is not None
    assert (unnamed.start, unnamed.name) == (32, "")
    two = functions.named("two")
    assert two is not None
    assert two.start == 64
    assert functions.named("three") is None
    assert len(list(functions)) == len(functions) == 3


def test_a_function_is_found_by_all_its_names() -> None:
    rows = [(16, 4, b""), (16, 4, b"read"), (16, 0, b"__read"), (16, 4, b"read"), (32, 4, b"two")]
    functions = Functions(rows)
    assert [each.name for each in functions] == ["read", "__read", "two"]
    assert functions.at(19) == functions.named("read")
    other = functions.named("__read")
    assert other is not None
    assert (other.start, other.size) == (16, 0)
    assert functions.named("\ud800") is None  # which no file can have


def test_broken_elf_files() -> None:
    raw = program()
    assert elf_functions(raw, "/nowhere/file", Path("/"))
    draw = random.Random(7)
    for _ in range(400):
        broken = bytearray(raw[: draw.choice((64, 200, 4096, len(raw)))])
        for _ in range(draw.randrange(1, 12)):
            broken[draw.randrange(4, min(len(broken), 512))] = draw.randrange(256)
        try:
            rows = elf_functions(bytes(broken), "/nowhere/file", Path("/"))
        except ValueError:
            continue
        assert all(start >= 0 for start, _, _ in rows)


@pytest.mark.parametrize("raw", [b"", b"MZ", bytes(64), b"\x7fELF".ljust(64, b"\xff")])
def test_no_files_of_code(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"no|cut off"):
        elf_functions(raw, "/x", Path("/"))
    with pytest.raises(ValueError, match=r"no|cut off"):
        pe_functions(raw)


def pe(exports: dict[str, int]) -> bytearray:
    """A PE file of one section, from 0x1000 on, that exports functions."""
    head = bytearray(0x400)
    head[:2], head[60:64] = b"MZ", (0x80).to_bytes(4, "little")
    head[0x80:0x84] = b"PE\0\0"
    head[0x84:0x88] = (0x8664).to_bytes(2, "little") + (1).to_bytes(2, "little")
    head[0x94:0x96] = (240).to_bytes(2, "little")
    head[0x98:0x9A] = (0x20B).to_bytes(2, "little")
    head[0x104:0x108] = (16).to_bytes(4, "little")
    head[0x108:0x110] = (0x1000).to_bytes(4, "little") + (0x200).to_bytes(4, "little")
    head[0x120:0x128] = (0x1300).to_bytes(4, "little") + (24).to_bytes(4, "little")
    section = (0x1000, 0x1000, 0x1000, 0x400)
    head[0x190:0x1A0] = b"".join(part.to_bytes(4, "little") for part in section)
    body = bytearray(0x1000)
    count = len(exports)
    directory = (0, 0, 0, 0, 1, count, count, 0x1040, 0x1080, 0x10C0)
    body[:40] = b"".join(part.to_bytes(4, "little") for part in directory)
    text = 0x200
    for index, (name, address) in enumerate(exports.items()):
        body[0x40 + 4 * index : 0x44 + 4 * index] = address.to_bytes(4, "little")
        body[0x80 + 4 * index : 0x84 + 4 * index] = (0x1000 + text).to_bytes(4, "little")
        body[0xC0 + 2 * index : 0xC2 + 2 * index] = index.to_bytes(2, "little")
        body[text : text + len(name)] = name.encode()
        text += len(name) + 1
    for index, (begin, end) in enumerate(((0x1500, 0x1510), (0x1600, 0x1680))):
        at = 0x300 + 12 * index
        body[at : at + 8] = begin.to_bytes(4, "little") + end.to_bytes(4, "little")
    return head + body


def test_what_a_pe_file_exports() -> None:
    # the second is another file's: its address is in the directory
    raw = bytes(pe({"hit": 0x1500, "other": 0x1010, "heal": 0x1700}))
    assert list(PeFile(raw).exports()) == [(0x1500, 0, b"hit"), (0x1700, 0, b"heal")]
    functions = Functions(pe_functions(raw))
    assert [(one.start, one.size, one.name) for one in functions] == [
        (0x1500, 0, "hit"),
        (0x1600, 0x80, ""),
        (0x1700, 0, "heal"),
    ]


def test_broken_pe_files() -> None:
    raw = pe({"hit": 0x1500})
    draw = random.Random(5)
    for _ in range(1000):
        broken = bytearray(raw)
        for _ in range(draw.randrange(1, 8)):
            broken[draw.randrange(2, 0x400 + 0x320)] = draw.randrange(256)
        try:
            pe_functions(bytes(broken))
        except ValueError:
            continue


def test_names_of_cpp() -> None:
    assert demangled("_ZN4game6Player3hitEi") == "game::Player::hit(int)"
    assert demangled("_ZN4game6Play") == "_ZN4game6Play"
    assert demangled("_Z" + "N1a" * 5000) == "_Z" + "N1a" * 5000
    assert demangled("hit") == "hit"


def test_an_elf_file_says_its_number() -> None:
    number = ElfFile(program()).build_id()
    assert len(number) in (0, 40)


def test_separate_symbols_are_of_the_same_build(tmp_path: Path) -> None:
    symbols = elf_file({"heal": 0x80})
    program = elf_file({"hit": 0x40}, link="game.debug", linked=symbols)
    separate = tmp_path / "game.debug"
    separate.write_bytes(symbols)
    path = str(tmp_path / "game")
    assert elf_functions(program, path, Path("/")) == [(0x40, 8, b"hit"), (0x80, 8, b"heal")]
    separate.write_bytes(elf_file({"heal": 0x88}))  # of the next build
    assert elf_functions(program, path, Path("/")) == [(0x40, 8, b"hit")]
    separate.unlink()
    os.mkfifo(separate)  # nobody writes to it
    assert elf_functions(program, path, Path("/")) == [(0x40, 8, b"hit")]
    separate.unlink()
    separate.write_bytes(symbols)
    os.truncate(separate, 1 << 40)  # a sum of that takes an hour
    assert elf_functions(program, path, Path("/")) == [(0x40, 8, b"hit")]


def test_a_file_that_says_too_much_takes_little() -> None:
    functions = {f"function_{number}": 8 * number for number in range(1000)}
    raw = elf_file(functions, tables=60_000)
    assert len(elf_functions(raw, "/nowhere/file", Path("/"))) == len(functions)
    names = [(8 * number, 8, bytes(1 << 20)) for number in range(1000)]
    assert sum(len(name) for _, _, name in bounded(names)) == 1 << 28
    assert len(bounded((number, 0, b"") for number in range(MOST + 1))) == MOST
