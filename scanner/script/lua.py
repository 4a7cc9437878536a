"""Lua in scripts that only computes: run in a Lua that has nothing but that to do.

It reads the target, looks for bytes and says what is to be written and which names are to be
known; both is done with the script's own changes, or not at all. It comes by no file, no other
program and no code that is not text, and ends when it takes too long or too much.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from ..assembler.encoder import CannotEncode
from ..assembler.expressions import evaluate, parse
from ..errors import AssemblyError, FarfetchError, ScriptError
from .aob import ByteArray, parse_aob
from .lua_assembling import assembled
from .lua_names import made_names, used_names
from .lua_prelude import LOOK, MAX_REPEATED, MAX_STEPS, PRELUDE
from .lua_world import LuaWorld
from .search import Within

#: Bytes of memory that Lua may use.
MAX_MEMORY: Final = 64 << 20
#: Seconds that all pieces of Lua of a section may take.
MAX_SECONDS: Final = 5.0
#: Instructions that they may take.
MAX_INSTRUCTIONS: Final = 100_000_000
#: Bytes that they may write, read at a time, or print.
MAX_BYTES: Final = 1 << 20
#: Places that they may write to, and names that they may make known.
MAX_EFFECTS: Final = 4096
#: Searches of a section.
MAX_SEARCHES: Final = 64
#: Places of an array of bytes that are listed.
MAX_FOUND: Final = 256
NOT_INSTALLED: Final = "Lua is run by the package lupa: pip install farfetch[lua]"

_INTERRUPTED: Final = b"it was interrupted"  # as the prelude says it
#: What a function says to arguments that are none of its.
_MISUSED: Final = (ValueError, TypeError, ArithmeticError, MemoryError, struct.error)
_INNER: Final = re.compile(r"prelude:[0-9]+: ")
_PLACE: Final = re.compile(r"script:([0-9]+): (.*)", re.DOTALL)
_NAME: Final = re.compile(r"[^\s\"]{1,200}")


class LuaSandbox:
    """Runs the Lua of a script.

    Args:
        world: what it may know.
        checking: whether Lua is told that the script is only checked (``syntaxcheck``).

    Attributes:
        writes: what is to be written, in order.
        registered: names that are to be known.
        unregistered: names that no longer are.
        said: what it has printed.

    Raises:
        ScriptError: lupa is not installed.
    """

    def __init__(self, world: LuaWorld, *, checking: bool) -> None:
        self.writes: list[tuple[int, bytes]] = []
        self.registered: dict[str, int] = {}
        self.unregistered: list[str] = []
        self.said: list[str] = []
        self._world = world
        self._until = 0.0
        self._looks = self._searches = 0
        self._broken: BaseException | None = None
        self._calls: dict[str, Callable[..., object]] = {
            "say": self._say,
            "address": self._address,
            "read": self._read,
            "text": self._text,
            "widened": self._widened,
            "write": self._write,
            "find": self._find,
            "register": self._register,
            "unregister": self._unregister,
            "assemble": self._assemble,
            "modules": self._modules,
            "clock": _clock,
            "sleep": self._sleep,
        }
        self._checking = checking
        self._made: set[str] = set()  # names of pieces that were looked at
        self._lua: tuple[Any, Any] | None = None

    def begin(self, world: LuaWorld | None = None) -> None:
        """Forget what pieces before were to do, and give the next ones their time.

        Args:
            world: what they may know now; what was known before if None.
        """
        self._world = world or self._world
        self.writes, self.registered, self.unregistered, self.said = [], {}, [], []
        self._until = time.monotonic() + MAX_SECONDS
        self._looks = self._searches = 0

    def check(self, text: str, line: int) -> None:
        """Refuse what is no Lua, or needs what is not there.

        Args:
            text: of the piece, its lines where they are in the script.
            line: of the script where the piece begins.

        Raises:
            ScriptError: says which line and why.
        """
        known = _known_names()
        self._made |= made_names(text)
        for name, where in used_names(text):
            if name not in known and name not in self._made:
                reason = f"{{$lua}}: {name:.60} is no function that only computes"
                raise ScriptError(where, reason)
        _, compiled = self._started()
        fine, why = compiled(_framed(text, line))
        if not fine:
            raise _error(why, line)

    def run(self, text: str, line: int) -> str:
        """Run a piece.

        Args:
            text: of the piece, its lines where they are in the script.
            line: of the script where the piece begins.

        Returns:
            The lines that it puts in its place, or "".

        Raises:
            ScriptError: it fails, or takes too long or too much; says which line.
        """
        self.check(text, line)
        self._broken = None
        try:
            run, _ = self._started()
            fine, said = run(_framed(text, line))
        except Exception as error:  # lupa's own errors share no class but this
            raise ScriptError(line, f"{{$lua}}: {_of_lupa(error)}") from None
        if self._broken is not None:
            raise self._broken
        if not fine and said == _INTERRUPTED:  # before anything of ours was reached
            raise KeyboardInterrupt
        if not fine:
            raise _error(said, line)
        return str(said.decode("utf-8", "surrogateescape"))

    def _started(self) -> tuple[Any, Any]:
        """What runs and what compiles a piece, in a Lua of the script's own."""
        if self._lua is None:
            world = self._world
            *started, _ = _start(
                self._call,
                world.bits,
                world.program.encode("utf-8", "replace"),
                world.pid,
                self._checking,
            )
            self._lua = started[0], started[1]
        return self._lua

    def _call(self, name: bytes, *arguments: object) -> object:
        """Do for Lua what it asks for: whether it was done, and what came of it."""
        word = name.decode()
        if word == "check":
            return self._check()
        try:
            return True, self._calls[word](*arguments)
        except (FarfetchError, CannotEncode, *_MISUSED) as error:
            said = error.reason if isinstance(error, CannotEncode) else str(error)
            return False, said.encode("utf-8", "replace")
        except BaseException as error:  # Ctrl-C, which Lua must not catch
            self._broken = error
            return False, _INTERRUPTED

    def _check(self) -> bytes | None:
        try:
            self._looks += 1
            if self._broken is not None:
                return _INTERRUPTED
            if self._looks * LOOK > MAX_INSTRUCTIONS or time.monotonic() > self._until:
                return b"it takes too long"
        except BaseException as error:  # the same
            self._broken = error
            return _INTERRUPTED
        return None

    def _say(self, text: bytes) -> None:
        if sum(map(len, self.said)) + len(text) > MAX_BYTES:
            raise ValueError("it prints too much")
        self.said.append(text.decode("utf-8", "replace"))

    def _address(self, text: bytes) -> int | None:
        try:
            tree = parse(text.decode("utf-8", "surrogateescape"))
            return _signed(evaluate(tree, self._resolved, self._pointer))
        except (AssemblyError, CannotEncode, FarfetchError):
            return None

    def _resolved(self, name: str) -> int:
        found = self.registered.get(name)
        if found is None:
            found = self._world.symbol(name)
        if found is None:
            raise CannotEncode(name)
        return found

    def _pointer(self, address: int) -> int:
        size = self._world.bits // 8
        raw = self._read(address, size)
        if raw is None:
            raise CannotEncode("it cannot be read")
        return int.from_bytes(raw, "little")

    def _read(self, address: int, size: float) -> bytes | None:
        raw = self._some(address, int(size))
        return raw if len(raw) == int(size) else None

    def _some(self, address: int, size: int) -> bytes:
        """The bytes at an address, as they will be when all is written; fewer at the end."""
        if not 0 < size <= MAX_BYTES:
            raise ValueError(f"{size} bytes are not read at a time")
        start = int(address) % (1 << 64)
        raw = bytearray(self._world.bytes_at(start, size))
        for at, new in self.writes:
            low, high = max(at, start), min(at + len(new), start + len(raw))
            if low < high:
                raw[low - start : high - start] = new[low - at : high - at]
        return bytes(raw)

    def _text(self, address: int, most: float, wide: bool) -> bytes:
        unit = 2 if wide else 1
        raw = self._some(address, int(most) * unit)
        whole = raw[: len(raw) - len(raw) % unit]
        text = whole.decode("utf-16-le" if wide else "latin-1", "replace").partition("\0")[0]
        return text.encode("utf-8" if wide else "latin-1")

    def _widened(self, text: bytes) -> bytes:
        return text.decode("utf-8", "replace").encode("utf-16-le")

    def _write(self, address: int, raw: bytes) -> bool:
        size = sum(len(new) for _, new in self.writes) + len(raw)
        if size > MAX_BYTES or len(self.writes) >= MAX_EFFECTS:
            raise ValueError("it writes too much")
        start = int(address) % (1 << 64)
        if len(self._world.bytes_at(start, len(raw))) < len(raw):
            return False
        if raw:
            self.writes.append((start, raw))
        return True

    def _find(self, text: bytes, module: bytes, *between: int) -> bytes:
        array = parse_aob(text.decode("latin-1"))
        within: Within = module.decode("utf-8", "replace")
        if between:
            begin, end = (int(address) % (1 << 64) for address in between)
            within = begin, end
        found = self._places(array, within, MAX_FOUND + 1)
        if len(found) > MAX_FOUND:
            raise ValueError(f"its bytes are at more than {MAX_FOUND} places")
        return b"".join(struct.pack("<Q", address) for address in found)

    def _places(self, array: ByteArray, within: Within, most: int) -> list[int]:
        self._searches += 1
        if self._searches > MAX_SEARCHES:
            raise ValueError(f"it looks for bytes more than {MAX_SEARCHES} times")
        began = time.monotonic()
        found = self._world.places(array, within, most)
        self._until += time.monotonic() - began  # that is not Lua's time
        return found

    def _assemble(self, text: bytes) -> bool:
        source = text.decode("utf-8", "replace")
        made = assembled(source, self._world, self.registered, self._places)
        if made is None:
            return False
        for address, raw in made.writes:
            if not self._write(address, raw):
                raise ValueError(f"0x{address:x} cannot be written")
        for name, address in made.registered.items():
            self._register(name.encode("utf-8", "replace"), address)
        for name in made.unregistered:
            self._unregister(name.encode("utf-8", "replace"))
        return True

    def _modules(self) -> bytes:
        rows = self._world.mapped()
        return "".join(
            f"{name}\0{path}\0{_signed(base)}\0{size}\0" for name, path, base, size in rows
        ).encode("utf-8", "surrogateescape")

    def _sleep(self, milliseconds: float) -> None:
        seconds = 0.0 if self._checking else max(0.0, float(milliseconds) / 1000)
        if seconds > self._until - time.monotonic():
            raise ValueError("it takes too long")
        time.sleep(seconds)

    def _register(self, name: bytes, address: int) -> None:
        word = name.decode("utf-8", "replace")
        if not _NAME.fullmatch(word) or len(self.registered) >= MAX_EFFECTS:
            raise ValueError(f"{word:.40} is no name for a symbol")
        self.registered[word] = address % (1 << 64)

    def _unregister(self, name: bytes) -> None:
        word = name.decode("utf-8", "replace")
        self.registered.pop(word, None)
        if len(self.unregistered) < MAX_EFFECTS:
            self.unregistered.append(word)


def _clock() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


def check_installed() -> None:
    """Whether there is a Lua to run.

    Raises:
        ScriptError: lupa is not installed; says how it is.
    """
    try:
        from lupa import lua54  # noqa: F401
    except ImportError:
        raise ScriptError(0, NOT_INSTALLED) from None


def _runtime() -> Any:
    check_installed()
    from lupa.lua54 import LuaRuntime

    return LuaRuntime(
        encoding=None,
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        attribute_filter=_no_attribute,
        max_memory=MAX_MEMORY,
    )


def _start(*arguments: Any) -> tuple[Any, Any, bytes]:
    call, *rest = arguments
    load = _runtime().eval("load")(PRELUDE.encode(), b"=prelude", b"t")
    run, compiled, known = load(call, LOOK, MAX_STEPS, MAX_REPEATED, *rest)
    return run, compiled, known


@cache
def _known_names() -> frozenset[str]:
    """What a piece of Lua finds."""
    *_, known = _start(_no_attribute, 64, b"", 0, True)
    return frozenset((*known.decode().split(), "syntaxcheck", "memrec"))


def _no_attribute(_: object, __: object, ___: bool) -> Any:
    raise AttributeError("nothing of Python is seen")


def _framed(text: str, line: int) -> bytes:
    try:
        return b"local syntaxcheck,memrec=... " + text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ScriptError(line, "{$lua}: half a surrogate pair is no text") from None


def _signed(value: int) -> int:
    """An address as one of Lua's numbers."""
    value %= 1 << 64
    return value - (1 << 64) if value >> 63 else value


def _error(why: bytes, line: int) -> ScriptError:
    said = why.decode("utf-8", "replace")
    place = _PLACE.match(said)
    if place is not None and int(place[1]) > 0:
        line, said = int(place[1]), place[2]
    said = " ".join(_INNER.sub("", said.partition("stack traceback:")[0]).split())
    return ScriptError(line, f"{{$lua}}: {said:.200}")


def _of_lupa(error: Exception) -> str:
    said = " ".join(str(error).split())
    return "it takes too much memory" if "memory" in said.lower() else f"{said:.200}"
