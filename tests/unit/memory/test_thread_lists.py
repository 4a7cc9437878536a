"""Where threads keep their lists of mutexes, in memory of either width and order."""

from __future__ import annotations

import struct

import pytest
from farfetch.scanner import Buffer
from farfetch.scanner.memory.regions import Region
from farfetch.scanner.memory.thread_lists import thread_lists
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x10_0000
PAGE = 4096
SIZE = 16 * PAGE
HEAD = BASE + 64  # of the list of threads
#: Of each form: its width, its order, and the bytes between the two lists.
FORMS = [(64, "little", 32), (64, "big", 32), (32, "little", 12), (32, "little", 16)]


class Other(Buffer):
    """Memory of either width, whose pages are regions of four each."""

    def __init__(self, contents: bytearray, bits: int) -> None:
        super().__init__(contents, base=BASE)
        self._width = bits

    @property
    def bits(self) -> int:
        return self._width

    def regions(self) -> list[Region]:
        step = 4 * PAGE
        return [
            Region(at, at + step, "rw-p", 0, "00:00", 0, "", False)
            for at in range(BASE, BASE + SIZE, step)
        ]


def listed(form: tuple[int, str, int], nodes: dict[int, int]) -> bytearray:
    """Threads on one list: where each is, and its number."""
    bits, order, distance = form
    word = bits // 8
    mark = "<" if order == "little" else ">"
    letter = f"{mark}{'Q' if bits == 64 else 'I'}"
    raw = bytearray(SIZE)

    def put(at: int, *values: int) -> None:
        for index, value in enumerate(values):
            struct.pack_into(letter, raw, at - BASE + index * word, value)

    ring = [HEAD, *nodes]
    for index, node in enumerate(ring):
        put(node, ring[(index + 1) % len(ring)], ring[index - 1])
    for node, number in nodes.items():
        struct.pack_into(f"{mark}I", raw, node - BASE + 2 * word, number)
        head = node + distance
        if bits == 64:
            put(head - word, head)
        put(head, head, (1 << bits) - 32 * word // 8, 0)
    return raw


@pytest.mark.parametrize("form", FORMS)
def test_one_leads_to_all_on_its_list(form: tuple[int, str, int]) -> None:
    bits, order, distance = form
    nodes = {BASE + 0x400: 70_000, BASE + 4 * PAGE - 0x700: 70_002, BASE + 8 * PAGE + 8: 70_001}
    memory = Other(listed(form, nodes), bits)
    where = {number: node + distance for node, number in nodes.items()}
    assert thread_lists(memory, memory.regions(), order=order) == where
    near = [BASE + 8 * PAGE]
    assert thread_lists(memory, [], order=order, near=near) == where
    assert thread_lists(memory, [], order=order) == {}
    other = "big" if order == "little" else "little"
    assert thread_lists(memory, memory.regions(), order=other) == {}


def test_what_only_looks_like_one_is_none() -> None:
    form = FORMS[0]
    raw = listed(form, {BASE + 0x400: 7})
    struct.pack_into("<Q", raw, HEAD - BASE + 8, BASE)  # the next says that another is before it
    memory = Other(raw, 64)
    assert thread_lists(memory, memory.regions()) == {}
    struct.pack_into("<Q", raw, 0x400, (1 << 64) - 8)
    assert thread_lists(memory, memory.regions()) == {}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, (1 << 64) - 1)), max_size=8))
def test_whatever_is_there_does_no_harm(changes: list[tuple[int, int]]) -> None:
    for bits in (32, 64):
        raw = listed((bits, "little", 12 if bits == 32 else 32), {BASE + 0x80: 7, BASE + 0x100: 8})
        for place, value in changes:
            struct.pack_into("<Q", raw, 0x40 + place * 8, value)
        memory = Other(raw, bits)
        found = thread_lists(memory, memory.regions(), near=[BASE, (1 << 64) - 1, 0])
        assert all(0 <= number < 1 << 32 for number in found)
