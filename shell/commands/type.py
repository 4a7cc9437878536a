"""type: the value type of the next first scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import values
from ..answers.result import Result
from ..command import Argument, Category, Command, Given, kinds

if TYPE_CHECKING:
    from ..session.session import Session


def run(session: Session, given: Given) -> Result:
    """Choose or show the value type."""
    if given.type is None:
        label = values.type_label(session.settings.type)
        return Result({"type": label}, (f"type {label}",))
    label = values.type_label(given.type)
    session.settings.type = given.type
    return Result({"type": label}, (f"type {label}", *session.keeps("type")))


TYPE = Command(
    name="type",
    category=Category.SETTINGS,
    summary="choose the value type",
    details="Integers are i8 u8 i16 u16 i24 u24 i32 u32 i64 u64, floats f16 f32 f64, each also "
    "big-endian as in i32be; u8[3..4] is bits 3 and 4 of a u8, which are set and frozen without "
    "those around them; text is UTF-8, utf16 is UTF-16, text:shift-jis "
    "text in that encoding, bytes are bytes and patterns such as 48 8B ?? ?F; "
    "number stands for i32, i64, f32 and f64 at once, any for integers of every width and both "
    "floats: each match is shown with its types; pointer is an address of the target. Sized ones "
    "are written text[16]. Cheat Engine's names (4 Bytes, Float) and C's work too, and the "
    "structures that struct has declared. The type is for the next first scan and for bare "
    "addresses: a scan keeps its own.",
    examples=("type f32", "type 4 Bytes", "type any", "type text[16]", "type u8[3..4]"),
    run=run,
    arguments=(Argument("type", kinds.TYPE, optional=True),),
    answers="type",
)
