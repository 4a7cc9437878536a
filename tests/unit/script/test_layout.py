"""Bytes at addresses: labels, branches, data, and what is taken from the target."""

from __future__ import annotations

import pytest
from farfetch.scanner import ScriptError
from farfetch.scanner.script.layout import Names, Piece, assemble_part
from farfetch.scanner.script.program import read_program


class Around:
    """A target of a few bytes."""

    def __init__(self, bits: int = 64) -> None:
        self.bits = bits
        self.symbols = {"game.exe": 0x140000000, "far": 0x7FFF00000000}

    def symbol(self, name: str) -> int | None:
        return self.symbols.get(name.lower())

    def pointer(self, address: int) -> int:
        return {0x140000010: 0x140001000}[address]

    def copy(self, address: int, size: int) -> bytes:
        return (address & 0xFF).to_bytes(1, "little") * size

    def bytes_at(self, address: int, size: int) -> bytes:
        return self.copy(address, size) if address < 0x140010008 else b""

    def moved(self, address: int, to: int) -> bytes:  # noqa: ARG002
        return b"\x66\x90"


def assembled(*lines: str, bits: int = 64, strict: bool = False) -> tuple[Piece, ...]:
    program = read_program("\n".join(("[ENABLE]", *lines, "[DISABLE]")), bits)
    names = Names({"newmem": 0x140010000}, Around(bits).symbol)
    return assemble_part(program.enable, names, Around(bits), strict=strict).pieces


def raw(*lines: str, bits: int = 64) -> str:
    return b"".join(piece.raw for piece in assembled(*lines, bits=bits)).hex(" ")


def test_places_and_labels() -> None:
    pieces = assembled(
        "label(return)", "newmem:", "nop", "jmp return", "game.exe+10:", "jmp newmem", "return:"
    )
    assert [(piece.line, piece.address, piece.raw.hex()) for piece in pieces] == [
        (4, 0x140010000, "90"),
        (5, 0x140010001, "e90f00ffff"),
        (7, 0x140000010, "e9ebff0000"),
    ]


def test_branches_back_are_short_and_branches_ahead_are_near() -> None:
    assert raw("newmem:", "@@:", "nop", "jmp @b") == "90 eb fd"
    assert raw("newmem:", "jmp @f", "@@:", "nop") == "e9 00 00 00 00 90"
    assert raw("newmem:", "jmp short @f", "@@:", "nop") == "eb 00 90"
    assert raw("newmem:", "je next", "nop", "next:") == "0f 84 01 00 00 00 90"


def test_the_next_label_is_any() -> None:
    assert raw("newmem:", "jmp short @f", "nop", "other:", "nop", "@@:") == "eb 01 90 90"


def test_what_is_far_is_reached_over_its_address() -> None:
    assert raw("newmem:", "jmp far").startswith("ff 25 00 00 00 00")
    assert len(assembled("newmem:", "call far")[0].raw) == 16
    assert len(assembled("newmem:", "je far")[0].raw) == 18
    with pytest.raises(
        ScriptError, match="line 3: jmp far 10: column 1: jmp has no far form in 32-bit"
    ):
        assembled("newmem:", "jmp far 10", bits=32)


def test_data() -> None:
    assert raw("newmem:", "db 1 2,FF 'AB' #10") == "01 02 ff 41 42 0a"
    assert raw("newmem:", "dw 5 -1 + 2 A") == "05 00 01 00 0a 00"
    assert raw("newmem:", "db 7 +3,-1 'AB' +FF 1 -2") == "07 04 01 41 42 04 01 05"
    assert raw("newmem:", "nop 8", "db +1 -1") == "90 90 90 90 90 90 90 90 01 ff"
    assert raw("newmem:", "dw 1234 'A'") == "34 12 41 00"
    assert raw("newmem:", "dd (float)1.5 (int)-1") == "00 00 c0 3f ff ff ff ff"
    assert raw("newmem:", "dq newmem+8 (double)1") == (
        "08 00 01 40 01 00 00 00 00 00 00 00 00 00 f0 3f"
    )
    assert raw("newmem:", 'dq "game.exe"+4') == "04 00 00 40 01 00 00 00"
    (piece,) = assembled("newmem:", "db 90 ?? 91")
    assert (piece.raw, piece.mask) == (b"\x90\x00\x91", b"\xff\x00\xff")


def test_filling_copying_and_moving() -> None:
    assert raw("newmem:", "nop", "align 4 CC", "nop") == "90 cc cc cc 90"
    assert raw("newmem:", "align(4)", "nop") == "90"
    assert raw("newmem:", "readmem(game.exe+7,3)") == "07 07 07"
    assert raw("newmem:", "reassemble(game.exe)", "nop 2") == "66 90 90 90"


def test_pointers_are_read_while_assembling() -> None:
    (piece,) = assembled("[game.exe+10]+8:", "nop")
    assert piece.address == 0x140001008
    assert raw("newmem:", "mov eax,[[game.exe+10]+8]") == "8b 05 02 10 ff ff"


def test_brackets_read_as_much_as_is_said() -> None:
    """The pointer there is 140001000: as a byte 0, as a word 1000."""
    for said, address in (("(DWORD)", 0x40001000), ("(word)", 0x1000), ("(Byte)", 0), ("", None)):
        (piece,) = assembled(f"{said}[game.exe+10]+8:", "nop")
        assert piece.address == (0x140001000 if address is None else address) + 8
    (piece,) = assembled("game.exe+(LONG)[game.exe+10]-(int64)[game.exe+10]:", "nop")
    assert piece.address == 0x40000000


def test_names_of_the_script_come_before_numbers_registers_and_symbols() -> None:
    assert raw("label(add1)", "newmem:", "jmp add1", "add1:") == "e9 00 00 00 00"
    assert raw("label(cl)", "newmem:", "cl:", "jmp cl") == "eb fe"
    assert raw("NEWMEM:", "jmp NewMem") == "eb fe"


def test_defines_and_structures() -> None:
    assert raw("define(at,newmem)", "define(hp,#16)", "at:", "mov [rbx+hp],1") == (
        "c7 43 10 01 00 00 00"
    )
    assert raw(
        *("struct player", "hp: dd ?", "name: resb 10", "gold: dd ?", "ends"),
        *("newmem:", "mov eax,[rbx+player.gold]", "mov ecx,player_size"),
    ) == ("8b 43 0e b9 12 00 00 00")


def test_sections_for_one_width_of_code() -> None:
    lines = ("[64-bit]", "newmem:", "push rax", "[/64-bit]", "[32-bit]", "newmem:", "push eax")
    assert raw(*lines) == "50"
    assert raw(*lines, bits=32) == "50"
    with pytest.raises(ScriptError, match="line 3: push rax"):
        assembled("newmem:", "push rax", bits=32)


def test_labels_that_pull_at_each_other_settle() -> None:
    lines = [f"jmp l{number}" for number in range(40)]
    labels = [f"l{number}:\nnop 10" for number in range(40)]
    pieces = assembled("newmem:", *lines, *labels, *lines)
    assert all(piece.raw for piece in pieces)
    assert len({piece.address for piece in pieces}) == len(pieces)
