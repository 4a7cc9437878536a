"""Disassembly of whole libraries, held against objdump's and against iced's own decoder."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from farfetch.scanner import Buffer, Instruction, attach
from farfetch.scanner.code.decoder import iced

from support.machine import needs, only_x86

pytestmark = only_x86

DLL: Final = Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/ntdll.dll")
_LINE: Final = re.compile(r"\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)")
_BRANCH: Final = re.compile(r"(?:bnd |notrack )?(?:j\w+|call|loop\w*)\s+([0-9a-f]+)\b")
_PLACE: Final = re.compile(r"\[rip.*# ([0-9a-f]+)\b")
#: Prefixes that objdump shows and that change nothing here, and other names of the same.
_PREFIXES: Final = ("data16", "cs", "rex.W", "addr32", "ds", "es", "fs", "gs")
_SAME: Final = {"movabs": "mov", "repz": "rep", "pushf": "pushfq", "(bad)": "db"}


class Line(NamedTuple):
    """An instruction as objdump has it."""

    address: int
    raw: bytes
    text: str

    @property
    def mnemonic(self) -> str:
        words = [word for word in self.text.split() if word not in _PREFIXES]
        return _SAME.get(words[0], words[0])


def runs(path: Path) -> Iterator[list[Line]]:
    """The instructions of a file, as objdump has them; those that follow one another together."""
    command = ["objdump", "-d", "-w", "-M", "intel", str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    lines = [
        Line(int(found[1], 16), bytes.fromhex(found[2]), found[3])
        for found in map(_LINE.fullmatch, out.splitlines())
        if found
    ]
    run = lines[:1]
    for before, line in pairwise(lines):
        if before.address + len(before.raw) != line.address:
            yield run
            run = []
        run.append(line)
    yield run


def libc() -> Path:
    """The C library of this process."""
    maps = Path("/proc/self/maps").read_text().split()
    return next(Path(word) for word in maps if re.search(r"/libc[.-][^/]*so", word))


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(None, id="libc"),
        pytest.param(DLL, id="dll", marks=needs(DLL.exists(), "Wine")),
    ],
)
def test_every_instruction_of_a_library(file: Path | None) -> None:
    """Where each begins and ends, what it is called, where it branches and what it reaches."""
    seen = 0
    for run in runs(file or libc()):
        start, raw = run[0].address, b"".join(line.raw for line in run)
        target = attach(Buffer(raw, base=start))
        ours = {one.address: one for one in target.disassemble(start, min(len(raw), 10**6))}
        for line in run:
            check(line, ours[line.address])
            seen += 1
        decoder = iced().Decoder(64, raw, ip=start)
        for one in ours.values():
            decoder.position, decoder.ip = one.address - start, one.address
            own = decoder.decode()
            assert own.is_invalid or own.len == one.size, one
            assert own.is_invalid != one.is_valid, one
    assert seen > 100_000


def check(line: Line, ours: Instruction) -> None:
    """Whether an instruction is the same in both."""
    assert ours.raw == line.raw, line
    name = ours.text.split()[0]
    assert name.startswith("movs") if line.mnemonic == "movs" else name == line.mnemonic, line
    branch, place = _BRANCH.match(line.text), _PLACE.search(line.text)
    if branch:
        assert ours.target == int(branch[1], 16), line
    if place:
        reached = [each.displacement for each in (*ours.reads, *ours.writes) if not each.base]
        assert int(place[1], 16) in reached or f"0x{int(place[1], 16):x}]" in ours.text, line
