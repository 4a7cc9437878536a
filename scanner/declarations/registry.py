"""Declarations: structures by name, with the text that declares them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple

from .. import arguments
from ..errors import DeclarationError, TypeNameError
from ..errors.suggest import near
from ..later import Later
from ..values.names import SCAN_TYPES, TYPES, type_named
from ..values.structures import MAX_TEXT
from .files import read_regular

if TYPE_CHECKING:
    # What reads declarations is loaded where there are some: most scans are of plain types.
    from . import c_parser as _c_parser
else:
    _c_parser = Later("farfetch.scanner.declarations.c_parser")

#: Bytes of a header that are looked at: more than any text that can be taken.
_LONGEST: Final = 1 << 20

#: More structures than any program has.
MAX_DECLARATIONS: Final = 1000

Language = Literal["c", "construct"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A structure that is declared in text.

    Attributes:
        name: of the structure.
        language: of the text: ``"c"`` or ``"construct"``.
        text: that declares it, with all that it needs.
        type: its construct, named so.

    Raises:
        DeclarationError: the text cannot be taken, or does not declare it.

    >>> Declaration("player", "c", "struct player { int hp; };").type.sizeof()
    4
    """

    name: str
    language: Language
    text: str
    type: Any = field(init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[Declaration], tuple[str, Language, str]]:
        """The type is made again from the text."""
        return Declaration, (self.name, self.language, self.text)

    def __post_init__(self) -> None:
        check_name(self.name)
        arguments.choice("language", self.language, ("c", "construct"))
        arguments.text("text", self.text)
        if self.language == "c":
            from .c_layout import c_struct

            made = c_struct(self.text, self.name)
        else:
            from .construct import construct_struct

            made = self.name / construct_struct(self.text)
        object.__setattr__(self, "type", made)


def check_name(name: str) -> None:
    """Check that a structure can be called so.

    Raises:
        DeclarationError: it cannot.
    """
    arguments.text("name", name)
    if not (name.isascii() and name.isidentifier()):
        reason = "a structure's name is letters, digits and _, no digit in front"
        raise DeclarationError(1, 1, f"{reason}, not {name!r:.60}")
    if name in TYPES or name in SCAN_TYPES:
        raise DeclarationError(1, 1, f"{name} is a value type; call the structure otherwise")


class _Part(NamedTuple):
    """A text of C, the names that it declares, and the parts that it needs itself."""

    text: str
    names: frozenset[str]
    needs: tuple[_Part, ...]

    @property
    def whole(self) -> str:
        """The text as others can stand behind it."""
        reset = "#pragma pack()\n" if "pragma" in self.text else ""
        return f"{self.text}\n{reset}"


class Declarations:
    """The structures there are, by name; later texts of C may use what earlier ones declare.

    >>> known = Declarations()
    >>> _ = known.add_c("typedef struct { float x, y; } vec;")
    >>> [one.name for one in known.add_c("struct player { int hp; vec pos; };")]
    ['player']
    >>> known.type_named("player").sizeof()
    12

    Attributes:
        MAX_TEXT: characters that a text may have.
    """

    MAX_TEXT: ClassVar[int] = MAX_TEXT

    def __init__(self) -> None:
        self._known: dict[str, Declaration] = {}
        self._parts: dict[str, _Part] = {}  # by each name that they declare
        self._packing = ""  # the pragmas that are in force

    def add_c(self, text: str) -> list[Declaration]:
        """Declare what a text of C declares, in place of what had the same names.

        Args:
            text: structures, and enums, typedefs and ``#pragma pack`` for those to come.

        Returns:
            The structures.

        Raises:
            DeclarationError: it cannot be taken; nothing is declared.

        >>> known = Declarations()
        >>> [made.name for made in known.add_c("struct vec { float x, y; };")]
        ['vec']
        >>> [made.name for made in known.add_c("struct path { struct vec at[8]; };")]
        ['path']
        >>> known.add_c("struct flags { int on : 1; };")
        Traceback (most recent call last):
        farfetch.scanner.DeclarationError: line 1 of the declaration, column 20: bit fields are
            not taken
        """
        from .c_layout import c_structs
        from .c_parser import unit_of

        complete = self._packing + arguments.text("text", text)
        before = self._packing.count("\n")
        try:
            unit, needs = unit_of(complete), list[_Part]()
            try:
                structs = c_structs(complete)
            except DeclarationError:
                needs = self._needs(unit)
                whole = "".join(need.whole for need in needs)
                if not whole:
                    raise
                before += whole.count("\n")
                complete = whole + complete
                structs = c_structs(complete)
        except DeclarationError as error:
            line = max(error.line - before, 1)
            raise DeclarationError(line, error.column, error.reason) from None
        names = structs.keys() - {name for need in needs for name in need.names}
        made = [Declaration(name, "c", complete) for name in structs if name in names]
        self._check_room(made)
        part = _Part(complete if not needs else complete[len(whole) :], unit.names, tuple(needs))
        self._packing = unit.packing
        self._parts.update(dict.fromkeys(unit.names, part))
        self._known.update({declaration.name: declaration for declaration in made})
        return made

    def add_header(self, path: str | os.PathLike[str]) -> list[Declaration]:
        """Declare what a file of C declares, as :meth:`add_c` does.

        Args:
            path: of a regular file.

        Returns:
            The structures.

        Raises:
            OSError: it cannot be read; nothing is declared.
            DeclarationError: it cannot be taken; nothing is declared.

        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".h") as header:
        ...     _ = header.write("struct life { int hp, max_hp; };")
        ...     header.flush()
        ...     [made.name for made in Declarations().add_header(header.name)]
        ['life']
        """
        try:
            raw = read_regular(arguments.path("path", path), _LONGEST)
        except ValueError as error:
            raise OSError(errno.EINVAL, f"cannot be read: {error}") from None
        return self.add_c(raw.decode("utf-8", "replace"))

    @staticmethod
    def check_name(name: str) -> None:
        """Check that a structure can be called so.

        Raises:
            DeclarationError: it cannot.

        >>> Declarations.check_name("player")
        """
        check_name(name)

    def _needs(self, unit: _c_parser.Unit) -> list[_Part]:
        """The parts that a text mentions, behind all that they need themselves."""
        needs: list[_Part] = []
        for name in sorted(unit.mentioned - unit.names):
            if name in self._parts:
                _need(needs, self._parts[name])
        return needs

    def add_construct(self, name: str, text: str) -> Declaration:
        """Declare a structure with construct's words, in place of one of the same name.

        Raises:
            DeclarationError: it cannot be taken.

        >>> Declarations().add_construct("life", 'Struct("hp" / i32, "max_hp" / i32)').type.sizeof()
        8
        """
        made = Declaration(name, "construct", text)
        self.add(made)
        return made

    def add(self, *declarations: Declaration) -> None:
        """Add declarations that there are, in place of those of the same names.

        Raises:
            DeclarationError: there are too many; none is taken.

        >>> known = Declarations()
        >>> known.add(Declaration("life", "c", "struct life { int hp, max_hp; };"))
        >>> "life" in known, len(known)
        (True, 1)
        """
        arguments.several("declaration", declarations, Declaration, "a Declaration")
        self._check_room(declarations)
        for declaration in declarations:
            self._parts.pop(declaration.name, None)
            self._known[declaration.name] = declaration
            if declaration.language == "c":
                from .c_parser import unit_of

                names = unit_of(declaration.text).names
                self._parts.update(dict.fromkeys(names, _Part(declaration.text, names, ())))

    def remove(self, name: str) -> Declaration:
        """Take a structure out.

        Raises:
            TypeNameError: there is none of that name.

        >>> known = Declarations()
        >>> known.add(Declaration("life", "c", "struct life { int hp, max_hp; };"))
        >>> known.remove("life").name, len(known)
        ('life', 0)
        """
        declaration = self[name]
        del self._known[name]
        self._parts.pop(name, None)
        return declaration

    def type_named(self, name: str) -> Any:
        """The value type of that name, of a structure or as :func:`.type_named` knows it.

        Raises:
            TypeNameError: there is none.

        >>> known = Declarations()
        >>> known.add(Declaration("life", "c", "struct life { int hp, max_hp; };"))
        >>> known.type_named("life").sizeof(), known.type_named("int") is i32
        (8, True)
        """
        arguments.text("name", name)
        if name in self._known:
            return self._known[name].type
        try:
            return type_named(name)
        except TypeNameError as error:
            likest = near(name, self._known, 3)
            if error.reason or not likest:
                raise
            raise TypeNameError(name, [*likest, *error.near][:3]) from None

    def __getitem__(self, name: str) -> Declaration:
        if arguments.text("name", name) not in self._known:
            raise TypeNameError(name, [], "no structure is called so; struct lists them")
        return self._known[name]

    def get(self, name: str) -> Declaration | None:
        """The structure of that name, if there is one.

        >>> print(Declarations().get("life"))
        None
        """
        return self._known.get(arguments.text("name", name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._known

    def __iter__(self) -> Iterator[Declaration]:
        return iter(tuple(self._known.values()))

    def __repr__(self) -> str:
        return f"<Declarations: {', '.join(each.name for each in self) or 'none'}>"

    def __len__(self) -> int:
        return len(self._known)

    def _check_room(self, made: Sequence[Declaration]) -> None:
        if len({*self._known, *(declaration.name for declaration in made)}) > MAX_DECLARATIONS:
            raise DeclarationError(1, 1, f"there are {MAX_DECLARATIONS} structures already")


def _need(needs: list[_Part], part: _Part) -> None:
    """Put a part behind all that it needs, none twice."""
    for need in part.needs:
        _need(needs, need)
    if part in needs:
        return
    for need in needs:
        both = sorted(need.names & part.names)
        if both:
            reason = f"what it needs was declared with different {both[0]}: declare it anew"
            raise DeclarationError(1, 1, reason)
    needs.append(part)
