"""Entries of tables: a place with a name, whose fields are what they have to be."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, Literal

from .. import arguments
from ..declarations.registry import Declaration
from ..errors import FarfetchError, TableError
from ..errors.base import short
from ..memory.path_group import AnyPath, parse_path
from ..values.literals import quote
from ..values.names import type_named
from ..values.types import bit_field, layout_of

#: Characters of a field.
MAX_TEXT: Final = 4096
#: The fields that are texts, in the order in which a file has them.
FIELDS: Final = ("name", "where", "type", "group", "note", "frozen", "allow", "bits", "shown")
_NEEDED: Final = ("name", "where", "type")
#: Values that have a name, of one entry.
MAX_CHOICES: Final = 1 << 16
_ALLOW: Final = (None, "increase", "decrease")
_HALF: Final = re.compile("[\ud800-\udfff]")
_SHOWN: Final = ("", "hex")
_BITS: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2})")
_WIDTHS: Final = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}


@dataclass(frozen=True, slots=True)
class Entry:
    """A place with a name.

    Attributes:
        name: no two of a table are the same.
        where: ``game+0x4010``, ``0x7f…``, a pointer path ``game+0x4010 -> 0x18``, or several of
            these with ``|`` between them, which say where it is while they agree.
        type: name of the value type.
        group: what it belongs to; ``/`` divides groups in groups.
        note: for people.
        frozen: text of the value to hold; None when it is not to be frozen.
        allow: the way a frozen value may still move.
        structure: what declares the type, where that is no plain one.
        bits: of the value, where it is not all of it: the first and how many, ``3:2``, as a type
            such as ``u8[3..4]`` says, too; like those that follow it is given by its name only.
        shown: ``hex`` where it is shown so.
        choices: values that have a name: pairs of the value's text and the name.

    Raises:
        TableError: a field is not what it has to be.

    >>> entry = Entry("health", "game+0x4010 -> 0x18", "i32", group="player", frozen="100")
    >>> entry.path.offsets, entry.value_type is i32
    ((24,), True)
    """

    name: str
    where: str
    type: str
    group: str = ""
    note: str = ""
    frozen: str | None = None
    allow: Literal["increase", "decrease"] | None = None
    structure: Declaration | None = None
    _: KW_ONLY
    bits: str = ""
    shown: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    _path: AnyPath = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self._is_usual():
            for name in FIELDS:
                check_text(name, getattr(self, name), needed=name in _NEEDED)
            if self.allow not in _ALLOW:
                raise TableError("", f"allow is increase or decrease, not {short(self.allow)}")
            if self.shown not in _SHOWN:
                raise TableError("", f"shown is hex or nothing, not {short(self.shown)}")
            self._check_bits()
        if self.choices != ():
            self._check_choices()
        if self.structure is not None:
            arguments.instance("structure", self.structure, Declaration, "a Declaration, or None")
        try:
            object.__setattr__(self, "_path", parse_path(self.where))
            if self.structure is None:
                type_named(self.type)
        except FarfetchError as error:
            raise TableError("", f"{quote(self.name)}: {error}") from None
        if self.structure is not None and self.structure.name != self.type:
            raise TableError("", f"{quote(self.name)}: {self.type} is not {self.structure.name}")

    def _is_usual(self) -> bool:
        """Whether each text is one, and what most do not have is not there, at a glance."""
        try:
            whole = "".join((self.name, self.where, self.type, self.group, self.note))
            said = self.name.strip() and self.where.strip() and self.type.strip()
        except (TypeError, AttributeError):
            return False
        if self.frozen is not None or self.allow is not None or self.bits or self.shown != "":
            return False
        return bool(said) and len(whole) <= MAX_TEXT and whole.isascii()

    def _check_bits(self) -> None:
        if not self.bits:
            return
        said = _BITS.fullmatch(self.bits)
        width = _WIDTHS.get(self.type, 0)
        if said is None or not 0 < int(said[2]) <= width - int(said[1]):
            raise TableError("", f"bits are FIRST:COUNT in a {self.type}, not {short(self.bits)}")

    def _check_choices(self) -> None:
        if not isinstance(self.choices, tuple) or len(self.choices) > MAX_CHOICES:
            raise TableError("", f"choices are at most {MAX_CHOICES} pairs of texts")
        for pair in self.choices:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TableError("", "choices are pairs: a value's text, and its name")
            if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in pair):
                raise TableError("", f"choices are texts of at most {MAX_TEXT} characters")
        if _HALF.search("".join(text for pair in self.choices for text in pair)):
            raise TableError("", "a choice has half a surrogate pair, which is no text")

    def name_of(self, text: str) -> str | None:
        """The name that a value has among its choices; None where it has none.

        >>> Entry("weapon", "game", "u8", choices=(("1", "sword"),)).name_of("1")
        'sword'
        """
        return next((name for value, name in self.choices if value == text), None)

    @property
    def bit_range(self) -> tuple[int, int] | None:
        """The first of its bits and how many; None where it is all of the value.

        >>> Entry("flag", "game", "u8", bits="3:2").bit_range, Entry("f", "g", "u8[3..4]").bit_range
        ((3, 2), (3, 2))
        """
        said = _BITS.fullmatch(self.bits)
        if said is not None:
            return int(said[1]), int(said[2])
        layout = layout_of(self.value_type) if "[" in self.type and not self.structure else None
        if layout is None or layout.first_bit is None:
            return None
        return layout.first_bit, layout.bits

    @property
    def value_type(self) -> Any:
        """The construct of its value; of bits a bit field."""
        if self.structure is not None:
            return self.structure.type
        said = _BITS.fullmatch(self.bits)
        whole = type_named(self.type)
        return bit_field(whole, int(said[1]), int(said[1]) + int(said[2]) - 1) if said else whole

    @property
    def path(self) -> AnyPath:
        """Where it is, to be resolved in a target: a path, or a group of paths."""
        return self._path


def check_text(field: str, value: object, *, needed: bool, most: int = MAX_TEXT) -> None:
    """Refuse what is no text of a table's field.

    Raises:
        TableError: it is none; says why.
    """
    if isinstance(value, str) and not value and not needed:
        return
    if value is None and field in ("frozen", "allow"):
        return
    if not isinstance(value, str):
        raise TableError("", f"{field} is a text, not {short(value)}")
    if needed and not value.strip():
        raise TableError("", f"{field} is empty")
    if len(value) > most:
        raise TableError("", f"{field} has {len(value)} characters, more than {most}")
    if not value.isascii() and _HALF.search(value):
        raise TableError("", f"{field} has half a surrogate pair, which is no text")
