"""Text whose letters may be large or small."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from .. import arguments

CODECS: Final = ("utf-8", "utf-16-le", "utf-32-le")
#: No character beyond has a case; Unicode's cased scripts end below U+1EA00.
_CASED: Final = 0x20000


@dataclass(frozen=True)
class AnyCase:
    """A text whose letters may be large or small; :func:`anycase` makes one.

    Letters are the same by Unicode's simple case folding: one character for one, so ``ß`` is
    ``ẞ`` but not ``ss``. Of those only letters that take as many bytes stand for one another: all
    values of a scan have one length.

    Attributes:
        text: the text, in any case.

    >>> scan = attach(Buffer(b"gold Gold GOLD")).scan(text, where="all")
    >>> scan.first(now == AnyCase("gold")).matches
    3
    """

    text: str

    def __post_init__(self) -> None:
        arguments.text("text", self.text)

    def choices(self, codec: str) -> Sequence[tuple[bytes, ...]]:
        r"""What the bytes of each character may be, in an encoding.

        Raises:
            UnicodeEncodeError: the encoding has no such character, as none has half a pair.

        >>> AnyCase("é1").choices("utf-8")
        [(b'\xc3\xa9', b'\xc3\x89'), (b'1',)]
        """
        arguments.choice("codec", codec, CODECS)
        choices = []
        for character in self.text:
            written = character.encode(codec)
            others = (other.encode(codec) for other in _same_letter(character))
            choices.append(
                (written, *(raw for raw in others if raw != written and len(raw) == len(written)))
            )
        return choices


def anycase(text: str) -> AnyCase:
    """A text to look for whether its letters are large or small.

    >>> print(now == anycase("gold"))
    now == "gold"i
    """
    return AnyCase(text)


def fold(character: str) -> str:
    """The one character that stands for a letter in any case: Unicode's simple case folding.

    >>> fold("Σ"), fold("ς"), fold("ẞ"), fold("7")
    ('σ', 'σ', 'ß', '7')
    """
    folded = character.casefold()
    if len(folded) != 1:
        folded = character.lower()
    return folded if len(folded) == 1 else character


def _same_letter(character: str) -> Sequence[str]:
    return _letters().get(fold(character), ())


@cache
def _letters() -> dict[str, list[str]]:
    """The letters that have another case, by what they fold to."""
    letters: dict[str, list[str]] = defaultdict(list)
    for code in range(_CASED):
        character = chr(code)
        folded = fold(character)
        if folded != character:
            letters[folded].append(character)
    for folded, forms in letters.items():
        forms.append(folded)
    return dict(letters)
