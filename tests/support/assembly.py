"""Lines of assembly as tables write them, and GNU as beside us, which says what they are."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_GENERAL = {
    64: {
        1: ["al", "cl", "dl", "bl", "sil", "dil", "r8b", "r15b"],
        2: ["ax", "cx", "dx", "bx", "si", "di", "r8w", "r15w"],
        4: ["eax", "ecx", "edx", "ebx", "esi", "edi", "ebp", "r8d", "r13d", "r15d"],
        8: ["rax", "rcx", "rdx", "rbx", "rsi", "rdi", "rbp", "r8", "r12", "r13", "r15"],
    },
    32: {
        1: ["al", "cl", "dl", "bl", "ah", "ch"],
        2: ["ax", "cx", "dx", "bx", "si", "di", "bp"],
        4: ["eax", "ecx", "edx", "ebx", "esi", "edi", "ebp"],
    },
}
_UNARY = ["inc", "dec", "neg", "not", "mul", "div", "idiv", "imul"]
_SIZES = {1: "byte", 2: "word", 4: "dword", 8: "qword", 16: "xmmword"}
_CONDITIONS = [
    "e",
    "ne",
    "z",
    "nz",
    "a",
    "ae",
    "b",
    "be",
    "g",
    "ge",
    "l",
    "le",
    "s",
    "ns",
    "o",
    "no",
    "c",
    "nc",
    "p",
    "np",
]


class _Lines:
    """Draws lines; the same ones for the same seed."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.draw = random.Random(bits)
        self.registers = _GENERAL[bits]

    def register(self, size: int) -> str:
        return self.draw.choice(self.registers[size])

    def xmm(self) -> str:
        return f"xmm{self.draw.randrange(16 if self.bits == 64 else 8)}"

    def number(self, size: int) -> str:
        most = {1: 0x7F, 2: 0x7FFF}.get(size, 0x7FFFFFFF)
        value = self.draw.choice((0, 1, 5, 0x10, 0x64, 0x7F, 0x80, 0x3E7, 0x12345678))
        return f"{min(value, most):X}"

    def inner(self) -> str:
        """What is between brackets."""
        wide = self.bits // 8
        parts = [self.draw.choice((*self.registers[wide], "rsp" if self.bits == 64 else "esp"))]
        if self.draw.random() < 0.3:
            index = self.register(wide)
            parts.append(f"{index}*{self.draw.choice((1, 2, 4, 8))}")
        text = "+".join(parts)
        if self.draw.random() < 0.8:
            sign = self.draw.choice("+-")
            text += f"{sign}{self.draw.choice((0, 4, 8, 0x48, 0x7F, 0x80, 0x1A8, 0x00000090)):X}"
        return text

    def memory(self, size: int) -> str:
        return f"{_SIZES[size]} ptr [{self.inner()}]"

    def sizes(self) -> list[int]:
        return list(self.registers)

    def lines(self) -> Iterator[str]:
        draw = self.draw
        while True:
            size = draw.choice(self.sizes())
            wide = [number for number in self.sizes() if number > 1]
            one, two = self.register(size), self.register(size)
            mnemonic = draw.choice(
                ["mov", "add", "sub", "cmp", "xor", "and", "or", "adc", "sbb", "test"]
            )
            yield f"{mnemonic} {one},{two}"
            yield f"{mnemonic} {one},{self.number(size)}"
            yield f"{mnemonic} {self.memory(size)},{one}"
            yield f"{mnemonic} {self.memory(size)},{self.number(size)}"
            if mnemonic != "test":
                yield f"{mnemonic} {one},[{self.inner()}]"
            yield f"{draw.choice(_UNARY)} {self.memory(size)}"
            yield f"{draw.choice(_UNARY)} {one}"
            shift = draw.choice(["shl", "shr", "sar", "rol", "ror"])
            yield f"{shift} {one},{draw.choice(('1', '4', '1F', 'cl'))}"
            yield f"{shift} {self.memory(size)},{draw.choice(('1', '3', 'cl'))}"
            size = draw.choice(wide)
            yield f"lea {self.register(self.bits // 8)},[{self.inner()}]"
            yield f"imul {self.register(size)},{self.register(size)}"
            yield f"imul {self.register(size)},{self.memory(size)},{self.number(1)}"
            yield f"cmov{draw.choice(_CONDITIONS)} {self.register(size)},{self.memory(size)}"
            yield f"set{draw.choice(_CONDITIONS)} {self.register(1)}"
            yield f"bt {self.register(size)},{draw.choice(['1', '5', 'F'])}"
            yield f"{draw.choice(['movzx', 'movsx'])} {self.register(4)},{self.memory(1)}"
            yield f"{draw.choice(['movzx', 'movsx'])} {self.register(4)},{self.register(2)}"
            yield f"xchg {self.memory(size)},{self.register(size)}"
            yield f"lock xadd {self.memory(size)},{self.register(size)}"
            yield f"push {self.register(self.bits // 8)}"
            yield f"pop {self.memory(self.bits // 8)}"
            yield f"push {self.number(4)}"
            yield from self.floating()
            yield draw.choice(_ALONE)
            if self.bits == 64:
                yield f"movsxd {self.register(8)},{self.memory(4)}"
                yield f"mov {self.register(8)},7FF612345678"
                yield f"cvtsi2ss {self.xmm()},{self.register(8)}"
                yield f"movq {self.xmm()},{self.register(8)}"

    def floating(self) -> Iterator[str]:
        draw = self.draw
        kind = draw.choice(["add", "sub", "mul", "div", "min", "max", "sqrt"])
        for suffix, size in (("ss", 4), ("sd", 8), ("ps", 16), ("pd", 16)):
            yield f"{kind}{suffix} {self.xmm()},{self.xmm()}"
            yield f"{kind}{suffix} {self.xmm()},{self.memory(size)}"
            if kind != "sqrt":
                yield f"v{kind}{suffix} {self.xmm()},{self.xmm()},{self.memory(size)}"
        for mnemonic, size in (
            *(("movss", 4), ("movsd", 8), ("movups", 16), ("movaps", 16), ("movdqu", 16)),
            *(("movd", 4), ("movq", 8), ("vmovss", 4), ("vmovups", 16)),
        ):
            yield f"{mnemonic} {self.xmm()},{self.memory(size)}"
            yield f"{mnemonic} {self.memory(size)},{self.xmm()}"
        for mnemonic, size in (
            *(("cvtsi2ss", 4), ("cvtss2sd", 4), ("cvtsd2ss", 8), ("ucomiss", 4), ("comisd", 8)),
            *(("cvtdq2ps", 16), ("xorps", 16), ("andps", 16), ("pxor", 16), ("paddd", 16)),
        ):
            yield f"{mnemonic} {self.xmm()},{self.memory(size)}"
        yield f"cvttss2si {self.register(4)},{self.xmm()}"
        yield f"shufps {self.xmm()},{self.xmm()},{draw.choice(['0', '1B', 'E4'])}"
        yield f"pshufd {self.xmm()},{self.memory(16)},{draw.choice(['0', '39'])}"
        for mnemonic in ["fld", "fst", "fstp", "fadd", "fsub", "fmul", "fdiv", "fcomp"]:
            yield f"{mnemonic} {self.memory(draw.choice((4, 8)))}"
        for mnemonic in ["fild", "fistp", "fisttp"]:
            yield f"{mnemonic} {self.memory(draw.choice((2, 4, 8)))}"
        yield f"{draw.choice(['fadd', 'fsub', 'fmul', 'fdiv'])} st(0),st({draw.randrange(8)})"
        yield f"{draw.choice(['faddp', 'fmulp', 'fdivp'])} st({draw.randrange(1, 8)}),st(0)"
        yield f"{draw.choice(['fld', 'fstp', 'fxch', 'ffree'])} st({draw.randrange(1, 8)})"


_ALONE = (
    *("ret", "nop", "cdq", "cld", "std", "int3", "leave", "pause", "cpuid", "rdtsc", "ret 8"),
    *(
        "movsb",
        "movsd",
        "stosd",
        "lodsb",
        "scasb",
        "cmpsb",
        "rep movsb",
        "repne scasb",
        "rep stosd",
    ),
    *("fld1", "fldz", "fabs", "fchs", "fsqrt", "fninit", "fnstsw ax", "fstsw ax", "fcompp"),
    *("sahf", "lahf", "cwde", "mfence", "int 3", "emms"),
)


def corpus(bits: int, count: int) -> list[str]:
    """So many different lines."""
    found: dict[str, None] = {}
    for line in _Lines(bits).lines():
        found[line] = None
        if len(found) == count:
            return list(found)
    raise AssertionError


def _for_as(line: str) -> str:
    """A line with its numbers as GNU as has them, and the dword that ours is without a word."""
    names = r"(?<![\w.])(?:[0-9][0-9A-F]*|[A-F][0-9A-F]*)(?![\w)])"
    mnemonic, _, operands = line.partition(" ")
    if mnemonic in ("lock", "rep", "repne"):
        return f"{mnemonic} {_for_as(operands)}"
    if "[" in operands:
        before, bracket, rest = operands.partition("[")
        inner, close, after = rest.partition("]")
        scaled = re.sub(names, lambda found: f"0x{found[0]}", inner)
        scaled = re.sub(r"\*0x", "*", scaled)
        operands = f"{before}{bracket}{scaled}{close}"
        operands += re.sub(names, lambda found: f"0x{found[0]}", after)
    else:
        operands = re.sub(names, lambda found: f"0x{found[0]}", operands)
    return f"{mnemonic} {operands}"


def gnu_as(lines: list[str], bits: int, folder: Path, slot: int = 16) -> list[bytes]:
    """What GNU as makes of lines, each in a slot of its own."""
    source, made, raw = folder / "lines.s", folder / "lines.o", folder / "lines.bin"
    body = "".join(f".balign {slot}, 0x90\n{_for_as(line)}\n" for line in lines)
    source.write_text(f".intel_syntax noprefix\n.text\n{body}.balign {slot}, 0x90\n")
    subprocess.run(["as", f"--{bits}", "-o", made, source], check=True, timeout=60)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", made, raw], check=True, timeout=60)
    code = raw.read_bytes()
    return [code[at : at + slot] for at in range(0, len(lines) * slot, slot)]
