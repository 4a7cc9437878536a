"""Scripts that someone made to harm: refused with their line, in little time and memory.

They are read in a process of its own, which the kernel ends when one takes a minute of the
processor's time or a gigabyte more of memory.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Buffer, FarfetchError, ScriptError, attach
from farfetch.scanner.script.offline import check_script
from hypothesis import given, settings
from hypothesis import strategies as st

from support.apart import Apart
from support.child import tell

SECONDS = 60
BYTES = 1 << 30
BASE = 0x1000


def judge(folder: str) -> None:
    """Read each script that is asked for, and run it on some bytes; say what came of it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for asked in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
        text = json.loads(asked)
        tell([_checked(text, folder), _enabled(text, folder)])


def _checked(text: str, folder: str) -> list[Any] | None:
    error = check_script(text, folder=folder).error
    return None if error is None else [error.line, str(error)]


def _enabled(text: str, folder: str) -> list[Any] | None:
    target = attach(Buffer(bytearray(4096), base=BASE))
    try:
        target.script(text, folder=folder).enable()
    except ScriptError as error:
        return [error.line, str(error)]
    except FarfetchError as error:
        return [-1, repr(error)]
    return None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table's folder with files that no table should have."""
    folder = tmp_path_factory.mktemp("hostile") / "home"
    folder.mkdir()
    (folder.parent / "secret").write_text("nop")
    (folder / "out").symlink_to("/etc/shadow")
    (folder / "circle").symlink_to("circle")
    (folder / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    (folder / "large").write_bytes(b"\x90" * (1 << 20))
    (folder / "lines").write_text("nop\n" * 40_000)
    (folder / "again").write_text("include(again)")
    for one, other in ("ab", "ba"):
        (folder / one).write_text(f"nop\ninclude({other})\ninclude({other})")
    (folder / "tree0").write_text("nop")
    for deep in range(1, 8):
        (folder / f"tree{deep}").write_text(f"include(tree{deep - 1})\n" * 30)
    return folder


@pytest.fixture(scope="module")
def judging(home: Path) -> Iterator[Apart]:
    with Apart(judge, str(home)) as process:
        yield process


def judged(judging: Apart, text: str) -> list[list[Any] | None]:
    judging.say(text)
    found: list[list[Any] | None] = judging.next()
    for refusal in found:
        if refusal is not None:
            line, said = refusal
            assert 0 <= line <= text.count("\n") + text.count("\r") + 1, said
            assert "\n" not in said
            assert len(said) < 1000
    return found


NUMBERS = st.sampled_from(
    ["0", "1", "8", "100", "67108864", "$4000000", "9" * 12, "9" * 4000, "FFFFFFFFFFFFFFFF", "-1"]
)
NAMES = st.sampled_from(["a", "b", "c", "x.y", "a" * 5000, "1", "eax", "\N{SNOWMAN}", "a b"])
FILES = st.sampled_from(
    [
        *("/etc/shadow", "../secret", "out", "circle", "zero", "pipe", ".", "..", "", "no\0thing"),
        *("large", "lines", "again", "a", "b", "tree0", "tree3", "tree7", "x" * 5000),
        *("/proc/self/mem", "..\\secret", "home/../../secret", "/dev/stdin", "~/.ssh/id_rsa"),
    ]
)
REPEATED = st.sampled_from(
    [
        *("[", "(", "{", "/*", "'", '"', "+1", "-", "*2", ",", " ", "@@:", ";", "\t", "//", "?? "),
        *("db 90,", "a", "[a]+", "#", "(float)1 ", "$", "\\", "rep ", "lock ", "\N{SNOWMAN}"),
    ]
)


def repeated(count: int) -> st.SearchStrategy[str]:
    head = st.sampled_from(["", "db ", "dq ", "mov eax,", "a+", "aobscan(s,", "define(a,", "jmp "])
    return st.tuples(head, REPEATED).map(lambda two: two[0] + two[1] * count)


def lines() -> st.SearchStrategy[str]:
    """One line that asks for much."""
    return st.one_of(
        st.tuples(NAMES, NUMBERS, NUMBERS).map(lambda it: f"alloc({it[0]},{it[1]}*{it[2]})"),
        st.tuples(NAMES, NUMBERS, NUMBERS).map(lambda it: f"alloc({it[0]},{it[1]},{it[2]})"),
        st.tuples(NAMES, NUMBERS).map(lambda it: f"readmem({it[0]},{it[1]})"),
        st.tuples(NAMES, NUMBERS).map(lambda it: f"fullaccess({it[0]},{it[1]})"),
        st.tuples(NAMES, NAMES).map(lambda it: f"define({it[0]},{it[1]} {it[1]} {it[1]})"),
        st.tuples(NAMES, NAMES).map(lambda it: f"define({it[0]},{it[1]})"),
        FILES.map("include({})".format),
        st.tuples(NAMES, FILES).map(lambda it: f"loadbinary({it[0]},{it[1]})"),
        NUMBERS.map("align {}".format),
        NUMBERS.map("nop {}".format),
        NAMES.map("{}:".format),
        st.tuples(NAMES, NAMES).map(lambda it: f"dq {it[0]}-{it[1]}"),
        st.tuples(NAMES, NAMES).map(lambda it: f"jmp short {it[0]}+{it[1]}"),
        st.tuples(NAMES, NAMES).map(lambda it: f"push {it[0]}-{it[1]}"),
        st.tuples(NAMES, NUMBERS).map(lambda it: f"struct {it[0]}\nresb {it[1]}\nends"),
        st.sampled_from(["[ENABLE]", "[DISABLE]", "[32-bit]", "{$strict}", "{$lua}", "{$asm}"]),
        st.sampled_from(["1000:", "[1000]:", "[[1000]+8]:", "db ?? 90", "reassemble(1000)"]),
        repeated(40),
        repeated(3000),
    )


def scripts() -> st.SearchStrategy[str]:
    """A few such lines, each some or very many times."""
    times = st.sampled_from([1, 1, 1, 2, 40, 2000])
    some = st.tuples(lines(), times).map(lambda it: "\n".join([it[0]] * it[1]))
    return st.lists(some, min_size=1, max_size=8).map("\n".join)


@settings(max_examples=100, deadline=None)
@given(text=scripts())
def test_a_script_that_asks_for_much_is_refused_or_read(judging: Apart, text: str) -> None:
    judged(judging, text)


def laughs(wide: int, deep: int) -> str:
    grown = [f"define(a{n},{' '.join([f'a{n - 1}'] * wide)})" for n in range(1, deep)]
    return "\n".join(["define(a0,90)", *grown, "1000:", f"db a{deep - 1}"])


def test_each_is_refused_with_its_line(judging: Apart) -> None:
    pulling = [f"l{n}:\nnop (l{n + 1}-l{n})\npush l{n + 1}-l{n}" for n in range(6)]
    for text, line, reason in (
        (laughs(4, 40), 7, "longer than 4096 characters"),
        (f"define(a,'{'x' * 4000}')\n1000:" + "\ndb a" * 2000, 265, "the script longer by"),
        ("define(a,b)\ndefine(b,a)\n1000:\ndb a", 0, ""),
        ("include(again)", 1, "nested more than 8 deep"),
        ("nop\ninclude(a)", 2, "nested more than 8 deep"),
        ("\ninclude(tree7)", 2, "more than 256 files"),
        ("include(lines)\n" * 3, 2, "more is included than a script may have"),
        ("1000:\n" + "loadbinary(1000,large)\n" * 20, 18, "more than 16 MiB are read in all"),
        ("include(zero)", 1, "only files in the table's folder are read"),
        ("include(pipe)", 1, "pipe: "),
        ("include(circle)", 1, "circle"),
        ("\n".join(f"alloc(a{n},8,{n:X}0000000)" for n in range(1025)), 1025, "at most 1024"),
        ("\n".join(f"aobscan(a{n},90 {n:04X})" for n in range(1025)), 1025, "at most 1024"),
        ("x" * (10 << 20), 0, "more than 1048576 characters"),
        ("1000:\ndb " + "9 " * 50_000 + "[", 2, "a number or a name is missing"),
        ("nop " * 250_000, 1, "has at most 4096 characters"),
        ("\n".join(["1000:", *pulling, "l6:"]), 0, ""),
    ):
        refused, _ = judged(judging, text)
        if not reason:
            continue
        assert refused is not None, text[:80]
        assert reason in refused[1]
        assert line in (0, refused[0])
