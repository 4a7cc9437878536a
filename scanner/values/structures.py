"""Structures: which of a construct's fields the core can look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from construct import Array, Construct, ConstructError, Renamed, Struct

from .. import arguments
from ..errors import TypeNameError
from .any_number import LAYOUTS
from .fields import DECODED
from .layout import Layout, Place
from .types import Number, layout_of
from .value_type import AnyConstruct, Container, ValueType

#: Bytes of the largest structure that is scanned for: the core's FF_SPAN_MAX.
LARGEST: Final = 1 << 16
#: Characters of a text that declares structures.
MAX_TEXT: Final = 1 << 16
#: Of an array, that a predicate can name.
MAX_ELEMENTS: Final = 256


class Laid(NamedTuple):
    """A structure as it lies in the targets of one width.

    Attributes:
        struct: its fields, with what is between them.
        alignment: bytes between the addresses where it can lie.
    """

    struct: Struct
    alignment: int


class Structure(ValueType[Container]):
    """A structure of C, which may lie differently in targets of 32 and of 64 bits.

    Args:
        wide: in targets of 64 bits.
        narrow: in targets of 32 bits.
    """

    def __init__(self, wide: Laid, narrow: Laid) -> None:
        super().__init__()
        self._wide, self._narrow = wide, narrow

    def laid(self, bits: int) -> Laid:
        """How it lies in a target whose pointers are that wide."""
        return self._narrow if bits == 32 else self._wide

    def _of(self, context: Any) -> Struct:
        return self.laid(context._params.get("bits", 64)).struct

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        return self._of(context)._parsereport(stream, context, path)

    def _build(self, value: Any, stream: Any, context: Any, path: str) -> Any:
        return self._of(context)._build(value, stream, context, path)

    def _sizeof(self, context: Any, path: str) -> int:
        return int(self._of(context)._sizeof(context, path))


def scan_layout(value_type: AnyConstruct, *, bits: int = 64) -> Layout:
    """How the values of a scan lie in memory; unlike :func:`layout_of`, of structures too.

    Plain fields, also of structures inside it, have a place of their own, and so have the first
    256 elements of an array, as ``slots[0]``. Whatever else is in it is decoded by construct.

    Args:
        value_type: a number, also of unknown type, text, bytes, or a Struct of a fixed size.
        bits: of the target, 32 or 64: the width of ``pointer``.

    Raises:
        TypeNameError: it is none of those.

    >>> from construct import Int16ul, Int32ul, Struct
    >>> layout = scan_layout(Struct("level" / Int16ul, "life" / Struct("hp" / Int32ul)))
    >>> [(place.name, place.offset, place.layout.name) for place in layout.fields]
    [('level', 0, 'u16'), ('life.hp', 2, 'u32')]
    """
    arguments.instance("value_type", value_type, Construct, "a value type")
    arguments.bits(bits)
    if isinstance(inner := without_name(value_type), Number):
        return LAYOUTS[inner.label]
    struct = struct_of(value_type, bits=bits)
    if struct is None:
        return layout_of(value_type, bits=bits)
    name = getattr(value_type, "name", None) or "Struct"
    try:
        size = _size(struct, bits)
    except ConstructError:
        reason = "a structure is scanned for only if its size is fixed"
        raise TypeNameError(name, reason=reason) from None
    if not 0 < size <= LARGEST:
        reason = f"a structure to scan for has 1 to {LARGEST} bytes, not {size}"
        raise TypeNameError(name, reason=reason)
    places = tuple(_places(struct, "", 0, bits))
    fields = tuple(place for place in places if place.layout is not DECODED)
    decoded = tuple(place.name for place in places if place.layout is DECODED)
    if isinstance(inner, Structure):
        alignment = inner.laid(bits).alignment
    else:
        alignment = max((place.layout.alignment for place in fields), default=1)
    return Layout(name, "struct", size, 8 * alignment, fields=fields, decoded=decoded)


def field_names(value_type: AnyConstruct, *, bits: int = 64) -> tuple[str, ...]:
    """The names of the fields that predicates can compare, when values are structures.

    Args:
        value_type: of a scan.
        bits: of the target, 32 or 64.

    Raises:
        TypeNameError: there is no scan of this type.

    >>> from construct import Int32ul, Struct
    >>> field_names(Struct("hp" / Int32ul, "pos" / Struct("x" / Int32ul)))
    ('hp', 'pos.x')
    """
    return scan_layout(value_type, bits=bits).names


def struct_of(value_type: AnyConstruct, *, bits: int = 64) -> Struct | None:
    """The construct with the fields of a structure; None for what is none.

    Args:
        value_type: any construct.
        bits: of the target, 32 or 64.

    >>> player = c_struct("struct player { int hp, max_hp; };")
    >>> [part.name for part in struct_of(player).subcons], struct_of(i32)
    (['hp', 'max_hp'], None)
    """
    arguments.bits(bits)
    inner = without_name(value_type)
    if isinstance(inner, Structure):
        return inner.laid(bits).struct
    return inner if isinstance(inner, Struct) else None


def size_of(value_type: AnyConstruct, *, bits: int = 64) -> int | None:
    """Bytes of a value; None for text and bytes of no fixed length.

    Args:
        value_type: a number, text, bytes, or something larger of a fixed size.
        bits: of the target, 32 or 64.

    Raises:
        TypeNameError: its values have no size of their own.

    >>> from farfetch.scanner import f64, text
    >>> size_of(f64), size_of(text), size_of("pos" / f64[3])
    (8, None, 24)
    """
    arguments.instance("value_type", value_type, Construct, "a value type")
    try:
        return layout_of(value_type, bits=bits).size
    except TypeNameError:
        if isinstance(without_name(value_type), Number):
            raise
        try:
            return _size(value_type, bits)
        except ConstructError:
            raise TypeNameError(type_label(value_type), reason="has no fixed size") from None


def fixed_size_of(value_type: AnyConstruct, *, bits: int = 64) -> int:
    """Bytes of a value, where that is needed.

    Raises:
        TypeNameError: its values have no size of their own.
    """
    size = size_of(value_type, bits=bits)
    if size is None:
        raise TypeNameError(type_label(value_type), reason="needs a length here, as in text[16]")
    return size


def type_label(value_type: Construct) -> str:
    """What to call a type that may have no name."""
    return str(value_type.name or type(value_type).__name__)


def without_name(value_type: Construct) -> Construct:
    """The construct itself, where names were put around it."""
    while isinstance(value_type, Renamed):
        value_type = value_type.subcon
    return value_type


def _places(struct: Struct, prefix: str, offset: int, bits: int) -> Iterator[Place]:
    for part in struct.subcons:
        inner = struct_of(part, bits=bits)
        name = prefix + (part.name or "")
        if part.name and inner is not None:
            yield from _places(inner, name + ".", offset, bits)
        elif part.name:
            yield Place(name, offset, _plain(part, bits) or DECODED)
            yield from _elements(part, name, offset, bits)
        offset += _size(part, bits)


def _elements(part: Construct, name: str, offset: int, bits: int) -> Iterator[Place]:
    """The plain elements of an array, and the fields of those that are structures."""
    array = without_name(part)
    if not isinstance(array, Array):
        return
    inner, plain = struct_of(array.subcon, bits=bits), _plain(array.subcon, bits)
    for index in range(min(array.count, MAX_ELEMENTS)):
        element, at = f"{name}[{index}]", offset + index * _size(array.subcon, bits)
        if inner is not None:
            yield from _places(inner, element + ".", at, bits)
        elif plain is not None:
            yield Place(element, at, plain)
        else:
            yield from _elements(array.subcon, element, at, bits)


def _plain(part: Construct, bits: int) -> Layout | None:
    try:
        layout = layout_of(part, bits=bits)
    except TypeNameError:
        return None
    return layout if layout.size is not None else None


def _size(part: Construct, bits: int) -> int:
    return int(part.sizeof(bits=bits))
