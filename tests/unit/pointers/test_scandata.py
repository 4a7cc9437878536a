"""Cheat Engine's pointer maps: scanned as ours are, written as it reads them, damage refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Buffer, FarfetchError, PointerMap, PointerMapError, Range, attach
from hypothesis import given, settings
from hypothesis import strategies as st

GAME = 0x1_4000_0000
HEAP = 0x20_0000


def scandata(
    groups: dict[int, list[tuple[int, int | None]]],
    *,
    modules: tuple[tuple[bytes, int], ...] = ((b"game.exe", GAME), (b"THREADSTACK0", 0x10_0000)),
    level: int = 15,
    count: int | None = None,
    limited: bool = False,
) -> bytes:
    """A file as Cheat Engine's source says, before it is packed."""
    raw = struct.pack("<2BI", 0xCE, 1, len(modules))
    for name, base in modules:
        raw += struct.pack("<I", len(name)) + name + struct.pack("<Q", base)
    raw += struct.pack("<B2Q", 1, 1, 2) if limited else b"\0"
    there = sum(map(len, groups.values()))
    raw += struct.pack("<IQ", level, there if count is None else count)
    for value, pointers in groups.items():
        raw += struct.pack("<QI", value, len(pointers))
        for address, module in pointers:
            raw += struct.pack("<Q", address)
            if module is None:
                raw += b"\0"
            else:
                base = modules[module][1] if module < len(modules) else 0
                raw += struct.pack("<B2I", 1, module, (address - base) & 0xFFFFFFFF)
    return raw


GROUPS: dict[int, list[tuple[int, int | None]]] = {
    HEAP: [(GAME + 0x4010, 0), (0x0F_FFF8, 1), (HEAP + 0x80, None)],
    HEAP + 0x100: [(HEAP + 8, None)],
}


def put(folder: Path, raw: bytes) -> Path:
    name = folder / "game.scandata"
    name.write_bytes(zlib.compress(raw, 1))
    return name


@pytest.mark.parametrize("limited", [True, False])
def test_it_is_scanned_as_ours_are(tmp_path: Path, limited: bool) -> None:
    with PointerMap.load(put(tmp_path, scandata(GROUPS, limited=limited))) as pointers:
        assert (len(pointers), pointers.bits, pointers.goal) == (4, 64, None)
        assert [(module.name, module.base) for module in pointers.modules] == [("game.exe", GAME)]
        paths = pointers.scan(HEAP + 0x110, max_offset=64)
        assert paths.text() == "game.exe+0x4010 -> 0x8 -> 0x10"
        assert pointers.scan(HEAP + 0x110, max_offset=64, bases=Range(HEAP, HEAP + 16)).total == 1


def test_of_32_bits(tmp_path: Path) -> None:
    groups: dict[int, list[tuple[int, int | None]]]
    groups = {0x30_0000: [(0x40_4010, 0)], 0x30_0010: [(0x30_0004, None)]}
    raw = scandata(groups, modules=((b"old game.exe", 0x40_0000),), level=7)
    with PointerMap.load(put(tmp_path, raw)) as pointers:
        assert pointers.bits == 32
        assert (
            pointers.scan(0x30_0018, 3, max_offset=16).text()
            == '"old game.exe"+0x4010 -> 0x4 -> 0x8'
        )


def test_there_and_back(tmp_path: Path) -> None:
    first = PointerMap.load(put(tmp_path, scandata(GROUPS)))
    for name in ("again.scandata", "again.ffmap"):
        first.save(tmp_path / name)
        with PointerMap.load(tmp_path / name) as again:
            assert len(again) == 4
            found = again.scan(HEAP + 0x110, max_offset=64)
            assert found.text() == first.scan(HEAP + 0x110, max_offset=64).text()
    both = [(first, HEAP + 0x110)]
    again = PointerMap.load(tmp_path / "again.scandata")
    assert again.scan(HEAP + 0x110, max_offset=64, compare=both).total == 1
    raw = zlib.decompress((tmp_path / "again.scandata").read_bytes())
    assert raw[:2] == b"\xce\1"
    assert raw.endswith(struct.pack("<QIQB", HEAP + 0x100, 1, HEAP + 8, 0))


def test_a_map_of_many_pointers(tmp_path: Path) -> None:
    memory = bytearray(1 << 20)
    for at in range(0, len(memory), 8):
        value = 0x10000 + at * 7919 % len(memory)
        memory[at : at + 8] = value.to_bytes(8, "little")
    ours = attach(Buffer(memory, base=0x10000)).pointer_map()
    name = tmp_path / "many.scandata"
    ours.save(name)
    with PointerMap.load(name) as theirs:
        assert len(theirs) == len(ours) == len(memory) // 8
        bases = Range(0x10000, 0x10400)
        asked: dict[str, Any] = {"depth": 4, "max_offset": 128, "bases": bases}
        assert theirs.scan(0x20004, **asked).text() == ours.scan(0x20004, **asked).text()


def test_the_other_order_cannot_be_said(tmp_path: Path) -> None:
    target = attach(Buffer(bytearray(4096), base=0x1000))
    with pytest.raises(PointerMapError, match="cannot have pointers whose highest byte"):
        target.pointer_map(order="big").save(tmp_path / "it.scandata")
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_over_maps_alone(tmp_path: Path) -> None:
    name = put(tmp_path, scandata(GROUPS))
    pointers = PointerMap.load(name)
    pointers.save(name)
    text = tmp_path / "text.scandata"
    text.write_text("x^2 is no pointer map")
    with pytest.raises(PointerMapError, match="is not written over"):
        pointers.save(text)
    pointers.save(text, force=True)
    assert len(PointerMap.load(text)) == 4
    with pytest.raises(PointerMapError, match="nothing was written"):
        pointers.save(tmp_path / "no" / "such.scandata")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (scandata(GROUPS)[:-1], "is cut short: not all of its pointers are there"),
        (scandata(GROUPS, count=5), "is cut short: not all of its pointers are there"),
        (scandata(GROUPS, count=1 << 40), "is damaged: its pointers are of no width, or too many"),
        (scandata(GROUPS, level=8), "is damaged: its pointers are of no width, or too many"),
        (scandata(GROUPS, count=2), "is damaged: its values do not ascend"),
        (scandata({9: [(8, None)], 8: [(16, None)]}), "is damaged: its values do not ascend"),
        (scandata({9: []}, count=1), "is damaged: its values do not ascend"),
        (scandata({9: [(8, 7)]}), "is damaged: a pointer is in no module"),
        (scandata({9: [(8, None), (8, None)]}), "is damaged: a pointer is there twice"),
        (scandata({}, modules=((b"a" * 5000, 1),)), "is damaged: a module's name is too long"),
        (b"\xce\1" + b"\xff" * 40, "is damaged: it lists 4,294,967,295 modules"),
    ],
)
def test_damage_is_named(tmp_path: Path, raw: bytes, said: str) -> None:
    name = put(tmp_path, raw)
    with pytest.raises(PointerMapError) as caught:
        PointerMap.load(name)
    assert str(caught.value) == f"the pointer map {name}: {said}"


def test_what_is_packed_otherwise(tmp_path: Path) -> None:
    name = put(tmp_path, scandata(GROUPS) + bytes(range(256)) * 64)
    packed = bytearray(name.read_bytes())
    packed[30:60] = b"\xff" * 30
    name.write_bytes(packed)
    with pytest.raises(PointerMapError):
        PointerMap.load(name)
    name.write_bytes(zlib.compress(b"no pointer map"))
    with pytest.raises(PointerMapError, match="is no pointer map: farfetch writes these"):
        PointerMap.load(name)


def test_nothing_hostile_does_harm(tmp_path: Path) -> None:
    good, name = scandata(GROUPS), tmp_path / "it.scandata"

    @settings(deadline=None, max_examples=300)
    @given(st.lists(st.tuples(st.integers(2, len(good)), st.binary(max_size=8)), max_size=4))
    def check(changes: list[tuple[int, bytes]]) -> None:
        raw = bytearray(good)
        for at, patch in changes:
            raw[at : at + len(patch)] = patch
        name.write_bytes(zlib.compress(bytes(raw), 1))
        said = ""
        try:
            with PointerMap.load(name) as pointers:
                assert pointers.scan(HEAP + 0x110, max_offset=64).total >= 0
        except FarfetchError as error:
            said = str(error)
        assert said.isprintable()

    check()
