"""From statements to bytes at addresses: labels, branches as short as they can be, data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from ..assembler.assembler import Line, encode_line
from ..assembler.branches import Form
from ..assembler.encoder import CannotEncode
from ..assembler.expressions import Expression, evaluate
from ..assembler.operands import Immediate, MemoryOperand
from ..errors import AssemblyError, FarfetchError, ScriptError
from .data import Added
from .statements import Align, Code, Copy, Data, Emitted, Label, Moved, Part, Place

#: Times that all lines are encoded; each takes the addresses of the time before.
MAX_ROUNDS: Final = 24
#: Bytes that a script writes.
MAX_WRITTEN: Final = 16 << 20
_LOWEST: Final = 0x10000  # below it is nothing of a program


class Surroundings(Protocol):
    """What a script needs to know of its target."""

    @property
    def bits(self) -> int:
        """Width of its code, 32 or 64."""

    def symbol(self, name: str) -> int | None:
        """The address that a name stands for; None where it stands for none."""

    def pointer(self, address: int) -> int:
        """The pointer at an address."""

    def copy(self, address: int, size: int) -> bytes:
        """The bytes at an address."""

    def bytes_at(self, address: int, size: int) -> bytes:
        """The bytes at an address, fewer where not all can be read."""

    def moved(self, address: int, to: int) -> bytes:
        """The instruction at an address, as it has to be elsewhere to do the same."""


class Piece(NamedTuple):
    """Bytes of one statement, where they go.

    Attributes:
        line: of the script.
        address: of the first.
        raw: the bytes.
        mask: 0 for bytes that stay as they are; "" when all are written.
    """

    line: int
    address: int
    raw: bytes
    mask: bytes = b""


class Assembled(NamedTuple):
    """A section that has been assembled.

    Attributes:
        pieces: in the order of the script.
        names: addresses of its labels, allocations and what it looked for.
    """

    pieces: tuple[Piece, ...]
    names: Mapping[str, int]


class Names:
    """What names stand for in a script: its own first, then the target's.

    Its own are told apart by letter case only where that is needed.
    """

    def __init__(self, own: Mapping[str, int], outside: Callable[[str], int | None]) -> None:
        self._own = dict(own)
        self._folded = {name.lower(): name for name in own}
        self._outside = outside
        self._seen: dict[str, int | None] = {}

    def own(self, name: str) -> str | None:
        """The name as the script declares it; None where it does not."""
        return name if name in self._own else self._folded.get(name.lower())

    def get(self, name: str) -> int | None:
        """What it stands for; None for nothing."""
        own = self.own(name)
        if own is not None:
            return self._own[own]
        if name not in self._seen:
            self._seen[name] = self._outside(name)
        return self._seen[name]

    def set(self, name: str, address: int) -> None:
        """Declare a name of the script's own, or move it."""
        self._own[name] = address
        self._folded[name.lower()] = name

    def __call__(self, name: str) -> int:
        """What it stands for.

        Raises:
            CannotEncode: nothing.
        """
        address = self.get(name)
        if address is None:
            raise CannotEncode(unknown(name))
        return address

    def all(self) -> dict[str, int]:
        """All of the script's own."""
        return dict(self._own)


def unknown(name: str) -> str:
    """Say that nothing is called so."""
    if name.startswith("@@"):
        return f"there is no label {'before' if name == '@@0' else 'behind'} this line"
    if ":" in name.strip(":"):
        return f"\"{name:.80}\" is a name of Mono's or .NET's, which are not known"
    return f'nothing is called "{name:.80}"'


def assemble_part(
    part: Part, names: Names, around: Surroundings, *, strict: bool = False
) -> Assembled:
    """Assemble a section.

    Args:
        part: of the script.
        names: with the addresses of what it allocated and found; its labels are added.
        around: what it needs to know of the target.
        strict: whether labels have to be declared.

    Raises:
        ScriptError: a line cannot be assembled.
    """
    return _Layout(part, names, around, strict).settle()


class _Layout:
    def __init__(self, part: Part, names: Names, around: Surroundings, strict: bool) -> None:
        self._names, self._around = names, around
        self._statements = self._labelled(part, strict)
        self._constants = part.constants
        self._forms = [Form.SHORT] * len(self._statements)
        self._sizes = [2] * len(self._statements)
        self._moved: dict[tuple[int, int], bytes] = {}

    def _labelled(self, part: Part, strict: bool) -> Sequence[Emitted]:
        """The statements, with places that are labels told from places that are addresses."""
        declared = {label.lower() for label in part.labels}
        statements: list[Emitted] = []
        seen: set[str] = set()
        for statement in part.emitted:
            if isinstance(statement, Place):
                name = _alone(statement)
                folded = "" if name is None else name.lower()
                if name is not None and (
                    folded in declared or (folded not in seen and self._names.get(name) is None)
                ):
                    if strict and folded not in declared:
                        raise ScriptError(statement.line, f"{name:.80} is not declared by label()")
                    statement = Label(statement.line, name)
                elif name is not None and folded in seen:
                    statement = Label(statement.line, name)
            if isinstance(statement, Label):
                if statement.name.lower() in seen:
                    reason = f"the label {statement.name:.80} is there twice"
                    raise ScriptError(statement.line, reason)
                seen.add(statement.name.lower())
            statements.append(statement)
        return statements

    def settle(self) -> Assembled:
        """Encode until no address moves any more."""
        for line, name, tree in self._constants:
            self._names.set(name, self._value(line, tree))
        self._guess()
        before: dict[str, int] = {}
        now: dict[str, int] = {}
        for count in range(MAX_ROUNDS):
            before = now
            pieces, error = self._round()
            now = self._names.all()
            if count and now == before:
                if error is not None:
                    raise error
                return Assembled(tuple(pieces), now)
        line = next(
            statement.line
            for statement in self._statements
            if isinstance(statement, Label) and before[statement.name] != now[statement.name]
        )
        raise ScriptError(line, "the addresses of the labels from here on do not settle")

    def _guess(self) -> None:
        """Let labels stand where their block begins, until it is known better."""
        at, waiting = 0, []
        for number, statement in enumerate(self._statements):
            if isinstance(statement, Label):
                waiting.append((number, statement))
                self._names.set(statement.name, 0)
        for statement in self._statements:
            if isinstance(statement, Place):
                at = self._value(statement.line, statement.address)
            elif isinstance(statement, Label):
                self._names.set(statement.name, at)
        ahead = {label.name.lower(): number for number, label in waiting}
        for number, statement in enumerate(self._statements):
            if isinstance(statement, Code) and statement.code.target is not None:
                names = [name.text.lower() for name in statement.code.names]
                if any(ahead.get(name, -1) > number for name in names):
                    self._forms[number] = Form.NEAR

    def _round(self) -> tuple[list[Piece], ScriptError | None]:
        """Encode all lines once; the first error counts only when nothing moves any more."""
        pieces: list[Piece] = []
        error: ScriptError | None = None
        at: int | None = None
        written = 0
        for number, statement in enumerate(self._statements):
            if isinstance(statement, Place):
                at = self._value(statement.line, statement.address)
                continue
            if at is None:
                what = "the label" if isinstance(statement, Label) else "what"
                said = f"{what} stands before any address, such as newmem:"
                raise ScriptError(statement.line, said)
            if isinstance(statement, Label):
                self._names.set(statement.name, at)
                continue
            try:
                piece = self._piece(number, statement, at)
                self._sizes[number] = len(piece.raw)
                pieces.append(piece)
            except ScriptError as refused:
                error = error or refused
            at += self._sizes[number]
            written += self._sizes[number]
            if written > MAX_WRITTEN:
                reason = f"the script writes more than {MAX_WRITTEN >> 20} MiB"
                raise ScriptError(statement.line, reason)
        return pieces, error

    def _piece(self, number: int, statement: Emitted, at: int) -> Piece:
        line, mask = statement.line, b""
        try:
            if isinstance(statement, Code):
                raw, form = self._code(statement.code, at, self._forms[number])
                self._forms[number] = max(self._forms[number], form)
            elif isinstance(statement, Data):
                raw, mask = self._data(statement, at)
            elif isinstance(statement, Align):
                raw = bytes((statement.fill,)) * (-at % statement.size)
            elif isinstance(statement, Copy):
                raw = self._around.copy(self._value(line, statement.address), statement.size)
            elif isinstance(statement, Moved):
                source = self._value(line, statement.address)
                if (source, at) not in self._moved:
                    self._moved[source, at] = self._around.moved(source, at)
                raw = self._moved[source, at]
            else:
                raise AssertionError(statement)
        except AssemblyError as error:
            raise ScriptError(line, str(error)) from None
        except CannotEncode as error:
            raise ScriptError(line, error.reason) from None
        except ScriptError as error:
            raise ScriptError(error.line or line, error.reason) from None
        except FarfetchError as error:
            raise ScriptError(line, str(error)) from None
        return Piece(line, at, raw, mask)

    def _code(self, code: Line, at: int, least: Form) -> tuple[bytes, Form]:
        bits = self._around.bits
        if _stands_alone(code):
            return _encoded(code, bits)
        return encode_line(code, at, bits, self._names, self._pointer, least)

    def _data(self, data: Data, at: int) -> tuple[bytes, bytes]:
        raw, mask = bytearray(), bytearray()
        for item in data.items:
            if item is None:
                raw += bytes(data.size)
                mask += bytes(data.size)
                continue
            if isinstance(item, bytes):
                raw += item
                mask += b"\xff" * len(item)
                continue
            if isinstance(item, Added):
                there = self._around.bytes_at(at + len(raw), 1)  # none where it is yet to be
                added = evaluate(item.value, self._names, self._pointer)
                raw.append((int.from_bytes(there, "little") + added) % 256)
                mask.append(0xFF)
                continue
            value = evaluate(item, self._names, self._pointer)
            limit = 1 << data.size * 8
            if not -(limit >> 1) <= value < limit:
                raise CannotEncode(f"{data.text:.60}: {value:X} is wider than its place")
            raw += (value % limit).to_bytes(data.size, "little")
            mask += b"\xff" * data.size
        return bytes(raw), bytes(mask) if 0 in mask else b""

    def _value(self, line: int, tree: Expression) -> int:
        return value_of(line, tree, self._names, self._pointer)

    def _pointer(self, address: int) -> int:
        return self._around.pointer(address % (1 << 64))


def value_of(line: int, tree: Expression, names: Names, pointer: Callable[[int], int]) -> int:
    """The address or number that an expression in a line is.

    Args:
        line: of the script.
        tree: the expression.
        names: of the script and its target.
        pointer: says the pointer at an address.

    Raises:
        ScriptError: a name stands for nothing, or a pointer cannot be read.
    """
    try:
        return evaluate(tree, names, pointer) % (1 << 64)
    except CannotEncode as error:
        raise ScriptError(line, error.reason) from None
    except FarfetchError as error:
        raise ScriptError(line, str(error)) from None


def _alone(place: Place) -> str | None:
    """The name of a place that is one name; None of others."""
    from ..assembler.expressions import Name

    if isinstance(place.address, Name) and '"' not in place.text:
        return place.address.text
    return None


def _stands_alone(code: Line) -> bool:
    """Whether the bytes of an instruction are the same everywhere."""
    if code.refused or code.target is not None or any(True for _ in code.names):
        return False
    return not any(
        isinstance(operand, MemoryOperand) and not (operand.base or operand.index)
        for operand in code.operands
    ) and not any(isinstance(one, Immediate) and _has_pointer(one.tree) for one in code.operands)


def _has_pointer(tree: Expression) -> bool:
    from ..assembler.expressions import plain

    return plain(tree) is None


@lru_cache(maxsize=4096)
def _encoded(code: Line, bits: int) -> tuple[bytes, Form]:
    return encode_line(code, 0, bits, _no_name, _no_pointer)


def _no_name(name: str) -> int:
    raise CannotEncode(unknown(name))


def _no_pointer(address: int) -> int:
    raise CannotEncode(f"the pointer at {address:X} is not read here")
