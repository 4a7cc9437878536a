"""The program targets, each by both ways in and in both modes."""

from __future__ import annotations

import ctypes
import hashlib
import mmap
import os
from pathlib import Path

import pytest

from guest.inside.conftest import Start
from guest.inside.programs import FORCES, PAGE, TARGETS, Program, Route, denied, set_parameter

pytestmark = pytest.mark.usefixtures("forced")

TEXT = b"changed from outside\0"
SHOWN = TEXT[:-1].decode()
STACK_TOP = 0x7FFF_FFFF_F000


def test_malloc_reads_to_the_end_of_the_page_or_all(route: Route, start: Start) -> None:
    target = start("malloc")
    address = target.address()
    assert address % PAGE
    wanted = PAGE - address % PAGE if route.walks else PAGE
    got = route.read(target.pid, address, PAGE)
    assert got.done == wanted
    text = target.greeting["text"].encode()
    assert got.content == (text + b"\0").ljust(PAGE, b".")[:wanted]


def test_malloc_is_written(route: Route, start: Start) -> None:
    target = start("malloc")
    assert route.write(target.pid, target.address(), TEXT).done == len(TEXT)
    assert target.ask()["text"] == SHOWN


def test_malloc_write_across_pages_is_short_only_by_walk(route: Route, start: Start) -> None:
    target = start("malloc")
    address = target.address()
    content = b"x" * PAGE
    wanted = PAGE - address % PAGE if route.walks else PAGE
    assert route.write(target.pid, address, content).done == wanted
    assert target.ask()["text"].startswith("x" * wanted)


def test_mmap_reads_the_whole_page(route: Route, start: Start) -> None:
    target = start("mmap")
    got = route.read(target.pid, target.address(), PAGE)
    assert got.done == PAGE
    assert got.content == target.greeting["text"].encode().ljust(PAGE, b"\0")


def test_mmap_is_written(route: Route, start: Start) -> None:
    target = start("mmap")
    assert route.write(target.pid, target.address(), TEXT).done == len(TEXT)
    assert target.ask()["text"] == SHOWN


@pytest.mark.parametrize("named", ["parent", "child"])
def test_fork_is_read_on_both_sides(route: Route, start: Start, named: str) -> None:
    target = start("fork")
    pid = target.pid if named == "parent" else int(target.greeting["child_pid"])
    got = route.read(pid, target.address(), PAGE)
    assert got.content == target.greeting["text"].encode().ljust(PAGE, b"\0")


@pytest.mark.parametrize("named", ["parent", "child"])
def test_fork_write_shows_only_in_the_process_named(route: Route, start: Start, named: str) -> None:
    target = start("fork")
    before = target.greeting["text"]
    pid = target.pid if named == "parent" else int(target.greeting["child_pid"])
    got = route.write(pid, target.address(), TEXT)
    after = target.ask()
    texts = {"parent": after["text"], "child": after["child_text"]}
    if route.walks:
        assert got == denied("EFAULT")
        assert texts == {"parent": before, "child": before}
    else:
        assert got.done == len(TEXT)
        other = "child" if named == "parent" else "parent"
        assert texts == {named: SHOWN, other: before}


def test_strlit_is_read(route: Route, start: Start) -> None:
    target = start("strlit")
    text = target.greeting["text"].encode()
    assert route.read(target.pid, target.address(), len(text)).content == text


def test_strlit_write_never_reaches_the_file(route: Route, start: Start) -> None:
    program = TARGETS / "strlit"
    digest = hashlib.sha256(program.read_bytes()).digest()
    target = start("strlit")
    got = route.write(target.pid, target.address(), TEXT)
    if route.walks:
        assert got == denied("EFAULT")
        assert target.ask()["text"] == target.greeting["text"]
    else:
        assert got.done == len(TEXT)
        assert target.ask()["text"] == SHOWN
    assert hashlib.sha256(program.read_bytes()).digest() == digest
    assert start("strlit").greeting["text"] == target.greeting["text"]


def test_force_is_at_first_what_the_kernel_does_by_itself(start: Start) -> None:
    """Root, who is not the target's tracer, writes to a read-only page of it."""
    target = start("strlit")
    with Path(f"/proc/{target.pid}/mem").open("r+b", buffering=0) as memory:
        memory.seek(target.address())
        try:
            memory.write(TEXT)
        except OSError:
            assert FORCES == "N"
        else:
            assert FORCES == "Y"


def test_strlit_is_not_forced_when_told_not_to(gup: Route, start: Start) -> None:
    set_parameter("force", "N")
    target = start("strlit")
    assert gup.write(target.pid, target.address(), TEXT) == denied("EFAULT")
    assert target.ask()["text"] == target.greeting["text"]


def test_twecho_lies_where_it_is_known_to_without_randomization(route: Route, start: Start) -> None:
    still = ("setarch", "-R")
    known = start("twecho", "some", "words", wrapper=still).greeting
    address = int(known["argv1_addr"], 16)
    assert STACK_TOP - PAGE <= address < STACK_TOP

    target = start("twecho", "some", "words", wrapper=still)
    assert route.read(target.pid, address, 5).content == b"some\0"
    assert route.write(target.pid, address, b"SOME\0").done == 5
    assert target.ask()["argv1"] == "SOME"


def test_twecho_is_not_there_with_randomization(route: Route, start: Start) -> None:
    target = start("twecho", "some", "words")
    assert route.read(target.pid, STACK_TOP - PAGE, 5) == denied("EFAULT")
    assert route.read(target.pid, target.address("argv1_addr"), 5).content == b"some\0"


class Bag:
    """A started bag: what of it is in memory, and what it says its pages hold."""

    def __init__(self, target: Program) -> None:
        self.target = target

    def resident(self) -> dict[str, str]:
        return self.target.ask("resident")

    def text(self, kind: str) -> str:
        return self.target.ask()[f"{kind}_text"]


@pytest.fixture
def bag(start: Start, swap: None) -> Bag:  # noqa: ARG001
    target = start("bag")
    for _ in range(4):  # a busy kernel may not page out, or have no huge page, just then
        if target.greeting["swapped_how"] == "swap" and target.address("huge"):
            break
        target = start("bag")
    assert target.greeting["swapped_how"] == "swap"
    assert target.address("huge")
    assert target.address("file")
    return Bag(target)


KINDS = {
    # kind: (in memory at the start, read by gup, written by gup, written by walk)
    "touched": (True, b"a touched page", True, True),
    "untouched": (False, b"\0" * 16, True, False),
    "readonly": (True, b"a readonly page", True, False),
    "none": (True, b"a none page", True, False),
    "shared": (True, b"a shared page", True, True),
    "shared_readonly": (True, b"a shared_readonly page", False, False),
    "file": (False, b"a file page", True, False),
    "file_private": (False, b"a file_private page", True, False),
    "huge": (True, b"a huge page", True, False),
    "swapped": (False, b"a swapped page", True, False),
}
# What the walk refuses although it is in memory.
NOT_WALKED = {"none", "huge"}


@pytest.mark.parametrize("kind", KINDS)
def test_bag_read(route: Route, bag: Bag, kind: str) -> None:
    resident, content, _, _ = KINDS[kind]
    before = bag.resident()
    assert before[kind] == str(int(resident))
    got = route.read(bag.target.pid, bag.target.address(kind), len(content))
    if route.walks:
        readable = resident and kind not in NOT_WALKED
        assert got == (denied("EFAULT") if not readable else ("", len(content), content))
        assert bag.resident() == before
    else:
        assert got.content == content


@pytest.mark.parametrize("kind", KINDS)
def test_bag_write(route: Route, bag: Bag, kind: str) -> None:
    _, content, by_gup, by_walk = KINDS[kind]
    before = bag.resident()
    got = route.write(bag.target.pid, bag.target.address(kind), TEXT)
    written = by_walk if route.walks else by_gup
    assert got == (("", len(TEXT), b"") if written else denied("EFAULT"))
    if route.walks:
        assert bag.resident() == before
    shown = SHOWN if written else content.rstrip(b"\0").decode()
    assert bag.text(kind) == shown


@pytest.mark.parametrize("kind", ["readonly", "none"])
def test_bag_is_not_forced_when_told_not_to(gup: Route, bag: Bag, kind: str) -> None:
    set_parameter("force", "N")
    pid, address = bag.target.pid, bag.target.address(kind)
    assert gup.write(pid, address, TEXT) == denied("EFAULT")
    got = gup.read(pid, address, 6)
    assert got == (denied("EFAULT") if kind == "none" else ("", 6, b"a read"))


def test_bag_file_write_reaches_the_file_only_if_shared(gup: Route, bag: Bag) -> None:
    for kind in ("file", "file_private"):
        assert gup.write(bag.target.pid, bag.target.address(kind), TEXT).done == len(TEXT)
    words = bag.target.ask()
    assert words["file_disk"] == SHOWN
    assert words["file_private_disk"] == "a file_private page"


def test_bag_file_is_walked_once_the_target_has_read_it(walk: Route, bag: Bag) -> None:
    bag.target.ask()
    pid, address = bag.target.pid, bag.target.address("file")
    assert walk.read(pid, address, 11).content == b"a file page"


def test_hole_below_a_page_stays_a_hole(route: Route, start: Start) -> None:
    target = start("bag")
    address = target.address("touched") - PAGE
    assert route.read(target.pid, address, 2 * PAGE) == denied("EFAULT")


def test_read_is_short_where_the_mapping_ends(gup: Route, start: Start) -> None:
    target = start("bag")
    got = gup.read(target.pid, target.address("touched"), 2 * PAGE)
    assert got.done == PAGE


def test_memory_above_47_bits(route: Route) -> None:
    """Only with five levels of page tables is there any; the run says which it has."""
    levels = int(os.environ.get("FARFETCH_LEVELS", "0"))
    wide = " la57 " in Path("/proc/cpuinfo").read_text().replace("\n", " ")
    assert levels in (0, 5 if wide else 4)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    hint, flags = ctypes.c_void_p(1 << 48), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    address = libc.mmap(hint, ctypes.c_size_t(PAGE), 3, flags, -1, ctypes.c_long(0))
    assert (address >= 1 << 47) == wide
    ctypes.memmove(address, TEXT, len(TEXT))
    assert route.read(os.getpid(), address, len(TEXT)).content == TEXT
    assert route.write(os.getpid(), address, b"CH").done == 2
    assert ctypes.string_at(address, len(SHOWN)) == b"CH" + TEXT[2:-1]
    libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(PAGE))
