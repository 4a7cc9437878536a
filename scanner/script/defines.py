"""Texts with a name, put in the place of it: ``define(hook,game.exe+10)``."""

from __future__ import annotations

import re
from typing import Final

from ..errors import ScriptError

#: Characters of a line once its names are replaced.
MAX_REPLACED: Final = 4096
#: Characters that all lines of a section are longer by.
MAX_ADDED: Final = 1 << 20
#: Texts of a script.
MAX_DEFINES: Final = 4096
_WORD: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[A-Za-z_$][\w.$]*")


class Defines:
    """The texts of a script, by name.

    >>> defines = Defines()
    >>> defines.add(1, "hook", "game.exe+10")
    >>> defines.replaced(2, "hook+5:")
    'game.exe+10+5:'
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._added = 0

    def add(self, line: int, name: str, text: str) -> None:
        """Give a text a name; names in it that are known are replaced in it.

        Raises:
            ScriptError: the name is none, or there would be too much.
        """
        if not re.fullmatch(r"[A-Za-z_$@][\w.$@]*", name):
            raise ScriptError(line, f"define(): {name:.40} is no name")
        if len(self._texts) >= MAX_DEFINES:
            raise ScriptError(line, f"define(): a script has at most {MAX_DEFINES}")
        self._texts[name] = self.replaced(line, text)

    def get(self, name: str) -> str | None:
        """The text of a name; None where it has none."""
        return self._texts.get(name)

    def replaced(self, line: int, text: str) -> str:
        """A line with the texts in the place of their names.

        Raises:
            ScriptError: it would become too long, or all of them would.
        """
        if not self._texts:
            return text
        size = len(text)
        for word in _WORD.finditer(text):
            size += max(0, len(self._texts.get(word[0], "")) - len(word[0]))
        if size > max(MAX_REPLACED, len(text)):
            reason = f"what it defines makes it longer than {MAX_REPLACED} characters"
            raise ScriptError(line, reason)
        self._added += size - len(text)
        if self._added > MAX_ADDED:
            reason = f"what it defines makes the script longer by {MAX_ADDED} characters"
            raise ScriptError(line, reason)
        return _WORD.sub(lambda word: self._texts.get(word[0], word[0]), text)
