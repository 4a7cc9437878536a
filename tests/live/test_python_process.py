"""A process that was not written to be scanned: CPython, with values as programs keep them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from farfetch.scanner import Target, attach, bytes_, f64, i32, now, prev, text, utf16

from support.readers import every_reader

PROGRAM = """
import array, sys

lives = array.array("i", range(1000, 3000))
money = [0.5, 1234.5678, 2.5]
name = "".join(["Kriem", "hild von Burgund"])
wide = "".join(["Zwölf Boxkämpfer", " ☃"])
raw = bytearray(b"a bytearray of the program's own")
for line in sys.stdin:
    exec(line)
    print(repr(eval(input())), flush=True)
"""


class Python:
    """The process: it runs a statement and answers an expression."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process

    def ask(self, expression: str, statement: str = "pass") -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{statement}\n{expression}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().rstrip("\n")


@pytest.fixture
def python() -> Iterator[Python]:
    with subprocess.Popen(
        [sys.executable, "-X", "utf8", "-u", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield Python(process)
        process.kill()


@pytest.fixture
def target(python: Python, reader: str) -> Iterator[Target]:
    python.ask("0")  # its values are there
    with attach(python.pid, memory=reader) as attached:
        yield attached


@every_reader
def test_an_int_of_an_array(python: Python, target: Target) -> None:
    where = int(python.ask("lives.buffer_info()[0]")) + 4 * 777
    with target.scan(i32) as scan:
        scan.first(now == 1777)
        for number in (424242, 424200, 17):
            python.ask("0", f"lives[777] = {number}")
            scan.next(now == number)
        assert scan.matches.addresses() == [where]
        python.ask("0", "lives[777] += 5")
        assert scan.next(now == prev + 5).matches == 1
        target.write(where, i32, -1)
        assert python.ask("lives[776:779].tolist()") == "[1776, -1, 1778]"


@every_reader
def test_a_float_in_a_list(python: Python, target: Target) -> None:
    # a float never changes: another takes its place, so it is found by its value alone
    with target.scan(f64) as scan:
        assert scan.first(now == 1234.5678).matches >= 1
        value = int(python.ask("id(money[1])")) + 16  # after its reference count and type
        assert value in scan.matches.addresses()
        target.write(value, f64, 99.25)
        assert python.ask("money") == "[0.5, 99.25, 2.5]"
        assert scan.next("changed").matches == 1
        assert scan[0].address == value
        assert (scan[0].first, scan[0].value) == (1234.5678, 99.25)


@every_reader
@pytest.mark.parametrize(
    ("expression", "type_", "found", "written", "shown"),
    [
        ("name", text, "Kriemhild von Burgund", "Brunhild", "'Brunhildd von Burgund'"),
        ("raw", bytes_, b"a bytearray of the program's own", b"A", None),
        ("wide", utf16, "Zwölf Boxkämpfer ☃", "Elf  ", "'Elf   Boxkämpfer ☃'"),
    ],
)
def test_texts(
    expression: str,
    type_: Any,
    found: Any,
    written: Any,
    shown: str | None,
    python: Python,
    target: Target,
) -> None:
    with target.scan(type_) as scan:
        assert scan.first(now == found).matches >= 1
        for match in scan.matches:
            target.write(match.address, type_, written)
    shown = shown or repr(bytearray(b"A bytearray of the program's own"))
    assert python.ask(expression) == shown


@every_reader
def test_modules_and_places(python: Python, target: Target) -> None:
    assert target.bits == 64
    names = [module.name for module in target.modules()]
    assert any("python" in name for name in names)
    assert "libc.so.6" in names
    where = int(python.ask("id(lives)"))
    region = target.locate(where).region
    assert region is not None
    assert region.writable
