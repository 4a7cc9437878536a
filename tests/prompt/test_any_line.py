"""Whatever is typed is answered, or refused with an error of ours; what helps to type bears it.

``FARFETCH_FUZZ_SECONDS`` makes it go on for that long; ``make fuzz`` sets it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import FarfetchError
from farfetch.shell.answers import render, report
from farfetch.shell.answers.result import Result
from farfetch.shell.commands import COMMANDS
from farfetch.shell.complete.hints import hint
from farfetch.shell.complete.line import complete
from farfetch.shell.complete.moment import SessionMoment
from farfetch.shell.repl.highlight import highlighted
from farfetch.shell.run import scripts
from farfetch.shell.session.session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.targets import TargetProcess

FUZZ_SECONDS = float(os.environ.get("FARFETCH_FUZZ_SECONDS", "0"))


class Recorder:
    """Keeps the last answer."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def result(self, command: str, result: Result) -> None:
        assert command in COMMANDS
        render.plain(result.blocks)
        self.error = None

    def failure(self, command: str, error: BaseException, place: str = "") -> None:
        assert isinstance(command, str)
        self.error = error
        said = report.lines(error, place)
        assert said.startswith("farfetch: ")
        assert "\n" not in said


WORDS = st.one_of(
    st.sampled_from(
        [
            *("0", "1", "*", "-1", "0x10", "[heap]", "[heap]+0x10", "malloc+0x4010", "$there"),
            *("99999999999999", "[heap]->0", "malloc+0x4010->0x8", "entry", "@kept", "kept"),
            *("i32", "u8", "f32", "f64", "text", "text[4]", "utf16[2]", "bytes[3]", "pointer"),
            *("now", "prev", "first", "==", "<", "in", "1..5", "not", "and", "+", "- 5", "?", "%"),
            *("~=", "+-", "truncated", 'regex("a+")', 'pattern("?0 ??")', '"GoLd"i', "number"),
            *("heap", "data", "module:malloc", "0x0..0x1000", ",", "'", '"', "#", "auto", "nan"),
            *("--allow", "increase", "--every", "--force", "--undo-at-exit", "--type", "=", "on"),
            *("matches", "value", "alive", "address", "drop", "go", "forget", "add", "set", "all"),
            *("lines.ff", "table.json", "table.CT", "directory", "threads", "memory-budget", "2G"),
            *("\udcff", "\r", "\u2028", "\ufeff", "٣", "x" * 300, "9" * 5000, "-" * 300),
            *("(" * 300, '"' + "(" * 99 + "a", ")" * 99 + '"', "a{9999}", 'regex("a', "[a-z]*"),
            *("de ad", '"abc"', "abc", "1e400", "\\", "\x1b[2J", "\0", "é", "$", "${", "1e5"),
            *("player", "player.hp", "0.hp", "*.hp", "[heap].pos.x", "hp", "pos.x", "slots[1]"),
            *("{", "}", "};", "int hp;", "mob", "Struct('hp' / i32)", "/* hp */"),
        ]
    ),
    st.text(max_size=8),
)

DECLARED = "struct player { int hp; struct { float x, y; } pos; short slots[3]; };"

#: Commands that may take their time, as they should; and one that may reach other processes.
SLOW = ("wait", "attach", "watch", "who", "accesses", "until")
AT_ONCE = (
    *("watch --for 0", "who --for 0 writes", "who --for 0 executes", "accesses --for 0"),
    *("until --for 0 value", "until --for 0 matches", "until --for 0 alive"),
)
#: Neither is anything waited for, nor anything written outside of the test's own folder.
FORBIDDEN = re.compile(
    r"--(for(?! 0( |$))|wait)|^\s*(wait|attach|(watch|who|accesses|until)(?! --for 0( |$)))"
    r"|[/~]|\.\.[^0-9]|\.\.$"
)


def _damaged(parts: tuple[str, int, int, str]) -> str:
    line, at, length, put = parts
    return line[: at % (len(line) + 1)] + put + line[at % (len(line) + 1) + length :]


TYPED = st.tuples(
    st.sampled_from(["", *AT_ONCE, *(name for name in COMMANDS if name not in SLOW)]),
    st.lists(WORDS, max_size=4),
    st.sampled_from([" ", "", "  "]),
).map(lambda parts: parts[0] + " " + parts[2].join(parts[1]))

#: The commands' own examples with a piece replaced.
DAMAGED = st.tuples(
    st.sampled_from(
        [
            line.replace("game", "malloc")
            for name, command in COMMANDS.items()
            if name not in SLOW
            for line in command.examples
        ]
    ),
    st.integers(0, 80),
    st.integers(0, 6),
    st.one_of(st.just(""), WORDS),
).map(_damaged)

LINES = st.one_of(TYPED, DAMAGED).filter(lambda line: not FORBIDDEN.search(line))

BEGIN = (
    "unfreeze",
    "option memory-budget auto",
    "option disk-budget auto",
    "option directory auto",
    DECLARED,
    "where heap",
    "type KIND",
    "align auto",
    "first ?",
)


@pytest.fixture
def target() -> Iterator[TargetProcess]:
    """A target that waits for input and never runs, whatever is written into it."""
    with TargetProcess("malloc") as running:
        yield running


@pytest.fixture
def session(
    target: TargetProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)  # tables are saved under any name
    (tmp_path / "lines.ff").write_text("list 1\nsource lines.ff\n")
    session = Session()
    session.table.save(tmp_path / "table.json")
    session.attach(str(target.pid))
    yield session
    session.close()


def test_any_line(
    session: Session, target: TargetProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder()
    session.run_script = scripts.Scripts(session, recorder)
    moment = SessionMoment(session)

    answered = refused = 0

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(LINES, min_size=1, max_size=6), st.sampled_from(("i32", "player")))
    def some_lines(lines: list[str], kind: str) -> None:
        nonlocal answered, refused
        for line in BEGIN:
            if session.target is None:
                session.attach(str(target.pid))
            scripts.run_line(session, scripts.Line(line.replace("KIND", kind)), recorder)
            assert recorder.error is None
        for line in lines:
            assert "".join(text for _, text in highlighted(line, session.fields)) == line
            for candidate in complete(line, moment, COMMANDS):
                assert 0 <= candidate.start <= len(line)
            assert "\n" not in hint(line, COMMANDS)
            recorder.error = None
            scripts.run_line(session, scripts.Line(line), recorder)
            if recorder.error is None:
                answered += 1
            else:
                refused += 1
                assert isinstance(recorder.error, FarfetchError), line
        session.finished = False

    begin = time.monotonic()
    while True:
        some_lines()
        if time.monotonic() - begin >= FUZZ_SECONDS:
            break
    if FUZZ_SECONDS:
        with capsys.disabled():
            print(f"{answered + refused} lines: {answered} answered, {refused} refused")


@pytest.mark.parametrize(
    ("line", "is_forbidden"),
    [
        ("expect alive --for 5", True),
        ("watch 0", True),
        ("watch --for 0 0", False),
        ("who writes 0", True),
        ("who --for 0 writes 0", False),
        ("until alive", True),
        ("accesses 0 --for 0", True),
        ("attach 1", True),
        ("save ../x", True),
        ("first 1..5", False),
    ],
)
def test_what_is_not_typed_here(line: str, is_forbidden: bool) -> None:
    assert bool(FORBIDDEN.search(line)) is is_forbidden
