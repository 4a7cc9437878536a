from __future__ import annotations

import inspect
import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import errors
from farfetch.scanner.errors import (
    AccessDenied,
    AlignError,
    ArgumentError,
    AssemblyError,
    BudgetError,
    CodeError,
    ConfigurationError,
    CopyError,
    CoreFileError,
    DeclarationError,
    ExpressionError,
    FarfetchError,
    ForkedError,
    MatchIndexError,
    MemoryFault,
    MemoryUnavailable,
    PatchError,
    PointerError,
    PointerMapError,
    PointersCancelled,
    PointersClosed,
    ReadOnlyTarget,
    ScanCancelled,
    ScanClosed,
    ScanOrderError,
    ScriptError,
    SnapshotError,
    StopError,
    TableError,
    TargetAmbiguous,
    TargetClosed,
    TargetGone,
    TargetNotFound,
    TypeNameError,
    ValueKindError,
    ValueRangeError,
    WaitTimeout,
    WatchpointError,
    WhereError,
)
from farfetch.scanner.memory.owner import ProcessInfo

GAME = ProcessInfo(42, "game", "/opt/game", ("game",), 1000, "ann", 1, 7, 64)
OTHER = ProcessInfo(43, "game", None, (), 0, "root", 1, 9, None)

SAID = [
    (ArgumentError("threads", -1, "1 to 9"), "threads takes 1 to 9, not -1"),
    (
        CopyError("Scan"),
        "a Scan belongs to this process, so it is neither copied nor pickled: "
        "hand on addresses and values",
    ),
    (TargetNotFound(9), "no process 9; to list processes: farfetch -c ps"),
    (TargetNotFound("gme"), "no process is called gme; to list processes: farfetch -c ps"),
    (TargetNotFound("gme", [GAME]), "no process is called gme; near it: game (42)"),
    (TargetNotFound(9, reason="(x) has exited"), "process 9 (x) has exited"),
    (
        TargetAmbiguous("game", [GAME, OTHER]),
        "2 processes are called game, give a pid: 42 game ann, 43 game root",
    ),
    (TargetGone(42, "game", "exited"), "game (42) has exited"),
    (TargetGone(None, "buffer", "exited"), "the buffer is no longer there: attach again"),
    (TargetClosed(42, "game"), "game (42) was closed here: attach again"),
    (WaitTimeout("now > 5", "it is 3"), "waited in vain for now > 5: it is 3"),
    (TargetClosed(None, "buffer"), "the buffer was closed here: attach again"),
    (
        ForkedError(42),
        "this belongs to process 42, which made it before it forked this one: attach again here",
    ),
    (ScanClosed("scan"), "this scan was closed: begin another one of its target"),
    (
        ScanClosed("step"),
        "these matches and old values were let go, as close, reset, forget, drop and a new first "
        "scan do: look at the steps that the scan has now",
    ),
    (TargetGone(42, "", "exited"), "process 42 has exited"),
    (
        TargetGone(42, "game", "replaced"),
        "game (42) has executed another program: attach again",
    ),
    (MemoryFault(0x10, 4, 0, False), "cannot read 4 bytes at 0x10: not mapped or not readable"),
    (MemoryFault(0x10, 1, 0, True), "cannot write 1 byte at 0x10: not mapped or not writable"),
    (
        MemoryFault(0x0FFE, 4, 2, False, "the region ends there"),
        "cannot read 4 bytes at 0xffe: 0x1000 is not mapped or not readable; the region ends there",
    ),
    (MemoryUnavailable("device", "no /dev/x"), "memory device is not available: no /dev/x"),
    (
        TypeNameError("i23", ["i32", "i8"]),
        'no value type is called "i23": did you mean i32 or i8?',
    ),
    (
        TypeNameError("q"),
        'no value type is called "q": there are i8 to u64, f32, f64, text, …',
    ),
    (TypeNameError("Struct", reason="not yet"), "Struct: not yet"),
    (ValueRangeError(300, "u8", 0, 255), "300 does not fit u8 (0..255)"),
    (ValueRangeError("abc", "text[2]", 0, 2), "'abc' does not fit text[2] (at most 2 bytes)"),
    (ValueRangeError(b"a", "bytes[2]", 2, 2), "b'a' does not fit bytes[2] (exactly 2 bytes)"),
    (ValueKindError("abc", "i32"), "'abc' is not a number for i32"),
    (ValueKindError(1.5, "i32", "a whole number"), "1.5 is not a whole number for i32"),
    (
        ExpressionError("now == == 5", 7, 'expected a value, found "=="'),
        'now == == 5: column 8: expected a value, found "=="',
    ),
    (ExpressionError(" ", 1, "expected a value"), "column 2: expected a value"),
    (WhereError("heep", 0, "did you mean heap?"), "heep: column 1: did you mean heap?"),
    (
        DeclarationError(2, 9, "bit fields are not taken"),
        "line 2 of the declaration, column 9: bit fields are not taken",
    ),
    (AlignError(0), "align takes 1 to 4096, not 0"),
    (
        PointerError("game -> x", "offset 1 is a number, not 'x'"),
        """the pointer path "game -> x": offset 1 is a number, not 'x'""",
    ),
    (
        PointerMapError("game.ffmap", "is no pointer map"),
        "the pointer map game.ffmap: is no pointer map",
    ),
    (PointerMapError("", "too many"), "too many"),
    (
        PointersClosed("map"),
        "this pointer map was closed: make another one, or load it from a file",
    ),
    (PointersClosed("paths"), "these pointer paths were closed: scan the pointer map again"),
    (
        PointersCancelled("map", 5, 10),
        "making the pointer map was cancelled after 5 of 10 bytes; nothing was kept",
    ),
    (
        PointersCancelled("scan", 0, 0),
        "the pointer scan was cancelled; the map and the paths listed so far are kept",
    ),
    (CoreFileError("core.12", "is no core file"), "the core file core.12: is no core file"),
    (
        ReadOnlyTarget("core.12"),
        "core.12 cannot be written to, nor frozen or patched: it is a core file, the memory of one "
        "moment",
    ),
    (TableError("hp.json", "is no table"), "the table hp.json: is no table"),
    (TableError("", "name is empty"), "name is empty"),
    (
        WatchpointError(0x10, 1, "nobody can"),
        "cannot watch 1 byte at 0x10: nobody can",
    ),
    (CodeError(None, "code can be read on x86-64 only"), "code can be read on x86-64 only"),
    (
        CodeError(0x10, "it is too short"),
        "the code at 0x10: it is too short",
    ),
    (
        AssemblyError("mov eax,[rbx", 8, "the bracket is not closed"),
        "mov eax,[rbx: column 9: the bracket is not closed",
    ),
    (ScriptError(3, "luacall(): Lua is not run"), "line 3: luacall(): Lua is not run"),
    (ScriptError(0, "it is too long"), "it is too long"),
    (
        PatchError(0x10, b"\x90\x90", b"\xde\xad"),
        "the patch at 0x10 is no longer there: expected 90 90, found de ad; undo later patches "
        "first, or force it",
    ),
    (
        PatchError(0x10, bytes(20), b"\xff" * 16),
        "the patch at 0x10 is no longer there: expected 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
        "00 00 … (20 bytes), found ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff; undo later "
        "patches first, or force it",
    ),
    (
        StopError(12, "game", "gdb (99) traces it: let it detach first"),
        "cannot stop game (12): gdb (99) traces it: let it detach first",
    ),
    (ScanOrderError("nothing to undo"), "nothing to undo"),
    (MatchIndexError(7, 3), "no match 7: there are 3, from 0 to 2"),
    (MatchIndexError(0, 0), "no match 0: there are none"),
    (
        ScanCancelled(4096, 8192),
        "the scan was cancelled after 4096 of 8192 bytes; the earlier matches are kept",
    ),
    (
        SnapshotError("/tmp", 28, "cannot store old values"),
        "cannot store old values in /tmp: No space left on device; make room there or set "
        "FARFETCH_TMPDIR to another directory; the earlier matches are kept",
    ),
    (
        SnapshotError("/tmp", 24, "cannot make a file for old values"),
        "cannot make a file for old values in /tmp: Too many open files; raise the limit with "
        "ulimit -n; the earlier matches are kept",
    ),
    (
        BudgetError("disk", "/tmp"),
        "matches and old values would take more than the scan's budget of disk in /tmp; look at "
        "fewer regions, forget undone steps, make room there or set FARFETCH_TMPDIR; "
        "the earlier matches are kept",
    ),
    (ConfigurationError("FARFETCH_ISA", "mmx", "unknown"), 'FARFETCH_ISA="mmx": unknown'),
]


@pytest.mark.parametrize(("error", "text"), SAID)
def test_says(error: FarfetchError, text: str) -> None:
    assert str(error) == text


def every_error() -> Iterator[type[FarfetchError]]:
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, FarfetchError) and kind is not FarfetchError:
            yield kind


def test_every_error_is_said_above() -> None:
    assert {type(error) for error, _ in SAID} | {AccessDenied} == set(every_error())


def test_the_docstring_draws_the_whole_tree() -> None:
    drawn: dict[str, str] = {}
    stack = ["FarfetchError"]
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ((?:│   )*)[├└]── (\w+)", line)
        if match:
            depth = len(match[1]) // 4 + 1
            drawn[match[2]] = stack[depth - 1]
            stack[depth:] = [match[2]]
    assert drawn == {error.__name__: error.__bases__[0].__name__ for error in every_error()}


@pytest.mark.parametrize("error", [error for error, _ in SAID], ids=lambda one: type(one).__name__)
def test_pickles(error: FarfetchError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


def test_no_terminal_obeys_what_an_error_quotes() -> None:
    assert str(TargetGone(1, "a\n\x1b[2J\udcff", "exited")) == r"a\n\x1b[2J\udcff (1) has exited"


def test_a_number_too_long_to_print_is_shortened() -> None:
    assert len(str(ValueRangeError(10**5000, "i32", 0, 1))) < 100


def test_access_denied_names_the_cure() -> None:
    text = str(AccessDenied(42, "game", "read the regions of"))
    assert text.startswith("cannot read the regions of game (42): permission denied; ")
    assert ("CAP_SYS_PTRACE" if os.geteuid() == 0 else "sudo") in text


def test_access_denied_to_everybody_says_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Yama's highest level holds for root, and stays."""
    monkeypatch.setattr(errors.target, "_PTRACE_SCOPE", tmp_path / "ptrace_scope")
    (tmp_path / "ptrace_scope").write_text("3\n")
    text = str(AccessDenied(42, "game", "attach to"))
    assert "ptrace_scope is 3, which lets nobody look into other programs" in text
    assert "start this machine anew" in text


def test_a_bad_index_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        raise MatchIndexError(7, 3)


@pytest.mark.parametrize(
    ("text", "position", "lines"),
    [
        ("now == == 5", 7, "now == == 5\n       ^"),
        ("", 0, "\n^"),
        ("a\tb\n = 1", 5, "a b  = 1\n     ^"),
        ('"血" + x', 6, '"血" + x\n       ^'),
    ],
)
def test_the_pointer_is_under_the_column(text: str, position: int, lines: str) -> None:
    assert ExpressionError(text, position, "wrong").pointer() == lines
