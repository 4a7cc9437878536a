"""Patches and scripts that lie over one another, put back in whatever order that takes."""

from __future__ import annotations

import pytest
from farfetch.scanner import Buffer, LiveScript, Patch, Target, attach
from farfetch.shell.session.patches import undo


def layers(memory: bytearray) -> tuple[Target, list[Patch | LiveScript]]:
    """A script, a patch over a part of it, and a script over a part of that."""
    target = attach(Buffer(memory, base=0x1000))
    below = target.script("[ENABLE]\n1000:\n db 1 2\n[DISABLE]\n")
    below.enable()
    patch = target.patch(0x1001, b"abcd")
    above = target.script("[ENABLE]\n1004:\n db 1 2\n[DISABLE]\n")
    above.enable()
    assert memory.hex() == "0161626301020000"
    return target, [below, patch, above]


def test_what_lies_over_something_else_is_undone_first() -> None:
    memory = bytearray(8)
    undo(*layers(memory))
    assert memory == bytes(8)


def test_what_cannot_be_put_back_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    memory = bytearray(8)
    target, made = layers(memory)
    memory[3] = 9  # the patch's
    undo(target, made)
    assert memory.hex() == "0161620964000000"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "the patch at 0x1001" in said[1]


def test_of_others_nothing_is_undone() -> None:
    memory = bytearray(8)
    target, [*_, above] = layers(memory)
    undo(target, [above])
    assert memory.hex() == "0161626364000000"
