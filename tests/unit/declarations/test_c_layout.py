"""Structures of C: laid out as gcc lays them out, and refused with one clear line."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping, Sequence

import pytest
from farfetch.scanner import DeclarationError, c_struct, c_structs, decode, member, members
from farfetch.scanner.values.structures import scan_layout
from hypothesis import given, settings
from hypothesis import strategies as st

WIDTHS = (64, 32) if platform.machine() == "x86_64" else (64,)
TYPEDEFS = "#include <stdint.h>\n#include <stddef.h>\n#include <stdbool.h>\n"


def gcc_says(text: str, names: Mapping[str, Sequence[str]], bits: int) -> dict[str, list[int]]:
    """Sizes, alignments and offsets as gcc has them: of each structure, then of its fields."""
    asked = ""
    for index, (name, fields) in enumerate(names.items()):
        offsets = [f"__builtin_offsetof({name}, {field}) + 1" for field in fields]
        whole = [f"sizeof({name}) + 1", f"_Alignof({name}) + 1"]
        asked += f"const int asked_{index}[] = {{{', '.join([*whole, *offsets])}}};\n"
    wide = [f"-m{bits}"] if platform.machine() == "x86_64" else []
    done = subprocess.run(
        ["gcc", *wide, "-w", "-ffreestanding", "-S", "-x", "c", "-o", "-", "-"],
        input=TYPEDEFS + text + "\n" + asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + text
    found: dict[str, list[int]] = {}
    numbers: list[int] = []
    for line in done.stdout.splitlines():
        if label := re.match(r"asked_(\d+):", line):
            numbers = found[list(names)[int(label[1])]] = []
        elif number := re.match(r"\t\.(?:long|word)\t(\d+)$", line):
            numbers.append(int(number[1]) - 1)
    return found


def agrees(text: str, names: Sequence[str] = ()) -> None:
    """Check a text against gcc; names are those that C calls by typedef."""
    declared = c_structs(text)
    called = {
        structure: structure if structure in names else f"struct {structure}"
        for structure in declared
    }
    for bits in WIDTHS:
        fields = {
            called[name]: [one.name for one in members(found, bits=bits)]
            for name, found in declared.items()
        }
        said = gcc_says(text, fields, bits)
        for name, found in declared.items():
            layout = scan_layout(found, bits=bits)
            ours = [found.sizeof(bits=bits), layout.alignment]
            ours += [one.offset for one in members(found, bits=bits)]
            assert ours == said[called[name]], (name, bits, text)


@pytest.mark.parametrize(
    ("text", "typedefs"),
    [
        ("struct player { int hp; int max_hp; };", ()),
        ("struct a { char c; short s; char d; int i; char e; long l; char f; long long q; };", ()),
        ("struct a { char c; double d; char e; float f; };", ()),
        ("struct a { unsigned char u; signed char s; unsigned short w; unsigned x; };", ()),
        ("struct a { char c; unsigned long int x; char d; long unsigned y; short int z; };", ()),
        ("struct a { int8_t a; int64_t b; uint16_t c; uint64_t d; uint32_t e; uint8_t f; };", ()),
        ("struct a { char c; size_t s; char d; intptr_t i; char e; uintptr_t u; };", ()),
        ("struct a { char c; bool b; int i; _Bool d; };", ()),
        ("struct a { char name[33]; int x; unsigned char raw[7]; short s[3]; double d[2]; };", ()),
        ("struct a { char c; void *p; char d; int **q; char e; int (*call)(int, char *); };", ()),
        ("struct a { char c; struct { char x; double y; } in; char d; };", ()),
        ("struct a { char c; struct { char x; long y; }; char d; struct { short z; }; };", ()),
        ("struct v { float x, y, z; }; struct a { char c; struct v pos, to[3]; char d; };", ()),
        ("struct a { char c; enum kind { ELF, ORC = 7 } kind; char d; enum kind other; };", ()),
        ("enum { MANY = 4, MORE }; struct a { char x[MANY * 2 + 1]; int y[MORE]; };", ()),
        ("#define MANY (1 << 3) // eight\nstruct a { char x[MANY]; int y; };", ()),
        ("typedef struct { char c; long y; } one_t; typedef one_t many_t[3];\n"
         "struct a { char c; many_t m; };", ("one_t",)),
        ("typedef unsigned long handle; struct a { char c; handle h; char d; };", ()),
        ("struct __attribute__((packed)) a { char c; int i; double d; };", ()),
        ("struct a { char c; int i; } __attribute__((__packed__));\n"
         "struct b { char c; struct a a; };", ()),
        ("#pragma pack(push, 2)\nstruct a { char c; int i; double d; };\n"
         "#pragma pack(pop)\nstruct b { char c; int i; struct a a; };", ()),
        ("#pragma pack(1)\nstruct a { char c; int i; };\n"
         "#pragma pack()\nstruct b { char c; int i; };", ()),
        ("#pragma pack(8)\n"
         "struct a { char c; double d; struct { char x; long long y; } in; };", ()),
        ("struct a { char c; _Atomic int x; char d; _Atomic double y; _Atomic(long) z; };", ()),
        ("struct a { const char c; volatile int v; const struct a *const next; };", ()),
        ("struct node { struct node *next; struct node *children[4]; char kind; };", ()),
        ("struct a { int grid[2][3]; char names[2][5]; short end; };", ()),
        ("struct late { struct inner { char c; double d; } one; };\n"
         "struct a { char c; struct inner i; };", ()),
        ("struct a { char x[sizeof(int)]; char y[sizeof(struct { short s; char c; })]; };", ()),
        ("#ifndef A_H\n#define A_H\n#include <stdint.h>\nstruct a { char c; int i; };\n#endif", ()),
    ],
)  # fmt: skip
def test_as_gcc_lays_out(text: str, typedefs: Sequence[str]) -> None:
    agrees(text, typedefs)


PLAIN = st.sampled_from(
    (
        *("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned"),
        *("long", "unsigned long", "long long", "unsigned long long", "float", "double"),
        *("int8_t", "uint16_t", "int32_t", "uint64_t", "size_t", "bool", "_Atomic int"),
        *("void *", "const double *"),
    )
)
PACKED = st.sampled_from(("", "", " __attribute__((packed))"))


@st.composite
def bodies(draw: st.DrawFn, depth: int = 2, prefix: str = "f") -> str:
    """The fields of a structure, between braces; no two have the same name."""
    said = []
    for index in range(draw(st.integers(1, 5))):
        name = f"{prefix}_{index}"
        size = draw(st.sampled_from(("", "", "[1]", "[3]", "[2][2]")))
        if depth and draw(st.integers(0, 3)) == 0:
            inner = draw(bodies(depth=depth - 1, prefix=name))
            size = draw(st.sampled_from(("", "[2]")))
            called = draw(st.sampled_from(("", f" {name}{size}")))
            said.append(f"struct {inner}{draw(PACKED)}{called};")
        else:
            said.append(f"{draw(PLAIN)} {name}{size};")
    return f"{{ {' '.join(said)} }}"


@settings(max_examples=60, deadline=None)
@given(bodies=st.lists(bodies(), min_size=1, max_size=6), data=st.data())
def test_any_structure_as_gcc_lays_it_out(bodies: list[str], data: st.DataObject) -> None:
    text = ""
    for index, body in enumerate(bodies):
        if pack := data.draw(st.sampled_from(("", "", "1", "2", "4", "8"))):
            text += f"#pragma pack(push, {pack})\n"
        before = f"struct s{index - 1} before;" if index and data.draw(st.booleans()) else ""
        text += f"struct s{index} {body[:-1]}{before} }}{data.draw(PACKED)};\n"
        if pack:
            text += "#pragma pack(pop)\n"
    agrees(text)


def test_the_values_of_a_structure() -> None:
    player = c_struct(
        """
        /* what the game keeps of a player */
        struct player {
            char name[8];           // UTF-8
            unsigned char raw[2];
            uint16_t slots[3];
            Weapon *weapon;         /* not declared here, and need not be */
            struct { float x, y; } pos;
        };
        """
    )
    kinds = {one.name: one.size for one in members(player)}
    assert kinds == {"name": 8, "raw": 2, "slots": 6, "weapon": 8, "pos.x": 4, "pos.y": 4}
    wide = (
        b"Bo\0\0\0\0\0\0\x01\x02\x03\0\x04\0\x05\0" + b"\x10" + bytes(7) + b"\0\0\x80?" + bytes(4)
    )
    value = decode(player, wide)
    assert (value.name, value.raw, list(value.slots)) == ("Bo", b"\x01\x02", [3, 4, 5])
    assert (value.weapon, value.pos.x) == (16, 1.0)
    narrow = wide[:20] + wide[24:]
    assert decode(player, narrow, bits=32).pos.x == 1.0
    assert member(player, "slots[2]", bits=32).offset == 14


def test_the_last_structure_or_the_named_one() -> None:
    text = "struct a { int x; }; typedef struct b { short y; } B; struct { char z; } c;"
    assert list(c_structs(text)) == ["a", "b", "B", "c"]
    assert c_struct(text).name == "c"
    assert c_struct(text, "a").sizeof() == 4
    assert c_struct(text, "B").sizeof() == c_struct(text, "b").sizeof() == 2
    with pytest.raises(DeclarationError, match="declares a, b, B, c, and no d"):
        c_struct(text, "d")


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "there is no structure in it"),
        ("int x;", 1, 1, "there is no structure in it"),
        ("struct a { Foo x; };", 1, 12, "no type Foo is declared"),
        ("struct a { struct b x; };", 1, 19, "no struct b is declared"),
        ("struct a { enum b x; };", 1, 12, "no enum b is declared"),
        ("struct a {\n  int x\n};", 3, 1, "is not understood before }"),
        ("struct a {\n  int x;", 1, 10, "this { is not closed"),
        ("struct a { int x; };\n}", 2, 1, "this } closes nothing"),
        ("struct a { int x; /* };", 1, 19, "this comment does not end"),
        ("struct a { int 'x; };", 1, 16, "this quote is not closed"),
        ("struct a { int x@; };", 1, 17, "'@' is not of C's declarations"),
        ("struct a {\n\tint x : 3; };", 2, 6, "bit fields are not taken"),
        ("struct a { union b { int x; } u; };", 1, 18, "unions are not taken"),
        ("struct a { union b { int x; }; };", 1, 18, "unions are not taken"),
        ("union a { int x; };", 1, 7, "unions are not taken"),
        ("struct a { int f(int); };", 1, 16, "functions have no place in a structure"),
        ("struct a { int x; }; int f(void) { return 1; }", 1, 26, "functions are not taken"),
        ("struct a { int n; char x[]; };", 1, 24, "arrays without a length are not taken"),
        ("struct a { int x[n]; };", 1, 18, "no constant n is declared"),
        ("struct a { int x[0]; };", 1, 16, "an array has 1 element or more, not 0"),
        ("struct a { int x[1 / 0]; };", 1, 18, "divides by zero"),
        ("struct a { int x[1 << 64]; };", 1, 18, "a shift is from 0 to 63"),
        ("struct a { int x[099]; };", 1, 18, "Invalid octal constant"),
        ("struct a { int x[" + "9" * 99 + "]; };", 1, 18, "this number is too large"),
        ("struct a { int x[sizeof(long)]; };", 1, 25, "differs between targets of 32 and of 64"),
        ("struct a { char x[65537]; };", 1, 8, "has more than 65536 bytes"),
        ("struct a { char x[99999999999]; };", 1, 17, "has more than 65536 bytes"),
        ("struct a { };", 1, 8, "a structure has at least one field"),
        ("struct a { struct a b; };", 1, 8, "struct a would hold itself"),
        ("struct a { int x; int x; };", 1, 23, "the field x is there twice"),
        ("struct a { int x; }; struct a { int y; };", 1, 29, "struct a is declared twice"),
        ("struct a { int _params; };", 1, 16, "construct keeps the name _params for itself"),
        ("struct a { long double x; };", 1, 12, "long double has no place in a structure"),
        ("struct a { void x; };", 1, 12, "void has no place in a structure"),
        ("struct a { _Alignas(8) int x; };", 1, 28, "_Alignas is not taken"),
        ("struct a { int x __attribute__((aligned(8))); };", 1, 18, "only packed is taken, not al"),
        ("struct a { int x __attribute__((packed)); };", 1, 18, "packed is taken behind struct"),
        ("struct b { int x; }; struct a { struct b x __attribute__((packed)); };", 1, 44,
         "packed is taken behind struct"),
        ("struct a {\n#pragma pack(1)\nint x; };", 2, 9, "#pragma stands in front of a struct"),
        ("#pragma pack(3)\nstruct a { int x; };", 1, 9, "pack is taken as pack(N)"),
        ("#pragma pack(pop)\nstruct a { int x; };", 1, 9, "pack is taken as pack(N)"),
        ("#if 1\nstruct a { int x; };\n#endif", 1, 1, "#if is not taken"),
        ("enum e { A = B, B = A }; struct a { enum e x; };", 1, 14, "B is not known yet"),
        ("enum e { A = 1 << 40 }; struct a { enum e x; };", 1, 1, "enums of more than 32 bits"),
        # hostile ones
        ("x" * 10_000_000, 1, 1, "is longer than 65,536 characters"),
        ("struct a { int x[" + "(" * 9999 + "1", 1, 48, "is nested more than 32 deep"),
        ("struct a { int " + "*" * 9999 + "x; };", 1, 25, "there are more than 8 in a row"),
        ("struct a { int x" + "[1]" * 9999 + "; };", 1, 44, "there are more than 8 in a row"),
        ("struct a { int x[" + "1+" * 9999 + "1]; };", 1, 1, "is nested too deeply"),
        ("struct a {" + "int x;" * 9999 + "};", 1, 24591, "more than 4096 fields"),
        ("struct s0 { char x; };" + "".join(
            f"struct s{n + 1} {{ struct s{n} x, y; }};" for n in range(40)), 1, 415, "than 4096"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_not_taken(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        c_struct(text)
    error = raised.value
    assert reason in error.reason
    assert (error.line, error.column) == (line, column)
    assert str(error).isprintable()


WORDS = st.sampled_from(
    (
        *("struct", "typedef", "enum", "union", "a", "b", "int", "long", "char", "unsigned", "x"),
        *"{}()[];,:*=#+-'\"\\@\n",
        *("1", "0x7f", "3u", "#define", "#pragma", "pack(1)", "__attribute__", "packed", "sizeof"),
        *("/*", "*/", "//", "const", "_Atomic"),
    )
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60))
def test_any_text_is_taken_or_refused_in_one_line(text: str) -> None:
    for whole in (text, f"struct a {{ {text} }};", f"struct a {{ int x; }}; {text}"):
        said, line = "", 1
        try:
            c_structs(whole)
        except DeclarationError as error:
            said, line = str(error), error.line
        assert said.isprintable()
        assert 1 <= line <= whole.count("\n") + 2
