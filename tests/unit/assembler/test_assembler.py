"""Assembling, held against GNU as; and lines that are refused."""

from __future__ import annotations

from pathlib import Path

import iced_x86
import pytest
from farfetch.scanner import AssemblyError, assemble
from hypothesis import given
from hypothesis import strategies as st

from support.assembly import corpus, gnu_as


def meaning(raw: bytes, bits: int, address: int) -> str:
    """What bytes say, with the length of no operand in it."""
    instruction = iced_x86.Decoder(bits, raw, ip=address).decode()
    return iced_x86.FastFormatter().format(instruction)


@pytest.mark.parametrize("bits", [64, 32])
def test_two_thousand_lines_are_what_gnu_as_says(bits: int, tmp_path: Path) -> None:
    lines = corpus(bits, 2000)
    wrong = []
    for number, (line, theirs) in enumerate(zip(lines, gnu_as(lines, bits, tmp_path), strict=True)):
        at = number * 16
        ours = assemble(line, address=at, bits=bits)
        if ours[:1] == b"\x9b" and theirs[:1] == b"\x9b":  # fwait, and what waits
            ours, theirs, at = ours[1:], theirs[1:], at + 1
        if meaning(ours, bits, at) != meaning(theirs, bits, at):
            wrong.append((line, ours.hex(), theirs.hex()))
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "raw"),
    [
        ("mov [rax],1", "c70001000000"),  # unsized is a dword
        ("mov [rax],(float)1.5", "c7000000c03f"),
        ("mov [rax],#100", "c70064000000"),
        ("mov eax,ebx,", "89d8"),
        (f"mov eax,{'0' * 40}5", "b805000000"),
        ("MOV EAX , $10", "b810000000"),
        ("inc [rax]", "ff00"),
        ("push [rax]", "ff30"),
        ("call [rax]", "ff10"),
        ("jmp rax", "ffe0"),
        ("push dword 10", "6a10"),
        ("nop 3", "909090"),
        ("pushfd", "9c"),
        ("popf", "9d"),
        ("retn", "c3"),
        ("sal eax,1", "d1e0"),
        ("shl eax", "d1e0"),
        ("imul eax,5", "6bc005"),
        ("movd xmm0,rax", "66480f6ec0"),
        ("movsx rax,dword ptr [rbx]", "486303"),
        ("test eax,[rax]", "8500"),
        ("cmpltss xmm0,xmm1", "f30fc2c101"),
        ("fcomip st(0),st(1)", "dff1"),
        ("fxch", "d9c9"),
        ("mov eax,fs:[30]", "648b042530000000"),
        ("mov eax,[fs:30]", "648b042530000000"),
        ("mov rax,[7FF612340000]", "48a100003412f67f0000"),
        ("mov rcx,FFFFFFFFFFFFFFFF", "48c7c1ffffffff"),
        ("lea rdi,[rdi+r14d*8]", "4a8d3cf7"),
        ("mov eax,'AB'", "b841420000"),
        ("jmp 1000", "e9fb0f0000"),
        ("jmp short 10", "eb0e"),
        ("jmp far 10", "ff25000000001000000000000000"),
        ("call 123456789A", "ff1502000000eb089a78563412000000"),
        ("je 123456789A", "7402eb0eff25000000009a78563412000000"),
        # registers go by their number where one of them has 64 bits
        ("add rbx,eax", "4801c3"),
        ("mov r15,r8d", "4d89c7"),
        ("xor edx,rdx", "4831d2"),
        ("imul rax,ecx,5", "486bc105"),
        ("movsxd rax,ecx", "4863c1"),
        ("push eax", "50"),
        ("pop r15d", "415f"),
        ("call eax", "ffd0"),
        ("call dword ptr [rax+34]", "ff5034"),
        ("push dword ptr [rax]", "ff30"),
        # what is made wider is a byte where no size is said
        ("movzx edx,[rbx]", "0fb613"),
        ("movsx rax,[rbx]", "480fbe03"),
        ("mov [rax],(float)+inf", "c7000000807f"),
        # commas and blanks part alike
        ("sar,r9d,3", "41c1f903"),
        ("movaps, xmm14, [rax]", "440f2830"),
        ("cmp ,[rcx],6", "833906"),
        ("mov ebp 0", "bd00000000"),
        ("mov [rdi+2fc] r15w", "664489bffc020000"),
        ("lea rax [rbx+r15d*8]", "4a8d04fb"),
        ("mov dword ptr [rax] 5", "c70005000000"),
    ],
)
def test_the_dialect_is_cheat_engines(line: str, raw: str) -> None:
    assert assemble(line).hex() == raw


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("", 1, "expected an instruction"),
        ("xmov eax,1", 1, "no instruction is called 'xmov'"),
        ("mov eax", 1, "mov does not take these operands"),
        ("mov eax,[rbx", 9, "the bracket is not closed"),
        ("mov eax,", 9, "an operand is missing here"),
        ("mov al,100", 1, "mov does not take the number 100"),
        ("push 80000000", 1, "push does not take the number 80000000"),
        ("add rax,FFFFFFFF", 1, "add does not take the number FFFFFFFF"),
        ("mov ecx,[7FF612340000]", 1, "7FF612340000 is too far away to be reached from here"),
        ("movzx ax,[rbx]", 1, "say how wide the memory is: movzx takes several sizes"),
        ("mov eax,[rbx*3]", 10, "rbx is added once, 2, 4 or 8 times"),
        ("mov eax,[rax+rbx+rcx]", 18, "an address has two registers at most"),
        ("mov eax,[ax]", 10, "ax addresses no memory"),
        ("movzx rax,ecx", 1, "movzx does not take these operands"),
        ("add rbx eax ecx", 13, "'ecx' is not expected here"),
        ("mov eax ,,1", 10, "an operand is missing here"),
        ("mov,", 4, "an operand is missing here"),
        ("cmp dword ptr [rax],rsi", 1, "cmp does not take these operands"),
        ("mov eax,[rbx+rsp*2]", 10, "the stack pointer is no index"),
        ("mov eax,health", 9, 'nothing is called "health"'),
        ("mov eax,[[8]]", 1, "pointers are read in a target, and here is none"),
        ("jmp far [rax]", 1, "jmp far takes an address"),
        ("call far [rbx]", 1, "call far takes an address"),
        ("jmp short 1000", 1, "a short jump reaches no farther than 128 bytes"),
        ("loop 1000", 1, "loop reaches no farther than 128 bytes"),
        ("nop 0", 1, "nop takes 1 to 1000 bytes"),
        ("mov eax,(float)x", 9, "'float' is not expected here|a number|expected"),
        ("mov eax,11112222333344445555", 9, "a number has at most 64 bits"),
        ("mov eax,1 2", 11, "'2' is not expected here"),
        ("mov," + "[" * 5000, 1, "a line has at most 4096 characters"),
        ("mov " + "[" * 100, 37, "brackets are nested more than 32 deep"),
    ],
)
def test_what_is_refused_says_where(line: str, column: int, reason: str) -> None:
    with pytest.raises(AssemblyError) as raised:
        assemble(line)
    assert raised.value.position + 1 == column or "|" in reason
    assert any(one in raised.value.reason for one in reason.split("|"))


def test_modes_have_their_own() -> None:
    assert assemble("pushad", bits=32).hex() == "60"
    assert assemble("mov [eax],1", bits=32).hex() == "c70001000000"
    assert assemble("mov eax,[400000]", bits=32).hex() == "a100004000"
    for line in ("mov rax,1", "mov eax,[rax]", "movsq", "push rax"):
        with pytest.raises(AssemblyError):
            assemble(line, bits=32)
    with pytest.raises(AssemblyError, match="code of 64 bits has no pushad"):
        assemble("pushad")


def test_names_are_resolved_and_memory_is_reached_from_here() -> None:
    names = {"health": 0x140002000, "newmem": 0x140001000}
    raw = assemble("mov [health],5", address=0x140001000, resolve=names.__getitem__)
    assert raw.hex() == "c705f60f000005000000"
    assert assemble("jmp newmem", address=0x140000000, resolve=names.__getitem__).hex() == (
        "e9fb0f0000"
    )


WORDS = st.sampled_from(
    [
        "mov",
        "add",
        "jmp",
        "call",
        "rep",
        "lock",
        "eax",
        "rbx",
        "xmm1",
        "st(0)",
        "[",
        "]",
        "+",
        "-",
        "*",
        ",",
        "10",
        "#5",
        "(float)1",
        "'A'",
        '"',
        "dword",
        "ptr",
        "far",
        "short",
        "fs:",
        "??",
        "@f",
        ":",
        "$",
        "0x1",
        "nop",
        "lea",
    ]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_any_text_is_bytes_or_one_line(text: str) -> None:
    for bits in (32, 64):
        try:
            raw = assemble(text, bits=bits)
        except AssemblyError as error:
            refused = error
        else:
            assert raw
            continue
        assert str(refused).isprintable()
        assert 0 <= refused.position <= len(text)
