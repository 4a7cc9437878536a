"""Errors of watchpoints, machine code and scripts. The whole tree is drawn in :mod:`.errors`."""

from __future__ import annotations

from .base import FarfetchError, count


class WatchpointError(FarfetchError):
    """A value that cannot be watched here.

    Args:
        address: of the value.
        size: its bytes.
        reason: why not, and what to do.

    >>> print(WatchpointError(0x1000, 64, "no more than 32 bytes can be watched at once"))
    cannot watch 64 bytes at 0x1000: no more than 32 bytes can be watched at once
    """

    def __init__(self, address: int, size: int, reason: str) -> None:
        super().__init__(address, size, reason)
        self.address = address
        self.size = size
        self.reason = reason

    def _message(self) -> str:
        what = f"{count(self.size, 'byte')} at 0x{self.address:x}"
        return f"cannot watch {what}: {self.reason}"


class CodeError(FarfetchError):
    """Machine code that is not to be understood, found or changed.

    Args:
        address: of it; None where none is known.
        reason: what is wrong, and what to do.

    >>> print(CodeError(0x1000, "this is no instruction"))
    the code at 0x1000: this is no instruction
    """

    def __init__(self, address: int | None, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def _message(self) -> str:
        if self.address is None:
            return self.reason
        return f"the code at 0x{self.address:x}: {self.reason}"


class AssemblyError(FarfetchError):
    """A line of assembly that cannot be understood, or that no instruction is.

    Args:
        text: the line.
        position: where it went wrong, counted in characters from 0 (the text shows it from 1).
        reason: what is wrong there.

    >>> print(AssemblyError("mov eax,[rbx", 8, "the bracket is not closed"))
    mov eax,[rbx: column 9: the bracket is not closed
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(text, position, reason)
        self.text = text
        self.position = position
        self.reason = reason

    def _message(self) -> str:
        return f"{self.text:.200}: column {self.position + 1}: {self.reason}"


class IncludedLine(int):
    r"""The line of a script that includes a file, for what is wrong in that file.

    Args:
        number: of the line.
        place: in the file: its name, and the line of it.

    >>> print(ScriptError(IncludedLine(2, "more.CEA, line 7"), "nothing is called \"hp\""))
    line 2: more.CEA, line 7: nothing is called "hp"
    """

    def __new__(cls, number: int, place: str) -> IncludedLine:
        """Make one."""
        line = super().__new__(cls, number)
        line.place = place
        return line

    place: str


class ScriptError(FarfetchError):
    """A script that cannot be run, or that failed; nothing of it stays.

    Args:
        line: of the script, from 1; 0 where it is no line's.
        reason: what is wrong there; of what is included, it begins with where that is.

    >>> print(ScriptError(3, "createthread(): threads are not started in the target"))
    line 3: createthread(): threads are not started in the target
    """

    def __init__(self, line: int, reason: str) -> None:
        if isinstance(line, IncludedLine):
            reason = f"{line.place}: {reason}"
            line = int(line)
        super().__init__(line, reason)
        self.line = line
        self.reason = reason

    def _message(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason
