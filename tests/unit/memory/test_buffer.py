"""Buffers, and what a scan of one says of places where it has found nothing."""

from __future__ import annotations

import pytest
from farfetch.scanner import Buffer, ScanOrderError, attach

TOP = 1 << 64


@pytest.mark.parametrize(("size", "base"), [(0, TOP), (0, -1), (1, TOP), (1, TOP - 1), (1, -1)])
def test_a_base_without_room_is_refused(size: int, base: int) -> None:
    with pytest.raises(ValueError, match=r"^base takes "):
        Buffer(bytes(size), base=base)


@pytest.mark.parametrize("size", [0, 1])
def test_a_buffer_ends_at_the_highest_address(size: int) -> None:
    assert len(Buffer(bytes(size), base=TOP - 1 - size).regions()) == size


@pytest.mark.parametrize("kind", ["i32", "number"])
def test_no_match_is_read_where_none_is(kind: str) -> None:
    with attach(Buffer(b"\7\0\0\0" + bytes(60), base=0x1000)) as target:
        scan = target.scan(kind, where="all")
        with pytest.raises(ScanOrderError, match="no match is at 0x1000: there are none"):
            scan.reading(0x1000)
        scan.first("7")
        assert scan.reading(0x1000).names[0] == "i32"
        scan.undo()
        with pytest.raises(ScanOrderError, match="there are none"):
            scan.reading(0x1000)


@pytest.mark.parametrize("address", [0x1004, 0x1001, 0, -1, TOP - 1])
def test_a_number_is_read_as_the_types_that_it_matches_as(address: int) -> None:
    with attach(Buffer(b"\7\0\0\0" + bytes(60), base=0x1000)) as target:
        scan = target.scan("number", where="all")
        scan.first("7")
        with pytest.raises(ScanOrderError, match="no match is at"):
            scan.reading(address)
