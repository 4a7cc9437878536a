"""Memories of one's own: what they must say, and what follows where they say no more."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner import (
    Buffer,
    MemoryFault,
    ProcessInfo,
    Region,
    Target,
    TargetClosed,
    TargetGone,
    attach,
    i32,
    now,
    pointer,
)
from farfetch.scanner.engine import cell, check, content, ffi, lib
from farfetch.scanner.memory.base import Memory
from farfetch.scanner.memory.page_state import PageState

BASE = 0x10000
PAGE = mmap.PAGESIZE


class Plain(Memory):
    """Bytes, of which nothing is said but where they are."""

    def __init__(self, contents: bytearray, process: ProcessInfo | None = None) -> None:
        out = cell("reader")
        start = ffi.from_buffer("uint8_t[]", contents)
        check(lib.ff_reader_open_buffer(start, len(contents), BASE, out))
        super().__init__("plain", content(out, start), process)
        self.end = BASE + len(contents)

    def regions(self) -> list[Region]:
        return [Region(BASE, self.end, "rw-p", 0, "00:00", 0, "", False)]


class Remote(Plain):
    """The same, as it would be behind a wire: it may go, and its pointers are narrow."""

    connected = True

    @property
    def bits(self) -> int:
        return 32

    @property
    def alive(self) -> bool:
        return self.connected


@pytest.fixture
def contents() -> bytearray:
    return bytearray(2 * PAGE)


def test_regions_are_all_that_a_memory_must_say(contents: bytearray) -> None:
    with attach(Plain(contents)) as target:
        assert (target.pid, target.name, target.process) == (None, "plain", None)
        assert (target.bits, target.alive, target.modules()) == (64, True, [])
        assert [footprint[1:] for footprint in target.footprints()] == [(2 * PAGE, 2 * PAGE)]
        assert repr(target) == "<Target plain through plain>"
        scan = target.scan(i32)
        target.write(BASE + 8, i32, 77)
        assert scan.first(now == 77).matches == 1
        with target.freeze(BASE + 8, i32, 5, interval=3600):
            assert scan.next(now == 5).matches == 1
            assert scan.write_all(6) == (1, 0)
            assert target.frozen[0].value == 6
        with target.patch(BASE, b"\xcc"):
            assert contents[0] == 0xCC
        assert contents[0] == 0
    assert not target.alive


def test_what_it_says_of_a_process_is_the_targets(contents: bytearray) -> None:
    game = ProcessInfo(42, "game", None, (), 0, "root", 1, 9, None)
    with attach(Plain(contents, game)) as target:
        assert (target.pid, target.name, target.process) == (42, "game", game)
        assert repr(target) == "<Target game pid 42 through plain>"
    with pytest.raises(TargetClosed, match=r"game \(42\) was closed here"):
        target.read_bytes(BASE, 1)
    assert repr(target) == "<Target game pid 42 through plain, closed>"


def test_a_memory_that_has_gone_is_no_longer_read(contents: bytearray) -> None:
    remote = Remote(contents)
    target = attach(remote)
    scan = target.scan(i32)
    scan.first(now == 0)
    watch = target.watch([(BASE, i32)])
    remote.connected = False
    assert not target.alive
    uses: tuple[Callable[[], object], ...] = (
        target.regions,
        target.modules,
        target.footprints,
        watch.look,
        lambda: scan.write_all(1),
        lambda: scan.next(now == 0),
        lambda: scan[0],
        lambda: target.read_bytes(BASE, 1),
        lambda: target.write_bytes(BASE, b"a"),
        lambda: target.address("0x10"),
    )
    for use in uses:
        with pytest.raises(TargetGone) as raised:
            use()
        assert str(raised.value) == "the plain is no longer there: attach again"
    assert (contents[0], len(scan)) == (0, 2 * PAGE // 4)
    target.close()
    with pytest.raises(TargetClosed):
        target.check()


def test_its_pointers_are_as_wide_as_it_says_unless_told_otherwise(contents: bytearray) -> None:
    with attach(Remote(contents)) as target:
        target.write(BASE, pointer, 0x11223344)
        assert (target.bits, contents[:5].hex()) == (32, "4433221100")
        target.bits = 64
        assert (target.bits, target.scan(pointer).size) == (64, 8)
        target.bits = None
        assert target.bits == 32


@pytest.mark.parametrize("bits", [16, True, "64", 64.0])
def test_widths_that_are_none(contents: bytearray, bits: int) -> None:
    target = attach(Buffer(contents))
    for say in (
        lambda: attach(Buffer(contents), bits=bits),
        lambda: setattr(target, "bits", bits),
    ):
        with pytest.raises(ValueError, match=r"^bits takes 32, 64, or None"):
            say()


class Sampled(PageState):
    """What is known of pages, in a book: every call in its order."""

    def __init__(self, book: list[str]) -> None:
        self.book = book
        self.epoch = 0

    def forget(self) -> int | None:
        self.epoch += 1
        self.book.append(f"forget {self.epoch}")
        return self.epoch

    def trusts(self, epoch: int | None) -> bool:
        self.book.append(f"trusts {epoch}")
        return False  # the core has no such pages

    def close(self) -> None:
        self.book.append("close")


def test_scans_ask_what_a_memory_knows_of_its_pages(contents: bytearray) -> None:
    memory = Plain(contents)
    book: list[str] = []
    memory.pages = Sampled(book)
    with attach(memory) as target, target.scan(i32) as scan:
        scan.first()
        scan.next("unchanged")
        scan.next(now == 0)
    assert book == ["forget 1", "trusts 1", "trusts None", "close"]


def test_modules_are_looked_for_again_when_the_regions_change(tmp_path: Path) -> None:
    file = tmp_path / "game.so"
    file.write_bytes(b"")

    class Mapped(Plain):
        mapped = False

        def regions(self) -> list[Region]:
            code = Region(BASE, BASE + PAGE, "r-xp", 0, "08:01", 42, str(file), False)
            return [code] if self.mapped else super().regions()

    memory = Mapped(bytearray(PAGE))
    target = Target(memory)
    assert target.modules() == []
    memory.mapped = True
    [module] = target.modules()
    assert module.name == "game.so"
    assert (target.address("game.so+8"), str(target.locate(BASE + 4))) == (BASE + 8, "game.so+0x4")
    assert target.modules()[0] is module
    target.close()


def test_what_cannot_be_written_says_where_it_lies(contents: bytearray) -> None:
    class ReadOnly(Plain):
        def regions(self) -> list[Region]:
            return [Region(BASE, self.end, "r--p", 0, "08:01", 42, "/game", False)]

        def write(self, address: int, raw: bytes, *, force: bool = False) -> int:
            return super().write(address, raw) if force else 0

    with attach(ReadOnly(contents)) as target:
        with pytest.raises(MemoryFault, match="read-only mapping of /game: force it, or patch it"):
            target.write(BASE, i32, 1)
        target.write(BASE, i32, 1, force=True)
        assert target.patch(BASE, b"\2").forced
    assert contents[0] == 2
