"""Halves, three bytes and bits at the prompt: hunted, shown, set, held and kept as any number."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.prompting import Start, enter
from support.puppet import PAGE, Puppet
from support.waiting import wait_for

Drive = Callable[..., Any]


class Page:
    """A page of a process of our own."""

    def __init__(self, puppet: Puppet) -> None:
        self.puppet, self.at = puppet, puppet.reserve(1)
        puppet.map(self.at, 1)
        puppet.write(self.at, b"\xa5" * PAGE)

    @property
    def where(self) -> str:
        return f"where {self.at:#x}..{self.at + PAGE:#x}"

    def put(self, offset: int, raw: bytes) -> None:
        self.puppet.write(self.at + offset, raw)

    def get(self, offset: int, size: int) -> bytes:
        return self.puppet.read(self.at + offset, size)


@pytest.fixture
def page() -> Iterator[Page]:
    with Puppet() as puppet:
        yield Page(puppet)


def _three(value: int, order: str) -> bytes:
    return (value % (1 << 24)).to_bytes(3, order)  # type: ignore[arg-type]


HUNTS = [
    ("u24", "300000", _three(300_000, "little"), "- 7", _three(299_993, "little"), "299993"),
    ("i24be", "-300000", _three(-300_000, "big"), "+ 7", _three(-299_993, "big"), "-299993"),
    ("f16", "2.5", struct.pack("<e", 2.5), "- 0.1", struct.pack("<e", 2.4), "2.4"),
    ("f16be", "~= 2.5", struct.pack(">e", 2.48), "now < prev", struct.pack(">e", -3.0), "-3.0"),
    ("half", "2.0..3.0", struct.pack("<e", 2.5), "now == first + 1", struct.pack("<e", 3.5), "3.5"),
    ("u8[3..4]", "now == 2", b"\x10", "unchanged", b"\xf7", "2"),
    ("u16be[4..11]", "77..78", b"\x84\xd5", "increased", b"\x04\xe0", "78"),
    ("i32[8..20]", "-5", b"\x01\xfb\x1f\x00", "now == first + 9", b"\xff\x04\x00\xff", "4"),
]


@pytest.mark.parametrize(
    ("name", "first", "before", "then", "after", "shown"), HUNTS, ids=[row[0] for row in HUNTS]
)
def test_a_hunt(
    page: Page,
    start: Start,
    name: str,
    first: str,
    before: bytes,
    then: str,
    after: bytes,
    shown: str,
) -> None:
    page.put(0, bytes(PAGE))
    page.put(64, before)
    terminal = start("-p", page.puppet.pid)
    enter(terminal, page.where, r"where 0x")
    enter(terminal, f"type {name}", r"type \w")
    enter(terminal, first, r"1 match\b")
    page.put(64, after)
    enter(terminal, then, r"1 match\b")
    enter(terminal, "list", rf"{page.at + 64:#x} .*{shown}\b")
    terminal.close()


def test_bits_are_set_frozen_watched_and_put_back_by_themselves(page: Page, drive: Drive) -> None:
    shell = drive("-p", page.puppet.pid)
    for line in (page.where, "type u8[3..4]"):
        shell.ask(line)
    page.put(0, bytes(PAGE))
    page.put(8, b"\xf7")
    assert shell.ask("now == 2")["matches"] == 1
    shell.ask("set 0 1")
    assert page.get(8, 1) == b"\xef"
    shell.ask("set * now+2")
    assert page.get(8, 1) == b"\xff"
    shell.ask("unset all")
    assert page.get(8, 1) == b"\xf7"
    assert shell.error("set 0 4")["type"] == "ValueRangeError"
    shell.ask("freeze 0 2")
    page.put(8, b"\x48")  # the value, and bits around it
    wait_for(lambda: page.get(8, 1) == b"\x50")
    page.put(8, b"\x93")  # bits around it alone
    assert shell.ask("write 0 1")["ok"]
    assert page.get(8, 1) == b"\x8b"
    page.put(8, b"\xf3")
    wait_for(lambda: page.get(8, 1) == b"\xeb")
    shell.ask("unfreeze *")
    assert shell.ask(f"read {page.at + 8:#x} u8[0..1]")["value"] == 3


def test_they_are_kept_in_tables(page: Page, drive: Drive, tmp_path: Path) -> None:
    shell = drive("-p", page.puppet.pid)
    page.put(0, b"\x18" + _three(70_000, "little") + struct.pack("<e", 1.5))
    kinds = {"flag": (0, "u8[3..4]"), "gold": (1, "u24"), "speed": (4, "f16")}
    for name, (offset, kind) in kinds.items():
        shell.ask(f"table add {page.at + offset:#x} {name} --type {kind}")
    shell.ask("table freeze flag 2")
    shell.ask(f"save '{tmp_path / 'odd.json'}'")
    shell.ask("unfreeze *")
    for name in kinds:
        shell.ask(f"table remove {name}")
    page.put(0, b"\xff")
    shell.ask(f"load '{tmp_path / 'odd.json'}' --freeze")
    shown = {
        entry["name"]: (entry["type"], entry["value"]) for entry in shell.ask("table")["entries"]
    }
    assert shown == {"flag": ("u8[3..4]", 2), "gold": ("u24", 70_000), "speed": ("f16", 1.5)}
    assert page.get(0, 1) == b"\xf7"
    exported = shell.ask(f"export '{tmp_path / 'odd.CT'}'")
    assert [one["taken"] for one in exported["report"]] == [True, False, False]
    shell.ask("unfreeze *")
    shell.ask(f"load '{tmp_path / 'odd.CT'}'")
    (flag,) = shell.ask("table")["entries"]
    assert (flag["name"], flag["bits"], flag["value"]) == ("flag", "3:2", 2)


def test_they_stand_beside_bytes(page: Page, start: Start) -> None:
    page.put(0, _three(-2, "little") * 5 + b"\0")
    terminal = start("-p", page.puppet.pid)
    enter(terminal, "type i24", r"type i24")
    enter(terminal, f"hex {page.at:#x} 16", r"-2 +-2 +-2 +-2 +-2\b")
    terminal.close()
