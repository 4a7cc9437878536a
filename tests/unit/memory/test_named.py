"""NamedAddresses: names of addresses, used wherever an address is written."""

from __future__ import annotations

import pytest
from farfetch.scanner import (
    ArgumentError,
    Buffer,
    ExpressionError,
    NamedAddress,
    NamedAddresses,
    PointerPath,
    attach,
    parse_address,
)


def test_names_are_given_and_taken_away() -> None:
    symbols = NamedAddresses()
    symbols.register("pPlayer", 0x10, owner="hook")
    symbols.register("base", 0x20)
    symbols.register("pPlayer", 0x30, owner="hook")
    assert (dict(symbols), len(symbols)) == ({"pPlayer": 0x30, "base": 0x20}, 2)
    assert symbols.entries() == (
        NamedAddress("pPlayer", 0x30, "hook"),
        NamedAddress("base", 0x20, ""),
    )
    assert (symbols["PPLAYER"], "PPLAYER" in symbols) == (0x30, True)
    symbols.unregister("nobody")
    symbols.unregister("pPlayer")
    assert list(symbols) == ["base"]
    with pytest.raises(KeyError):
        symbols["pPlayer"]


@pytest.mark.parametrize("name", ["", "a b", 'a"', "[a]", "a+b", "a*b", "x" * 201, 5])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ArgumentError):
        NamedAddresses().register(name, 1)


def test_an_exact_name_comes_before_another_case() -> None:
    symbols = NamedAddresses()
    symbols.register("hp", 1)
    symbols.register("HP", 2)
    assert (symbols["hp"], symbols["HP"], symbols["Hp"]) == (1, 2, 2)


def test_a_target_takes_them_in_every_address() -> None:
    memory = bytearray(64)
    memory[:8] = (0x1010).to_bytes(8, "little")
    target = attach(Buffer(memory, base=0x1000))
    path = PointerPath.parse("pPlayer -> 8")
    with pytest.raises(ExpressionError, match='no module or region is called "pPlayer"'):
        path.resolve(target)
    target.symbols.register("pPlayer", 0x1000)
    assert path.resolve(target) == 0x1018
    assert target.address("pplayer+0x10-8") == 0x1008
    assert target.address('"pPlayer"-0x10') == 0xFF0
    target.symbols.unregister("pPlayer")
    with pytest.raises(ExpressionError, match="no module"):
        target.address("pPlayer")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hp-", "expected an offset such as 0x10"),
        ("hp-mp", "expected an offset such as 0x10"),
        ("hp-0x11", "an address is not below 0"),
        ("heakth", 'no module or region is called "heakth": did you mean health?'),
    ],
)
def test_what_is_no_address(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_address(text, symbols={"hp": 0x10, "health": 0x20})
    assert raised.value.reason == reason
