"""Value types as types of values: what a construct reads, and what it takes.

The construct library says nothing of either to who checks types. A :class:`ValueType` does, of the
constructs that are made here; those that are made elsewhere are used as they are, with values of
any type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeAlias

import construct
from construct import Construct, Renamed

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    # so that a scan without a type is one of any, for who checks strictly, too
    T = TypeVar("T", default=Any)

    class ValueType(Generic[T]):
        """A construct whose values are of one type of Python's; a stand-in for checkers of types.

        It says less than construct does, and no more than all of them have.
        """

        name: str | None
        docs: str

        def parse(self, data: bytes, **contextkw: Any) -> T:
            """The value of some bytes."""
            raise NotImplementedError

        def build(self, obj: T, **contextkw: Any) -> bytes:
            """The bytes of a value."""
            raise NotImplementedError

        def sizeof(self, **contextkw: Any) -> int:
            """How many bytes a value has."""
            raise NotImplementedError

        def __rtruediv__(self, name: str) -> ValueType[T]: ...

        def __getitem__(self, count: int) -> ValueType[list[T]]: ...

    class Container(dict[str, Any]):
        """The fields of a structure: construct's Container."""

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

    class Named(ValueType[T]):
        """A value type that is called something; construct's Renamed."""

        def __init__(self, inner: Any, name: str, docs: str = "") -> None: ...

else:
    from typing import TypeVar

    Container = construct.Container
    T = TypeVar("T")

    class ValueType(Construct, Generic[T]):
        """A construct whose values are of one type of Python's: ``ValueType[int]``.

        ``i32`` and the like are such, what :func:`sized` and :func:`c_struct` make, and what is
        named ``"hp" / i32``. :meth:`Target.read` gives back that type, :meth:`Target.write` takes
        it, and whoever checks types sees to it. Any other construct will do as well.

        >>> isinstance(i32, ValueType), ("hp" / i32).name, i32.sizeof(), i32.parse(bytes(4))
        (True, 'hp', 4, 0)
        """

        def __rtruediv__(self, name):
            return Named(self, name)

    class Named(ValueType, Renamed):
        """A value type that is called something."""

        def __init__(self, inner, name, docs=""):
            Renamed.__init__(self, inner, newname=name)
            if docs:
                self.__doc__ = docs

        def __repr__(self):
            return f"<value type {self.name}>"

        def __copy__(self):
            return self if _KNOWN.get(self.name) is self else super().__copy__()

        def __reduce_ex__(self, protocol):
            if _KNOWN.get(self.name) is self:
                return known_as, (self.name,)
            return super().__reduce_ex__(protocol)


_KNOWN: Final[dict[str, ValueType[Any]]] = {}


def keep_known(types: Mapping[str, ValueType[Any]]) -> None:
    """Let types be themselves when they are copied, and pickled, for another process, too."""
    _KNOWN.update(types)


def known_as(name: str) -> ValueType[Any]:
    """The type that was known by a name when it was pickled."""
    return _KNOWN[name]


class OtherConstruct(Protocol):
    """A construct that was made elsewhere: its values are of any type."""

    def parse(self, data: Any, **contextkw: Any) -> Any:
        """The value of some bytes."""

    def build(self, obj: Any, **contextkw: Any) -> Any:
        """The bytes of a value."""

    def parse_stream(self, stream: Any, **contextkw: Any) -> Any:
        """The value at a place of a file."""


class ArrayType(Protocol):
    """A dtype of numpy."""

    @property
    def itemsize(self) -> int:
        """Bytes of a value."""

    @property
    def kind(self) -> str:
        """A letter for what it is."""


#: Any construct.
AnyConstruct: TypeAlias = ValueType[Any] | OtherConstruct
#: What has values of any type: a construct from elsewhere, a name, a type of ctypes or numpy.
OtherType: TypeAlias = str | OtherConstruct | type[Any] | ArrayType
#: Whatever means a value type.
AnyType: TypeAlias = ValueType[Any] | OtherType
