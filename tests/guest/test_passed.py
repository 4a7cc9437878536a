"""Which guests need not run again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from guest import kernels, passed


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> kernels.Kernel:
    """Some kernel; the cache and the repository are this test's own."""
    monkeypatch.setenv("FARFETCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FARFETCH_GUESTS", raising=False)
    tree = tmp_path / "repository"
    for name in ("kmod", "targets", "tests/guest"):
        shutil.copytree(passed.REPOSITORY / name, tree / name)
    (tree / "shell" / "run").mkdir(parents=True)
    monkeypatch.setattr(passed, "REPOSITORY", tree)
    return kernels.Kernel("stock-0", "amd64", tmp_path / "image", tmp_path / "build")


def test_a_pass_is_remembered(kernel: kernels.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    name = passed.digest(kernel, "how")
    assert not passed.has_passed(name)
    passed.note(name, "all well")
    assert passed.has_passed(passed.digest(kernel, "how")) == "all well"
    monkeypatch.setenv("FARFETCH_GUESTS", "all")
    assert not passed.has_passed(name)


@pytest.mark.parametrize(
    "changed", ["kmod/walk.c", "kmod/new.c", "targets/bag.c", "tests/guest/inside/test_errors.py"]
)
def test_every_input_counts(kernel: kernels.Kernel, changed: str) -> None:
    before = passed.digest(kernel, "how")
    with (passed.REPOSITORY / changed).open("a") as file:
        file.write("\n")
    assert passed.digest(kernel, "how") != before


def test_how_it_is_booted_counts(kernel: kernels.Kernel) -> None:
    assert passed.digest(kernel, "how") != passed.digest(kernel, "otherwise")


@pytest.mark.parametrize("other", ["shell/run/scripts.py", "kmod/walk.o", "kmod/farfetch.ko"])
def test_other_files_do_not(kernel: kernels.Kernel, other: str) -> None:
    before = passed.digest(kernel, "how")
    (passed.REPOSITORY / other).write_text("something else")
    assert passed.digest(kernel, "how") == before


def test_every_pattern_names_something() -> None:
    assert all(any(passed.files([pattern])) for pattern in passed.INPUTS)
