"""Addresses of the usual form are read without being taken apart, and to the same."""

from __future__ import annotations

import pytest
from farfetch.scanner import TableError
from farfetch.scanner.tables import ct_address
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.sampled_from(
    ["game.exe", "p", "add", "$process", "my game.exe", "BEEF.dll", "a.b", "_x"]
)
NUMBERS = st.one_of(st.just(""), st.integers(0, (1 << 62) - 1).map("{:X}".format), st.just("0010"))
ADDRESSES = st.builds(
    "{}{}{}".format,
    st.one_of(st.just(""), NAMES, NAMES.map('"{}"'.format)),
    st.sampled_from(["", "+", "-"]),
    NUMBERS,
)
OFFSETS = st.lists(st.one_of(NUMBERS, st.sampled_from(["-8", " 1C ", "-0"])), max_size=3)


#: Where the entry is that one belongs to, which those count from that begin with a sign.
PARENTS = st.sampled_from(
    [
        *("", "10", "FFFFFFFFFFFFFFFF", "p", "game.exe+10", '"add"+8', "p-8", "p+FFFFFFFFFFFFFFF"),
        *("[p]+8", "[game.exe+10]-8", "[p]+7FFFFFFFFFFFFFFF", "[[p]+8]", "[p]*4+8", "p+q"),
    ]
)


def read(text: str, offsets: list[str], parent: str) -> str:
    above = ct_address.read_place(parent, (), None) if parent else None
    try:
        return str(ct_address.read_place(text, tuple(offsets), above))
    except TableError as error:
        return f"refused: {error}"


@settings(deadline=None, max_examples=500)
@given(ADDRESSES, OFFSETS, PARENTS)
def test_the_usual_form_is_read_to_the_same(text: str, offsets: list[str], parent: str) -> None:
    short = read(text, offsets, parent)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ct_address, "_read_plainly", lambda *_: None)
        assert read(text, offsets, parent) == short
