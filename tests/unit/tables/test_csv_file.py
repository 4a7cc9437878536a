"""Rows in files of comma-separated values."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import ArgumentError, TableError, write_csv


def test_rows_are_read_back(tmp_path: Path) -> None:
    rows = [
        (1, 'say "hi", then\nleave', None),
        (2, "grün", 0.1),
        (3, "\udcff", True),
        (4, "a\rb", "\r\n"),
    ]
    assert write_csv(tmp_path / "it.csv", ["n", "text", "rest"], rows) == 4
    with (tmp_path / "it.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["n", "text", "rest"],
            ["1", 'say "hi", then\nleave', ""],
            ["2", "grün", "0.1"],
            ["3", "\\udcff", "True"],
            ["4", "a\rb", "\r\n"],
        ]


def test_many_rows(tmp_path: Path) -> None:
    assert write_csv(tmp_path / "it.csv", ["n"], ((n,) for n in range(100_000))) == 100_000
    lines = (tmp_path / "it.csv").read_text().splitlines()
    assert lines == ["n", *map(str, range(100_000))]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    name = tmp_path / "it.csv"
    name.write_text("mine")
    with pytest.raises(TableError, match="is there: write to another file, or force it"):
        write_csv(name, ["n"], [])
    assert name.read_text() == "mine"
    assert write_csv(name, ["n"], [(1,)], force=True) == 1
    assert name.read_text() == "n\n1\n"
    with pytest.raises(TableError, match="is not a regular file"):
        write_csv(tmp_path, ["n"], [], force=True)
    with pytest.raises(TableError, match="nothing was written"):
        write_csv(tmp_path / "no" / "it.csv", ["n"], [])


def test_an_error_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[int]]:
        yield (1,)
        raise KeyError("gone")

    with pytest.raises(KeyError):
        write_csv(tmp_path / "it.csv", ["n"], rows())
    assert list(tmp_path.iterdir()) == []
    for wrong in ([7], ["text"], 5):
        with pytest.raises(ArgumentError):
            write_csv(tmp_path / "it.csv", ["n"], wrong)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
