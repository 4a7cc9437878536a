"""A program of instructions that touch a value, each at a place that is known.

GNU as assembles it. Each instruction stands in a function of its own, behind bytes that are no
code, and is run by its number. ``rdi`` is the value's address when its preparation begins; ``r15``
is the stack's, and nothing else has to be kept.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final, Literal, NamedTuple

from support.child import Child


class Site(NamedTuple):
    """An instruction that touches the value.

    Attributes:
        prepare: what has to be done before.
        touch: the instruction.
        on: how it touches the value: ``"write"``, ``"read"``.
        known: whether it can be known at all which one it was.
        follow: what has to follow.
        feature: of the processor, that it needs.
    """

    prepare: str
    touch: str
    on: Literal["write", "read"]
    known: bool = True
    follow: str = ""
    feature: str = ""


#: The stack pointer so that the value is what it points to; whoever uses it gets it back.
_STACK = "lea rsp, [rdi+8]"


def _writes() -> list[Site]:
    plain = [
        ("mov rbx, rdi", "mov [rbx], eax"),
        ("mov rbx, rdi", "mov [rbx], rax"),
        ("mov rbx, rdi", "mov [rbx], al"),
        ("mov rbx, rdi", "mov [rbx], ax"),
        ("mov r12, rdi", "mov [r12], r9"),
        ("mov r13, rdi", "mov [r13], r9d"),
        ("lea rbx, [rdi-16]", "mov [rbx+16], eax"),
        ("lea rbx, [rdi+0x12345]", "mov [rbx-0x12345], eax"),
        ("lea rbx, [rdi-40]; mov ecx, 5", "mov [rbx+rcx*8], eax"),
        ("lea rbx, [rdi-0x1018]; mov ecx, 6", "mov dword ptr [rbx+rcx*4+0x1000], 77"),
        ("mov rcx, rdi; neg rcx; lea rbx, [rdi+rdi]", "mov [rbx+rcx], eax"),
        ("mov rcx, rdi", "mov [rcx*1+0], eax"),
        ("nop", "mov [rip+value], eax"),
        ("nop", "mov dword ptr [rip+value], 1234567"),
        ("nop", "add qword ptr [rip+value], 1"),
        ("mov rbx, rdi", "mov qword ptr [rbx], 5"),
        ("mov rbx, rdi", "mov byte ptr [rbx], 5"),
        ("mov rbx, rdi", "add dword ptr [rbx], 5"),
        ("mov rbx, rdi", "sub dword ptr [rbx], eax"),
        ("mov rbx, rdi", "inc dword ptr [rbx]"),
        ("mov rbx, rdi", "dec qword ptr [rbx]"),
        ("mov rbx, rdi", "neg dword ptr [rbx]"),
        ("mov rbx, rdi", "not byte ptr [rbx]"),
        ("mov rbx, rdi", "and word ptr [rbx], 0x7ff"),
        ("mov rbx, rdi", "xor qword ptr [rbx], 0x7fffffff"),
        ("mov rbx, rdi", "shl dword ptr [rbx], 3"),
        ("mov rbx, rdi", "rol qword ptr [rbx], cl"),
        ("mov rbx, rdi", "shld [rbx], eax, 4"),
        ("mov rbx, rdi", "bts dword ptr [rbx], 5"),
        ("mov rbx, rdi", "setc [rbx]"),
        ("mov rbx, rdi", "xchg [rbx], eax"),
        ("mov rax, rdi", "xchg [rax], rax"),
        ("mov rax, rdi", "xadd [rax], rax"),
        ("mov rbx, rdi", "lock xadd [rbx], eax"),
        ("mov rbx, rdi", "lock inc dword ptr [rbx]"),
        ("mov rbx, rdi", "lock add qword ptr [rbx], 7"),
        ("mov rbx, rdi; mov eax, [rbx]", "lock cmpxchg [rbx], ecx"),
        ("mov rax, [rdi]; mov rdx, [rdi+8]; mov ebx, 1; mov ecx, 2", "lock cmpxchg16b [rdi]"),
        ("mov rbx, rdi; mov eax, 7", "movnti [rbx], eax"),
        ("mov rbx, rdi; push 7", "pop qword ptr [rbx]"),
        ("nop", "stosb"),
        ("nop", "stosd"),
        ("nop", "stosq"),
        ("std", "stosq"),
        ("lea rsi, [rip+other]", "movsb"),
        ("lea rsi, [rip+other]", "movsq"),
        ("lea rsi, [rip+other]; mov ecx, 1", "rep movsb"),
        ("lea rsi, [rip+other]; mov ecx, 8", "rep movsq"),
        ("mov ecx, 5", "rep stosb"),
        ("lea rdi, [rdi-32]; mov ecx, 8", "rep stosq"),
        ("fldpi", "fstp qword ptr [rdi]"),
        ("fldpi", "fistp dword ptr [rdi]"),
        ("nop", "fnstcw [rdi]"),
        ("nop", "stmxcsr [rdi]"),
        ("nop", "movss [rdi], xmm3"),
        ("nop", "movsd [rdi], xmm9"),
        ("nop", "movd [rdi], xmm1"),
        ("nop", "movq [rdi], xmm1"),
        ("nop", "movaps [rdi], xmm1"),
        ("lea rbx, [rdi-8]", "movups [rbx], xmm1"),
        ("nop", "movntdq [rdi], xmm1"),
        ("nop", "movhps [rdi], xmm1"),
        ("mov rbx, rdi", "movlpd [rbx], xmm11"),
    ]
    return [Site(prepare, touch, "write") for prepare, touch in plain] + [
        Site(_STACK, "push rax", "write"),
        Site(_STACK, "push 5", "write"),
        Site(_STACK, "push qword ptr [rip+other]", "write"),
        Site(_STACK, "pushfq", "write"),
        Site(_STACK, "call 5f", "write", follow="5: nop"),
        Site(_STACK + "; lea rax, [rip+5f]", "call rax", "write", follow="5: nop"),
        Site("nop", "vmovups [rdi], ymm2", "write", feature="avx"),
        Site("nop", "vmovdqa [rdi], ymm12", "write", feature="avx"),
        Site("vpcmpeqd ymm1, ymm1, ymm1", "vpmaskmovd [rdi], ymm1, ymm2", "write", feature="avx2"),
        Site("nop", "vextracti128 [rdi], ymm2, 1", "write", feature="avx2"),
        Site("lea rbx, [rdi-64]", "vmovdqu64 [rbx+64], zmm17", "write", feature="avx512f"),
        Site("nop", "movbe [rdi], eax", "write", feature="movbe"),
    ]


def _reads() -> list[Site]:
    plain = [
        ("mov rbx, rdi", "mov eax, [rbx]"),
        ("mov rax, rdi", "mov rax, [rax]"),
        ("mov rbx, rdi", "movzx ebx, byte ptr [rbx]"),
        ("mov rbx, rdi", "movsxd rcx, dword ptr [rbx]"),
        ("nop", "mov rdx, [rip+value]"),
        ("nop", "cmp dword ptr [rip+value], 100"),
        ("mov rbx, rdi", "cmp [rbx], eax"),
        ("mov rbx, rdi", "test byte ptr [rbx], 1"),
        ("mov rbx, rdi", "add eax, [rbx]"),
        ("mov rbx, rdi", "imul eax, [rbx], 300"),
        ("mov rbx, rdi", "bt dword ptr [rbx], 3"),
        ("mov rbx, rdi", "cmovne rbx, [rbx]"),
        ("mov rsi, rdi", "lodsb"),
        ("mov rsi, rdi", "lodsq"),
        ("nop", "scasd"),
        ("lea rsi, [rip+other]", "cmpsb"),
        ("mov rsi, rdi; lea rdi, [rip+other]; mov ecx, 4", "rep movsb"),
        ("nop", "fld dword ptr [rdi]"),
        ("nop", "fild qword ptr [rdi]"),
        ("nop", "movss xmm2, [rdi]"),
        ("nop", "addsd xmm2, [rdi]"),
        ("nop", "movaps xmm2, [rdi]"),
        ("nop", "pshufd xmm2, [rdi], 3"),
        ("nop", "cvtsi2sd xmm0, dword ptr [rdi]"),
        ("lea rbp, [rdi]", "leave"),
        ("lea rsp, [rdi]", "pop rax"),
        ("lea rsp, [rdi]", "pop qword ptr [rip+other]"),
        ("mov rbx, rdi; lea rax, [rip+5f]; mov [rdi], rax", "push qword ptr [rbx]"),
    ]
    return [Site(prepare, touch, "read") for prepare, touch in plain] + [
        Site(
            "lea rax, [rip+5f]; mov [rip+value], rax", "call [rip+value]", "read", follow="5: nop"
        ),
        Site("lea rax, [rip+5f]; mov [rdi], rax; mov rbx, rdi", "call [rbx]", "read", follow="5:"),
        Site("lea rax, [rip+5f]; mov [rdi], rax", "jmp [rdi]", "read", known=False, follow="5:"),
        Site(
            "lea rax, [rip+5f]; mov [rdi], rax; lea rsp, [rdi]",
            "ret",
            "read",
            known=False,
            follow="5: nop",
        ),
        Site("nop", "vmovups ymm4, [rdi]", "read", feature="avx"),
        Site("nop", "vaddps ymm4, ymm5, [rdi]", "read", feature="avx"),
        Site(
            "vpcmpeqd ymm1, ymm1, ymm1; vpxor ymm2, ymm2, ymm2",
            "vpgatherdd ymm3, [rdi+ymm2*4], ymm1",
            "read",
            feature="avx2",
        ),
    ]


def sites() -> list[Site]:
    """Those that this machine runs."""
    features = Path("/proc/cpuinfo").read_text().split()
    return [
        site for site in (*_writes(), *_reads()) if not site.feature or site.feature in features
    ]


_HEAD: Final = """
.intel_syntax noprefix
.bss
.balign 4096
.skip 4096
.globl value
value: .skip 4096
other: .skip 4096
.data
.globl table
table:
%s
.text
"""
_SITE: Final = """
.byte %s
.type function_%d, @function
function_%d:
  push rbx; push rbp; push r12; push r13; push r14; push r15
  mov r15, rsp
  lea rdi, [rip+value]
  %s
site_%d: %s
  nop
  %s
  cld
  fninit
  mov rsp, r15
  pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx
  ret
"""
_MAIN: Final = """
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
extern struct { void (*run)(void); void *site; } table[];
extern char value[];
int main(void)
{
	int number;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	printf("%p\\n", (void *)value);
	for (int i = 0; table[i].run; i++)
		printf("%p ", table[i].site);
	printf("\\n");
	fflush(stdout);
	while (scanf("%d", &number) == 1) {
		table[number].run();
		printf("done\\n");
		fflush(stdout);
	}
	return 0;
}
"""
#: No code, such as compilers put between functions: parts of instructions, a table of jumps.
_DATA: Final = (
    (0x48, 0x8B, 0x05, 0xE8),
    (0x00,),
    tuple(range(0x60, 0xA0)),
    (0x0F, 0xE9, 0xFF, 0x25) * 9,
    (0xCC,) * 11,
)


def source(all_sites: list[Site]) -> str:
    """The program in assembler."""
    rows = "\n".join(f".quad function_{i}, site_{i}" for i in range(len(all_sites)))
    parts = [_HEAD % (rows + "\n.quad 0, 0")]
    for i, site in enumerate(all_sites):
        data = ",".join(map(str, _DATA[i % len(_DATA)]))
        parts.append(_SITE % (data, i, i, site.prepare, i, site.touch, site.follow))
    return "".join(parts) + '.section .note.GNU-stack,"",@progbits\n'


def build(folder: Path, *, stripped: bool) -> Path:
    """Compile the program; stripped, its functions have no names and nothing to unwind."""
    assembler, main, program = folder / "sites.s", folder / "main.c", folder / "sites"
    assembler.write_text(source(sites()))
    main.write_text(_MAIN)
    flags = ["-s", "-fno-asynchronous-unwind-tables", "-Wl,--no-eh-frame-hdr"] if stripped else []
    subprocess.run(
        ["gcc", "-O1", "-o", program, assembler, main, *flags], check=True, capture_output=True
    )
    return program


class Sites(Child):
    """The program, running.

    Args:
        program: that :func:`build` made.

    Attributes:
        value: the value's address.
        places: the address of each instruction.
    """

    def __init__(self, program: Path) -> None:
        super().__init__(
            subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        self.value = int(self._line(), 16)
        self.places = [int(word, 16) for word in self._line().split()]

    def run(self, number: int) -> None:
        """Run a site once."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        assert self._line() == "done\n"

    def _line(self) -> str:
        assert self._process.stdout is not None
        line: str = self._process.stdout.readline()
        assert line, f"it has ended with {self._process.wait()}"
        return line
