from __future__ import annotations

import itertools
import os

import pytest
from farfetch.scanner import Buffer, attach
from farfetch.scanner.errors import WhereError
from farfetch.scanner.memory.modules import modules_of
from farfetch.scanner.memory.region_filter import Where
from farfetch.scanner.memory.regions import Range, Region
from farfetch.scanner.process.maps import RegionReader, parse_maps
from hypothesis import given
from hypothesis import strategies as st

MAPS = """\
00400000-00401000 r--p 00000000 08:01 1 /opt/game
00401000-00402000 r-xp 00001000 08:01 1 /opt/game
00402000-00403000 rw-p 00002000 08:01 1 /opt/game
00403000-00405000 rw-p 00000000 00:00 0
00a00000-00a10000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0000001000 rw-p 00000000 00:00 0
7f0000001000-7f0000002000 ---p 00000000 00:00 0
7f0000002000-7f0000003000 r--p 00000000 00:00 0
7f0000010000-7f0000011000 r-xp 00000000 08:01 2 /lib/libc.so.6
7f0000011000-7f0000012000 rw-p 00001000 08:01 2 /lib/libc.so.6
7f0000020000-7f0000021000 rw-s 00000000 08:01 3 /tmp/shared
7f0000030000-7f0000031000 rw-p 00000000 00:00 0 [anon:arena]
7ffe00000000-7ffe00002000 rw-p 00000000 00:00 0 [stack]
7ffe10000000-7ffe10001000 r--p 00000000 00:00 0 [vvar]
7ffe10001000-7ffe10002000 r-xp 00000000 00:00 0 [vdso]
ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]
"""
REGIONS = parse_maps(MAPS)
MODULES = modules_of(REGIONS)
GAME_DATA, HEAP, STACK = (
    Range(0x402000, 0x405000),
    Range(0xA00000, 0xA10000),
    Range(0x7FFE00000000, 0x7FFE00002000),
)
LIBC, LIBC_DATA = Range(0x7F0000010000, 0x7F0000012000), Range(0x7F0000011000, 0x7F0000012000)
ANON, READ_ONLY = Range(0x7F0000000000, 0x7F0000001000), Range(0x7F0000002000, 0x7F0000003000)
SHARED, ARENA = Range(0x7F0000020000, 0x7F0000021000), Range(0x7F0000030000, 0x7F0000031000)
THERE_ARE = "there are writable, all, heap, stack, data, anon, module:NAME, /NAME, once"
VDSO = Range(0x7FFE10001000, 0x7FFE10002000)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("writable", [GAME_DATA, HEAP, ANON, LIBC_DATA, SHARED, ARENA, STACK]),
        (
            "all",
            [
                *(Range(0x400000, 0x405000), HEAP, ANON, READ_ONLY),
                *(LIBC, SHARED, ARENA, STACK, VDSO),
            ],
        ),
        ("-module:libc.so.6", [GAME_DATA, HEAP, ANON, SHARED, ARENA, STACK]),
        ("-heap,-stack , - anon", [Range(0x402000, 0x403000), LIBC_DATA, SHARED]),
        (
            "all,-writable",
            [Range(0x400000, 0x402000), READ_ONLY, Range(0x7F0000010000, 0x7F0000011000), VDSO],
        ),
        ("data,-module:lib*", [GAME_DATA]),
        ("heap,-0xa00000..0xa0fff0", [Range(0xA0FFF0, 0xA10000)]),
        ("-0xa00100..0xa00200,heap", [Range(0xA00000, 0xA00100), Range(0xA00200, 0xA10000)]),
        ("/tmp/shared", [SHARED]),
        ("/tmp/*,heap", [HEAP, SHARED]),
        ("[anon:arena]", [ARENA]),
        ("anon,-[anon:arena],writable", [Range(0x403000, 0x405000), ANON]),
        ("once,heap", [HEAP]),
        ("once", [GAME_DATA, HEAP, ANON, LIBC_DATA, SHARED, ARENA, STACK]),
        ("heap", [HEAP]),
        ("stack", [STACK]),
        ("data", [GAME_DATA, LIBC_DATA]),
        ("anon", [Range(0x403000, 0x405000), ANON, READ_ONLY, ARENA]),
        ("anon,writable", [Range(0x403000, 0x405000), ANON, ARENA]),
        ("heap,stack", [HEAP, STACK]),
        (" stack , heap ", [HEAP, STACK]),
        ("module:libc.so.6", [LIBC]),
        ("module:/lib/libc.so.6", [LIBC]),
        ("module:libc*", [LIBC]),
        ("module:*", [Range(0x400000, 0x405000), LIBC]),
        ("writable,module:libc.so.6", [LIBC_DATA]),
        ("heap,module:libc.so.6", [HEAP, LIBC]),
        ("all,heap", [*Where.parse("all").select(REGIONS, MODULES)]),
        ("all,writable", [*Where.parse("all").select(REGIONS, MODULES)]),
        ("0x401000..0x402800", [Range(0x401000, 0x402800)]),
        ("4198400..4204544", [Range(0x401000, 0x402800)]),
        ("04198400..004204544", [Range(0x401000, 0x402800)]),
        ("writable,0x401000..0x402800", [Range(0x402000, 0x402800)]),
        ("heap,0xa00010..0xffffffffffffffff", [Range(0xA00010, 0xA10000)]),
        ("0x400000..0x401000,0x400800..0x402000", [Range(0x400000, 0x402000)]),
        ("all,0xa00000..0xa00001", [Range(0xA00000, 0xA00001)]),
    ],
)
def test_selects(text: str, ranges: list[Range]) -> None:
    assert Where.parse(text).select(REGIONS, MODULES) == ranges


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, f'no such regions: ""; {THERE_ARE}'),
        ("heap,,stack", 6, f'no such regions: ""; {THERE_ARE}'),
        ("heap, heep", 7, 'no such regions: "heep"; did you mean heap?'),
        ("Heap", 1, 'no such regions: "Heap"; did you mean heap?'),
        ("module:", 8, "expected a name after module:"),
        ("modul:x", 1, 'no such regions: "modul:x"; did you mean module:NAME?'),
        ("heap,1000..", 6, "a range is written 0x1000..0x2000"),
        ("a00..b00", 1, "a range is written 0x1000..0x2000"),
        ("0x20..0x20", 1, "the range is empty: its end comes first"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, column: int, reason: str) -> None:
    with pytest.raises(WhereError) as error:
        Where.parse(text)
    assert (error.value.text, error.value.position + 1) == (text, column)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("0x1..0x2", 1, "no region matches"),
        ("heap,0x1..0x2", 1, "no region matches"),
        (
            "heap,module:libx.so.6",
            6,
            'no region matches: no module is called "libx.so.6"; near it: libc.so.6',
        ),
        ("module:nothing", 1, 'no region matches: no module is called "nothing"'),
    ],
)
def test_nothing_selected(text: str, column: int, reason: str) -> None:
    with pytest.raises(WhereError) as error:
        Where.parse(text).select(REGIONS, MODULES)
    assert (error.value.position + 1, error.value.reason) == (column, reason)


def test_no_regions_at_all() -> None:
    with pytest.raises(WhereError, match="no region matches"):
        Where.parse("all").select([], [])


def test_text_comes_back() -> None:
    assert str(Where.parse("heap, stack")) == "heap, stack"
    assert Where.parse("heap") == Where.parse("heap")


@pytest.mark.parametrize("text", ["writable", "all", "heap", "stack", "data", "anon", "module:*"])
def test_selects_from_this_process(text: str) -> None:
    regions = RegionReader(os.getpid()).read()
    ranges = Where.parse(text).select(regions, modules_of(regions))
    check(ranges, regions)


WORDS = st.lists(
    st.sampled_from(
        [
            *("writable", "all", "heap", "stack", "data", "anon", "module:*", "module:libc.so.6"),
            *("0x400800..0x404000", "0x0..0x7f0000011800", "0x7f0000000800..0xffffffffffffffff"),
        ]
    ),
    min_size=1,
)


@given(WORDS)
def test_ranges_are_sorted_disjoint_and_readable(words: list[str]) -> None:
    where = Where.parse(",".join(words))
    try:
        ranges = where.select(REGIONS, MODULES)
    except WhereError as error:
        ranges, reason = [], error.reason
        assert reason == "no region matches"
    check(ranges, REGIONS)
    windows = [Range(*(int(end, 16) for end in word.split(".."))) for word in words if ".." in word]
    for range_ in ranges:
        ends = (range_.start, range_.end - 1)
        assert not windows or all(
            any(window.start <= end < window.end for window in windows) for end in ends
        )


def check(ranges: list[Range], regions: list[Region]) -> None:
    assert ranges == sorted(ranges)
    for before, after in itertools.pairwise(ranges):
        assert before.end < after.start
    for range_ in ranges:
        inside = [part for part in regions if part.start < range_.end and range_.start < part.end]
        covered = sum(min(range_.end, part.end) - max(range_.start, part.start) for part in inside)
        assert range_.size == covered > 0
        assert all(part.readable for part in inside)
        assert not any(part.path.startswith(("[vvar", "[vsyscall")) for part in inside)


def test_data_is_what_the_modules_write() -> None:
    regions = RegionReader(os.getpid()).read()
    modules = modules_of(regions)
    ranges = Where.parse("data").select(regions, modules)
    written = [part for module in modules for part in module.regions if part.writable]
    for part in written:
        assert any(range_.start <= part.start and part.end <= range_.end for range_ in ranges)


def test_a_first_scan_asks_for_the_regions_once() -> None:
    class Counted(Buffer):
        asked = 0

        def regions(self) -> list[Region]:
            self.asked += 1
            return super().regions()

    memory = Counted(bytearray(64))
    with attach(memory) as target, target.scan("u8") as scan:
        assert scan.first("0").matches == 64
    assert memory.asked == 1
