"""Files of pointer maps: all of one or nothing, and nothing is taken that is not one."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Buffer, PointerMap, PointerMapError, Range, attach
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEAD = struct.Struct("<8s3I12s")
BASE = 0x1000
BASES = Range(BASE, BASE + 16)


def made() -> PointerMap:
    memory = bytearray(4096)
    for at, value in ((0, 0x1100), (8, 0x1800), (0x108, 0x1200), (0x800, 0x1200), (0x808, 0x1100)):
        memory[at : at + 8] = value.to_bytes(8, "little")
    return attach(Buffer(memory, base=BASE)).pointer_map()


def saved(folder: Path) -> Path:
    name = folder / "it.ffmap"
    made().save(name)
    return name


def header_of(raw: bytes) -> dict[str, Any]:
    _, _, size, _, _ = HEAD.unpack_from(raw)
    header: dict[str, Any] = json.loads(raw[HEAD.size : HEAD.size + size])
    return header


def rewritten(raw: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A file whose header says something else, and says that it was written so."""
    magic, version, _, _, zeros = HEAD.unpack_from(raw)
    header = header_of(raw)
    at = header["columns"]["addresses"]["offset"]
    change(header)
    text = json.dumps(header, separators=(",", ":")).encode()
    assert HEAD.size + len(text) <= at
    head = HEAD.pack(magic, version, len(text), zlib.crc32(text), zeros) + text
    return head.ljust(at, b"\0") + raw[at:]


def refused(name: Path) -> str:
    with pytest.raises(PointerMapError) as caught:
        PointerMap.load(name)
    said = str(caught.value)
    assert said.startswith(f"the pointer map {name}: ")
    assert said.isprintable()
    return said


def test_a_map_comes_back_as_it_was(tmp_path: Path) -> None:
    with made() as pointers, PointerMap.load(saved(tmp_path)) as loaded:
        assert len(loaded) == len(pointers) == 5
        facts = {"made", "seconds"}
        before, after = pointers.info._asdict(), loaded.info._asdict()
        assert {k: v for k, v in before.items() if k not in facts} == {
            k: v for k, v in after.items() if k not in facts
        }
        question: dict[str, Any] = {"bases": BASES, "max_offset": 64}
        assert loaded.scan(0x1210, **question).text() == pointers.scan(0x1210, **question).text()
        assert loaded.scan(0x1210, **question).text() == (
            "0x1000 -> 0x8 -> 0x10\n0x1008 -> 0x0 -> 0x10\n0x1008 -> 0x8 -> 0x8 -> 0x10"
        )


def test_a_map_without_pointers_comes_back(tmp_path: Path) -> None:
    name = tmp_path / "empty.ffmap"
    attach(Buffer(bytearray(64), base=BASE)).pointer_map().save(name)
    assert len(PointerMap.load(name)) == 0
    assert PointerMap.load(name).scan(BASE, bases=BASES).total == 0


def test_any_byte_that_has_changed_is_noticed(tmp_path: Path) -> None:
    name = saved(tmp_path)
    raw = name.read_bytes()
    for at in [*range(len(raw) - 60, len(raw)), *range(0, len(raw), 37), *range(HEAD.size)]:
        name.write_bytes(raw[:at] + bytes([raw[at] ^ 0x11]) + raw[at + 1 :])
        refused(name)


def test_a_file_that_was_cut_or_went_on_is_noticed(tmp_path: Path) -> None:
    name = saved(tmp_path)
    raw = name.read_bytes()
    for size in (0, 1, 8, HEAD.size - 1, HEAD.size, 100, 4096, len(raw) - 1):
        name.write_bytes(raw[:size])
        refused(name)
    name.write_bytes(raw + b"\0")
    assert f"it has {len(raw) + 1} bytes where there should be {len(raw)}" in refused(name)


def test_other_files_are_no_maps(tmp_path: Path) -> None:
    name = tmp_path / "other"
    assert "No such file" in refused(name)
    name.write_bytes(b"\x7fELF" + bytes(100))
    assert "is no pointer map" in refused(name)
    assert "not a regular file" in refused(tmp_path) or "directory" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refused(tmp_path / "pipe")
    raw = bytearray(saved(tmp_path).read_bytes())
    raw[8] = 2
    name.write_bytes(raw)
    assert "is of version 2; this farfetch reads version 1" in refused(name)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("pointers"),
        lambda header: header.update(pointers=1 << 31),
        lambda header: header.update(pointers=-1),
        lambda header: header.update(pointers=4),
        lambda header: header.update(pointers=True),
        lambda header: header.update(bits=16),
        lambda header: header.update(order=1),
        lambda header: header.update(align=3),
        lambda header: header.update(made="now"),
        lambda header: header.update(ranges=[[5, 4]]),
        lambda header: header.update(ranges=[[0, 8], [4, 12]]),
        lambda header: header.update(regions=[[0, 1]]),
        lambda header: header.update(modules=[{}]),
        lambda header: header["columns"]["order"].update(offset=0),
        lambda header: header["columns"]["order"].update(crc32=-1),
        lambda header: header["columns"].pop("values"),
        lambda header: header.update(columns=[]),
    ],
)
def test_headers_that_lie_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    name = saved(tmp_path)
    name.write_bytes(rewritten(name.read_bytes(), change))
    refused(name)


@pytest.mark.parametrize(
    ("column", "width", "numbers"),
    [
        ("order", 4, [0, 1, 2, 3, 3]),
        ("order", 4, [0, 4, 2, 3, 5]),
        ("order", 4, [4, 0, 2, 3, 1]),
        ("order", 4, [0, 1, 2, 3, 0xFFFFFFFF]),
        ("addresses", 8, [0x1000, 0x1008, 0x1108, 0x1108, 0x1808]),
        ("addresses", 8, [0x1008, 0x1000, 0x1108, 0x1800, 0x1808]),
        ("values", 8, [0x1100, 0x1100, 0x1800, 0x1200, 0x1200]),
    ],
)
def test_columns_that_lie_are_refused(
    tmp_path: Path, column: str, width: int, numbers: list[int]
) -> None:
    name = saved(tmp_path)
    raw = bytearray(name.read_bytes())
    at = header_of(bytes(raw))["columns"][column]["offset"]
    content = b"".join(one.to_bytes(width, "little") for one in numbers)
    assert raw[at : at + len(content)] != content
    raw[at : at + len(content)] = content
    crc = zlib.crc32(content)
    name.write_bytes(
        rewritten(bytes(raw), lambda header: header["columns"][column].update(crc32=crc))
    )
    assert refused(name).endswith("damaged: its columns are not in order")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), value=_values)
def test_whatever_a_header_says_is_taken_whole_or_refused(
    tmp_path: Path, data: st.DataObject, value: Any
) -> None:
    name = saved(tmp_path)

    def change(header: dict[str, Any]) -> None:
        key = data.draw(st.sampled_from(sorted(header)))
        inner = header[key]
        if isinstance(inner, list) and inner and data.draw(st.booleans()):
            inner[data.draw(st.integers(0, len(inner) - 1))] = value
        elif isinstance(inner, dict) and data.draw(st.booleans()):
            inner[data.draw(st.sampled_from(sorted(inner)))] = value
        else:
            header[key] = value

    name.write_bytes(rewritten(name.read_bytes(), change))
    with contextlib.suppress(PointerMapError), PointerMap.load(name) as loaded:
        assert len(loaded) == 5
        assert loaded.scan(0x1210, bases=BASES, max_offset=64).total == 3


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    name = tmp_path / "it.ffmap"
    name.write_bytes(b"before")
    name.chmod(0o600)
    with pytest.raises(PointerMapError, match="what is there is no pointer map; save to another"):
        made().save(name)
    assert name.read_bytes() == b"before"
    made().save(name, force=True)
    made().save(name)
    assert len(PointerMap.load(name)) == 5
    assert name.stat().st_mode & 0o777 == 0o600
    with pytest.raises(PointerMapError, match="nothing was written"):
        made().save(tmp_path / "nowhere" / "it.ffmap")
    with pytest.raises(PointerMapError, match="is not a regular file"):
        made().save(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["it.ffmap"]


def test_what_it_was_made_for_is_kept(tmp_path: Path) -> None:
    name = tmp_path / "it.ffmap"
    for goal in (None, 0x1210):
        pointers = attach(Buffer(bytearray(64), base=0x1000)).pointer_map(goal=goal)
        pointers.save(name)
        assert PointerMap.load(name).goal == pointers.goal == goal

    def without(header: dict[str, Any]) -> None:
        del header["goal"]

    name.write_bytes(rewritten(name.read_bytes(), without))
    assert PointerMap.load(name).goal is None


def test_a_device_is_not_written_to() -> None:
    full = Path("/dev/full")
    with pytest.raises(PointerMapError, match="is not a regular file"):
        made().save(full)
    assert full.is_char_device()
