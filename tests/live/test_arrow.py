"""Matches and paths as tables of Arrow's, in the libraries that take them."""

from __future__ import annotations

import gc
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pytest
from construct import Array, Struct
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    ForkedError,
    PointersClosed,
    Scan,
    ScanClosed,
    Target,
    attach,
    bytes_,
    f16,
    f32be,
    i16,
    i32,
    now,
    number,
    regex,
    text,
    u8,
    u16,
    u24,
    u32be,
    utf16,
)
from farfetch.scanner.arrow.fields import Field, columns_of

from support.puppet import PAGE, Puppet
from support.targets import Spawn

BASE = 0x10000
ROWS = 200_000  # of several batches


@pytest.fixture
def scan() -> Scan[int]:
    """Many numbers, of which some have changed since they were found."""
    memory = bytearray(struct.pack(f"<{ROWS}i", *range(ROWS)))
    found = attach(Buffer(memory, base=BASE)).scan(i32)
    found.first()
    memory[: 4 * 1000 : 4] = bytes(1000)
    found.next("unknown")
    memory[4 * 5 : 4 * 6] = struct.pack("<i", -7)
    return found


def by_polars(table: Any) -> list[tuple[Any, ...]]:
    return polars.DataFrame(table).rows()


def by_pandas(table: Any) -> list[tuple[Any, ...]]:
    return [*pandas.DataFrame.from_arrow(table).itertuples(index=False, name=None)]


def by_pyarrow(table: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pyarrow.table(table).to_pylist()]


def by_duckdb(table: Any) -> list[tuple[Any, ...]]:
    return [*duckdb.from_arrow(table).fetchall()]


READERS = (by_polars, by_pandas, by_pyarrow, by_duckdb)
every_library = pytest.mark.parametrize("rows", READERS)


@every_library
def test_a_table_is_what_the_matches_are(
    scan: Scan[int], rows: Callable[[Any], list[tuple[Any, ...]]]
) -> None:
    expected = [(match.address, match.value, match.previous, match.first) for match in scan]
    assert rows(scan.matches.columns()) == expected
    assert rows(scan.matches.columns()) == expected  # once more
    assert rows(scan.matches.columns(ROWS - 3)) == expected[-3:]
    assert rows(scan.matches.columns(5, 70_000)) == expected[5:70_005]
    assert rows(scan.matches.columns(ROWS)) == []
    assert rows(scan.matches.columns(count=0)) == []


def test_matches_are_such_tables_themselves(scan: Scan[int]) -> None:
    matches = scan.matches
    assert pyarrow.table(matches).num_rows == ROWS
    assert len(pandas.DataFrame.from_arrow(matches)) == ROWS
    answer = duckdb.sql("select count(*), min(value) from matches")
    assert answer
    assert answer.fetchall() == [(ROWS, -7)]
    assert pyarrow.schema(matches) == pyarrow.schema(matches.columns())
    schema = pyarrow.schema(matches)
    assert [(field.name, str(field.type), field.nullable) for field in schema] == [
        ("address", "uint64", False),
        ("value", "int32", True),
        ("previous", "int32", False),
        ("first", "int32", False),
    ]


@pytest.mark.parametrize(
    ("kind", "predicate", "letters"),
    [
        (u8, "now > 3", "uint8"),
        (i16, "now > 3", "int16"),
        (u32be, "now > 3", "uint32"),
        (f32be, "unknown", "float"),
        (f16, "unknown", "halffloat"),
        ("f16be", "unknown", "halffloat"),
        (u24, "now > 3", "uint32"),
        ("i24be", "unknown", "int32"),
        ("u8[3..4]", "now > 0", "uint8"),
        ("i16be[4..9]", "now < 0", "int16"),
        (text, '"hello"', "large_string"),
        (utf16, '"hi"', "large_string"),
        (bytes_, now == regex("[a-z]+d"), "large_binary"),
        (bytes_, "68 ?? 6c", "fixed_size_binary[3]"),
    ],
)
def test_values_of_every_form(kind: Any, predicate: Any, letters: str) -> None:
    raw = bytearray(b"hello\0world hello \xff\0hello h\0i\0 " + bytes(range(16)) * 8)
    found = attach(Buffer(raw, base=BASE)).scan(kind, align=1)
    assert found.first(predicate).matches
    raw[1] ^= 1
    table = pyarrow.table(found.matches.columns())
    assert str(table.schema.field("value").type) == letters
    said = [(row["address"], row["value"], row["previous"]) for row in table.to_pylist()]
    assert repr(said) == repr([(one.address, one.value, one.previous) for one in found])


def test_numbers_of_unknown_type_have_a_column_each() -> None:
    raw = bytearray(struct.pack("<iifd", 5, 77, 5.0, 5.0))
    found = attach(Buffer(raw, base=BASE)).scan(number)
    found.first("now == 5")
    rows = pyarrow.table(found.matches).to_pylist()
    assert len(rows) == len(found.matches) > 2
    for row, match in zip(rows, found, strict=True):
        there = {name for name, value in row["value"].items() if value is not None}
        assert there == set(match.types)
        assert set(row["value"].values()) <= {None, 5}
        assert row["value"] == row["first"]


def test_structures_have_a_column_a_field() -> None:
    inner = Struct("x" / f32be, "y" / u8)
    kind = Struct("hp" / u16, "at" / inner, "slots" / Array(2, u16), "dye" / u24)
    raw = bytearray(struct.pack("<H", 9) + struct.pack(">f", 1.5) + b"\x07" + b"\1\0\2\0\3\0\1")
    found = attach(Buffer(raw, base=BASE)).scan(kind)
    assert found.first("hp == 9").matches == 1
    [row] = pyarrow.table(found.matches).to_pylist()
    assert row["value"] == {"hp": 9, "at.x": 1.5, "at.y": 7, "slots": b"\1\0\2\0", "dye": 0x10003}
    assert polars.DataFrame(found.matches.columns())["value"].struct.field("hp")[0] == 9


def test_what_can_no_longer_be_read_is_null() -> None:
    with Puppet() as mapped, attach(mapped.pid) as target:
        start = mapped.reserve(2)
        mapped.map(start, 2)
        found = target.scan(u8, where=f"{start:#x}..{start + 2 * PAGE:#x}")
        found.first()
        whole = pyarrow.table(found.matches)
        assert whole["value"].null_count == 0
        mapped.unmap(start, 1)
        left = pyarrow.table(found.matches)
        expected = [match.value for match in found]
        assert left["value"].to_pylist() == expected
        assert left["value"].null_count == expected.count(None) > 0
        assert left["previous"] == whole["previous"]


def test_a_stream_that_nobody_reads_to_its_end(scan: Scan[int]) -> None:
    for _ in range(50):
        scan.matches.__arrow_c_stream__()
        scan.matches.__arrow_c_schema__()
    reader = pyarrow.RecordBatchReader.from_stream(scan.matches)
    first = reader.read_next_batch()
    reader.close()
    del reader
    gc.collect()
    assert first["address"][0].as_py() == BASE
    capsule = scan.matches.__arrow_c_stream__()

    class Once:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return capsule

    assert pyarrow.table(Once()).num_rows == ROWS
    with pytest.raises(Exception, match="released"):
        pyarrow.table(Once())


def test_what_was_handed_on_stays(scan: Scan[int]) -> None:
    expected = [match.value for match in scan]
    table = pyarrow.table(scan.matches)
    frame = polars.DataFrame(scan.matches.columns())
    scan.close()
    scan.target.close()
    del scan
    gc.collect()
    assert table["value"].to_pylist() == expected
    assert frame["value"].to_list() == expected


def test_a_scan_that_is_closed(scan: Scan[int]) -> None:
    columns = scan.matches.columns()
    reader = pyarrow.RecordBatchReader.from_stream(columns)
    reader.read_next_batch()
    scan.close()
    for _ in range(2):  # nor does it seem to be at its end
        with pytest.raises(Exception, match="scan was closed"):
            reader.read_next_batch()
    with pytest.raises(ScanClosed):
        columns.__arrow_c_stream__()
    with pytest.raises(ScanClosed):
        scan.matches.__arrow_c_stream__()


def test_a_target_that_dies_meanwhile(spawn: Spawn) -> None:
    big = spawn("big", "2")
    with attach(big.pid) as target:
        found = target.scan(i32, where=f"{big.greeting['start']}..{big.greeting['end']}")
        found.first()
        columns = found.matches.columns()
        reader = pyarrow.RecordBatchReader.from_stream(columns)
        reader.read_next_batch()
        big.close()
        with pytest.raises(Exception, match="has exited"):
            reader.read_all()
        with pytest.raises(Exception, match="has exited"):
            polars.DataFrame(columns)
        with pytest.raises(Exception, match="has exited"):
            duckdb.from_arrow(columns).fetchall()


def test_a_child_of_the_process(scan: Scan[int]) -> None:
    columns = scan.matches.columns()
    reader = pyarrow.RecordBatchReader.from_stream(columns)
    reader.read_next_batch()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            signal.alarm(60)
            with pytest.raises(ForkedError):
                columns.__arrow_c_stream__()
            with pytest.raises(Exception, match="process"):
                reader.read_next_batch()
            del reader
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert reader.read_next_batch().num_rows


def test_several_threads_read_at_once(scan: Scan[int]) -> None:
    columns, found, wrong = scan.matches.columns(), [], []

    def read() -> None:
        try:
            found.append(pyarrow.table(columns).num_rows)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, wrong) == ([ROWS] * 4, [])


def test_a_program_that_ends_with_streams_open() -> None:
    program = """
import pyarrow
from farfetch.scanner import Buffer, attach, u8
scan = attach(Buffer(bytearray(1 << 20), base=4096)).scan(u8)
scan.first()
begun = pyarrow.RecordBatchReader.from_stream(scan.matches)
begun.read_next_batch()
capsule = scan.matches.__arrow_c_stream__()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_only_a_schema_can_be_asked_for(scan: Scan[int]) -> None:
    schema = pyarrow.schema(scan.matches).__arrow_c_schema__()
    assert scan.matches.__arrow_c_stream__(schema)
    for wrong in (7, "i", scan.matches.__arrow_c_stream__()):
        with pytest.raises(ArgumentError, match="a capsule with a schema, or None"):
            scan.matches.__arrow_c_stream__(wrong)


def test_parts_have_to_be_all_there() -> None:
    assert columns_of([])
    nested = Field("a", "+s", False, (Field("b", "+s", False, (Field("c", "i"),)),))
    assert columns_of([nested, Field("d", "u")])


# ---- pointer paths ----


@pytest.fixture
def web(spawn: Spawn) -> Iterator[tuple[Target, int]]:
    greeting = spawn("web", "4").greeting
    with attach(greeting.number("pid")) as target:
        yield target, greeting.number("goal")


def test_paths_as_a_table(web: tuple[Target, int]) -> None:
    target, goal = web
    with target.pointer_map() as pointers:
        paths = pointers.scan(goal, 5, max_offset=1024)
        listed = [(path.base, list(path.offsets)) for path in paths]
        assert 1000 < len(listed) < 1_000_000
        assert by_pyarrow(paths) == by_polars(paths) == by_duckdb(paths) == listed
        frame = pandas.DataFrame.from_arrow(paths)
        assert [
            (base, [*steps]) for base, steps in zip(frame.base, frame.offsets, strict=True)
        ] == (listed)
        assert by_polars(paths.columns(100)) == listed[:100]
        assert by_polars(paths.columns(0)) == []
        [module] = paths.by_module
        assert by_polars(paths.of(module)) == listed
        assert by_polars(paths.of()) == []
        begun = pyarrow.RecordBatchReader.from_stream(paths)
        begun.read_next_batch()
        paths.close()
        with pytest.raises(PointersClosed):
            paths.__arrow_c_stream__()
        with pytest.raises(Exception, match="closed"):
            begun.read_all()


def test_a_cancel_ends_a_stream_of_paths(web: tuple[Target, int]) -> None:
    target, goal = web
    with target.pointer_map() as pointers, pointers.scan(goal, 12) as paths:
        begun = pyarrow.RecordBatchReader.from_stream(paths)
        assert begun.read_next_batch().num_rows
        threading.Timer(0.2, paths.cancel).start()
        with pytest.raises(Exception, match="cancelled"):
            begun.read_all()
