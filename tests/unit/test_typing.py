"""Types as users' checkers see them: mypy and pyright, over a program with every public class."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import farfetch.scanner as scanner
import pytest

from support.targets import ROOT

EXAMPLE = ROOT / "tests/typing/example.py"

#: Something that is right, what is wrong in its place, and so what checkers are to find.
MISTAKES = (
    ("target.write(0x1000, i32, 7)", 'target.write(0x1000, i32, "7")'),
    ("hp: int = target.read(0x1008, PLAYER).hp +", "hp: str = target.read(0x1000, i32) or"),
    ("i32, [1, 2])", "i32, [1.5, 2])"),
    ("held: Freeze[int] = target.freeze(0x1000, i32, 9)", "held = target.freeze(0, i32, b'9')"),
    ("NAME: ValueType[str] = sized(text, 8)", "NAME: ValueType[bytes] = sized(text, 8)"),
    ("match.value, match.previous, match.first", "match.value, str(match.previous), match.first"),
    ("held.value + 1", 'held.value + "1"'),
    (
        "many = target.read_many([0x1010, 0], i32)",
        "many = [1 + x for x in target.read_many([0], i32)]",
    ),
    ('where=Where("all", ()), threads=1', 'where=Where("all", ()), threads="1"'),
    ("target.read(0x1010, u8), many", "target.read(0x1010, 5), many"),
    ("scan: Scan[int] = target.scan(i32,", "scan: Scan[str] = target.scan(i32,"),
    ("memory: Memory = Buffer(", "memory: Target = Buffer("),
    ('target.watchpoint(0x1000, 4, on="access")', 'target.watchpoint(0x1000, 4, on="touch")'),
    ("state.hits + 1", 'state.hits + "1"'),
    ("script.enabled, names[", "script.enabled.text, names["),
    ("list(core.threads)", "core.threads[0]"),
    ('operand.address({"rbx": 0x1000})', 'operand.address({"rbx": "0x1000"})'),
)


@functools.cache
def packages() -> Path:
    """A folder with the package as it is installed, for checkers that run no import hooks."""
    folder = ROOT / "build/typed-for-users/farfetch"
    folder.mkdir(parents=True, exist_ok=True)
    inside = [*(ROOT / "package/farfetch").glob("*.*"), ROOT / "scanner", ROOT / "shell"]
    for there in inside:
        with suppress(FileExistsError):
            (folder / there.name).symlink_to(there)
    return folder.parent


def run_mypy(*arguments: str | Path) -> str:
    """What mypy says, without this project's settings."""
    command = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent"]
    command += ["--cache-dir", str(ROOT / ".mypy_cache/users"), *map(str, arguments)]
    environment = {"MYPYPATH": str(packages()), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(*files: Path) -> set[tuple[str, int]]:
    """The file and line of each error that mypy finds."""
    found = re.findall(r"^(.+?):(\d+): error:", run_mypy("--strict", *files), re.MULTILINE)
    return {(Path(name).name, int(line)) for name, line in found}


def pyright(folder: Path) -> set[tuple[str, int]]:
    """The file and line of each error that pyright finds, in its strict mode."""
    settings = {
        "typeCheckingMode": "strict",
        "include": ["."],
        "extraPaths": [str(packages())],
        "reportMissingModuleSource": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    program = Path(sys.executable).with_name("basedpyright")
    options = ["--outputjson", "-p", str(folder), "--pythonpath", sys.executable]
    done = subprocess.run([program, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    said = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(error["file"]).name, error["range"]["start"]["line"] + 1)
        for error in said
        if error["severity"] == "error"
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, and the same with one mistake each."""
    folder = tmp_path_factory.mktemp("typed")
    right = EXAMPLE.read_text()
    (folder / "right.py").write_text(right)
    for number, (was, wrong) in enumerate(MISTAKES):
        assert right.count(was) == 1, was
        (folder / f"wrong_{number}.py").write_text(right.replace(was, wrong))
    return folder


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_every_mistake_is_found_and_nothing_else(checker: str, folder: Path) -> None:
    found = mypy(*sorted(folder.glob("*.py"))) if checker == "mypy" else pyright(folder)
    files = {name for name, _ in found}
    assert "right.py" not in files, sorted(found)
    assert files == {f"wrong_{number}.py" for number in range(len(MISTAKES))}
    lines = EXAMPLE.read_text().splitlines()
    for number, (was, _) in enumerate(MISTAKES):
        at = next(index for index, line in enumerate(lines, 1) if was.splitlines()[0] in line)
        near = {line for name, line in found if name == f"wrong_{number}.py"}
        assert max(near) >= at, (was, near)  # what is no longer used is found above it


def test_the_program_runs_and_uses_every_public_class() -> None:
    text = EXAMPLE.read_text()
    subprocess.run([sys.executable, EXAMPLE], capture_output=True, check=True, timeout=60)
    classes = {
        name
        for name in scanner.__all__
        if isinstance(thing := getattr(scanner, name), type) and not issubclass(thing, Exception)
    }
    assert {name for name in classes if not re.search(rf"\b{name}\b", text)} == set()


REVEALED = """
import ctypes
from construct import Int32ul, Struct
from farfetch.scanner import Buffer, attach, bytes_, c_struct, f32, i32, number, pointer, text, u8
target = attach(Buffer(b""))
reveal_type(i32)
reveal_type(target.read(0, i32))
reveal_type(target.scan(f32))
reveal_type(target.scan(f32)[0])
reveal_type(target.read(0, text))
reveal_type(target.read(0, "hp" / u8))
reveal_type(target.read(0, u8[3]))
reveal_type(target.read(0, c_struct("struct a { int b; };")))
reveal_type(target.read_many([0], pointer))
reveal_type(target.read(0, "i32"))
reveal_type(target.read(0, Struct("hp" / Int32ul)))
reveal_type(target.read(0, ctypes.c_int32))
reveal_type(number)
"""


def test_what_is_revealed(tmp_path: Path) -> None:
    file = tmp_path / "revealed.py"
    file.write_text(REVEALED)
    said = run_mypy("--ignore-missing-imports", file)
    revealed = re.findall(r'Revealed type is "(.*)"', said)
    assert [re.sub(r"\b[a-z_]+\.(?=[\w.])", "", name) for name in revealed] == [
        "ValueType[int]",
        "int",
        "Scan[float]",
        "Match[float]",
        "str",
        "int",
        "list[int]",
        "Container",
        "list[int | None]",
        "Any",
        "Any",
        "Any",
        "ValueType[int | float]",
    ], said
