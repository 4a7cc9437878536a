"""Lines of a pipe: the same as Python's own, and no signal is missed while one is waited for."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest
from farfetch.shell.run.pipe import lines_of
from hypothesis import given
from hypothesis import strategies as st


@contextmanager
def pipe() -> Iterator[tuple[TextIO, int]]:
    """Both ends of a pipe: what reads it, and a descriptor to write to."""
    read, write = os.pipe()
    with os.fdopen(read, encoding="utf-8", errors="surrogateescape") as stream:
        try:
            yield stream, write
        finally:
            os.close(write)


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"\n", b"\r", b"\r\n", b"\xc3\xbc"])))
def test_they_are_those_that_python_reads(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    known = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", errors="surrogateescape")
    read, write = os.pipe()
    with os.fdopen(read, encoding="utf-8", errors="surrogateescape") as stream:
        os.write(write, raw)
        os.close(write)
        assert list(lines_of(stream)) == list(known)


def test_a_line_is_given_before_the_next_is_there() -> None:
    with pipe() as (stream, write):
        lines = lines_of(stream)
        for number in range(3):
            os.write(write, f"{number}\n".encode())
            assert next(lines) == f"{number}\n"


def test_a_long_line_is_whole() -> None:
    with pipe() as (stream, write):
        raw = b"x" * (1 << 20) + b"\n"
        writer = threading.Thread(target=os.write, args=(write, raw))
        writer.start()
        assert len(next(lines_of(stream))) == len(raw)
        writer.join()


def test_a_signal_that_came_before_the_wait_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does between Python's look at signals and the kernel's read."""
    looked = signal.set_wakeup_fd

    def late(file: int, **options: bool) -> int:
        before = looked(file, **options)
        if file >= 0:
            os.write(file, b"\2")  # what the handler in C leaves; Python's own runs later
            threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
        return before

    def handler(number: int, frame: object) -> None:
        del number, frame
        raise InterruptedError("SIGUSR1")

    known = signal.signal(signal.SIGUSR1, handler)
    monkeypatch.setattr(signal, "set_wakeup_fd", late)
    try:
        with pipe() as (stream, _), pytest.raises(InterruptedError, match="SIGUSR1"):
            next(lines_of(stream))
    finally:
        monkeypatch.undo()
        signal.signal(signal.SIGUSR1, known)
    assert signal.set_wakeup_fd(-1) == -1
