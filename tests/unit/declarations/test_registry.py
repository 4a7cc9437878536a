"""Structures declared in text: as construct says them, and one by one beside each other."""

from __future__ import annotations

import pytest
from farfetch.scanner import (
    Declaration,
    DeclarationError,
    Declarations,
    TypeNameError,
    construct_struct,
    i32,
    member,
    members,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('Struct("hp" / Int32ul, "max_hp" / Int32ul)', [("hp", 0, 4), ("max_hp", 4, 4)]),
        ('Struct("hp" / i32, Padding(4), "gold" / f64)', [("hp", 0, 4), ("gold", 8, 8)]),
        ("Struct(hp=Int16sb, mp=Byte)", [("hp", 0, 2), ("mp", 2, 1)]),
        ('Struct("pos" / Struct("x" / Float32l, "y" / Float32b), "p" / pointer)',
         [("pos.x", 0, 4), ("pos.y", 4, 4), ("p", 8, 8)]),
        ('Struct("a" / u16[3], "b" / Array(2, Struct("z" / u8)))', [("a", 0, 6), ("b", 6, 2)]),
        ('Struct("n" / text[8], "w" / utf16[4], "r" / bytes[3], "q" / Bytes(2))',
         [("n", 0, 8), ("w", 8, 8), ("r", 16, 3), ("q", 19, 2)]),
        ('Struct("n" / PaddedString(8, "utf8"), "w" / PaddedString(8, "utf16"))',
         [("n", 0, 8), ("w", 8, 8)]),
        ('\n  Struct(  # of the game\n  "hp" / i32,\n)', [("hp", 0, 4)]),
    ],
)  # fmt: skip
def test_what_construct_says(text: str, fields: list[tuple[str, int, int]]) -> None:
    assert [one[:3] for one in members(construct_struct(text))] == fields


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "is not understood here"),
        ("Int32ul", 1, 1, "a structure begins as Struct("),
        ('__import__("os")', 1, 1, "__import__ is not one of Struct, Array,"),
        ('Struct("a" / exec("1"))', 1, 14, "exec is not one of Struct"),
        ('Struct("a" / Foo)', 1, 14, "no type is called Foo"),
        ('Struct("a" / Struct)', 1, 14, "Struct takes arguments"),
        ('Struct("é", "a" / u8)', 1, 8, "a type is expected here"),
        ('Struct(u8, "a" / u8)', 1, 8, "a field is its name / its type"),
        ('Struct("é" / u8)', 1, 8, "a field's name is letters"),
        ('Struct("_io" / u8)', 1, 8, "a field's name is letters"),
        ('Struct("a" / text)', 1, 14, "needs a length here, as in text[16]"),
        ('Struct("a" / Array(2, bytes))', 1, 14, "needs a length of its own"),
        ('Struct("a" / u8, "a" / u8)', 1, 18, "the field a is there twice"),
        ('Struct("a" / u8[0])', 1, 17, "a length is a number from 1 to 65536"),
        ('Struct("a" / u8[1a])', 1, 17, "'1' has no place in a declaration"),
        ('Struct("a" / Bytes(1, 2))', 1, 14, "Bytes takes a length"),
        ('Struct("a" / Bytes(n=2))', 1, 14, "Bytes takes no names"),
        ('Struct("a" / PaddedString(8, "koi8"))', 1, 30, "the encodings are utf8 and utf16"),
        ('Struct("a" / PaddedString(1, "utf16"))', 1, 14, "of 1 or more"),
        ('Struct("a" / u8[65536], "b" / u8)', 1, 1, "has 1 to 65536 bytes, not 65537"),
        ("Struct()", 1, 1, "has 1 to 65536 bytes, not 0"),
        ('Struct(\n\n  "a" / (lambda: 1))', 3, 16, "':' has no place in a declaration"),
        ('\n  Struct("a" / Foo)', 2, 16, "no type is called Foo"),
        ('Struct("a" / u8', 1, 1, "a bracket is not closed"),
        ('Struct("a" / u8))', 1, 17, "is not understood here"),
        ("#n\rJ#", 2, 1, "no type is called J"),
        ("#n\r\n\rJ#", 3, 1, "no type is called J"),
        ("a.b", 1, 2, "'.' has no place"),
        ("x" * 10_000_000, 1, 1, "is longer than 65,536 characters"),
        ("(" * 9999, 1, 1, "is nested more than 32 deep"),
        ("a/" * 30_000 + "a", 1, 1, "is nested too deeply"),
        ('Struct("a" / u8' + "[2]" * 20_000 + ")", 1, 1, "is nested too deeply"),
        ("Struct(" + ",".join(f'"a{n}"/u8' for n in range(5000)) + ")", 1, 43954, "than 4096"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_refused(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        construct_struct(text)
    assert reason in raised.value.reason
    assert (raised.value.line, raised.value.column) == (line, column)
    assert str(raised.value).isprintable()


PIECES = ("Struct", "Array", "u8", "text", '"a"', "'b'", "/", "(", ")", "[", "]", ",", "=", "4")


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join) | st.text(max_size=40))
def test_any_text_is_taken_or_refused_in_one_line(text: str) -> None:
    said = ""
    try:
        construct_struct(text)
    except DeclarationError as error:
        said = str(error)
    assert said.isprintable()


def test_later_texts_use_earlier_ones() -> None:
    known = Declarations()
    assert known.add_c("#define MANY 4") == []
    assert known.add_c("enum kind { ELF, ORC };") == []
    assert known.add_c("typedef struct { float x, y; } vec;")[0].name == "vec"
    (player,) = known.add_c("struct player { enum kind kind; vec pos[MANY]; };")
    assert player.type.sizeof() == 36
    assert Declaration("player", "c", player.text).type.sizeof() == 36  # it stands for itself
    known.add_c("typedef struct { double x, y; } vec;")
    assert known["player"].type.sizeof() == 36  # was declared with the other
    (player,) = known.add_c("struct player { vec pos; };")
    assert player.type.sizeof() == 16
    assert [one.name for one in known] == ["vec", "player"]


def test_structures_that_point_at_each_other_are_declared_anew() -> None:
    known = Declarations()
    known.add_c("struct enemy { struct player *foe; };")
    known.add_c("struct player { struct enemy *foe; struct enemy self; };")
    known.add_c("struct enemy { struct player *foe; int hp; };")
    assert (known["enemy"].type.sizeof(), known["player"].type.sizeof()) == (16, 16)


def test_packing_holds_until_it_is_taken_back() -> None:
    known = Declarations()
    known.add_c("#pragma pack(push, 1)")
    known.add_c("struct a { char c; int i; };")
    known.add_c("struct b { char c; struct a a; };")
    known.add_c("#pragma pack(pop)")
    known.add_c("struct d { char c; int i; struct b b; };")
    sizes = {one.name: one.type.sizeof() for one in known}
    assert sizes == {"a": 5, "b": 6, "d": 16}
    assert member(known["d"].type, "b.a.i").offset == 10
    again = Declarations()
    for one in known:
        again.add(one)
    again.add_c("struct e { struct d d; int i; };")
    assert {one.name: one.type.sizeof() for one in again} == {**sizes, "e": 20}


def test_errors_are_placed_in_the_text_that_was_given() -> None:
    known = Declarations()
    known.add_c("typedef struct {\n  float x,\n  y;\n} vec;")
    known.add_c("#pragma pack(1)")
    with pytest.raises(DeclarationError) as raised:
        known.add_c("struct player {\n  vec pos;\n  Foo foo;\n};")
    assert (raised.value.line, raised.value.column) == (3, 3)
    assert "player" not in known


def test_names() -> None:
    known = Declarations()
    known.add_construct("player", 'Struct("hp" / i32)')
    assert known.type_named("player").sizeof() == 4
    assert known.type_named("i32") is i32
    with pytest.raises(TypeNameError, match='no value type is called "playr"'):
        known.type_named("playr")
    with pytest.raises(TypeNameError, match="no structure is called so"):
        known.remove("plain")
    assert known.remove("player").language == "construct"
    assert len(known) == 0
    for name in ("i32", "number", "9lives", "my player", "é", ""):
        with pytest.raises(DeclarationError):
            known.add_construct(name, 'Struct("hp" / i32)')
    with pytest.raises(DeclarationError, match="u8 is a value type"):
        known.add_c("struct u8 { int x; };")
    for number in range(1000):
        known.add(Declaration(f"s{number}", "construct", 'Struct("hp" / i32)'))
    with pytest.raises(DeclarationError, match="there are 1000 structures already"):
        known.add_construct("more", 'Struct("hp" / i32)')


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("hq", "player: has no field hq: did you mean hp?"),
        ("zzz", "player: has no field zzz; there are hp, pos, slots"),
        ("hp.x", "player: has no field hp.x; it is no structure"),
        ("slots[3]", "player: slots[3] is not there: it has 3 elements, from 0 on"),
        ("hp[0]", "player: hp[0] is not there: it has no elements"),
        ("pos.z", "player: has no field pos.z: did you mean"),
    ],
)
def test_members_that_are_not_there(path: str, said: str) -> None:
    text = 'Struct("hp" / i32, "pos" / Struct("x" / f32, "zz" / f32), "slots" / u16[3])'
    player = Declaration("player", "construct", text).type
    with pytest.raises(TypeNameError) as raised:
        member(player, path)
    assert str(raised.value).startswith(said)
