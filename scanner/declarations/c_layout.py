"""Structures as C declares them: to constructs, laid out as the System V ABI says.

https://gitlab.com/x86-psABIs/x86-64-ABI, chapter 3.1.2, and the i386 psABI, where eight bytes are
aligned to four in a structure. arm64 lays these types out as x86-64 does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from construct import Array, Construct, Padding, Struct

from .. import arguments
from ..errors import DeclarationError
from ..values.structures import LARGEST, Laid, Structure
from ..values.types import (
    bytes_,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    pointer,
    sized,
    text,
    u8,
    u16,
    u32,
    u64,
    utf16,
)
from ..values.value_type import Container, ValueType
from .c_constants import Constants
from .c_parser import Unit, base_of, refused, unit_of
from .c_source import UNKNOWN

#: Fields of one structure, those of structures inside of it counted once a place.
MAX_FIELDS: Final = 4096

_WIDTHS: Final = (64, 32)
#: Bytes that nothing has which could still be of use.
_FAR: Final = LARGEST * 16
#: Kinds of numbers by their C names, with the words in the order of the alphabet.
_NUMBERS: Final[dict[str, Construct]] = {
    **dict.fromkeys(("char", "char signed"), i8),
    **dict.fromkeys(("char unsigned", "_Bool"), u8),
    **dict.fromkeys(("short", "int short", "short signed", "int short signed"), i16),
    **dict.fromkeys(("short unsigned", "int short unsigned"), u16),
    **dict.fromkeys(("int", "signed", "int signed"), i32),
    **dict.fromkeys(("unsigned", "int unsigned"), u32),
    **dict.fromkeys(
        ("long long", "int long long", "long long signed", "int long long signed"), i64
    ),
    **dict.fromkeys(("long long unsigned", "int long long unsigned"), u64),
    "float": f32,
    "double": f64,
}
_LONGS: Final = {
    **dict.fromkeys(("long", "int long", "long signed", "int long signed"), (i64, i32)),
    **dict.fromkeys(("long unsigned", "int long unsigned"), (u64, u32)),
}
#: What construct keeps in the place where the fields are.
_TAKEN: Final = frozenset(
    ("_", "_params", "_root", "_parsing", "_building", "_sizing", "_subcons", "_io", "_index")
)


def c_struct(text: str, name: str = "") -> ValueType[Container]:
    """The value type of a structure that is declared in C.

    Args:
        text: one declaration or several, as they stand in a header.
        name: of the structure, its tag or of its typedef; the last one if "".

    Raises:
        DeclarationError: the text cannot be taken, or has no such structure.

    >>> player = c_struct("struct player { char kind; int hp; long gold; };")
    >>> [(one.name, one.offset) for one in members(player)]
    [('kind', 0), ('hp', 4), ('gold', 8)]
    >>> [(one.name, one.offset) for one in members(player, bits=32)]
    [('kind', 0), ('hp', 4), ('gold', 8)]
    """
    arguments.text("name", name)
    declared = c_structs(text)
    if not declared:
        raise DeclarationError(1, 1, "there is no structure in it")
    if name and name not in declared:
        raise DeclarationError(1, 1, f"declares {', '.join(declared)}, and no {name}")
    return declared[name or list(declared)[-1]]


def c_structs(text: str) -> dict[str, ValueType[Container]]:
    """The value types of all structures that a text declares in C, by tag and by typedef.

    Args:
        text: as :func:`c_struct` takes it.

    Raises:
        DeclarationError: the text cannot be taken.

    >>> list(c_structs("struct vec { float x, y; }; typedef struct { struct vec at; } thing;"))
    ['vec', 'thing']
    """
    unit = unit_of(arguments.text("text", text))
    layouts = _Layouts(unit)
    try:
        return {name: layouts.structure(name) for name in unit.structures}
    except RecursionError:
        raise DeclarationError(1, 1, "is nested too deeply") from None


class _Type(NamedTuple):
    """A type of C in targets of one width, and how many plain fields are in it."""

    size: int
    alignment: int
    construct: Construct
    leaves: int = 1


class _Layouts:
    """How the types of a text lie in memory."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._constants = Constants(unit, self._size)
        self._open: set[int] = set()  # structures that are being laid out, by their nodes' ids
        self._laid: dict[tuple[int, int], tuple[Laid, list[_Field]]] = {}

    def structure(self, name: str) -> Construct:
        """The value type of a structure at the outermost level."""
        node = self._unit.structures[name]
        wide, narrow = (self._lay_out(node, bits)[0] for bits in _WIDTHS)
        for laid, bits in zip((wide, narrow), _WIDTHS, strict=True):
            if laid.struct.sizeof(bits=bits) > LARGEST:
                raise refused(node, f"has more than {LARGEST} bytes")
        return name / Structure(wide, narrow)

    def _lay_out(self, node: Any, bits: int) -> tuple[Laid, list[_Field]]:
        known = self._laid.get((id(node), bits))
        if known is not None:
            return known
        if id(node) in self._open:
            raise refused(node, f"struct {node.name} would hold itself")
        self._open.add(id(node))
        most = self._unit.most(node)
        fields: list[_Field] = []
        end, alignment, leaves = 0, 1, 0
        for decl in node.decls or ():
            if type(decl).__name__ in ("StaticAssert", "EmptyStatement"):
                continue
            for name, kind, inner in self._fields(decl, bits):
                aligned = min(kind.alignment, most)
                alignment = max(alignment, aligned)
                start = _up(end, aligned)
                end = start + kind.size
                if inner is None:
                    fields.append(_Field(name, start, kind, decl))
                else:
                    fields += [leaf._replace(offset=start + leaf.offset) for leaf in inner]
                leaves += kind.leaves
                if end > _FAR or leaves > MAX_FIELDS:
                    raise refused(decl, f"has more than {MAX_FIELDS} fields or {LARGEST} bytes")
        if not fields:
            raise refused(node, "a structure has at least one field")
        self._open.discard(id(node))
        laid = Laid(_struct(fields, _up(end, alignment)), alignment)
        self._laid[id(node), bits] = laid, fields
        return laid, fields

    def _fields(self, decl: Any, bits: int) -> Iterator[tuple[str, _Type, list[_Field] | None]]:
        """What a declaration inside a structure adds: its fields, or those of an unnamed one."""
        if getattr(decl, "bitsize", None) is not None:
            raise refused(decl, "bit fields are not taken")
        if getattr(decl, "align", None):
            raise refused(decl, "_Alignas is not taken")
        kind = type(decl.type).__name__
        if kind == "Union":
            raise refused(decl.type, "unions are not taken")
        if not decl.name:
            if kind == "Struct" and decl.type.decls is not None and not decl.type.name:
                laid, inner = self._lay_out(decl.type, bits)
                size, leaves = int(laid.struct.sizeof(bits=bits)), _leaves(inner)
                yield "", _Type(size, laid.alignment, laid.struct, leaves), inner
            return  # declares a type, and no field
        if decl.name in _TAKEN:
            raise refused(decl, f"construct keeps the name {decl.name} for itself")
        yield decl.name, self._type(decl.type, bits), None

    def _type(self, node: Any, bits: int) -> _Type:
        kind = type(node).__name__
        if kind == "PtrDecl":
            return _Type(bits // 8, bits // 8, pointer)
        if kind == "FuncDecl":
            raise refused(node, "functions have no place in a structure, only pointers to them")
        if kind == "ArrayDecl":
            return self._array(node, bits)
        if kind == "TypeDecl":
            inner = self._type(node.type, bits)
            if "_Atomic" in node.quals and inner.size in (2, 4, 8):
                return inner._replace(alignment=max(inner.size, inner.alignment))
            return inner
        if kind == "Struct":
            return self._struct(node, bits)
        if kind == "Enum":
            return self._enum(node)
        if kind == "Union":
            raise refused(node, "unions are not taken")
        return self._named(node, bits)

    def _named(self, node: Any, bits: int) -> _Type:
        name = " ".join(sorted(node.names))
        if name in self._unit.typedefs:
            target = self._unit.typedefs[name]
            if (getattr(base_of(target), "name", "") or "").startswith(UNKNOWN):
                raise refused(node, f"no type {name} is declared")
            return self._type(target, bits)
        number = _NUMBERS.get(name)
        if name in _LONGS:
            number = _LONGS[name][bits == 32]
        if number is None:
            raise refused(node, f"{' '.join(node.names)} has no place in a structure")
        size = int(number.sizeof())
        return _Type(size, min(size, 4) if bits == 32 else size, number)

    def _struct(self, node: Any, bits: int) -> _Type:
        if node.decls is None:
            if node.name not in self._unit.tags:
                raise refused(node, f"no struct {node.name} is declared")
            node = self._unit.tags[node.name].node
        laid, fields = self._lay_out(node, bits)
        size = int(laid.struct.sizeof(bits=bits))
        return _Type(size, laid.alignment, laid.struct, _leaves(fields))

    def _enum(self, node: Any) -> _Type:
        if node.values is None:
            if node.name not in self._unit.enums:
                raise refused(node, f"no enum {node.name} is declared")
            node = self._unit.enums[node.name]
        values = [
            self._constants.named(enumerator.name, enumerator)
            for enumerator in node.values.enumerators
        ]
        low, high = min(values), max(values)
        if low >= -(1 << 31) and high < 1 << 31:
            return _Type(4, 4, i32)
        if low >= 0 and high < 1 << 32:
            return _Type(4, 4, u32)
        raise refused(node, "enums of more than 32 bits are not taken")

    def _array(self, node: Any, bits: int) -> _Type:
        if node.dim is None:
            raise refused(node, "arrays without a length are not taken")
        length = self._constants.value(node.dim)
        if length < 1:
            raise refused(node, f"an array has 1 element or more, not {length}")
        element = self._type(node.type, bits)
        if length * element.size > _FAR:
            raise refused(node, f"has more than {LARGEST} bytes")
        whole: Construct = Array(length, element.construct)
        base = self._plain_name(node.type)
        if base == "char":
            whole = sized(text, length)
        elif base == "char unsigned":
            whole = sized(bytes_, length)
        elif base == "char16_t":
            whole = sized(utf16, length)
        return _Type(length * element.size, element.alignment, whole)

    def _plain_name(self, node: Any) -> str:
        """The name of a plain type, behind typedefs; "" for what is none."""
        while type(node).__name__ == "TypeDecl":
            node = node.type
            if type(node).__name__ != "IdentifierType":
                return ""
            name = " ".join(sorted(node.names))
            if name == "char16_t" or name not in self._unit.typedefs:
                return name
            node = self._unit.typedefs[name]
        return ""

    def _size(self, node: Any) -> int:
        sizes = {self._type(node, bits).size for bits in _WIDTHS}
        if len(sizes) > 1:
            raise refused(base_of(node), "this sizeof differs between targets of 32 and of 64 bits")
        return sizes.pop()


class _Field(NamedTuple):
    """A field of a structure, and the declaration that it is of."""

    name: str
    offset: int
    type: _Type
    node: Any


def _struct(fields: Iterable[_Field], size: int) -> Struct:
    """Fields with what is between them."""
    parts: list[Construct] = []
    names = set[str]()
    end = 0
    for name, offset, kind, node in fields:
        if name in names:
            raise refused(node, f"the field {name} is there twice")
        names.add(name)
        if offset > end:
            parts.append(Padding(offset - end))
        parts.append(name / kind.construct)
        end = offset + kind.size
    if size > end:
        parts.append(Padding(size - end))
    return Struct(*parts)


def _leaves(fields: Iterable[_Field]) -> int:
    return sum(field.type.leaves for field in fields)


def _up(offset: int, alignment: int) -> int:
    return (offset + alignment - 1) // alignment * alignment
