"""Saving over a file: whose it is, what it may do, where it lies, and what a full disk leaves."""

from __future__ import annotations

import functools
import os
import stat
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farfetch.scanner import Entry, Table, TableError
from farfetch.shell.repl.app import history_path, open_history

from live.test_disk import mount, private_mounts
from support import apart

NOBODY = 65534
AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")

# acl(5) as the kernel keeps it: we may read and write, nobody may read, our group and others not.
ACCESS_LIST = struct.pack(
    "<I" + "HHI" * 5,
    *(2, 1, 6, 0xFFFFFFFF, 2, 4, NOBODY, 4, 0, 0xFFFFFFFF, 16, 4, 0xFFFFFFFF, 32, 0, 0xFFFFFFFF),
)


def table(entries: int) -> Table:
    made = Table()
    for number in range(entries):
        made.put(Entry(f"entry {number}", f"0x{number:x}", "i32"))
    return made


def said(file: Path) -> dict[str, Any]:
    known = file.stat()
    attributes = {name: os.getxattr(file, name) for name in os.listxattr(file)}
    return {"owner": (known.st_uid, known.st_gid), "mode": known.st_mode} | attributes


@root_only
def test_a_file_stays_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    table(1).save(file)
    os.chown(file, NOBODY, NOBODY)
    file.chmod(0o664)
    before = said(file)
    table(2).save(file)
    assert said(file) == before
    assert len(Table.load(file)) == 2


def test_an_access_list_and_attributes_stay(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    table(1).save(file)
    os.setxattr(file, "user.note", b"mine")
    os.setxattr(file, "system.posix_acl_access", ACCESS_LIST)
    before = said(file)
    assert {"user.note", "system.posix_acl_access"} <= before.keys()
    table(2).save(file)
    assert said(file) == before
    assert len(Table.load(file)) == 2


def test_all_names_of_a_file_have_what_was_saved(tmp_path: Path) -> None:
    file, other = tmp_path / "one.json", tmp_path / "two.json"
    table(1).save(file)
    os.link(file, other)
    table(2).save(file)
    assert len(Table.load(other)) == 2
    table(0).save(other)
    assert len(Table.load(file)) == 0


def as_nobody(function: Callable[[], object]) -> str:
    """What it says of an error, in a child that is nobody; as ourselves where we are not root."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "failed"
        try:
            if AS_ROOT:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            function()
            answer = ""
        except TableError as error:
            answer = error.reason
        finally:
            os.write(writer, answer.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody can come to, unlike pytest's."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="farfetch-") as made:
        Path(made).chmod(0o755)
        yield Path(made)
        Path(made).chmod(0o755)


def test_a_folder_that_cannot_be_written_to(folder: Path) -> None:
    file = folder / "one.json"
    table(1).save(file)
    file.chmod(0o666)
    folder.chmod(0o555)
    for entries in (20, 2):  # longer, then shorter than before
        assert as_nobody(functools.partial(table(entries).save, file)) == ""
        assert len(Table.load(file)) == entries
    if AS_ROOT:  # we may write to any folder
        assert as_nobody(lambda: table(1).save(folder / "two.json")) == (
            "cannot be written: Permission denied"
        )


@root_only
def test_a_file_of_somebody_else_that_all_may_write_stays_theirs(folder: Path) -> None:
    file = folder / "one.json"
    table(1).save(file)
    file.chmod(0o666)
    folder.chmod(0o777)
    before = said(file)
    assert as_nobody(lambda: table(2).save(file)) == ""
    assert said(file) == before
    assert len(Table.load(file)) == 2
    assert list(folder.iterdir()) == [file]


def fill(folder: str, in_place: bool) -> list[Any]:
    """Save where there is no room: what it says, what is left."""
    mount(folder, 64 << 10)
    file = Path(folder) / "one.json"
    table(4).save(file)
    if in_place:
        os.link(file, Path(folder) / "two.json")
    before, listed = file.read_bytes(), sorted(Path(folder).iterdir())
    try:
        table(2000).save(file)
    except TableError as error:
        return [error.reason, file.read_bytes() == before, sorted(Path(folder).iterdir()) == listed]
    return ["it was saved"]


@pytest.mark.parametrize("in_place", [False, True])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, in_place: bool) -> None:
    left = apart.run(fill, str(tmp_path), in_place, prefix=private_mounts())
    assert left == ["cannot be written: No space left on device", True, True]


@root_only
def test_the_history_that_root_begins_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    open_history().append_string("attach game")
    for made in (tmp_path / "state", tmp_path / "state" / "farfetch", history_path()):
        known = made.stat()
        assert (known.st_uid, known.st_gid) == (NOBODY, NOBODY)
        assert stat.S_IMODE(known.st_mode) & 0o077 == 0
    assert "attach game" in history_path().read_text()
