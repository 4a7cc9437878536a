"""Code of tables: made of patches, saved, and found again in another build of the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import CodeEntry, Table, TableError, Target, attach

from support.entries import Running, build, taking
from support.machine import only_x86

pytestmark = only_x86


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return build(tmp_path_factory.mktemp("builds"))


def made(target: Target) -> list[CodeEntry]:
    """An entry of each kind, made of a patch."""
    at = taking(target)
    start = target.address("ffentry!hit")
    with target.nop(at) as patch:
        entries = [CodeEntry.of(target, patch, "no damage", group="player")]
    with target.patch(at, bytes.fromhex("90" * target.disassemble(at)[0].size)) as patch:
        entries.append(CodeEntry.of(target, patch, "patched"))
    with target.hook(start, "mov esi,1") as hook:
        entries.append(CodeEntry.of(target, hook, "one at a time", note="at most"))
    return entries


def test_code_is_found_in_another_build(programs: tuple[Path, ...], tmp_path: Path) -> None:
    table, file = Table(), tmp_path / "it.json"
    with Running(programs[0]) as running, attach(running.pid) as target:
        for entry in made(target):
            assert entry.signature
            assert "ffentry+" in entry.where
            table.put_code(entry)
        first = taking(target) - target.modules()[0].base
    table.save(file)
    loaded = Table.load(file)
    assert loaded.code == table.code
    with Running(programs[1]) as running, attach(running.pid) as target:
        at = taking(target)
        assert at - target.modules()[0].base != first  # it is elsewhere now
        before = target.read_bytes(target.address("ffentry!hit"), 64)
        none, patched, one = loaded.code
        assert (none.find(target), patched.find(target)) == (at, at)
        assert running.hit(2) == 94
        with none.enable(target):
            assert running.hit(2) == 94
        with patched.enable(target):
            assert running.hit(2) == 94
        with one.enable(target) as hook:
            assert hook.kind == "hook"
            assert running.hit(2) == 91
        assert running.hit(2) == 85
        assert target.read_bytes(target.address("ffentry!hit"), 64) == before


def test_what_is_not_found_says_so(programs: tuple[Path, ...]) -> None:
    with Running(programs[0]) as running, attach(running.pid) as target:
        entry = made(target)[0]
        for fields, reason in (
            ({"signature": "11 22 33 44 55 66 77 88"}, "is not in ffentry any more"),
            ({"signature": "00", "where": "ffentry+0x3"}, "times in ffentry"),
            ({"signature": "", "before": "11"}, "no longer at ffentry"),
            ({"signature": "", "where": "nothing+0x1"}, "no longer at nothing"),
        ):
            with pytest.raises(TableError, match=reason):
                changed(entry, **fields).enable(target)
        patched = changed(made(target)[1], before="11 22 33")
        with pytest.raises(TableError, match="are others than it replaces"):
            patched.enable(target)
        assert target.patches == ()


def changed(entry: CodeEntry, **fields: Any) -> CodeEntry:
    """An entry with other fields."""
    named = ("name", "where", "kind", "before", "code", "original", "signature")
    return CodeEntry(**{**{name: getattr(entry, name) for name in named}, **fields})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "name is empty"),
        ({"kind": "jump"}, "kind is nop, patch or hook"),
        ({"before": "9"}, "before is bytes in hex"),
        ({"kind": "patch", "code": "nop"}, "code is bytes in hex"),
        ({"kind": "hook"}, "code is empty"),
        ({"kind": "hook", "code": "nop", "original": "never"}, "original is after"),
        ({"signature": "?? ??"}, "signature"),
        ({"where": 5}, "where is a text"),
    ],
)
def test_fields_that_are_refused(fields: dict[str, Any], reason: str, tmp_path: Path) -> None:
    good = {"name": "a", "where": "game+1", "kind": "nop", "before": "90"}
    with pytest.raises(TableError, match=reason):
        CodeEntry(**{**good, **fields})
    file = tmp_path / "it.json"
    listed = [{**good, **fields}]
    content = {"format": "farfetch table", "version": 4, "entries": [], "code": listed}
    file.write_text(json.dumps(content))
    with pytest.raises(TableError, match="code 1: "):
        Table.load(file)


def test_names_are_one_thing_s(tmp_path: Path) -> None:
    file = tmp_path / "it.json"
    good = {"name": "a", "where": "game+1", "kind": "nop", "before": "90"}
    for listed, reason in (
        ([good, good], "code 2: .* twice"),
        ([{**good, "more": 1}], "a field"),
        ([5], "is an object"),
        ([{"name": "a"}], "has no where"),
    ):
        content = {"format": "farfetch table", "version": 4, "entries": [], "code": listed}
        file.write_text(json.dumps(content))
        with pytest.raises(TableError, match=reason):
            Table.load(file)
