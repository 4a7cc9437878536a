"""What bash, zsh and fish offer behind farfetch and farfetchd."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from farfetch.scanner import memory_names
from farfetch.shell import cli
from farfetch.shell.commands import COMMANDS
from farfetch.shell.farfetchd import cli as farfetchd

from support.targets import target_path
from support.terminal import Terminal

FOLDER = Path(__file__).resolve().parents[2] / "completions"
OPTIONS = {
    name: set(re.findall(r"(?:^  | )(--?[A-Za-z]+)(?=[, ])", usage, re.MULTILINE))
    for name, usage in (("farfetch", cli.USAGE), ("farfetchd", farfetchd.USAGE))
}
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

Offers = Callable[..., list[str]]


def _run(*command: str) -> list[str]:
    # somebody's process may have any bytes for a name
    done = subprocess.run(
        command, capture_output=True, text=True, errors="surrogateescape", check=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def bash(line: str, *prefix: str) -> list[str]:
    """What bash offers for the word at the end of a line; it ends words at = too."""
    words = [word for word in re.split(r"\s+|(=)", line) if word is not None]
    script = [
        (FOLDER / "farfetch.bash").read_text(),
        "compopt() { :; }",  # of use only while a key is pressed
        f"COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}",
        f"_{words[0]}",
        '((${#COMPREPLY[@]} == 0)) || printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    return _run(*prefix, "bash", "--norc", "--noprofile", "-c", "\n".join(script))


def fish(line: str, *prefix: str) -> list[str]:
    """What fish offers, without the notes."""
    script = (FOLDER / "farfetch.fish").read_text()
    rows = _run(*prefix, "fish", "--no-config", "-c", f"{script}\ncomplete -C {shlex.quote(line)}")
    return [row.partition("\t")[0] for row in rows]


@pytest.fixture
def zsh() -> Iterator[Offers]:
    """What zsh lists on a terminal, as the first words of the rows."""
    with Terminal(["zsh", "-f"], size=(60, 120)) as terminal:
        terminal.send(
            f"fpath=({shlex.quote(str(FOLDER))} $fpath); autoload -U compinit; compinit -u -D; "
            "bindkey -e; setopt no_always_last_prompt; PS1='ready> '\r"
        )
        terminal.wait_for(re.compile(r"^ready>$", re.MULTILINE))

        def offers(line: str) -> list[str]:
            terminal.send(f"\x15\x0c{line}\x04")  # Ctrl-D lists, and then repeats the line
            shown = re.escape(f"ready> {line}".rstrip())
            rows = terminal.wait_for(re.compile(rf"\A{shown}\n(?s:(.*))\n{shown}\s*\Z"))[1]
            return [word for row in rows.splitlines() for word in row.partition(" -- ")[0].split()]

        yield offers


@pytest.fixture
def offers(request: pytest.FixtureRequest) -> Offers:
    """One shell's offers, by its name."""
    chosen: Offers = {"bash": bash, "fish": fish}.get(request.param) or request.getfixturevalue(
        "zsh"
    )
    return chosen


every_shell = pytest.mark.parametrize("offers", ["bash", "fish", "zsh"], indirect=True)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A process with a name that no other has, and a blank in it."""
    name = f"a game{os.getpid()}"
    shutil.copy(target_path("game"), tmp_path / name)
    with subprocess.Popen(
        [tmp_path / name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        yield name, running.pid
        running.kill()


@every_shell
@pytest.mark.parametrize("command", OPTIONS)
def test_all_options(offers: Offers, command: str) -> None:
    assert {"--memory", "-V", "--help"} <= OPTIONS[command]
    offered = {word.rstrip("=") for word in offers(f"{command} -")}
    assert OPTIONS[command] <= offered


@every_shell
@pytest.mark.parametrize(
    "line", ["farfetch --memory ", "farfetchd --memory=", "farfetch --memory="]
)
def test_all_memories(offers: Offers, line: str) -> None:
    offered = {word.removeprefix("--memory=") for word in offers(line)}
    assert offered == {"auto", *memory_names()}


@every_shell
def test_all_commands(offers: Offers) -> None:
    assert offers("farfetch -c ")
    assert sorted(offers("farfetch --command ")) == sorted(COMMANDS)
    assert sorted(offers("farfetch -p game -c un")) == [
        *("undo", "unfreeze", "unpatch", "unset", "until")
    ]


@pytest.mark.parametrize("offers", [bash, fish])
@pytest.mark.parametrize("line", ["farfetch -p ", "farfetch --pid=", "farfetchd "])
def test_processes(offers: Offers, stranger: tuple[str, int], line: str) -> None:
    name, pid = stranger
    offered = {
        word.removeprefix("--pid=").replace("\\", "")
        for word in offers(line) + offers(f"{line}{pid}")
    }
    assert {name, str(pid)} <= offered
    assert not {"kthreadd", "2"} & offered or Path("/proc/2/exe").exists()


@pytest.mark.parametrize("offers", [bash, fish])
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: run as root")
def test_no_processes_of_others(offers: Offers, stranger: tuple[str, int]) -> None:
    home = ("env", "HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent")
    offered = offers("farfetch -p ", *AS_NOBODY, *home)
    assert stranger[0] not in [word.replace("\\", "") for word in offered]


def test_processes_in_zsh(zsh: Offers, stranger: tuple[str, int]) -> None:
    name, pid = stranger
    assert str(pid) in zsh(f"farfetch -p {pid}")
    assert name.split() == zsh(f"farfetchd a\\ game{os.getpid()}")


@pytest.mark.parametrize("offers", [bash, fish])
def test_scripts(offers: Offers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("hunt.ff", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    offered = offers("farfetch -c list ")
    assert offered[0] == "hunt.ff"
    assert [word.rstrip("/") for word in offered if word.startswith("m")] == ["more"]
    assert offers("farfetch no") == ["notes.txt"]


@pytest.mark.parametrize("offers", [bash, fish])
def test_addresses_in_farfetchd(offers: Offers) -> None:
    for line in ("farfetchd game ", "farfetchd --memory proc_mem game "):
        assert sorted(word.replace("\\", "") for word in offers(line)) == ["0x", "[heap]+0x"]
    assert offers("farfetchd game 0x10 ") == []


def test_quotes_and_blanks_on_a_terminal(stranger: tuple[str, int]) -> None:
    name, _ = stranger
    with Terminal(["bash", "--norc", "--noprofile", "-i"], size=(24, 110)) as terminal:
        script = shlex.quote(str(FOLDER / "farfetch.bash"))
        terminal.send(f". {script}; PS1='ready> '\r")
        terminal.wait_for(re.compile(r"^ready>$", re.MULTILINE))
        for typed, completed in [
            ("farfetch -p a\\ g", f"farfetch -p {name.replace(' ', chr(92) + ' ')}"),
            ("farfetch -p 'a g", f"farfetch -p '{name}'"),
            ("farfetch -c 'exp", "farfetch -c 'exp"),
            ("farfetch -c unp", "farfetch -c unpatch"),
            ("farfetch --memory=sys", "farfetch --memory=syscall"),
        ]:
            terminal.send(f"\x15\x0c{typed}\t")
            terminal.wait_for(re.compile(rf"\Aready> {re.escape(completed)}"))


def test_they_are_installed() -> None:
    share = Path(sys.prefix) / "share"
    for installed, source in [
        ("bash-completion/completions/farfetch", "farfetch.bash"),
        ("bash-completion/completions/farfetchd", "farfetch.bash"),
        ("fish/vendor_completions.d/farfetch.fish", "farfetch.fish"),
        ("fish/vendor_completions.d/farfetchd.fish", "farfetch.fish"),
        ("zsh/site-functions/_farfetch", "_farfetch"),
    ]:
        assert (share / installed).read_bytes() == (FOLDER / source).read_bytes(), "run make build"
