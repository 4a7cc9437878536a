"""Values one at a time and many at once, over plain memory and a real process."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    TargetClosed,
    TargetGone,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
    attach,
    c_struct,
    f32,
    i32,
    pointer,
    text,
    u8,
    u16,
    u16be,
)

from unit.conftest import Start

BASE = 0x1000
PLAYER = c_struct("struct player { int hp; char tag[4]; };")


def test_many_are_as_each() -> None:
    target = attach(Buffer(bytes(range(64)), base=BASE))
    places = [BASE + 60, BASE, BASE + 1, BASE, BASE + 31]
    for kind in (i32, u16be, f32, pointer, "text[3]", "bytes[2]", "u8", PLAYER):
        expected = [
            target.read(place, kind) if place + 8 <= BASE + 64 else None for place in places
        ]
        found = target.read_many(places, kind)
        assert found[1:] == expected[1:]
    assert target.read_many([BASE + 61, BASE + 60], i32)[0] is None


def test_structures_and_their_errors() -> None:
    target = attach(Buffer(struct.pack("<i4s", 5, b"ab") * 2, base=BASE))
    players = target.read_many([BASE + 8, BASE], PLAYER)
    assert [player and player.hp for player in players] == [5, 5]
    with pytest.raises(TypeNameError, match="needs a length"):
        target.read_many([BASE], text)


def test_writes_go_in_order_and_each_says_whether_it_did() -> None:
    memory = bytearray(8)
    target = attach(Buffer(memory, base=BASE))
    assert target.write_many([BASE, BASE + 7, BASE], u16, [1, 2, 3]) == [True, False, True]
    assert memory.hex() == "0300000000000002"
    assert target.write_many([BASE, BASE + 4], text, ["abc", "d"]) == [True, True]
    assert bytes(memory[:5]) == b"abc\0d"
    assert target.write_many([], u8, []) == []


def test_what_is_frozen_is_held_as_it_was_written() -> None:
    memory = bytearray(12)
    target = attach(Buffer(memory, base=BASE))
    with target.freeze(BASE + 4, i32, 77, interval=3600) as held:
        assert target.write_many([BASE, BASE + 4, BASE + 8], i32, [1, 2, 3]) == [True] * 3
        assert held.value == 2
        target.write(BASE + 4, i32, 9)
        assert held.value == 9


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([1, 300], ValueRangeError),
        ([1, "x"], ValueKindError),
        ([1, True], None),
        ([1, 2.0], ValueKindError),
        ([1], ArgumentError),
        ([1, 2, 3], ArgumentError),
        (5, ArgumentError),
        (i32, ArgumentError),
        ("12", ArgumentError),
    ],
)
def test_nothing_is_written_where_a_value_is_wrong(values: Any, error: Any) -> None:
    memory = bytearray(2)
    target = attach(Buffer(memory, base=BASE))
    if error is None:
        assert target.write_many([BASE, BASE + 1], u8, values) == [True, True]
        return
    with pytest.raises(error):
        target.write_many([BASE, BASE + 1], u8, values)
    assert memory == bytearray(2)


def test_one_number_is_refused_as_ever(start: Start) -> None:
    child = start("cat")
    target = attach(child.pid)
    place = target.address("[stack]")
    for wrong in (True, 1.5, "1", None, -1, 1 << 64):
        with pytest.raises(ArgumentError):
            target.read(wrong, i32)  # type: ignore[arg-type]
        with pytest.raises(ArgumentError):
            target.write(wrong, i32, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueRangeError):
        target.write(place, u8, 256)
    with pytest.raises(ValueKindError):
        target.write(place, i32, 1.0)  # type: ignore[misc]
    with pytest.raises(ArgumentError, match="force"):
        target.write(place, i32, 1, force=1)  # type: ignore[call-overload]
    child.kill()
    child.wait()
    for call in (
        lambda: target.read(place, i32),
        lambda: target.write(place, i32, 1),
        lambda: target.read_many([place], i32),
        lambda: target.write_many([place], i32, [1]),
    ):
        with pytest.raises(TargetGone):
            call()
    target.close()
    with pytest.raises(TargetClosed):
        target.read(place, i32)
    with pytest.raises(TargetClosed):
        target.write_many([place], i32, [1])
