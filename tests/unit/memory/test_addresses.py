from __future__ import annotations

import os

import pytest
from farfetch.scanner.errors import ExpressionError
from farfetch.scanner.memory.addresses import format_address, parse_address
from farfetch.scanner.memory.modules import locate, modules_of
from farfetch.scanner.process.maps import RegionReader, parse_maps
from hypothesis import given
from hypothesis import strategies as st

MAPS = """\
00400000-00401000 r-xp 00000000 08:01 1 /no/such/game
00402000-00403000 r-xp 00000000 08:01 2 /no/such/2048-qt
00a00000-00a10000 rw-p 00000000 00:00 0 [heap]
00a10000-00a20000 r--p 00000000 00:00 0 [heap]
7f0000002000-7f0000003000 r-xp 00000000 08:01 3 /no/a/lib.so
7f0000004000-7f0000005000 r-xp 00000000 08:01 4 /no/b/lib.so
7f0000006000-7f0000007000 r-xp 00000000 08:01 5 /no/my game.exe
7f0000008000-7f0000009000 r-xp 00000000 08:01 6 /no/libstdc++.so.6
7f000000a000-7f000000b000 rw-s 00000000 00:01 7 /memfd:x (deleted)
7ffe00000000-7ffe00002000 rw-p 00000000 00:00 0 [stack]
"""
REGIONS = parse_maps(MAPS)
MODULES = modules_of(REGIONS)
OWN_REGIONS = RegionReader(os.getpid()).read()
OWN_MODULES = modules_of(OWN_REGIONS)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0x7f00", 0x7F00),
        (" 0X7F00 ", 0x7F00),
        ("0xffff_ffff_ffff_ffff", 2**64 - 1),
        ("32512", 32512),
        ("0", 0),
        ("game", 0x400000),
        ("game+0x10", 0x400010),
        ("game + 16", 0x400010),
        ("/no/such/game+0x10", 0x400010),
        ("2048-qt+0x10", 0x402010),
        ("[heap]", 0xA00000),
        ("[heap]+0x2a0", 0xA002A0),
        ("[stack]+0x10", 0x7FFE00000010),
        ("/no/a/lib.so+1", 0x7F0000002001),
        ("/no/b/lib.so+1", 0x7F0000004001),
        ('"my game.exe"+0x10', 0x7F0000006010),
        ('"my game.exe" + 0x10', 0x7F0000006010),
        ('"my game.exe"', 0x7F0000006000),
        ("my game.exe+0x10", 0x7F0000006010),
        ("libstdc++.so.6", 0x7F0000008000),
        ("libstdc++.so.6+0x10", 0x7F0000008010),
        ("/memfd:x+4", 0x7F000000A004),
        ("0x1000+0x10", 0x1010),
    ],
)
def test_parses(text: str, address: int) -> None:
    assert parse_address(text, MODULES, REGIONS) == address


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "expected an address such as 0x7f00 or game+0x10"),
        ("  ", 3, "expected an address such as 0x7f00 or game+0x10"),
        ("7f00ab", 1, "hex numbers start with 0x: did you mean 0x7f00ab?"),
        ("  deadbeef", 3, "hex numbers start with 0x: did you mean 0xdeadbeef?"),
        ("gmae+0x10", 1, 'no module or region is called "gmae": did you mean game?'),
        ("zzz", 1, 'no module or region is called "zzz"'),
        ("[heep]+1", 1, 'no module or region is called "[heep]"'),
        ("-5", 1, 'no module or region is called "-5"'),
        ("game+", 6, "expected an offset such as 0x10"),
        ("game+zz", 6, "expected an offset such as 0x10"),
        ("game+-5", 6, "expected an offset such as 0x10"),
        ('"my game.exe"+ff', 15, "expected an offset such as 0x10"),
        ('"nothing" ', 1, 'no module or region is called "nothing"'),
        ("+5", 1, "expected an address such as 0x7f00 or game+0x10"),
        ("0x10000000000000000", 1, "an address is at most 0xffffffffffffffff"),
        ("9" * 5000, 1, "an address is at most 0xffffffffffffffff"),
        ("game+" + "9" * 5000, 6, "an address is at most 0xffffffffffffffff"),
        ("game+0xffffffffffffffff", 6, "an address is at most 0xffffffffffffffff"),
        (
            "lib.so+1",
            1,
            'several modules are called "lib.so"; give the path: /no/a/lib.so, /no/b/lib.so',
        ),
    ],
)
def test_says_what_is_wrong_and_where(text: str, column: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse_address(text, MODULES, REGIONS)
    assert (error.value.text, error.value.position + 1) == (text, column)
    assert error.value.reason == reason


def test_a_file_loaded_twice() -> None:
    twice = parse_maps(
        "1000-2000 r-xp 00000000 08:01 1 /lib.so\n"
        "3000-4000 r-xp 00000000 08:01 2 /other.so\n"
        "5000-6000 r-xp 00000000 08:01 1 /lib.so\n"
    )
    with pytest.raises(ExpressionError, match=r'several modules are called "lib.so"; give an addr'):
        parse_address("lib.so", modules_of(twice), twice)
    modules = modules_of(twice)
    assert parse_address("lib.so[0]+0x10", modules) == 0x1010
    assert parse_address("lib.so[1]", modules) == 0x5000
    assert parse_address("other.so[0]+1", modules) == 0x3001
    with pytest.raises(ExpressionError, match="no module or region is called"):
        parse_address("lib.so[2]", modules)


@given(st.integers(0, 2**64 - 1))
def test_parsing_undoes_formatting(address: int) -> None:
    assert parse_address(format_address(address)) == address


@given(st.data())
def test_parsing_undoes_locating(data: st.DataObject) -> None:
    for regions, modules in ((REGIONS, MODULES), (OWN_REGIONS, OWN_MODULES)):
        region = data.draw(st.sampled_from(regions))
        address = data.draw(st.integers(region.start, region.end - 1))
        location = locate(address, regions, modules)
        assert parse_address(str(location), modules, regions) == address
