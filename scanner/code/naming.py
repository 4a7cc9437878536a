"""Functions by their names: ``game!hit``, ``kernel32.Sleep``, ``hit``."""

from __future__ import annotations

from collections.abc import Sequence

from ..images.demangle import demangled
from ..memory.modules import Module
from .symbols import Symbols


def function_named(symbols: Symbols, modules: Sequence[Module], name: str) -> int | None:
    """The address of a function.

    Args:
        symbols: of the target.
        modules: of the target, in which it is looked for.
        name: of the function, alone or behind its module's name and ``!`` or ``.``; the module's
            name may be without its ending, and in any letter case.

    Returns:
        Its address; None where no module has such a function. Alone, the first module's that has.
    """
    for sign in ("!", "."):
        before, mark, after = name.rpartition(sign)
        if not mark or not before or not after:
            continue
        for module in modules_called(modules, before):
            found = symbols.find(module, after)
            if found is not None:
                return found
    if "!" in name:
        return None
    for module in modules:
        found = symbols.find(module, name)
        if found is not None:
            return found
    return None


def functions_like(symbols: Symbols, modules: Sequence[Module], text: str, count: int) -> list[str]:
    """Functions whose names begin so, with those of their modules: ``game!hit``.

    Args:
        symbols: of the target.
        modules: of the target.
        text: a module's name in any letter case, ``!``, and the beginning of a function's name.
        count: how many at the most.
    """
    before, mark, after = text.partition("!")
    found: dict[str, None] = {}
    for module in modules_called(modules, before) if mark else ():
        for function in symbols.of(module):
            name = demangled(function.name)
            if name.startswith(after) and name:
                found[f"{before}!{name}"] = None
                if len(found) >= count:
                    return sorted(found)
    return sorted(found)


def modules_called(modules: Sequence[Module], name: str) -> list[Module]:
    """The modules that are called so before a ``!``."""
    return [module for module in modules if _is_called(module, name)]


def _is_called(module: Module, name: str) -> bool:
    folded, wanted = module.name.casefold(), name.casefold()
    return wanted in (folded, folded.partition(".")[0], module.path.casefold())
