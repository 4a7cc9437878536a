"""hex on the whole terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from farfetch.scanner import format_address, pointer
from prompt_toolkit.formatted_text import StyleAndTextTuples

from ..answers import quantities, values
from ..answers.render import columns, printable
from ..errors import UsageError
from ..session import finding_bytes, hexdump
from ..session.code_beside import CodeBeside
from ..session.session import Session
from .screen import Screen

_KEYS = "q quit  0-f edit  u undo  g go  t type  i code  / find  p pointer  ? keys"
_HELP = (
    "arrows and PageUp, PageDown move; / finds bytes such as 4d 5a or text, n the next; "
    "p goes where the pointer under the cursor leads, o back again; i shows instructions, the "
    "first at the cursor"
)
#: Columns for the instructions in a row.
_INSTRUCTIONS = 40
_DIGITS = "0123456789abcdefABCDEF"
#: Seconds between looks.
EVERY = 0.25


class _Page(NamedTuple):
    """What a look found: the address of the first byte, the bytes, and those that changed."""

    address: int
    content: list[hexdump.Byte]
    changed: frozenset[int]


class HexScreen:
    """Memory to page through and to edit.

    Args:
        session: with the target.
        address: where the cursor begins, and the first structure if they are decoded.
        value_type: of the values beside the bytes.
        force: edit even what the target may not write itself.
    """

    def __init__(self, session: Session, address: int, value_type: Any, *, force: bool) -> None:
        self._session = session
        self._force = force
        self._type = value_type
        self._cursor = address
        self._decoder = hexdump.Decoder(value_type, session.attached.bits, address)
        self._code: CodeBeside | None = None
        self._begin = address - address % hexdump.ROW
        self._rows, self._width = 16, hexdump.ROW
        self._digit: str | None = None
        self._undo: list[tuple[int, bytes]] = []
        self._came_from: list[int] = []
        self._needle = b""
        self._page = _Page(self._begin, [], frozenset())
        self._where = ""
        self.screen = Screen(self._body, self._state, self._look, EVERY)
        self._look()
        self._add_keys()

    def _look(self) -> None:
        begin, size = self._begin, self._rows * self._width
        size = min(size, hexdump.HIGHEST - begin)
        target = self._session.attached
        content = hexdump.read(target, begin, size)
        before = self._page
        old = {before.address + at: byte for at, byte in enumerate(before.content)}
        changed = {
            begin + at for at, byte in enumerate(content) if old.get(begin + at, byte) != byte
        }
        self._page = _Page(begin, content, frozenset(changed))
        self._where = str(target.locate(self._cursor))

    def _body(self, rows: int, columns_: int) -> StyleAndTextTuples:
        address_width = len(format_address(self._begin + rows * hexdump.ROW))
        # address, two blanks, three columns a byte, two blanks, the text
        beside = _INSTRUCTIONS if self._code else 0
        width = next(
            width
            for width in (16, 8, 4)
            if address_width + 3 + 4 * width + beside <= columns_ or width == 4
        )
        if (rows, width) != (self._rows, self._width):
            self._rows, self._width = rows, width
            self._follow()
            self.screen.refresh()
        page = self._page
        drawn: StyleAndTextTuples = []
        for row in hexdump.rows(page.address, page.content, self._width):
            drawn.append(("", f"{format_address(row.address):>{address_width}}  "))
            for at, digits in enumerate(row.digits):
                drawn += self._byte(row.address + at, digits)
            drawn.append(("", "   " * (self._width - len(row.content)) + " "))
            drawn.append(("", row.text.ljust(self._width)))
            shown = (self._code or self._decoder).beside(row, page.address, page.content)
            room = columns_ - address_width - 3 - 4 * self._width
            drawn.append(("", _whole(printable(shown), room) + "\n"))
        return drawn

    def _byte(self, address: int, digits: str) -> StyleAndTextTuples:
        if address == self._cursor:
            shown = digits if self._digit is None else self._digit + "_"
            return [("class:cursor", f"{shown}"), ("", " ")]
        if address in self._page.changed:
            return [("class:changed", digits), ("", " ")]
        return [("class:unreadable" if digits == "??" else "", f"{digits} ")]

    def _state(self) -> str:
        label = values.type_label(self._type)
        at = self._cursor - self._page.address
        if self._code is not None:
            label = "code"
        elif readings := self._decoder.readings(self._page.content[max(at, 0) :]):
            label += f": {readings}"
        edits = f", {quantities.count(len(self._undo), 'change')}" if self._undo else ""
        return f"{self._where} {label}{edits} | {_KEYS}"

    def _move(self, by: int) -> None:
        self._digit = None
        self._cursor = max(0, min(self._cursor + by, hexdump.HIGHEST - 1))
        self._follow()
        self.screen.attempt(self._look)

    def _follow(self) -> None:
        """Turn the page so that the cursor is on it."""
        width, span = self._width, self._rows * self._width
        if self._cursor < self._begin:
            self._begin = self._cursor - self._cursor % width
        elif self._cursor >= self._begin + span:
            self._begin = self._cursor - self._cursor % width - span + width
        self._begin = max(0, self._begin)

    def _type_digit(self, digit: str) -> None:
        if self._digit is None:
            self._digit = digit.lower()
            return
        raw, self._digit = bytes.fromhex(self._digit + digit), None
        target = self._session.attached
        before = target.read_bytes(self._cursor, 1)
        target.write_bytes(self._cursor, raw, force=self._force)
        self._undo.append((self._cursor, before))
        self._move(1)

    def _take_back(self) -> None:
        if self._undo:
            address, before = self._undo[-1]
            self._session.attached.write_bytes(address, before, force=self._force)
            self._undo.pop()
            self._move(address - self._cursor)

    def _go(self, text: str) -> None:
        self._go_to(self._session.attached.address(text))

    def _go_to(self, address: int) -> None:
        self._came_from.append(self._cursor)
        self._show(address)

    def _go_back(self) -> None:
        if self._came_from:
            self._show(self._came_from.pop())

    def _follow_pointer(self) -> None:
        target = self._session.attached
        address = target.read(self._cursor, pointer)
        target.read_bytes(address, 1)  # else it leads nowhere, which is said
        self._go_to(address)

    def _find(self, text: str) -> None:
        self._needle = finding_bytes.wanted(text)
        self._find_next()

    def _find_next(self) -> None:
        if not self._needle:
            raise UsageError("/ finds bytes or text")
        target, needle, start = self._session.attached, self._needle, self._cursor + 1

        def search(tell: Callable[[str], bool]) -> int | None:
            return finding_bytes.find(
                target,
                needle,
                start,
                lambda done: tell(f": {quantities.size(done)} looked through"),
            )

        self.screen.begin("searching", search, self._show_found)

    def _show_found(self, found: int | None) -> None:
        if found is None:
            raise UsageError("not found from here on")
        self._go_to(found)

    def _say_keys(self) -> None:
        self.screen.message = _HELP

    def _show(self, address: int) -> None:
        self._cursor, self._digit = address, None
        self._begin = address - address % self._width
        self._decode()
        self._look()

    def _choose_type(self, text: str) -> None:
        self._type = self._session.type_named(text)
        self._code = None
        self._decode()

    def _decode(self) -> None:
        """Decode anew; a structure, or an instruction, begins at the cursor."""
        if self._code is not None:
            self._code = CodeBeside(self._session.attached.bits, self._cursor)
        self._decoder = hexdump.Decoder(self._type, self._session.attached.bits, self._cursor)

    def _show_code(self) -> None:
        """Show instructions, the first at the cursor, or values again."""
        bits = self._session.attached.bits
        self._code = None if self._code else CodeBeside(bits, self._cursor)

    def _add_keys(self) -> None:
        screen = self.screen
        keys, free = screen.keys, screen.free
        steps = {"left": -1, "right": 1, "backspace": -1}
        for key, step in steps.items():
            keys.add(key, filter=free)(lambda _, step=step: self._move(step))
        for key, sign in {"up": -1, "down": 1}.items():
            keys.add(key, filter=free)(lambda _, sign=sign: self._move(sign * self._width))
        for key, sign in {"pageup": -1, "pagedown": 1}.items():
            keys.add(key, filter=free)(
                lambda _, sign=sign: self._move(sign * self._rows * self._width)
            )
        for digit in _DIGITS:
            keys.add(digit, filter=free)(
                lambda _, digit=digit: screen.attempt(lambda: self._type_digit(digit))
            )
        keys.add("u", filter=free)(lambda _: screen.attempt(self._take_back))
        keys.add("g", filter=free)(lambda _: screen.ask("address: ", self._go))
        keys.add("/", filter=free)(lambda _: screen.ask("find: ", self._find))
        keys.add("n", filter=free)(lambda _: screen.attempt(self._find_next))
        keys.add("p", filter=free)(lambda _: screen.attempt(self._follow_pointer))
        keys.add("o", filter=free)(lambda _: screen.attempt(self._go_back))
        keys.add("i", filter=free)(lambda _: screen.attempt(self._show_code))
        keys.add("?", filter=free)(lambda _: self._say_keys())
        keys.add("t", filter=free)(lambda _: screen.ask("type: ", self._choose_type))


def _whole(beside: str, room: int) -> str:
    """As many values as fit: one that is cut would be another number."""
    shown = f"  {beside}"
    return shown if columns(shown) <= room else shown[: shown.rfind("  ", 0, max(room, 0) + 2)]
