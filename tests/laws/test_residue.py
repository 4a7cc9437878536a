"""What Python decides on the candidates that the core lets pass: as if it decided everywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from construct import (
    Array,
    BitStruct,
    Computed,
    Const,
    Enum,
    ExprAdapter,
    Flag,
    Int8ul,
    Int16ul,
    Int32ul,
    Nibble,
    Padding,
    Struct,
    obj_,
    this,
)
from farfetch.scanner import (
    Buffer,
    ExpressionError,
    ScanCancelled,
    attach,
    bytes_,
    field,
    now,
    prev,
    regex,
)
from farfetch.scanner.compiler.predicate import compile_predicate
from farfetch.scanner.predicates.language import parse_predicate, parse_scan
from farfetch.scanner.predicates.nodes import Predicate
from farfetch.scanner.values.convert import decode, sized
from farfetch.scanner.values.structures import scan_layout
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = 0x9000
EXPRESSIONS = (
    *("ab+", r"a\d{2}", "a(b|c)?d", "[a-c]b", "b(?=c)", "(?:ab){2}", r"a\Z", "a[^b]*"),
    *("(ab|cd)[12]", "[a-c]+1", ".*cd", "(?s).*cd", "a?b", "[^a]b", r"\w+2", r"(a)?(?(1)b|c)"),
    *(r"(a|b)\1", "(?i)AB", "(?i:B)c", "(?=a)[ab]", "(?:a|bc){2}d?", r"\D12", "(?:a{2}|b{1,3})c"),
    *(r".+?\n", r"[\0-a]b", "(?i)[^A-C]", r"\Ba", "^a|b$"),
)
CUTS = st.sampled_from((64, 100, 1 << 20))


def sides(data: st.DataObject, size: int, parts: tuple[bytes, ...]) -> bytes:
    pieces = st.lists(st.sampled_from(parts), min_size=1, max_size=40)
    return (b"".join(data.draw(pieces)) * size)[:size]


@pytest.mark.parametrize("text", EXPRESSIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_expression_matches_what_begins_at_an_address(text: str, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 500))
    memory = bytearray(sides(data, size, (b"a", b"b", b"c", b"d", b"12", b"\0", b"abab", b"\n")))
    align = data.draw(st.sampled_from((1, 2, 4)))
    length = data.draw(st.sampled_from((None, 3, 7)))
    kind = bytes_ if length is None else sized(bytes_, length)
    where = f"{BASE:#x}..{BASE + size:#x}"
    target = attach(Buffer(memory + bytearray(b"ab" * 300), base=BASE))
    chunk = data.draw(CUTS)
    with target.scan(kind, align=align, where=where, chunk=chunk, threads=2) as scan:
        scan.first(now == regex(text))
        reach = length or regex(text).size
        least = length or regex(text).least
        expected = {}
        for at in range(-BASE % align, size - least + 1, align):
            match = re.compile(text.encode()).match(bytes(memory[at : min(size, at + reach)]))
            if match:
                expected[BASE + at] = match[0]
        assert {match.address: match.previous for match in scan} == expected
        assert scan.next("unchanged").matches == len(expected)


def test_an_expression_is_found_at_the_end_and_narrowed() -> None:
    memory = bytearray(200)
    memory[50:60], memory[194:] = b"HP:100/200", b"HP:7;x"
    with attach(Buffer(memory, base=BASE)) as target, target.scan(bytes_, align=1) as scan:
        assert scan.first(r'regex("HP:\\d+")').matches == 2
        assert [match.value for match in scan] == [b"HP:100", b"HP:7"]
        memory[197:198] = b"8"
        assert scan.next(now == regex(r"HP:[78]")).matches == 1
        assert (scan[0].value, scan[0].first) == (b"HP:8", b"HP:7")
        assert scan.next(now != regex("HP")).matches == 0
        assert scan.first('regex("HP") == now').matches == 2


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("HP:(", 3, "missing ), unterminated subpattern"),
        ("é€(", 2, "missing ), unterminated subpattern"),
        ("a*", 0, "this would match nothing at all, everywhere"),
        (".*", 0, "this would match nothing at all, everywhere"),
    ],
)
def test_expressions_that_cannot_be(text: str, position: int, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        regex(text)
    assert (caught.value.position, caught.value.reason) == (position, reason)
    with pytest.raises(ExpressionError) as caught:
        parse_scan(f'regex("{text}")')
    assert (caught.value.position, caught.value.reason) == (position + 7, reason)


def test_the_text_of_one_parses_back() -> None:
    tree = (now == regex(r'"a\d"')) | ~(prev == regex("é+"))
    assert parse_predicate(str(tree)) == tree


@pytest.mark.parametrize(
    ("text", "head", "needle"),
    [
        ("ab+c", [b"a", b"b", b"bc"], b"a"),
        ("a(?:bc)d", [b"a", b"b", b"c", b"d"], b"abcd"),
        (r"[0-2]-", [b"012", b"-"], b"-"),
        ("(foo|bar)x", [b"bf", b"ao", b"or", b"x"], b"x"),
        ("(?i)a1", [b"Aa", b"1"], b"1"),
        ("(?i:a)b", [b"Aa", b"b"], b"b"),
        ("a?bc", [b"ab", b"bc"], b"bc"),
        ("[ab]{2}c{0}d", [b"ab", b"ab", b"d"], b"d"),
    ],
)
def test_how_one_begins(text: str, head: list[bytes], needle: bytes) -> None:
    assert [bytes(sorted(one)) for one in regex(text).head] == head
    assert regex(text).needle == needle


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of others."""
    repeats = st.sampled_from(("?", "*", "+", "{2}", "{1,2}", "+?", "{0}"))
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, repeats).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map("({})".format),
        inner.map("(?i:{})".format),
        inner.map("(?={})".format),
        inner.map("(?!{})".format),
    )


ATOMS = st.sampled_from(
    ("a", "b", "c", "1", ".", r"\d", r"\W", "[ab]", "[^a]", "[b-d1]", "B", r"\n", "^", "$", r"\b")
)


def leaves_open(text: str) -> bool:
    try:
        regex(text)
    except ExpressionError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(
    text=st.recursive(ATOMS, combined, max_leaves=8).filter(leaves_open),
    pieces=st.lists(st.sampled_from((b"a", b"b", b"cd", b"A", b"1", b"\n", b"B\0")), max_size=30),
)
def test_any_expression_is_found_wherever_it_matches(text: str, pieces: list[bytes]) -> None:
    memory = bytearray(b"".join(pieces) + b"a")
    sought = regex(text)
    expected = [
        BASE + at
        for at in range(len(memory))
        if sought.compiled.match(bytes(memory[at : at + sought.size]))
    ]
    target = attach(Buffer(memory + bytearray(16), base=BASE))
    with target.scan(bytes_, where=f"{BASE:#x}..{BASE + len(memory):#x}", chunk=64) as scan:
        scan.first(now == sought)
        assert scan.matches.addresses() == expected
        assert scan.next(now == sought).matches == len(expected)


def test_a_scan_by_python_can_be_cancelled() -> None:
    """Every address is tried, so this would go on for minutes."""
    memory = bytearray(64 << 20)
    with attach(Buffer(memory, base=BASE)) as target, target.scan(bytes_, align=1) as scan:
        assert scan.first(now == regex("zz")).matches == 0
        with pytest.raises(ScanCancelled):
            scan.first(now == regex(r"(.|\n){200,}[xy]"), progress=lambda _: scan.cancel())


XORED: Any = Struct(
    "kind" / Int8ul,
    Padding(1),
    "hp" / ExprAdapter(Int16ul, obj_ ^ 0x5A5A, obj_ ^ 0x5A5A),
    "max_hp" / Int16ul,
    "mode" / Enum(Int8ul, walk=1, run=2),
    "flags" / BitStruct("low" / Nibble, "dead" / Flag, Padding(3)),
    "both" / Computed(this.kind + 1),
    "bag" / Array(2, Int8ul),
)
LAYOUT = scan_layout(XORED)
QUESTIONS = (
    field("hp") == 3,
    field("hp") < field("max_hp"),
    (field("kind") == 1) & (field("hp") > 1),
    (field("kind") == 1) | (field("mode") == "run"),
    ~(field("hp") == 3),
    ~((field("kind") == 1) & (field("hp") == 3)),
    field("flags.low") == 2,
    field("hp").between(1, 3),
    field("hp").near("3"),
    field("both") == 2,
    field("mode") != "walk",
    field("hp") + field("kind") == 4,
)
SHAPES = st.fixed_dictionaries(
    {
        "kind": st.integers(0, 2),
        "hp": st.integers(0, 4),
        "max_hp": st.integers(0, 4),
        "mode": st.integers(0, 3),
        "flags": st.fixed_dictionaries({"low": st.integers(0, 3), "dead": st.booleans()}),
        "bag": st.just([1, 2]),
    }
)


def decided_everywhere(predicate: Predicate, memory: bytes, align: int) -> list[int]:
    from farfetch.scanner.predicates.meaning import evaluate

    size = LAYOUT.size
    assert size is not None
    found = []
    for at in range(0, len(memory) - size + 1, align):
        raw = memory[at : at + size]
        if evaluate(predicate, LAYOUT, now=decode(XORED, raw), raw={"now": raw}):
            found.append(BASE + at)
    return found


@pytest.mark.parametrize("predicate", QUESTIONS, ids=str)
@settings(max_examples=25, deadline=None)
@given(shapes=st.lists(SHAPES, min_size=1, max_size=30), chunk=CUTS, align=st.sampled_from((1, 2)))
def test_decoded_fields(
    predicate: Predicate, shapes: list[dict[str, Any]], chunk: int, align: int
) -> None:
    memory = bytearray(b"".join(map(XORED.build, shapes)))
    target = attach(Buffer(memory, base=BASE))
    with target.scan(XORED, align=align, chunk=chunk, threads=2) as scan:
        scan.first(predicate)
        expected = decided_everywhere(predicate, bytes(memory), align)
        assert [match.address for match in scan] == expected
        assert scan.next("hp == prev.hp and hp == now.hp").matches == len(expected)


def test_bytes_that_are_no_such_structure_do_not_match() -> None:
    shape = Struct("magic" / Const(b"FF"), "hp" / ExprAdapter(Int32ul, obj_ + 1, obj_ - 1))
    memory = bytearray(64)
    memory[8:14] = shape.build({"hp": 5})
    with attach(Buffer(memory, base=BASE)) as target, target.scan(shape, align=1) as scan:
        assert scan.first("hp == 5").matches == 1
        player: Any = scan[0].value
        assert player.hp == 5
        assert scan.first("hp != 5").matches == 0


def test_the_core_decides_what_it_can() -> None:
    program = compile_predicate((field("kind") == 1) & (field("hp") == 3), LAYOUT)
    assert program.is_weaker
    assert not compile_predicate(field("kind") == 1, LAYOUT).is_weaker


def test_an_error_while_decoding_ends_the_scan() -> None:
    def fail(*_: object) -> int:
        raise ZeroDivisionError("decoding")

    shape = Struct("hp" / ExprAdapter(Int8ul, fail, fail))
    with attach(Buffer(bytearray(64), base=BASE)) as target, target.scan(shape) as scan:
        with pytest.raises(ZeroDivisionError, match="decoding"):
            scan.first("hp == 5")
        assert len(scan) == 0
