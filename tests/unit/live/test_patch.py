"""Patching, over plain memory and over the code of a real process."""

from __future__ import annotations

import pytest
from farfetch.scanner import Buffer, MemoryFault, PatchError, TargetGone, attach
from hypothesis import given
from hypothesis import strategies as st

from unit.conftest import Start

BASE = 0x1000


def test_it_changes_and_puts_back() -> None:
    memory = bytearray(b"abcdef")
    target = attach(Buffer(memory, base=BASE))
    patch = target.patch(BASE + 1, b"XY")
    assert memory == b"aXYdef"
    assert list(target.patches) == [patch]
    assert (patch.before, patch.after) == (b"bc", b"XY")
    patch.undo()
    assert memory == b"abcdef"
    assert list(target.patches) == []
    memory[1] = 0
    patch.undo()  # a second time it does nothing
    assert memory[1] == 0
    assert (patch.number, target.patch(BASE, b"Z").number) == (0, 1)


def test_a_block_undoes_it() -> None:
    memory = bytearray(b"abcdef")
    with attach(Buffer(memory, base=BASE)).patch(BASE, b"Z"):
        assert memory == b"Zbcdef"
    assert memory == b"abcdef"


def test_bytes_that_are_no_longer_ours_stay_unless_forced() -> None:
    memory = bytearray(b"abcdef")
    patch = attach(Buffer(memory, base=BASE)).patch(BASE, b"XY")
    memory[1] = ord("?")
    with pytest.raises(PatchError) as raised:
        patch.undo()
    assert (raised.value.expected, raised.value.found) == (b"XY", b"X?")
    assert memory == b"X?cdef"
    assert patch.active
    patch.undo(force=True)
    assert memory == b"abcdef"


def test_nothing_is_changed_where_not_all_can_be() -> None:
    memory = bytearray(b"abcdef")
    target = attach(Buffer(memory, base=BASE))
    with pytest.raises(MemoryFault):
        target.patch(BASE + 4, b"XYZ")
    assert memory == b"abcdef"
    assert list(target.patches) == []
    with pytest.raises(ValueError, match="at least one byte"):
        target.patch(BASE, b"")


@given(
    st.lists(st.tuples(st.integers(0, 11), st.binary(min_size=1, max_size=4)), max_size=8),
    st.binary(min_size=16, max_size=16),
)
def test_undone_in_turn_all_is_as_it_was(patches: list[tuple[int, bytes]], content: bytes) -> None:
    memory = bytearray(content)
    target = attach(Buffer(memory, base=BASE))
    for offset, raw in patches:
        target.patch(BASE + offset, raw)
    for patch in reversed(target.patches):
        patch.undo()
    assert memory == content


def test_code_that_the_target_cannot_write(start: Start) -> None:
    child = start("cat")
    with attach(child.pid) as target:
        code = next(
            region for region in target.regions() if region.executable and region.kind == "file"
        )
        old = target.read_bytes(code.start, 4)
        with target.patch(code.start, b"\xcc\xcc\xcc\xcc"):
            assert target.read_bytes(code.start, 4) == b"\xcc" * 4
        assert target.read_bytes(code.start, 4) == old
        patch = target.patch(code.start, b"\xcc")
        child.kill()
        child.wait()
        with pytest.raises(TargetGone):
            patch.undo()
