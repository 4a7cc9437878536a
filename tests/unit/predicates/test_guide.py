"""What docs/predicates.md says in its tables is so."""

from __future__ import annotations

import re
from pathlib import Path

import farfetch.scanner
import pytest
from farfetch.scanner import Predicate, parse_predicate, parse_scan

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "predicates.md").read_text()
FIELDS = ("hp", "max_hp")


def rows(heading: str) -> list[tuple[str, str]]:
    """What stands side by side in a table, cell by cell and in each from left to right."""
    table = GUIDE.partition(f"| {heading} |\n")[2].partition("\n\n")[0]
    cells = [re.split(r"(?<!\\)\|", row)[1:3] for row in table.splitlines()[1:]]
    spans = [[re.findall(r"`([^`]+)`", cell.replace(r"\|", "|")) for cell in row] for row in cells]
    return [pair for left, right in spans for pair in zip(left, right, strict=False)]


@pytest.mark.parametrize(("text", "python"), rows("text | Python"))
def test_text_and_python_give_the_same_tree(text: str, python: str) -> None:
    made = eval(python, vars(farfetch.scanner))
    assert isinstance(made, Predicate)
    assert parse_predicate(text, FIELDS) == made


@pytest.mark.parametrize(("line", "means"), rows("line | means"))
def test_lines_mean_what_is_beside_them(line: str, means: str) -> None:
    assert parse_scan(line) == parse_predicate(means)


@pytest.mark.parametrize("text", re.findall(r"^\| `(now ~= [^`]+)`", GUIDE, re.MULTILINE))
def test_decimals_are_taken(text: str) -> None:
    assert str(parse_predicate(text)) == text


def test_enough_is_looked_at() -> None:
    assert len(rows("text | Python")) == 15
    assert len(rows("line | means")) == 14
