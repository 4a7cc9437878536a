"""Every target, in every build: what it plants is found, read, written, and seen by itself."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest
from farfetch.scanner import (
    MemoryFault,
    Target,
    TypeNameError,
    WhereError,
    attach,
    bytes_,
    i32,
    now,
    sized,
    text,
)

from support.readers import every_reader, every_reader_and_auto
from support.targets import Answer, Spawn, TargetProcess, every_build, target_path
from support.waiting import at_rest

PAGE = 4096
CHANGED = "changed from outside"
WRITTEN = CHANGED.encode() + b"\0"


def find(target: Target, words: str, where: str = "writable") -> list[int]:
    """The addresses of a text, in a target at rest."""
    with target.scan(text, where=where) as scan:
        scan.first(now == words)
        assert all(match.value == words for match in scan)
        return scan.matches.addresses()


def page_of(address: int) -> str:
    start = address & -PAGE
    return f"{start:#x}..{start + PAGE:#x}"


@every_build
@every_reader_and_auto
@pytest.mark.parametrize(("name", "kind"), [("malloc", "heap"), ("mmap", "anon")])
def test_malloc_and_mmap(name: str, kind: str, reader: str, spawn: Spawn) -> None:
    program = at_rest(spawn(name))
    planted, address = program.greeting["text"], program.greeting.number("addr")
    size = program.greeting.number("size")
    with attach(program.pid, memory=reader) as target:
        assert find(target, planted) == [address]
        region = target.locate(address).region
        assert region is not None
        assert region.kind == kind
        assert region.writable
        filling = b"." if name == "malloc" else b"\0"
        raw = planted.encode() + b"\0"
        assert target.read_bytes(address, size) == raw.ljust(size, filling)
        target.write(address, bytes_, WRITTEN)
        assert program.command()["text"] == CHANGED
        assert target.read(address, sized(text, 40)) == CHANGED
        if name == "malloc":  # across its pages
            target.write_bytes(address, b"x" * size)
            assert program.command()["text"].startswith("x" * size)


@every_build
@every_reader
@pytest.mark.parametrize("written", ["parent", "child"])
def test_fork(written: str, reader: str, spawn: Spawn) -> None:
    program = at_rest(spawn("fork"))
    said = program.greeting
    planted, address = said["text"], said.number("addr")
    assert (said["child_text"], said.number("child_addr")) == (planted, address)
    pids = {"parent": program.pid, "child": said.number("child_pid")}
    with (
        attach(pids["parent"], memory=reader) as parent,
        attach(pids["child"], memory=reader) as child,
    ):
        assert find(parent, planted) == find(child, planted) == [address]
        (parent if written == "parent" else child).write(address, bytes_, WRITTEN)
        after = program.command()
        at_rest(program)
        seen = {"parent": after["text"], "child": after["child_text"]}
        other = "child" if written == "parent" else "parent"
        assert seen == {written: CHANGED, other: planted}
        assert find(parent, seen["parent"]) == [address]
        assert find(child, seen["child"]) == [address]


@every_build
@every_reader
def test_strlit_is_read(reader: str, spawn: Spawn) -> None:
    program = at_rest(spawn("strlit"))
    planted, address = program.greeting["text"], program.greeting.number("addr")
    with attach(program.pid, memory=reader) as target:
        # the parts of a small program may share a page of its file, mapped once for each
        assert address in find(target, planted, "module:strlit")
        assert address in find(target, planted, "all")
        assert address not in find(target, planted)
        location = target.locate(address)
        assert location.region is not None
        assert location.region.kind == "file"
        assert not location.region.writable
        assert location.module is not None
        assert location.module.name == "strlit"
        assert target.address(f"strlit+{location.offset:#x}") == address
        assert target.read(address, sized(text, len(planted))) == planted


@every_build
@every_reader_and_auto
def test_strlit_is_written_by_force_but_not_its_file(reader: str, spawn: Spawn, build: str) -> None:
    file = target_path("strlit", build)
    before = sha256(file.read_bytes()).digest()
    program = at_rest(spawn("strlit"))
    address = program.greeting.number("addr")
    with attach(program.pid, memory=reader) as target:
        target.write(address, bytes_, WRITTEN, force=True)
        assert program.command()["text"] == CHANGED
        with target.scan(text, where=page_of(address)) as scan:
            scan.first(now == CHANGED)
            assert scan.write_all("Changed", force=True) == (1, 0)
        assert program.command()["text"].startswith("Changed")
    assert sha256(file.read_bytes()).digest() == before
    assert spawn("strlit").greeting["text"] == program.greeting["text"]


@every_build
@every_reader_and_auto
def test_strlit_is_not_written_unless_forced(reader: str, spawn: Spawn) -> None:
    program = at_rest(spawn("strlit"))
    planted, address = program.greeting["text"], program.greeting.number("addr")
    with attach(program.pid, memory=reader) as target:
        mapping = r"it lies in a read-only mapping of /\S+/strlit: force it, or patch it$"
        with pytest.raises(MemoryFault, match=mapping) as raised:
            target.write(address, bytes_, WRITTEN)
        error = raised.value
        assert (error.address, error.size, error.done) == (address, len(WRITTEN), 0)
        assert error.writing
        with target.scan(text, where=page_of(address)) as scan:
            scan.first(now == planted)
            assert scan.write_all(CHANGED) == (0, 1)
        assert program.command()["text"] == planted


@every_build
@every_reader
def test_twecho(reader: str, spawn: Spawn) -> None:
    words = ["Zwölf", "Boxkämpfer", "jagen"]
    program = at_rest(spawn("twecho", *words))
    said = program.greeting
    assert said["argc"] == "4"
    with attach(program.pid, memory=reader) as target:
        for index, word in enumerate(words, 1):
            address = said.number(f"argv{index}_addr")
            assert address in find(target, word, "stack")
            assert target.read(address, sized(text, len(word.encode()))) == word
        target.write(said.number("argv2_addr"), text, "Boxer\0")
        assert program.command()["argv2"] == "Boxer"
        assert target.read(said.number("addr"), sized(text, 4096 // 64)).endswith("twecho")


class Bag:
    """A started bag, and what is attached to it."""

    def __init__(self, program: TargetProcess, target: Target) -> None:
        self.program = program
        self.target = target
        self.said = program.greeting

    def address(self, kind: str) -> int:
        return self.said.number(kind)

    def contents(self) -> Answer:
        return self.program.command()


@pytest.fixture
def bag(spawn: Spawn, reader: str) -> Iterator[Bag]:
    program = at_rest(spawn("bag"))
    with attach(program.pid, memory=reader) as target:
        yield Bag(program, target)


TEXTS = ["touched", "readonly", "shared", "shared_readonly", "file", "file_private", "huge"]


@every_build
@every_reader
@pytest.mark.parametrize("kind", TEXTS)
def test_bag_pages_with_a_text(kind: str, bag: Bag) -> None:
    address = bag.address(kind)
    if kind == "huge" and not address:  # this kernel gives none
        assert "huge_text" not in bag.contents()
        return
    planted = f"a {kind} page"
    assert bag.target.read(address, sized(text, 32)) == planted
    assert address in find(bag.target, planted, "all")
    writable = not kind.endswith("readonly")
    region = bag.target.locate(address).region
    assert region is not None
    assert region.writable == writable
    assert region.shared == (kind in ("shared", "shared_readonly", "file"))
    if writable:
        assert address in find(bag.target, planted)
        bag.target.write(address, bytes_, WRITTEN)
        after = bag.contents()
        assert after[f"{kind}_text"] == CHANGED
        if kind.startswith("file"):  # a shared page is the file's, a private one a copy
            assert (after[f"{kind}_disk"] == CHANGED) == (kind == "file")
    others = [one for one in TEXTS if one != kind and bag.address(one)]
    after = bag.contents()
    assert [after[f"{other}_text"] for other in others] == [f"a {other} page" for other in others]


@every_build
@every_reader
def test_bag_page_that_was_never_touched(bag: Bag) -> None:
    address = bag.address("untouched")
    assert bag.target.read_bytes(address, PAGE) == bytes(PAGE)
    with bag.target.scan(i32, where=page_of(address)) as scan:
        assert scan.first(now == 0).matches == PAGE // 4
        bag.target.write(address, bytes_, WRITTEN)
        assert scan.next("changed").matches
    assert bag.contents()["untouched_text"] == CHANGED


@every_build
@every_reader
def test_bag_page_that_was_sent_away(bag: Bag) -> None:
    planted = "a swapped page" if bag.said["swapped_how"] == "swap" else ""
    assert bag.target.read(bag.address("swapped"), sized(text, 32)) == planted
    bag.target.write(bag.address("swapped"), bytes_, WRITTEN)
    assert bag.contents()["swapped_text"] == CHANGED


@every_build
@every_reader
def test_bag_page_that_nobody_may_read(bag: Bag, reader: str) -> None:
    address = bag.address("none")
    region = bag.target.locate(address).region
    assert region is not None
    assert region.perms == "---p"
    assert find(bag.target, "a none page", "all") == []
    with pytest.raises(WhereError):
        find(bag.target, "a none page", page_of(address))
    if reader != "proc_mem":  # which may look where the target may not
        with pytest.raises(MemoryFault) as raised:
            bag.target.read_bytes(address, 8)
        assert (raised.value.address, raised.value.done) == (address, 0)


@every_build
@every_reader
@pytest.mark.parametrize("side", ["before", "after"])
def test_bag_pages_have_nothing_beside_them(side: str, bag: Bag) -> None:
    address = bag.address("touched")
    start = address + PAGE - 4 if side == "after" else address - 4
    with pytest.raises(MemoryFault) as raised:
        bag.target.read_bytes(start, 8)
    assert raised.value.done == (4 if side == "after" else 0)
    with pytest.raises(MemoryFault) as raised:
        bag.target.write_bytes(start, b"overlong")
    assert raised.value.done == (4 if side == "after" else 0)
    with pytest.raises(MemoryFault):
        bag.target.read(start, "u64")
    with pytest.raises(TypeNameError):
        bag.target.read(address, text)


@every_build
@every_reader
def test_big_has_as_many_needles_as_it_says(reader: str, spawn: Spawn) -> None:
    big = at_rest(spawn("big", "16", "9"))
    needle, needles = big.greeting.number("needle"), big.greeting.number("needles")
    start, end = big.greeting.number("start"), big.greeting.number("end")
    with attach(big.pid, memory=reader) as target:
        for align in (None, 1):
            scan = target.scan(i32, align=align)
            assert scan.first(now == needle).matches == needles == 64
            assert all(start <= at < end for at in scan.matches.addresses())
            turns = [(at - start) // (256 << 10) for at in scan.matches.addresses()]
            assert turns == list(range(needles))
            big.command("dirty 100")
            assert scan.next("unchanged").matches == needles
            assert scan.write_all(1) == (needles, 0)
            assert scan.next(now == needle).matches == 0
            scan.undo()
            assert scan.write_all(needle) == (needles, 0)


@every_build
def test_crowded_has_as_many_regions_as_it_says(spawn: Spawn) -> None:
    said = at_rest(spawn("crowded", "501")).greeting
    start, end, value = said.number("start"), said.number("end"), said.number("value")
    own = f"{start:#x}..{end:#x}"
    with attach(said.number("pid")) as target:
        inside = [
            region for region in target.regions() if region.start < end and region.end > start
        ]
        assert len(inside) == said.number("regions") == 501
        assert [one.writable for one in inside] == [number % 2 == 0 for number in range(501)]
        for where, planted in ((own, 501), (f"writable,{own}", 251)):
            with target.scan(i32, where=where) as scan:
                assert scan.first(now == value).matches == planted
