"""The code of a program of the core, while it is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

from ..engine import cell, check, content, ffi, lib
from ..predicates.nodes import Source

_BOUNDS: Final = ("low", "high")


@dataclass
class Code:
    """Atoms, the logic that joins their masks, expression steps, and bytes.

    Streams are the sources looked at, each with the core's number for it.

    Whatever writes to it returns how many masks its part needs at once.
    """

    atoms: list[dict[str, Any]] = field(default_factory=list)
    logic: list[tuple[int, int]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    streams: dict[Source, int] = field(default_factory=dict)

    def atom(self, *, negate: bool = False, **atom: Any) -> int:
        """Leave the mask of an atom."""
        self.logic.append((lib.FF_LOGIC_ATOM, len(self.atoms)))
        self.atoms.append(atom)
        if negate:
            self.op(lib.FF_LOGIC_NOT)
        return 1

    def op(self, kind: int) -> None:
        """Put an operation on the masks that there are."""
        self.logic.append((kind, 0))

    def everything(self) -> int:
        """Leave a mask of all slots."""
        self.op(lib.FF_LOGIC_ALL)
        return 1

    def nothing(self) -> int:
        """Leave a mask of no slot."""
        self.op(lib.FF_LOGIC_ALL)
        self.op(lib.FF_LOGIC_NOT)
        return 1

    def skip(self, kind: int) -> int:
        """Begin what is stepped over when the topmost mask says so. Returns its place."""
        self.op(kind)
        return len(self.logic) - 1

    def land(self, place: int) -> None:
        """End what is stepped over."""
        self.logic[place] = (self.logic[place][0], len(self.logic) - place - 1)

    def masked(
        self, operand: dict[str, Any], raw: bytes, mask: bytes, *, negate: bool = False
    ) -> int:
        """Whether bytes are those that are wanted, of the bits that count."""
        first = len(self.raw)
        self.raw += raw + mask
        return self.atom(
            kind=lib.FF_ATOM_PATTERN, a=operand, first=first, length=len(raw), negate=negate
        )

    @property
    def unsigned(self) -> tuple[Any, ...]:
        """The same for integers that are signed and that are not, where it decides alike."""
        atoms = [_unsigned(atom) for atom in self.atoms]
        return atoms, self.logic, self.steps, self.raw

    def create(self, size: int, constant: bytes, relation: int) -> Any:
        """The core's program, for values of so many bytes."""
        atoms = ffi.new("struct ff_atom[]", self.atoms)
        logic = ffi.new("struct ff_logic[]", self.logic)
        steps = ffi.new("struct ff_expr[]", self.steps)
        spec = ffi.new(
            "struct ff_program_spec *",
            {
                "span": size,
                "atoms": atoms,
                "natoms": len(self.atoms),
                "logic": logic,
                "nlogic": len(self.logic),
                "exprs": steps,
                "nexprs": len(self.steps),
                "bytes": ffi.from_buffer("uint8_t[]", self.raw),
                "nbytes": len(self.raw),
                "constant": ffi.from_buffer("uint8_t[]", constant) if constant else ffi.NULL,
                "relation": relation,
            },
        )
        out = cell("program")
        check(lib.ff_program_create(spec, out))
        return content(out)

    def join_ranges(self, skip: int) -> bool:
        """Make one range of two of the same value, the last code emitted on each side of a skip."""
        atom = int(lib.FF_LOGIC_ATOM)
        shape = [kind for kind, _ in self.logic[skip - 1 :]]
        if shape != [atom, lib.FF_LOGIC_SKIP_NONE, atom, lib.FF_LOGIC_AND]:
            return False
        first, second = self.atoms[-2:]
        ranges = first["kind"] == second["kind"] == lib.FF_ATOM_RANGE and first["a"] == second["a"]
        if not ranges or self.logic[skip - 1][1] != len(self.atoms) - 2:
            return False
        (member,) = first["low"]
        if any(math.isnan(side[bound][member]) for side in (first, second) for bound in _BOUNDS):
            return False
        first["low"] = {member: max(first["low"][member], second["low"][member])}
        first["high"] = {member: min(first["high"][member], second["high"][member])}
        del self.atoms[-1], self.logic[skip:]
        return True


def _unsigned(atom: dict[str, Any]) -> dict[str, Any]:
    """An atom that is true of the same bytes, of unsigned numbers if that can be said."""
    unsigned = {
        int(lib.FF_I8): lib.FF_U8,
        int(lib.FF_I16): lib.FF_U16,
        int(lib.FF_I32): lib.FF_U32,
        int(lib.FF_I64): lib.FF_U64,
    }.get(atom.get("a", {}).get("type"))
    if unsigned is None:
        return atom
    low, high = (atom.get(bound, {}).get("i") for bound in _BOUNDS)
    is_equal = atom["kind"] == lib.FF_ATOM_PAIR and atom["op"] == lib.FF_EQ and "delta" not in atom
    if is_equal:
        return atom | {side: atom[side] | {"type": unsigned} for side in "ab"}
    if atom["kind"] == lib.FF_ATOM_RANGE and low is not None and low == high and low >= 0:
        fixed = {"u": low}
        return atom | {"a": atom["a"] | {"type": unsigned}, "low": fixed, "high": fixed}
    return atom
