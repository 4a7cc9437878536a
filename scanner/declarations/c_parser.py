"""What a text of C declares: its structures, enums and typedefs, found in what the parser gives."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from ..errors import DeclarationError
from .c_source import PRELUDE, Prepared, prepare

_PLACED: Final = re.compile(r"text:([0-9]+):([0-9]+): *(.*)", re.DOTALL)
_PACK: Final = re.compile(r"pack\s*\(\s*(?P<action>push|pop)?\s*,?\s*(?P<size>1|2|4|8|16)?\s*\)\s*")
#: More than any type's alignment.
_ANY: Final = 1 << 16


class Tag(NamedTuple):
    """A structure's declaration, and the alignment that ``#pragma pack`` sets there."""

    node: Any
    pack: int


class Unit:
    """The declarations of a text.

    Args:
        prepared: the text.

    Attributes:
        typedefs: their declarators by name.
        tags: structures that have a tag.
        enums: those that have a tag.
        constants: the enum of each constant.
        structures: nodes of the structures at the outermost level, by all their names.
        mentioned: all names in the text.
        packing: what ``#pragma pack`` leaves set behind it, as pragmas that set it again.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.typedefs: dict[str, Any] = {}
        self.tags: dict[str, Tag] = {}
        self.enums: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}
        self.structures: dict[str, Any] = {}
        self.mentioned = prepared.names
        self._typed: set[str] = set()
        self._packed = prepared.packed
        self._packs: dict[int, int] = {}  # by the nodes' ids
        pack, saved = 0, list[int]()
        for node in _parsed(prepared.text).ext:
            kind = type(node).__name__
            if kind == "Pragma":
                pack = _packing(node, pack, saved)
            elif kind == "FuncDef":
                raise refused(node.decl, "functions are not taken, only declarations")
            elif kind in ("Typedef", "Decl"):
                self._declare(node, pack)
        set_before = (f"{_pragma(packing)}#pragma pack(push)\n" for packing in saved)
        self.packing = "".join(set_before) + (_pragma(pack) if pack or saved else "")

    @property
    def names(self) -> frozenset[str]:
        """All names that it declares, but for those of variables."""
        return frozenset((*self._typed, *self.tags, *self.enums, *self.constants))

    def most(self, node: Any) -> int:
        """The alignment that no field of a structure exceeds."""
        if (node.coord.line, node.coord.column) in self._packed:
            return 1
        return self._packs.get(id(node), 0) or _ANY

    def _declare(self, node: Any, pack: int) -> None:
        base = base_of(node.type)
        self._collect(base, pack)
        if type(node).__name__ == "Typedef":
            self.typedefs[node.name] = node.type
            if node.coord.file != PRELUDE:
                self._typed.add(node.name)
        if type(base).__name__ == "Union" and base.decls:
            raise refused(base, "unions are not taken")
        if type(base).__name__ != "Struct" or base.decls is None:
            return
        if base.name:
            self.structures[base.name] = base
        names_it = type(node).__name__ == "Typedef" or not base.name
        if node.name and names_it and type(node.type).__name__ == "TypeDecl":
            self.structures[node.name] = base

    def _collect(self, base: Any, pack: int) -> None:
        """Note what a type declares, and what the types inside of it do."""
        kind = type(base).__name__
        if kind == "Enum" and base.values is not None:
            if base.name:
                self.enums[base.name] = base
            for enumerator in base.values.enumerators:
                if self.constants.setdefault(enumerator.name, base) is not base:
                    raise refused(enumerator, f"{enumerator.name} is declared twice")
        if kind != "Struct" or base.decls is None or id(base) in self._packs:
            return
        self._packs[id(base)] = pack
        if base.name and self.tags.setdefault(base.name, Tag(base, pack)).node is not base:
            raise refused(base, f"struct {base.name} is declared twice")
        for inner in base.decls:
            if type(inner).__name__ == "Pragma":
                raise refused(inner, "#pragma stands in front of a structure, not inside")
            if hasattr(inner, "type"):
                self._collect(base_of(inner.type), pack)


def unit_of(text: str) -> Unit:
    """What a text declares.

    Raises:
        DeclarationError: there is something in it that is not taken.
    """
    try:
        return Unit(prepare(text))
    except RecursionError:
        raise DeclarationError(1, 1, "is nested too deeply") from None


def _pragma(pack: int) -> str:
    return f"#pragma pack({pack or ''})\n"


@cache
def _parser() -> Any:
    """The parser, made once."""
    from pycparser.c_parser import CParser

    if not hasattr(CParser, "p_brace_open"):
        return CParser()

    class Placing(CParser):  # type: ignore[misc]
        """pycparser before 3.0: a brace, by which an unnamed structure's place is told, has one."""

        def p_brace_open(self, p: Any) -> None:
            """brace_open : LBRACE"""  # noqa: D415  # a rule of the grammar
            super().p_brace_open(p)
            p.slice[0].lexpos = p.lexpos(1)

    return Placing()


def _parsed(whole: str) -> Any:
    from pycparser.c_parser import ParseError

    try:
        return _parser().parse(whole, PRELUDE)
    except ParseError as error:
        placed = _PLACED.match(str(error))
        if placed:
            reason = placed[3].replace("before:", "is not understood before")
            raise DeclarationError(int(placed[1]), int(placed[2]), reason[:200]) from None
        line = whole.count("\n") - 3
        raise DeclarationError(max(line, 1), 1, "ends inside a declaration") from None


def base_of(node: Any) -> Any:
    """The type that a declarator is made of."""
    while type(node).__name__ in ("TypeDecl", "PtrDecl", "ArrayDecl", "FuncDecl"):
        node = node.type
    return node


def _packing(node: Any, pack: int, saved: list[int]) -> int:
    """The alignment from a pragma on; 0 for the types' own."""
    if not node.string.startswith("pack"):
        return pack
    pragma = _PACK.fullmatch(node.string)
    if pragma is None or (pragma["action"] == "pop" and not saved):
        raise refused(node, "pack is taken as pack(N), pack(push, N), pack(pop) or pack()")
    if pragma["action"] == "pop":
        restored = saved.pop()
        return int(pragma["size"]) if pragma["size"] else restored
    if pragma["action"] == "push":
        saved.append(pack)
        return int(pragma["size"]) if pragma["size"] else pack
    return int(pragma["size"] or 0)


def refused(node: Any, reason: str) -> DeclarationError:
    """Make the error for something at a node."""
    coord = node.coord
    if coord is None or coord.file != "text":
        return DeclarationError(1, 1, reason)
    return DeclarationError(coord.line, coord.column or 1, reason)
