"""Code of tables: instructions that are changed, by name, found again in other builds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from .. import arguments
from ..errors import CodeError, ExpressionError, FarfetchError, TableError
from ..errors.base import short
from ..live.patch import Patch
from ..memory.modules import Location, Module
from ..memory.space import Space
from ..predicates.byte_pattern import Pattern, pattern
from ..values.literals import quote
from .entry import check_text

#: Characters of the code of a hook.
MAX_CODE: Final = 1 << 16
#: Its fields, in the order in which a file has them.
CODE_FIELDS: Final = (
    *("name", "group", "note", "where", "kind", "before", "code", "original", "signature"),
)
_KINDS: Final = ("nop", "patch", "hook")
_ORIGINALS: Final = ("after", "before", "none")
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}(?: (?=[0-9a-f]))?)*")

Original = Literal["after", "before", "none"]


class Changeable(Protocol):
    """What a target does with code."""

    def address(self, text: str) -> int:
        """The address that a text says."""

    def locate(self, address: int) -> Location:
        """The module that an address is in."""

    def modules(self) -> list[Module]:
        """The programs and libraries."""

    def read_bytes(self, address: int, size: int) -> bytes:
        """The bytes at an address."""

    def check(self) -> None:
        """Raise unless it is still there."""

    def nop(self, address: int) -> Patch:
        """Let an instruction do nothing."""

    def patch(self, address: int, raw: bytes) -> Patch:
        """Change bytes."""

    def hook(self, address: int, code: str, *, original: Original = "after") -> Patch:
        """Let other code run, too."""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """Code that is changed, with a name; made of a patch by :meth:`of`.

    Attributes:
        name: nothing else of a table has it.
        where: of the first instruction, as ``game+0x1a03``.
        kind: ``"nop"``, ``"patch"`` or ``"hook"``.
        before: the bytes that are there, in hex.
        code: what runs, of a hook; the new bytes in hex, of a patch.
        original: of a hook, whether what was there runs ``"after"`` it, ``"before"`` it, or not
            (``"none"``).
        signature: the pattern by which the place is found again; "" where it has none.
        group: what it belongs to; ``/`` divides groups in groups.
        note: for people.

    Raises:
        TableError: a field is not what it has to be.

    >>> CodeEntry("no damage", "game+0x1a03", "nop", "89 55 04").kind
    'nop'
    """

    name: str
    where: str
    kind: Literal["nop", "patch", "hook"]
    before: str
    code: str = ""
    original: Original = "after"
    signature: str = ""
    group: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for field in ("name", "where", "before", "signature", "group", "note"):
            needed = field in ("name", "where", "before")
            check_text(field, getattr(self, field), needed=needed)
        check_text("code", self.code, needed=False, most=MAX_CODE)
        if not isinstance(self.kind, str) or self.kind not in _KINDS:
            raise TableError("", f"kind is nop, patch or hook, not {short(self.kind)}")
        if not isinstance(self.original, str) or self.original not in _ORIGINALS:
            raise TableError("", f"original is after, before or none, not {short(self.original)}")
        if not _HEX.fullmatch(self.before):
            raise TableError("", f"before is bytes in hex, not {short(self.before)}")
        if self.kind == "patch" and not (self.code and _HEX.fullmatch(self.code)):
            raise TableError("", f"code is bytes in hex, not {short(self.code)}")
        if self.kind == "hook" and not self.code.strip():
            raise TableError("", "code is empty")
        if self.signature:
            try:
                pattern(self.signature)
            except ExpressionError as error:
                raise TableError("", f"signature: {error}") from None

    @classmethod
    def of(
        cls, target: Changeable, patch: Patch, name: str, *, group: str = "", note: str = ""
    ) -> CodeEntry:
        """The entry of what a patch has done, to be done again in other runs and builds.

        Args:
            target: that the patch is of.
            patch: any of it.
            name: of the entry.
            group: what it belongs to.
            note: for people.

        Raises:
            TableError: a field is not what it has to be.
            TargetGone: it has exited before its signature was made.

        >>> target = attach(Buffer(bytearray.fromhex("29 d8 c3"), base=0x1000))
        >>> entry = CodeEntry.of(target, target.nop(0x1000), "no damage")
        >>> entry.where, entry.before, entry.signature
        ('0x1000', '29 d8', '')
        """
        arguments.instance("target", target, Space, "a target")
        arguments.instance("patch", patch, Patch, "a patch")
        try:
            signature = str(patch.signature)
        except CodeError:  # it is in no module, or there is something like it
            signature = ""
        code = ""
        original: Original = "after"
        if patch.kind == "patch":
            code = patch.after.hex(" ")
        elif patch.kind == "hook":
            text, original = getattr(patch, "text", ""), getattr(patch, "original", "after")
            code = text if isinstance(text, str) else f"db {text.hex(' ')}"
        where = str(target.locate(patch.address))
        before = patch.before.hex(" ")
        return cls(name, where, patch.kind, before, code, original, signature, group, note)

    def find(self, target: Changeable) -> int:
        """Where the code is in a target: where it was, or else where its signature is.

        Raises:
            TableError: it is not there, or more than once.
            TargetGone: it has exited or executed another program.

        >>> code = CodeEntry("it", "0x1000", "nop", "29 d8")
        >>> hex(code.find(attach(Buffer(bytes.fromhex("29 d8 c3"), base=0x1000))))
        '0x1000'
        >>> code.find(attach(Buffer(bytes(8), base=0x1000)))
        Traceback (most recent call last):
        farfetch.scanner.TableError: "it": its code is no longer at 0x1000
        """
        arguments.instance("target", target, Space, "a target")
        address = self._there(target)
        if address is not None:
            return address
        if not self.signature:
            raise TableError("", f"{quote(self.name)}: its code is no longer at {self.where}")
        found = list(self._places(target))
        if len(found) == 1:
            return found[0]
        where = f"in {_module_of(self.where)}" if _module_of(self.where) else "there"
        said = f"is {len(found)} times {where}" if found else f"is not {where} any more"
        raise TableError("", f"{quote(self.name)}: its signature {said}")

    def enable(self, target: Changeable) -> Patch:
        """Change the code; the patch takes it back.

        Raises:
            TableError: it is not found, or what a patch replaces is another.
            CodeError, AssemblyError, ScriptError, MemoryFault, AccessDenied, MemoryUnavailable:
                as by what it does.

        >>> memory = bytearray.fromhex("29 d8 c3")
        >>> target = attach(Buffer(memory, base=0x1000))
        >>> with CodeEntry("it", "0x1000", "nop", "29 d8").enable(target):
        ...     memory.hex(" ")
        '66 90 c3'
        """
        address = self.find(target)
        if self.kind == "nop":
            return target.nop(address)
        if self.kind == "hook":
            return target.hook(address, self.code, original=self.original)
        raw = bytes.fromhex(self.code)
        before = bytes.fromhex(self.before)
        there = target.read_bytes(address, len(raw))
        wild = self._pattern.mask if self._pattern else b""
        for index, (old, now) in enumerate(zip(before, there, strict=False)):
            if old != now and not (index < len(wild) and wild[index] != 0xFF):
                reason = f"the bytes at 0x{address:x} are others than it replaces: {there.hex(' ')}"
                raise TableError("", f"{quote(self.name)}: {reason}")
        return target.patch(address, raw)

    @property
    def _pattern(self) -> Pattern | None:
        return pattern(self.signature) if self.signature else None

    def _there(self, target: Changeable) -> int | None:
        """The address where it was, if it still is there."""
        wanted = self._pattern
        size = len(wanted) if wanted else len(bytes.fromhex(self.before))
        try:
            address = target.address(self.where)
            raw = target.read_bytes(address, size)
        except FarfetchError:
            target.check()
            return None
        fits = wanted.fits(raw) if wanted else raw == bytes.fromhex(self.before)
        return address if fits else None

    def _places(self, target: Changeable) -> Sequence[int]:
        """Where its signature is in the code of its module; of any, where that has no name."""
        wanted = self._pattern
        assert wanted is not None
        parts = [
            b"." if mask == 0 else re.escape(bytes([value]))
            for value, mask in zip(wanted.value, wanted.mask, strict=True)
        ]
        search = re.compile(b"(?=" + b"".join(parts) + b")", re.DOTALL)
        name = _module_of(self.where)
        found: list[int] = []
        for module in target.modules():
            if name and name not in (module.name, module.path):
                continue
            for region in module.regions:
                if region.executable and region.readable:
                    raw = target.read_bytes(region.start, region.size)
                    found += (region.start + hit.start() for hit in search.finditer(raw))
        return found


def _module_of(where: str) -> str:
    """The name of the module that a place is in; "" of an address alone."""
    name, plus, _ = where.rpartition("+")
    return name.strip().strip('"') if plus else ""
