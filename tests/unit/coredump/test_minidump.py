"""Windows minidumps, as small ones made here: regions, modules, threads, and damage."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from farfetch.scanner import CoreFile, FarfetchError, attach, i32, i64
from hypothesis import given, settings
from hypothesis import strategies as st

GAME = 0x1_4000_0000
HEAP = 0x20_0000
PAGE = 4096


class Dump:
    """A minidump in the making."""

    def __init__(self) -> None:
        self.raw = bytearray(32)
        self.streams: list[tuple[int, int, int]] = []

    def put(self, raw: bytes) -> int:
        at = len(self.raw)
        self.raw += raw
        return at

    def stream(self, kind: int, raw: bytes) -> None:
        self.streams.append((kind, len(raw), self.put(raw)))

    def made(self) -> bytes:
        at = self.put(b"".join(struct.pack("<3I", *stream) for stream in self.streams))
        struct.pack_into("<4s3I", self.raw, 0, b"MDMP", 0xA793, len(self.streams), at)
        return bytes(self.raw)


def pages() -> dict[int, bytes]:
    data = bytearray(PAGE)
    data[0x40:0x48] = (HEAP + 0x100).to_bytes(8, "little")
    heap = bytearray(PAGE)
    heap[0x108:0x110] = (1500).to_bytes(8, "little")
    return {GAME: b"MZ".ljust(PAGE, b"\0"), GAME + 0x3000: bytes(data), HEAP: bytes(heap)}


def minidump(
    *, whole: bool = True, listed: bool = True, machine: int = 9, program: str = "Old Game.exe"
) -> bytes:
    dump = Dump()
    dump.stream(7, struct.pack("<H54x", machine))
    name = f"C:\\games\\{program}".encode("utf-16-le")
    at = dump.put(struct.pack("<I", len(name)) + name)
    dump.stream(4, struct.pack("<I", 1) + struct.pack("<QI8xI84x", GAME, 0x5000, at))
    context = bytearray(0x4D0)
    context[0x98:0xA0] = (HEAP + 0x800).to_bytes(8, "little")
    held = dump.put(bytes(context))
    thread = struct.pack("<I20xQI4x2I", 77, HEAP + 0x800, PAGE // 4, len(context), held)
    unknown = struct.pack("<I20xQI4x2I", 78, 0, 0, 0, 0)
    dump.stream(3, struct.pack("<I", 2) + unknown + thread)
    dump.stream(15, struct.pack("<3I", 12, 1, 4321))
    if listed:
        rows = ((GAME, PAGE, 2), (GAME + 0x3000, PAGE, 4), (HEAP, 2 * PAGE, 4), (0x9000, PAGE, 1))
        packed = b"".join(
            struct.pack("<2Q2IQ4I", base, base, 4, 0, size, 0x1000, protect, 0, 0)
            for base, size, protect in rows
        )
        dump.stream(16, struct.pack("<2IQ", 16, 48, len(rows)) + packed)
    there = sorted(pages().items())
    if whole:
        head = struct.pack("<2Q", len(there), 0)
        listing = b"".join(struct.pack("<2Q", start, len(raw)) for start, raw in there)
        dump.stream(9, head + listing)
        data = dump.put(b"".join(raw for _, raw in there))
        at = next(at for kind, _, at in dump.streams if kind == 9)
        struct.pack_into("<Q", dump.raw, at + 8, data)
    else:
        rows2 = [(start, len(raw), dump.put(raw)) for start, raw in there]
        listing = b"".join(struct.pack("<QII", *row) for row in rows2)
        dump.stream(5, struct.pack("<I", len(rows2)) + listing)
    return dump.made()


@pytest.mark.parametrize("whole", [True, False])
def test_it_is_a_target(tmp_path: Path, whole: bool) -> None:
    name = tmp_path / "game.dmp"
    name.write_bytes(minidump(whole=whole))
    core = CoreFile(name)
    assert (core.was, core.command, core.bits) == (4321, "Old Game.exe", 64)
    assert [(thread.tid, thread.stack_pointer) for thread in core.threads] == [
        (78, None),
        (77, HEAP + 0x800),
    ]
    with attach(core) as target:
        assert target.read(HEAP + 0x108, i64) == 1500
        (module,) = target.modules()
        assert (module.name, module.base, module.end) == ("Old Game.exe", GAME, GAME + 0x5000)
        assert [region.perms for region in target.regions()] == [
            "---p",
            "rw-p",
            "-w-p",
            "r--p",
            "rw-p",
        ]
        assert str(target.locate(GAME + 0x3040)) == '"Old Game.exe"+0x3040'
        scan = target.scan(i64)
        assert scan.first("now == 1500").matches == 1
        paths = target.pointer_map().scan(HEAP + 0x108, max_offset=64)
        assert paths.text() == '"Old Game.exe"+0x3040 -> 0x8'
        assert paths[0].resolve(target) == HEAP + 0x108
        assert [one.resident for one in target.footprints()] == [0, PAGE, 0, PAGE, PAGE]
        with pytest.raises(FarfetchError, match="cannot read 4 bytes"):
            target.read(HEAP + PAGE, i32)


def test_stacks_are_counted_from_where_threads_begin(tmp_path: Path) -> None:
    name = tmp_path / "game.dmp"
    raw = bytearray(minidump(program="kernel32.dll"))
    heap = raw.rindex((1500).to_bytes(8, "little")) - 0x108
    for at in (0x840, 0xB40):  # returns into it; the stack ends at 0xc00
        raw[heap + at : heap + at + 8] = (GAME + 0x123).to_bytes(8, "little")
    name.write_bytes(raw)
    [stack] = CoreFile(name).stacks()
    assert (stack.number, stack.top, stack.range.end) == (0, HEAP + 0xB40, HEAP + 0xC00)
    with attach(CoreFile(name)) as target:
        assert target.address("stack[0]-8") == HEAP + 0xB38
    name.write_bytes(minidump())  # no thread of it began in kernel32.dll
    assert CoreFile(name).stacks() == []


def test_one_that_does_not_list_what_is_mapped(tmp_path: Path) -> None:
    name = tmp_path / "game.dmp"
    name.write_bytes(minidump(listed=False, machine=0))
    with attach(CoreFile(name)) as target:
        assert (target.bits, {region.perms for region in target.regions()}) == (32, {"rw-p"})
        assert target.scan(i64).first("now == 1500").matches == 1


def test_damage_is_refused_or_does_no_harm(tmp_path: Path) -> None:
    raw, name = minidump(), tmp_path / "game.dmp"
    head = len(raw) - 3 * PAGE  # all but the memory

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(st.tuples(st.integers(0, head), st.binary(min_size=1, max_size=8)), max_size=4),
        st.integers(0, len(raw)),
        st.booleans(),
    )
    def check(changes: list[tuple[int, bytes]], length: int, cut: bool) -> None:
        damaged = bytearray(raw)
        for at, patch in changes:
            damaged[at : at + len(patch)] = patch
        name.write_bytes(damaged[:length] if cut else damaged)
        said = ""
        try:
            with attach(CoreFile(name)) as target:
                target.modules()
                target.memory.stacks()
                assert target.scan(i64, where="all").first("now == 1500").matches >= 0
        except FarfetchError as error:
            said = str(error)
        assert said.isprintable()

    check()
