"""What only the second assembler knows, held against GNU as; and what it gets wrong, refused."""

from __future__ import annotations

from pathlib import Path

import iced_x86
import pytest
from farfetch.scanner import AssemblyError, Buffer, ScriptError, assemble, attach
from farfetch.scanner.assembler.second import encode_otherwise, is_there
from hypothesis import given
from hypothesis import strategies as st

from support.assembly import gnu_as
from support.machine import only_x86

pytestmark = only_x86

#: Ours knows none of these.
LINES = (
    "vaddps zmm0{k1}{z},zmm1,zmm2",
    "vaddps zmm0,zmm1,dword ptr [rax]{1to16}",
    "vmulpd zmm3{k2},zmm4,[rbx+8]",
    "vpgatherdd xmm0,[rax+xmm1*4],xmm2",
    "vgatherdps ymm0,[rcx+ymm1*8],ymm2",
    "kmovw k1,eax",
    "kandw k1,k2,k3",
    "vcmpps k1,zmm0,zmm1,5",
    "vcmpltps ymm0,ymm1,ymm2",
    "movsb byte ptr [rdi],byte ptr [rsi]",
    "mov eax,[rip+8]",
    "call qword ptr [rip+9]",
    "lea rdx,[rip-4]",
)
#: What it would make of these is something else, without a word.
WRONG = (
    "bndmk bnd0,[rax]",  # nop
    "mov eax,(rax)",  # mov eax,0
    "es: mov eax,[rax]",  # without es
    "vaddpd zmm0{k1},zmm1,zmm2,{rn-sae}",  # rounds in another way
    "movzx ax,[rip+8]",  # of a byte, as it guesses
    "vcvtpd2ps xmm0,[rax]",
    "inc [rip+8]",
    "mov eax,[",
    "mov eax,[rax",
    "mov eax,[rip+8]]",
    "mov eax,[rip+123456789A]",  # cut off
    "vaddps zmm0{k1}{z},zmm1,[FFFFFFFF80000000F]",
    "kmovw k1,eax; nop",
    "kmovw k1,eax\nnop",
    ".byte 1",
    "zzz: nop",
    "lock [1000]",  # which it would read for ever, as all of these
    "rep [rax]",
    "lock repne fs:[10]",
    "data16 [1000]",
    "REX64 [1000]",
)
WORDS = st.sampled_from(
    ["vaddps", "mov", "kmovw", "zmm0{k1}", "eax", ",", "[rip", "+", "*4", "]", "[", "9", "-", "{z}"]
)


def meaning(raw: bytes) -> str:
    return iced_x86.FastFormatter().format(iced_x86.Decoder(64, raw, ip=0).decode())


def test_it_is_there() -> None:
    assert is_there()


def test_what_it_knows_is_what_gnu_as_says(tmp_path: Path) -> None:
    for line, theirs in zip(LINES, gnu_as(list(LINES), 64, tmp_path), strict=True):
        assert meaning(assemble(line)) == meaning(theirs), line


@pytest.mark.parametrize("line", WRONG)
def test_what_it_overlooks_is_refused_by_ours(line: str) -> None:
    with pytest.raises(AssemblyError) as refused:
        assemble(line)
    assert refused.value.text == line


def test_numbers_and_names_are_those_of_tables() -> None:
    assert assemble("mov eax,[rip+10]").hex() == "8b0510000000"
    assert assemble("mov eax,[rip+#10]").hex() == "8b050a000000"
    known = {"offset": 0x12}
    assert assemble("mov eax,[rip+offset]", resolve=known.__getitem__).hex() == "8b0512000000"
    with pytest.raises(AssemblyError, match="rip addresses no memory"):
        assemble("mov eax,[rip+nobody]")
    with pytest.raises(AssemblyError, match="no instruction is called 'kmovq'"):
        assemble("kmovq k1,rax", bits=32)
    assert encode_otherwise("", 0, 64, len) is None


def test_lines_of_scripts_are_given_to_it() -> None:
    memory = bytearray(32)
    target = attach(Buffer(memory, base=0x1000))
    with target.script("[ENABLE]\n1000:\nnop\nkmovw k1,eax\nback:\njmp back\n[DISABLE]"):
        assert memory[:7].hex() == "90c5f892c8ebfe"
    with pytest.raises(ScriptError, match=r"line 3: .*is called 'kmovx'"):
        target.script("[ENABLE]\n1000:\nkmovx k1,eax\n[DISABLE]").enable()


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_any_text_is_bytes_or_a_refusal(text: str) -> None:
    raw = encode_otherwise(text, 0, 64, len)
    assert raw is None or len(raw) == iced_x86.Decoder(64, raw, ip=0).decode().len
