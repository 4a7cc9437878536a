"""What is shown beside bytes that are code: the instructions that begin in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from farfetch.scanner import Buffer, MemoryFault, attach

from .hexdump import Byte, Row

_LONGEST: Final = 15  # bytes of an instruction


class CodeBeside:
    """Instructions, decoded from one that is known to begin there on.

    Args:
        bits: of the code: 32 or 64.
        begin: address of the instruction; what is before it is decoded from where the bytes begin.

    Raises:
        CodeError: code cannot be read on this machine.

    >>> beside = CodeBeside(64, 0x1001)
    >>> content = list(bytes.fromhex("90 29 d8 c3"))
    >>> beside.beside(Row(0x1000, tuple(content)), 0x1000, content)
    'nop  sub eax, ebx  ret'
    """

    def __init__(self, bits: int, begin: int) -> None:
        self._bits, self._begin = bits, begin
        self._shown: tuple[int, list[Byte]] | None = None
        self._texts: dict[int, str] = {}
        self._decode(0, b"\x90")

    def beside(self, row: Row, address: int, content: Sequence[Byte]) -> str:
        """What is shown beside a row.

        Args:
            row: one of those that the bytes were cut into.
            address: of the first of all bytes.
            content: all bytes.
        """
        if self._shown != (address, list(content)):
            self._shown = (address, list(content))
            self._texts = self._all(address, content)
        ends = row.address + len(row.content)
        found = (self._texts.get(at) for at in range(row.address, ends))
        return "  ".join(text for text in found if text is not None)

    def _all(self, address: int, content: Sequence[Byte]) -> dict[int, str]:
        texts: dict[int, str] = {}
        at, raw = address, bytearray()
        for place, byte in enumerate([*content, None], address):
            if byte is not None and place != self._begin:
                raw.append(byte)
                continue
            texts |= self._decode(at, bytes(raw))
            at, raw = (place, bytearray([byte])) if byte is not None else (place + 1, bytearray())
        return texts

    def _decode(self, address: int, raw: bytes) -> dict[int, str]:
        if not raw:
            return {}
        code = attach(Buffer(raw, base=address), bits=self._bits)
        try:
            found = code.disassemble(address, len(raw))
        except MemoryFault:  # they are the beginning of one instruction
            return {}
        return {one.address: one.text for one in found}
