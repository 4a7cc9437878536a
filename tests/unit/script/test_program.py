"""Reading scripts: each command as Cheat Engine means it, and what is refused with its line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from farfetch.scanner import ScriptError
from farfetch.scanner.script.offline import check_script
from farfetch.scanner.script.program import read_program
from farfetch.scanner.script.section import decimal
from farfetch.scanner.script.statements import Allocation
from hypothesis import given
from hypothesis import strategies as st


def enabling(*lines: str) -> str:
    return "\n".join(("[ENABLE]", *lines, "[DISABLE]"))


def test_sections_and_what_belongs_to_both() -> None:
    text = "define(at,game+10)\n[ENABLE]\nat:\n nop\n[DISABLE]\nat:\n db 29"
    program = read_program(text, 64)
    assert [len(part.emitted) for part in (program.enable, program.disable)] == [2, 2]
    assert program.has_sections
    assert not read_program("game+10:\n nop", 64).has_sections


def test_allocations_have_decimal_sizes() -> None:
    program = read_program(
        enabling(
            "alloc(a,100)",
            "alloc(b,$100,game.exe)",
            "allocnx(c,0x10)",
            "allocxo(d,4*16)",
            "globalalloc(e,8)",
            "alloc(B,$200)",
        ),
        64,
    )
    found = program.enable.allocations
    assert [(one.name, one.size, one.access, one.kept) for one in found] == [
        ("a", 100, "rwx", False),
        ("b", 512, "rwx", False),  # what is there twice is the first, and as wide as either
        ("c", 16, "rw", False),
        ("d", 64, "rx", False),
        ("e", 8, "rwx", True),
    ]
    assert [one.near is None for one in found] == [True, False, True, True, True]
    assert isinstance(found[0], Allocation)


def test_what_stands_behind_a_command_is_nothing() -> None:
    program = read_program(
        enabling("alloc(a,8)1", 'aobscanmodule(b,"my (game).exe",90) )', "define(c,(5)) // d", "a:")
        + "\ndealloc(a) b",
        64,
    )
    assert [one.name for one in program.enable.allocations] == ["a"]
    assert [one.module for one in program.enable.searches] == ["my (game).exe"]
    assert program.disable.freed == ("a",)


def test_searches() -> None:
    program = read_program(
        enabling(
            "aobscan(a,48 8B ? 4?)",
            'aobscan(w,90,"+W+X")',
            "aobscanex(x,90)",
            "aobscanmodule(b,my game.exe,48 ** xx)",
            "aobscanmodule(p,$process,90)",
            "aobscanregion(c,b+10,b+20,9090)",
            "aobscan(o,8N-OD 48 8B5 yy)",  # what is no digit may be any
        ),
        64,
    )
    found = program.enable.searches
    assert [(one.name, one.module, str(one.array), one.executable) for one in found] == [
        ("a", "", "48 8B ?? 4?", False),
        ("w", "", "90", True),
        ("x", "", "90", True),
        ("b", "my game.exe", "48 ?? ??", False),
        ("p", "$process", "90", False),
        ("c", "", "90 90", False),
        ("o", "", "8? ?D 48 8B 05 ??", False),
    ]
    assert found[5].begin is not None


def test_names_and_what_is_given_back() -> None:
    program = read_program(
        enabling("label(a b,c)", "registersymbol(a b)", "registersymbol(c)")
        + "\nunregistersymbol(*)\ndealloc(a,b)",
        64,
    )
    assert program.enable.labels == {"a", "b", "c"}
    assert program.enable.registered == ((3, "a"), (3, "b"), (4, "c"))
    assert (program.disable.unregistered, program.disable.freed) == (("*",), ("a", "b"))


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        (("luacall(x)",), 2, "luacall(): Lua is run only when that is asked for (--lua)"),
        (("{$lua}", "x()", "{$asm}"), 2, "{$lua}: Lua is run only when that is asked for (--lua)"),
        (("nop", "{$ccode}", "int x;"), 3, "{$ccode}: C is not compiled"),
        (("{$try}",), 2, "{$try}: exceptions are not caught"),
        (("{$lunch}",), 2, "{$lunch} is no directive that is known"),
        (("createthread(a)",), 2, "createthread(): threads are not started in the target"),
        (("loadlibrary(a.dll)",), 2, "loadlibrary(): no library is loaded into the target"),
        (("usemono()",), 2, "usemono(): names of Mono's and .NET's methods are not known"),
        (("kalloc(a,10)",), 2, "kalloc(): the kernel is not changed"),
        (("stealtheditex(a,b,1)",), 2, "stealtheditex(): changes are not hidden from the program"),
        (("lunch(a)",), 2, "lunch() is no command that is known"),
        (("alloc(a)",), 2, "alloc(): takes 2 arguments, not 1"),
        (("assert(a,90,90)",), 2, "assert(): takes 2 arguments, not 3"),
        (("alloc(a,many)",), 2, "alloc(): many is no number of bytes"),
        (("alloc(a,$FFFFFFFF)",), 2, "alloc(): at most 64 MiB are allocated"),
        ((f"alloc(a,{'*'.join(['9999999999'] * 500)})",), 2, "64 MiB are allocated, not so much"),
        (tuple(f"alloc(a{n},67108864)" for n in range(5)), 6, "alloc(): more than 256 MiB in all"),
        (("aobscan(a,4:G)",), 2, "aobscan(): '4:G' is no byte"),
        (("aobscan(a,??)",), 2, "aobscan(): an array has at least one byte that is said"),
        (("aobscan(a,90,x)",), 2, "aobscan(): x are no rights"),
        (("define(a)",), 2, "define(): takes a name and a text"),
        (("define(4 5,6)",), 2, "define(): 4 5 is no name"),
        (("readmem(game.exe,0)",), 2, "readmem(): 0 is no number of bytes"),
        (("a:", "align 0"), 3, "align: 0 is no number of bytes"),
        (("a:", "align 10 100"), 3, "align: 100 is no byte"),
        (("a:", "db 1 [ 2"), 3, "a number or a name is missing here"),
        (("a:", "mov eax,["), 3, "mov eax,[: column 10: a number or a name is missing here"),
        (("a:", "xmov eax"), 3, "no instruction is called 'xmov'"),
        (("struct p", "hp: dd ?"), 2, "struct p: has no ends"),
        (("struct p", "lunch break", "ends"), 3, "lunch break is no field of a structure"),
        (("struct p", "rb FFFFFF", "rb FFFFFF", "ends"), 4, "the structure is larger than 16 MiB"),
        (("include(a.cea)",), 2, "files are only read from a table's folder"),
        (("game.exe+10:", "jmp nowhere"), 3, 'nothing is called "nowhere"'),
        (("nop",), 2, "what stands before any address"),
        (("game.exe:", "zz:", "nop", "zz:"), 5, "the label zz is there twice"),
        (("zz:", "nop"), 2, "the label stands before any address"),
        (
            ("define(at,10 20)", "registersymbol(at)"),
            3,
            "10 20: column 4: '20' is not expected here",
        ),
        (("registersymbol(nobody)",), 2, "registersymbol(): nothing is called nobody"),
        (("{$strict}", "game.exe:", "back:", "jmp back"), 4, "back is not declared by label()"),
        (("alloc(m,9)", "m:", "jmp @f"), 4, "there is no label behind this line"),
        (("alloc(m,9)", "m:", "db 100"), 4, "100 is wider than its place"),
    ],
)
def test_refusals_have_a_line_and_a_reason(lines: tuple[str, ...], line: int, reason: str) -> None:
    error = check_script(enabling(*lines)).error
    assert error is not None
    assert error.line == line
    assert any(one in error.reason for one in reason.split("|"))
    assert str(error).isprintable()


def test_hostile_scripts_are_refused() -> None:
    lines = ["define(a0,nop nop nop nop)"]
    lines += [f"define(a{n},a{n - 1} a{n - 1} a{n - 1} a{n - 1})" for n in range(1, 40)]
    error = check_script(enabling(*lines)).error
    assert error is not None
    assert "longer than 4096 characters" in error.reason
    for text, reason in (
        ("x" * (1 << 20) + "x", "more than 1048576 characters"),
        ("\n" * 60_000, "more than 50000 lines"),
        (enabling("m+" + "[" * 200 + ":"), "nested more than 32 deep"),
        (enabling("alloc(m,9)", "m:", *["align 10000", "nop"] * 300), "more than 16 MiB"),
        (enabling("alloc(a,9)", "a:", "xx:", "dq yy", "yy:", "dq xx", "xx:"), "is there twice"),
        (enabling("define(a,a)", "a:", "nop"), ""),
        # what grows with the square of its size would not end
        (enabling(*(f"alloc(a{n},16)" for n in range(40_000))), "at most 1024"),
        (enabling(*(f"label(a{n})" for n in range(40_000))), ""),
        (enabling("alloc(m,9)", "m:", "db" + " 90" * 300_000), ""),
        ("{$lua}\n[ENABLE]\n" * 20_000, "only when that is asked for"),
    ):
        error = check_script(text).error
        assert (error is None) == (reason == "")
        assert error is None or reason in error.reason


def test_files_are_read_from_the_tables_folder_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "part.cea").write_text("alloc(m,100)\nm:\n nop")
    (home / "raw.bin").write_bytes(b"\x90\x91")
    (home / "again.cea").write_text("include(again.cea)")
    (home / "out").symlink_to("/etc/shadow")
    (tmp_path / "secret").write_text("nop")
    assert check_script(enabling("include(part.cea)"), folder=home).error is None
    program = read_program(enabling("alloc(m,9)", "loadbinary(m,raw.bin)"), 64, home)
    assert program.enable.emitted[1].items == (b"\x90\x91",)  # type: ignore[union-attr]
    for name, reason in (
        ("/etc/shadow", "only files in the table's folder are read"),
        ("../secret", "only files in the table's folder are read"),
        ("out", "only files in the table's folder are read"),
        ("..\\\\secret", "only files in the table's folder are read"),
        ("nothing.cea", "cannot be read: No such file or directory"),
        (".", "cannot be read: Is a directory"),
        ("again.cea", "nested more than 8 deep"),
        ("a\0b", "no file is called so"),
    ):
        for command in (f"include({name})", f"loadbinary(game.exe,{name})"):
            if command == "loadbinary(game.exe,again.cea)":
                continue  # any file can be that
            error = check_script(enabling(command), folder=home).error
            assert error is not None
            assert error.line == 2
            assert reason in error.reason


def test_what_is_wrong_in_an_included_file_is_said_with_its_line(tmp_path: Path) -> None:
    for name, text in (
        ("label.cea", "alloc(m,64)\nm:\n\n mov rax,lunch\n"),
        ("word.cea", "alloc(m,64)\nm:\n lunch eax\n"),
        ("outer.cea", "// of mine\ninclude(word.cea)\n"),
        ("c.cea", "\n{$c}\nint i;\n"),
        ("lua.cea", "nop\n{$lua}\nreturn ''\n"),
        ("gone.cea", "nop\n\ninclude(nothing.cea)\n"),
        ("short.CEA", "alloc(m,64)\nm:\n lunch ebx\n"),
    ):
        (tmp_path / name).write_text(text)
    for name, said in (
        ("label.cea", 'label.cea, line 4: mov rax,lunch: column 9: nothing is called "lunch"'),
        ("word.cea", "word.cea, line 3: lunch eax: "),
        ("outer.cea", "word.cea, line 3: lunch eax: "),
        ("c.cea", "c.cea, line 2: {$c}: C is not compiled"),
        ("lua.cea", "lua.cea, line 2: Lua in what is included is not run"),
        ("gone.cea", "gone.cea, line 3: nothing.cea cannot be read: No such file"),
        ("short", "short.CEA, line 3: lunch ebx: "),
        ("short.", "short.CEA, line 3: lunch ebx: "),
    ):
        error = check_script(enabling("label(l)", f"include({name})"), folder=tmp_path).error
        assert error is not None
        assert error.line == 3
        assert type(error.line) is int
        assert error.reason.startswith(said)
        assert pickle.loads(pickle.dumps(error)).args == error.args


def test_a_bracket_that_dealloc_does_not_close_frees_nothing() -> None:
    text = "[ENABLE]\nalloc(m,8)\nm:\n nop\n[DISABLE]\ndealloc(m\n"
    assert check_script(text).error is None
    assert read_program(text, 64).disable.freed == ()


@pytest.mark.parametrize(
    ("text", "size"),
    [("16", 16), ("$16", 22), ("0x16", 22), ("4*8", 32), ("1A", 26), ("", None), ("-1", None)],
)
def test_sizes_are_decimal_unless_they_say_otherwise(text: str, size: int | None) -> None:
    assert decimal(text) == size


PIECES = st.sampled_from(
    [
        *("[ENABLE]", "[DISABLE]", "alloc(m,$100,game.exe)", "label(a b)", "m:", "a:", "@@:"),
        *("jmp @f", "jmp @b", "db 90 ?? 'x'", "dq m+8", "align 10 CC", "mov eax,[m]", "nop 3"),
        *("define(h,game.exe+10)", "h:", "registersymbol(m)", "dealloc(*)", "struct p", "ends"),
        *("aobscanmodule(s,game.exe,90 ??)", "s+5:", "readmem(s,7)", "reassemble(s)", "{$strict}"),
        *("{ a comment", "}", "// x", "/* y */", "[64-bit]", "[/64-bit]", "[32-bit]", "push eax"),
        *("assert(s,90)", "fullaccess(s,10)", "[[s]+8]+4:", "x: dd ?", "jmp a", "call m", "je b"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=12), max_size=24).map("\n".join))
def test_any_script_is_understood_or_refused_with_its_line(text: str) -> None:
    error = check_script(text).error
    if error is not None:
        assert isinstance(error, ScriptError)
        assert 0 <= error.line <= text.count("\n") + 1 + text.count("\r")
        assert str(error).isprintable()
