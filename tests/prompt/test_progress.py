from __future__ import annotations

import io

import pytest
from farfetch.scanner import Progress
from farfetch.shell.session.progress import PATIENCE, TerminalMeter, bar
from hypothesis import given
from hypothesis import strategies as st

HALF = Progress(done=1 << 30, total=2 << 30, matches=1234, seconds=2.0)
ALL = " 50%, 1.0 GiB of 2.0 GiB, 512.0 MiB/s, 2.0 s left, 1,234 matches"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (120, f"[{'#' * 15}{'.' * 15}] {ALL}"),
        (77, f"[#####.....] {ALL}"),
        (76, ALL),
        (50, " 50%, 1.0 GiB of 2.0 GiB, 512.0 MiB/s, 2.0 s left"),
        (39, " 50%, 1.0 GiB of 2.0 GiB, 512.0 MiB/s"),
        (5, " 50%"),
    ],
)
def test_a_narrow_terminal_shows_what_matters_most(width: int, shown: str) -> None:
    assert bar(HALF, width) == shown


@given(
    st.builds(
        Progress,
        done=st.integers(0, 1 << 48),
        total=st.integers(0, 1 << 48),
        matches=st.integers(0, 1 << 40),
        seconds=st.floats(0, 1e6),
    ),
    st.integers(1, 200),
)
def test_a_bar_always_fits(progress: Progress, width: int) -> None:
    assert len(bar(progress, width)) <= width


def test_a_short_scan_shows_nothing() -> None:
    stream = io.StringIO()
    meter = TerminalMeter(stream)
    meter.show(HALF._replace(seconds=PATIENCE / 2))
    meter.clear()
    assert stream.getvalue() == ""


def test_a_bar_is_taken_away_once() -> None:
    stream = io.StringIO()
    meter = TerminalMeter(stream)
    meter.show(HALF)
    drawn = stream.getvalue()
    assert "50%" in drawn
    meter.clear()
    meter.clear()
    assert stream.getvalue() == drawn + "\r\x1b[K"
