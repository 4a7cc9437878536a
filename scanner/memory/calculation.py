"""Calculations: places that a sum of names, pointers and numbers says."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from .. import arguments
from ..assembler.expressions import Expression, Name, Number, Sum, evaluate, names, parse, written
from ..errors import ArgumentError, AssemblyError, ExpressionError, MemoryFault, PointerError
from .pointer_path import PointerStep, Resolver
from .space import Space

#: What the text of one begins with.
SIGN: Final = "="
_EXPECTED: Final = "an attached target"


class Calculation(NamedTuple):
    """A place that is calculated anew each time: ``=[game+0x10]+[index]*0x68+8``.

    Names are of symbols, modules and stacks, ``[…]`` is the pointer that lies at an address, and a
    type before something cuts it: ``(dword)[game+0x10]``. Numbers are added, subtracted and
    multiplied, and are decimal without ``0x``. Places of Cheat Engine's tables that are no pointer
    paths are such.

    Attributes:
        text: of it, behind the ``=``, as :meth:`parse` gives it.

    ``str()`` is what :meth:`parse` takes.

    >>> target = attach(Buffer(bytearray(64), base=0x1000))
    >>> target.write(0x1000, pointer, 0x1020)
    >>> target.write(0x1008, pointer, 2)
    >>> place = Calculation.parse("=[0x1000]+[0x1008]*8")
    >>> str(place), hex(place.resolve(target))
    ('=[0x1000]+[0x1008]*0x8', '0x1030')
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Calculation:
        """The calculation that a text says.

        Raises:
            PointerError: it says none.

        >>> str(Calculation.parse("=[p]+10"))
        '=["p"]+0xa'
        >>> Calculation.parse("=[p+10")
        Traceback (most recent call last):
        farfetch.scanner.PointerError: the pointer path "=[p+10": the bracket is not closed
        """
        said = arguments.text("text", text).strip()
        if not said.startswith(SIGN):
            raise PointerError(text, f"a calculation begins with {SIGN}, as in =[p]+[q]*4")
        return cls(written(_tree(said.removeprefix(SIGN))))

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, each once.

        >>> Calculation.parse("=[p]+[q]*4-p").names
        ('p', 'q')
        """
        return tuple(dict.fromkeys(name.text for name in names(tree_of(self))))

    def follow(self, target: Space) -> tuple[PointerStep, ...]:
        """Read its pointers, and say what was found at each; raises as :meth:`resolve` does.

        >>> target = attach(Buffer(bytearray((0x1008).to_bytes(8, "little")), base=0x1000))
        >>> [hex(step.pointer) for step in Calculation.parse("=[0x1000]*2").follow(target)]
        ['0x1008']
        """
        steps: list[PointerStep] = []
        self._value(target, steps, _address_of(target))
        return tuple(steps)

    def resolve(self, target: Space) -> int:
        """The address that it gives now, cut to the width of a pointer.

        Raises:
            ExpressionError: the target has nothing of a name in it.
            PointerError: a pointer cannot be read; says which.

        >>> target = attach(Buffer(bytearray(8), base=0x1000))
        >>> hex(Calculation.parse("=[0x1000]-8").resolve(target))
        '0xfffffffffffffff8'
        >>> Calculation.parse("=[0x2000]").resolve(target)
        Traceback (most recent call last):
        farfetch.scanner.PointerError: the pointer path "=[0x2000]": the pointer at 0x2000 cannot
            be read
        """
        return self._value(target, [], _address_of(target))

    def plus(self, offset: int) -> Calculation:
        """The calculation of what lies so many bytes behind its end.

        >>> str(Calculation.parse("=[p]*2").plus(8))
        '=["p"]*0x2+0x8'
        """
        offset = arguments.whole("offset", offset, 0, (1 << 63) - 1)
        tree = tree_of(self)
        terms = tree.terms if isinstance(tree, Sum) else ((1, (tree,)),)
        return calculation_of(Sum((*terms, (1, (Number(offset),)))))

    def _value(
        self, target: Space, steps: list[PointerStep], address_of: Callable[[str], int]
    ) -> int:
        size = target.bits // 8

        def read(address: int) -> int:
            address %= 1 << target.bits
            try:
                raw = target.read_bytes(address, size)
            except (MemoryFault, ArgumentError):
                reason = f"the pointer at 0x{address:x} cannot be read"
                raise PointerError(str(self), reason) from None
            pointer = int.from_bytes(raw, "little")
            steps.append(PointerStep(address, pointer, 0, pointer))
            return pointer

        return evaluate(tree_of(self), address_of, read) % (1 << target.bits)

    def __str__(self) -> str:
        return f"{SIGN}{self.text}"


def calculation_of(tree: Expression) -> Calculation:
    """The calculation that an expression is which was read already."""
    return Calculation(written(tree))


def tree_of(calculation: Calculation) -> Expression:
    """A calculation, taken apart."""
    return _tree(arguments.text("text", calculation.text))


class Calculator(Resolver[dict[str, int]]):
    """Calculates a place again and again, as paths are followed.

    Args:
        calculation: of the place.
        target: that it is in.
    """

    def __init__(self, calculation: Calculation, target: Space) -> None:
        ask = _address_of(target)
        super().__init__(
            lambda: {name: ask(name) for name in calculation.names},
            lambda known: calculation._value(target, [], known.__getitem__),
        )
        self.path = calculation


def _address_of(target: Space) -> Callable[[str], int]:
    arguments.like("target", target, ("address", "bits", "read_bytes"), _EXPECTED)

    def address_of(name: str) -> int:
        try:
            return target.address(f'"{name}"')
        except ExpressionError:
            return target.address(name)  # what no quotes go around: a region as it is called

    return address_of


@lru_cache(maxsize=512)  # what counts from a calculation is one, too, and has it in it
def _tree(text: str) -> Expression:
    try:
        tree = parse(text, place=True, decimal=True)
    except AssemblyError as error:
        raise PointerError(f"{SIGN}{text}", error.reason) from None
    for name in names(tree):
        _check(name, text)
    return tree


def _check(name: Name, text: str) -> None:
    if name.text.startswith(">"):
        raise PointerError(f"{SIGN}{text}", "a calculation has no ->, but [p]+8")
    if not name.text.strip() or '"' in name.text:
        raise PointerError(f"{SIGN}{text}", "a name in it is empty")
