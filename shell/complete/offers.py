"""What can be offered: predicates, types, places, processes, files.

Each is a function of a :class:`.Cursor` and a :class:`.Moment` and does nothing but offer
candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..line.words import quoted, unquoted
from .cursor import Candidate, Choice, Cursor, Moment

_PREDICATE_TAIL = re.compile(r"(?<![\w@.])(?:@\w*|[A-Za-z_][\w.\[\]]*|)$")
_FIELD_TAIL = re.compile(r"(?<![\w@.])(?:now|prev|first|@\w+)\.([\w.\[\]]*)$")
_MEMBER_TAIL = re.compile(r"[A-Za-z_]\w*$")

#: Words of the predicate language that stand for a whole predicate or a value, with their meaning.
PREDICATE_WORDS = (
    ("now", "the value now"),
    ("prev", "the value at the last scan"),
    ("first", "the value at the first scan"),
    ("changed", "differs from the last scan"),
    ("unchanged", "as at the last scan"),
    ("increased", "more than at the last scan"),
    ("decreased", "less than at the last scan"),
    ("unknown", "anything"),
    ("and", ""),
    ("or", ""),
    ("not", ""),
    ("in", "a range: now in 1..5"),
    ("abs(", "without the sign"),
    ("pattern(", 'bytes with wildcards: pattern("48 8B ?? ?F")'),
    ("regex(", 'a regular expression: regex("HP:[0-9]+")'),
    ("truncated", "not rounded: now ~= 3.1 truncated"),
)

#: Types that a declaration in C can begin a field with.
C_TYPES = (
    *("char", "short", "int", "long", "float", "double", "unsigned", "signed", "bool", "struct"),
    *("int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t"),
    *("size_t", "uintptr_t"),
)

WHERE_WORDS = (
    ("writable", "what can be written (the default)"),
    ("all", "what can be read"),
    ("heap", "[heap]"),
    ("stack", "the stacks"),
    ("data", "data and bss of modules"),
    ("anon", "mappings without a file"),
    ("module:", "a module's regions"),
    ("once", "a file that is mapped twice only once"),
)


def nothing(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:  # noqa: ARG001
    """Offer nothing: the command takes no arguments, or only free ones."""
    return iter(())


def predicate_words(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the words of the predicate language under the cursor, outside quotes."""
    expression = cursor.line[cursor.begin :]
    if expression.count('"') % 2 or expression.count("'") % 2:
        return
    behind = _FIELD_TAIL.search(cursor.line, cursor.begin)
    if behind:
        yield from cursor.offer(_fields(moment, behind[1]), start=behind.start(1))
        return
    tail = _PREDICATE_TAIL.search(cursor.line, cursor.begin)
    if tail:
        words = [Choice(*word) for word in PREDICATE_WORDS]
        names = [Choice(f"@{name}", "snapshot") for name in moment.snapshots]
        fields = _fields(moment, tail[0])
        yield from cursor.offer([*words, *names, *fields], start=tail.start())


def _fields(moment: Moment, typed: str) -> Iterator[Choice]:
    """The fields a predicate can name; the elements of arrays once a bracket is typed."""
    return (Choice(name, "field") for name in moment.fields if "[" in typed or "[" not in name)


def names(cursor: Cursor, known: Iterable[str], note: str = "") -> Iterator[Candidate]:
    """Offer names, with the quotes that some of them need."""
    return cursor.offer(Choice(quoted(name), note) for name in known)


def type_name(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer value types."""
    return cursor.offer(Choice(name) for name in moment.types)


def match_index(cursor: Cursor, moment: Moment, *others: Choice) -> Iterator[Candidate]:
    """Offer the first few match indexes, behind other choices; behind a dot their fields."""
    base, dot, _ = cursor.word.partition(".")
    if dot and (base == "*" or (base.isascii() and base.isdecimal())):
        return _members(cursor, moment, base)
    indexes = (Choice(str(index), "match") for index in range(min(moment.matches, 20)))
    return cursor.offer([*others, *indexes])


def _members(cursor: Cursor, moment: Moment, base: str) -> Iterator[Candidate]:
    return cursor.offer(Choice(f"{base}.{name}", "field") for name in moment.members(base))


def address(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer entries, paths, and modules to begin with; behind a dot fields, behind ! functions."""
    if "!" in cursor.word:
        known = moment.symbols(unquoted(cursor.word.replace('"', "").replace("'", "")))
        return cursor.offer(Choice(quoted(name), "function") for name in known)
    outer = next((base for base in _bases(cursor.word) if moment.members(base)), "")
    if outer and not outer.isdecimal():
        return _members(cursor, moment, outer)
    entries = [Choice(quoted(name), "entry") for name in moment.entries]
    entries += [Choice(f"path:{index}", "path") for index in range(min(moment.paths, 10))]
    modules = [Choice(f"{quoted(name)}+0x", "module") for name in moment.modules]
    if cursor.word in moment.modules:
        modules += [Choice(f"{name}!", "functions") for name in moment.modules if " " not in name]
    return cursor.offer(
        [*entries, *modules, Choice("[heap]+0x", "region"), Choice("0x", "address")]
    )


def _bases(word: str) -> Iterator[str]:
    """What may be a place in front of a field, the longest first."""
    dot = word.rfind(".")
    while dot > 0:
        yield word[:dot]
        dot = word.rfind(".", 0, dot)


def declared_types(line: str, moment: Moment) -> Iterator[Candidate]:
    """Offer types where a declaration has a word under the cursor."""
    tail = _MEMBER_TAIL.search(line)
    if tail:
        kinds = (Choice(name) for name in (*C_TYPES, *moment.structures, *moment.types))
        yield from Cursor(line, 0).offer(kinds, start=tail.start())


def process(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer processes: by pid once a digit was typed or where a name is shared, else by name."""
    by_pid = cursor.word[:1].isdigit()
    shared: dict[str, int] = {}
    for process in moment.processes:
        shared[process.name] = shared.get(process.name, 0) + 1
    choices = []
    for pid, name, user in moment.processes:
        if by_pid or shared[name] > 1:
            choices.append(Choice(str(pid), f"{name}, {user}"))
        else:
            choices.append(Choice(quoted(name), f"{pid}, {user}"))
    return cursor.offer(choices, within=not by_pid)


def files(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer files for the word under the cursor."""
    typed = unquoted(cursor.word.replace('"', "").replace("'", ""))
    return (
        Candidate(quoted(path), cursor.start, "folder" if path.endswith("/") else "")
        for path in moment.files(typed)
    )


def scripts(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer files, those that are called as scripts are first, and folders before others."""
    found = list(files(cursor, moment))
    return iter(sorted(found, key=lambda file: (not _is_script(file.text), file.note != "folder")))


def _is_script(path: str) -> bool:
    return path.rstrip("\"'").endswith(".ff")


def where_words(cursor: Cursor, moment: Moment) -> Iterator[Candidate]:
    """Offer the words of a region filter, module names behind ``module:``."""
    start = max(cursor.begin, cursor.line.rfind(",") + 1)
    start += len(cursor.line[start:]) - len(cursor.line[start:].lstrip())
    if cursor.line[start:].startswith("-"):
        start += 1  # what is left out is called the same
    if cursor.line[start:].startswith("module:"):
        names = (Choice(name, "module") for name in moment.modules)
        return cursor.offer(names, start=start + len("module:"), within=True)
    return cursor.offer((Choice(*word) for word in WHERE_WORDS), start=start)
