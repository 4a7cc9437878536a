"""Cheat Engine's files of pointer paths: read as its own are, and what is none is refused."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

import pytest
from farfetch.scanner import PointerMapError, PointerPath, export_paths, import_paths
from hypothesis import given, settings
from hypothesis import strategies as st

PATHS = [
    PointerPath.parse(text)
    for text in (
        "game.exe+0x4010 -> 0x18 -> 0x8",
        '"my game.exe"+0x10 -> -0x8',
        "libstdc++.so.6+0x20 -> 0x0 -> 0x10 -> 0x7fffffff",
        "0x140004010 -> 0x28",
        "game.exe+0x0 -> 0x4",
    )
]


def header(modules: list[bytes], most: int, rest: bytes, version: int = 2) -> bytes:
    listed = b"".join(struct.pack("<I", len(name)) + name + bytes(8) for name in modules)
    return (
        struct.pack("<2BI", 0xCE, version, len(modules)) + listed + struct.pack("<I", most) + rest
    )


def put(folder: Path, head: bytes, *results: bytes) -> Path:
    name = folder / "game.PTR"
    name.write_bytes(head)
    for number, raw in enumerate(results):
        (folder / f"game.PTR.results.{number:x}").write_bytes(raw)
    return name


def test_there_and_back(tmp_path: Path) -> None:
    name = tmp_path / "game.PTR"
    assert export_paths(PATHS, name) == len(PATHS)
    assert list(import_paths(name)) == PATHS
    with pytest.raises(PointerMapError, match="is there: write to another file, or force it"):
        export_paths(PATHS[:1], name)
    assert export_paths(iter(PATHS[:1]), name, force=True) == 1
    assert list(import_paths(name)) == PATHS[:1]


def test_what_cannot_be_said_so_is_left_out(tmp_path: Path) -> None:
    name = tmp_path / "game.PTR"
    others = [
        PointerPath("[heap]+0x10", (8,)),
        PointerPath("libz.so.1[1]+0x10", (8,)),
        PointerPath("game+0x10", (1 << 31,)),
        PointerPath(hex(1 << 63), (8,)),
    ]
    assert export_paths([*others, PATHS[0]], name) == 1
    assert list(import_paths(name)) == PATHS[:1]


def test_as_cheat_engine_writes_it(tmp_path: Path) -> None:
    """Byte by byte, as its source says: the last offset comes first."""
    raw = struct.pack("<iqi3i", 0, 0x4010, 2, 8, 0x18, 0)
    raw += struct.pack("<iqi3i", -1, 0x140000000, 1, -4, 0, 0)
    raw += struct.pack("<iqi3i", 1, -0x1F8, 3, 1, 2, 3)
    modules = [b"game.exe", b"THREADSTACK0"]
    name = put(tmp_path, header(modules, 3, b"\0\1" + bytes(8)), raw[:56], raw[56:])
    assert [str(path) for path in import_paths(name)] == [
        "game.exe+0x4010 -> 0x18 -> 0x8",
        "0x140000000 -> -0x4",
        "stack[0]-0x1f8 -> 0x3 -> 0x2 -> 0x1",
    ]
    name = put(tmp_path, header(modules, 3, b"\0", version=1), raw)
    assert len(list(import_paths(name))) >= 3


@pytest.mark.parametrize(("aligned", "base_bits"), [(1, 32), (0, 64)])
def test_packed_paths(tmp_path: Path, aligned: int, base_bits: int) -> None:
    def packed(module: int, base: int, offsets: tuple[int, ...]) -> bytes:
        bits = base & ((1 << base_bits) - 1)
        at = base_bits
        shift = 2 if aligned else 0
        for value, width in (
            (module & 3, 2),
            (len(offsets), 3),
            *((offset >> shift, 11) for offset in offsets),
        ):
            bits |= value << at
            at += width
        return bits.to_bytes((base_bits + 2 + 3 + 11 * 3 + 7) // 8, "little")

    rest = bytes([1, aligned, 2, base_bits, 3, 11, 1]) + struct.pack("<I", 0x28) + b"\0"
    raw = packed(0, 0x4010, (8, 0x18)) + packed(-1, 0x1000, ()) + packed(1, -8, (4, 8, 12))
    name = put(tmp_path, header([b"a.exe", b"b.dll"], 4, rest), raw)
    assert [str(path) for path in import_paths(name)] == [
        "a.exe+0x4010 -> 0x18 -> 0x8 -> 0x28",
        "0x1000 -> 0x28",
        "b.dll-0x8 -> 0xc -> 0x8 -> 0x4 -> 0x28",
    ]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"", "is cut short, or no file of Cheat Engine's paths"),
        (b"#!/bin/sh\n", "is no file of Cheat Engine's paths: it does not begin as such"),
        (b"\xce\x03" + bytes(20), "it does not begin as such"),
        (b"\xce\x02\xff\xff\xff\xff", "it lists 4,294,967,295 modules"),
        (header([b"a" * 5000], 3, b"\0\0"), "a module's name is too long"),
        (header([b"a"], 0, b"\0\0"), "its paths have up to 0 offsets"),
        (header([b"a"], 1 << 20, b"\0\0"), "its paths have up to 1,048,576 offsets"),
        (header([b"a"], 3, b"\1\0\2\7\3\13\0\0"), "the widths of its numbers are none"),
        (header([b"a"], 3, b"")[:-2], "is cut short"),
    ],
)
def test_what_is_none(tmp_path: Path, head: bytes, said: str) -> None:
    name = put(tmp_path, head, b"")
    with pytest.raises(PointerMapError) as caught:
        list(import_paths(name))
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "raw",
    [
        bytes(27),
        struct.pack("<iqi3i", 7, 0, 1, 0, 0, 0),
        struct.pack("<iqi3i", -2, 0, 1, 0, 0, 0),
        struct.pack("<iqi3i", 0, 0, 4, 0, 0, 0),
        struct.pack("<iqi3i", 0, 0, -1, 0, 0, 0),
    ],
)
def test_damaged_results(tmp_path: Path, raw: bytes) -> None:
    name = put(tmp_path, header([b"a"], 3, b"\0\0"), raw)
    with pytest.raises(PointerMapError):
        list(import_paths(name))


def test_results_that_are_a_pipe(tmp_path: Path) -> None:
    name = put(tmp_path, header([b"a"], 3, b"\0\0"))
    os.mkfifo(tmp_path / "game.PTR.results.0")  # nobody writes to it
    with pytest.raises(PointerMapError, match=r"results\.0: is not a regular file$"):
        list(import_paths(name))


def test_without_results(tmp_path: Path) -> None:
    name = put(tmp_path, header([b"a"], 3, b"\0\0"))
    with pytest.raises(PointerMapError, match="there is no file of results beside it"):
        import_paths(name)
    for bad in (tmp_path / "nothing", tmp_path):
        with pytest.raises(PointerMapError):
            import_paths(bad)
        with pytest.raises(PointerMapError):
            export_paths(PATHS, bad / "no" / "such")


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=80))
def test_nothing_hostile_does_harm(head: bytes, raw: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        name = put(Path(folder), b"\xce\2" + head, raw)
        with contextlib.suppress(PointerMapError):
            assert all(path.base for path in import_paths(name))
