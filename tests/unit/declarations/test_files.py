from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner.declarations.files import put, refusing, replaced
from farfetch.scanner.errors import PointerMapError


class Slow(io.FileIO):
    """A file of which the kernel takes three bytes at a time."""

    def write(self, raw: Any, /) -> int:
        return super().write(memoryview(raw)[:3])


def replace(path: Path, raw: bytes, error: Exception | None = None) -> None:
    with refusing(str(path), PointerMapError), replaced(str(path)) as file:
        put(file, raw)
        if error is not None:
            raise error


def test_all_is_written_however_little_is_taken_at_a_time(tmp_path: Path) -> None:
    raw = bytes(range(100))
    with Slow(tmp_path / "file", "w") as file:
        put(file, raw)
    assert (tmp_path / "file").read_bytes() == raw


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    (path := tmp_path / "file").write_bytes(b"before")
    path.chmod(0o640)
    with pytest.raises(PointerMapError, match=r"file: no room; nothing was written$"):
        replace(path, b"after", OSError(28, "no room"))
    assert path.read_bytes() == b"before"
    replace(path, b"after")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"after", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(PointerMapError, match=r"is not a regular file$"):
        replace(tmp_path, b"after")
