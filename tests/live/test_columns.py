"""Columns: many matches at once, through the buffer protocol."""

from __future__ import annotations

import struct

import numpy
import pytest
from farfetch.scanner import MemoryFault, TargetGone, attach, f64be, i32, now, u16
from farfetch.scanner.memory.buffer import Buffer
from farfetch.scanner.scan.matches import ColumnName
from farfetch.scanner.target import Target

from support.targets import Spawn

BASE = 0x10_0000
NAMES: tuple[ColumnName, ...] = ("address", "now", "previous", "first")


def test_a_column_is_what_the_matches_say(spawn: Spawn) -> None:
    big = spawn("big", "2")
    with attach(big.pid) as target:
        where = f"{big.greeting['start']}..{big.greeting['end']}"
        scan = target.scan(i32, where=where)
        scan.first("now in 1..1000")
        big.command("dirty 30")
        scan.next("unchanged or now > 0")
        big.command("dirty 30")
        matches = scan[:]
        assert len(matches) > 10_000
        columns = {
            name: scan.matches.column(name) for name in ("address", "now", "previous", "first")
        }
        assert columns["address"].format == "Q"
        assert columns["now"].format == "i"
        assert columns["address"].tolist() == [match.address for match in matches]
        assert columns["now"].tolist() == [match.value for match in matches]
        assert columns["previous"].tolist() == [match.previous for match in matches]
        assert columns["first"].tolist() == [match.first for match in matches]
        part = scan.matches.column("previous", 5000, 300)
        assert part.tolist() == columns["previous"].tolist()[5000:5300]
        assert scan.matches.column("now", len(matches)).tolist() == []
        assert scan.matches.column("now", len(matches) - 1, 50).tolist() == [matches[-1].value]


def test_values_of_every_form() -> None:
    contents = bytearray(
        struct.pack("<8H", *range(8)) + b"hello\0hello" + struct.pack(">2d", 1.5, 2)
    )
    target = Target(Buffer(contents, base=BASE))
    scan = target.scan(u16, align=1)
    scan.first("unknown")  # values that overlap
    assert scan.matches.column("now").tolist() == [match.value for match in scan]
    text = target.scan("text")
    text.first('"hello"')
    rows = text.matches.column("previous")
    assert (rows.shape, bytes(rows)) == ((2, 5), b"hellohello")
    swapped = target.scan(f64be, align=1)
    swapped.first(now == 1.5)
    assert bytes(swapped.matches.column("now")) == struct.pack(">d", 1.5)
    swapped.first(now == 99)
    assert swapped.matches.column("now").tolist() == []


def test_an_array_of_numpy_shares_the_bytes() -> None:
    contents = bytearray(struct.pack("<100i", *range(100)))
    scan = Target(Buffer(contents, base=BASE)).scan(i32)
    scan.first("now >= 50")
    column = scan.matches.column("now")
    array = numpy.asarray(column)
    assert array.dtype == numpy.int32
    assert array.sum() == sum(range(50, 100))
    array[0] = -7
    assert column[0] == -7


def test_what_cannot_be_read_is_said(spawn: Spawn) -> None:
    mutate = spawn("mutate")
    with attach(mutate.pid) as target, target.scan(i32) as scan:
        scan.first(now == 20260415)
        before = scan.matches.column("previous").tolist()
        mutate.command("unmap")
        with pytest.raises(MemoryFault) as raised:
            scan.matches.column("now")
        assert raised.value.address in scan.matches.addresses()
        assert scan.matches.column("previous").tolist() == before
        mutate.close()
        with pytest.raises(TargetGone):
            scan.matches.column("now")
        assert scan.matches.column("first").tolist() == before
