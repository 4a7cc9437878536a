"""Files that a process names: also those that would hold up, or end, who reads them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner.images.elf_functions import elf_functions
from farfetch.scanner.images.image_file import ImageFile
from hypothesis import given
from hypothesis import strategies as st

from support.elf_files import elf_file

CONTENTS = bytes(range(200))
OPEN = Path("/proc/self/fd")
NUMBERS = st.integers(-300, 300) | st.just(1 << 80)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "file"
    path.write_bytes(CONTENTS)
    return path


def opened() -> Iterator[str]:
    """What this process has open; descriptors of others may come and go meanwhile."""
    for descriptor in OPEN.iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


@given(start=NUMBERS, stop=NUMBERS)
def test_it_is_sliced_as_bytes_are(path: Path, start: int, stop: int) -> None:
    with ImageFile(path) as file:
        assert len(file) == len(CONTENTS)
        assert file[start:stop] == CONTENTS[start:stop]
        assert (file[7], file[-7], file[-1], file[:]) == (7, 193, 199, CONTENTS)
        with pytest.raises(ValueError, match="forwards"):
            file[::2]


def test_what_is_no_regular_file_or_another_one_is_refused(path: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # nobody writes to it: who opens it waits for that
    for wrong in (pipe, tmp_path, Path("/dev/full"), tmp_path / "gone"):
        with pytest.raises(OSError):  # noqa: PT011  # any will do
            ImageFile(wrong)
        assert str(wrong) not in opened()
    inode = path.stat().st_ino
    with ImageFile(path, inode) as file:
        assert file[:3] == CONTENTS[:3]
    with pytest.raises(FileNotFoundError):
        ImageFile(path, inode + 1)


def test_a_device_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watchdog's begins to count then, and a tape's winds back."""
    asked: list[tuple[object, int]] = []
    opens = os.open

    def noted(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        asked.append((path, flags))
        return opens(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", noted)
    with pytest.raises(FileNotFoundError):
        ImageFile(Path("/dev/full"))
    assert [flags & os.O_PATH for path, flags in asked if path == Path("/dev/full")] == [os.O_PATH]
    assert not [path for path, _ in asked if str(path).startswith("/proc/self/fd")]


def test_one_that_shrinks_ends_earlier(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(elf_file({"hit": 0x40}))
    with ImageFile(program) as file:
        assert elf_functions(file, str(program), Path("/")) == [(0x40, 8, b"hit")]
        os.truncate(program, 100)
        assert elf_functions(file, str(program), Path("/")) == []
        os.truncate(program, 0)
        with pytest.raises(ValueError, match="no ELF file"):
            elf_functions(file, str(program), Path("/"))


def test_what_lies_about_its_size_takes_no_memory(tmp_path: Path) -> None:
    """A file is as long as it says to be at no cost: what none has for symbols is not read."""
    program, raw = tmp_path / "program", bytearray(elf_file({"hit": 0x40}))
    for section in range(1, 4):  # strings, names, symbols: their sizes
        struct.pack_into("<Q", raw, 64 + 64 * section + 32, 1 << 40)
    program.write_bytes(raw)
    os.truncate(program, 1 << 41)
    with ImageFile(program) as file:
        assert elf_functions(file, str(program), Path("/")) == []
