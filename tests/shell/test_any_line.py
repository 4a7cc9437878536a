"""Whatever is typed is answered, or refused with an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import FarfetchError
from farfetch.shell import batch, render, report
from farfetch.shell.commands import COMMANDS
from farfetch.shell.result import Result
from farfetch.shell.session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live.targets import TargetProcess


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
            *(
                "0",
                "1",
                "*",
                "-1",
                "0x10",
                "[heap]",
                "[heap]+0x10",
                "malloc+0x4010",
                "99999999999999",
            ),
            *("i32", "u8", "f32", "f64", "text", "text[4]", "utf16[2]", "bytes[3]", "pointer"),
            *("now", "prev", "first", "==", "<", "in", "1..5", "not", "and", "+", "- 5", "?", "%"),
            *("heap", "data", "module:malloc", "0x0..0x1000", ",", "'", '"', "#", "auto", "nan"),
            *("--allow", "increase", "de ad", '"abc"', "abc", "1e400", "\\", "\x1b[2J", "\0", "é"),
        ]
    ),
    st.text(max_size=8),
)

#: Commands that may take their time, as they should.
SLOW = ("wait", "attach", "watch")

LINES = st.tuples(
    st.sampled_from(["", "watch --for 0", *(name for name in COMMANDS if name not in SLOW)]),
    st.lists(WORDS, max_size=4),
    st.sampled_from([" ", "", "  "]),
).map(lambda parts: parts[0] + " " + parts[2].join(parts[1]))


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
    session = Session()
    session.attach(str(target.pid))
    yield session
    session.close()


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_any_line(session: Session, target: TargetProcess, lines: list[str]) -> None:
    recorder = Recorder()
    for line in ["where heap", "type i32", "align auto", "first ?", *lines]:
        if session.target is None:
            session.attach(str(target.pid))
        batch.run_line(session, batch.Line(line), recorder)
        if recorder.error is not None:
            assert isinstance(recorder.error, FarfetchError), line
