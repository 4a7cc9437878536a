"""Sizes, counts and times as people read them."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size(amount: float) -> str:
    """Say an amount of bytes.

    >>> size(512), size(4096), size(3 * 2**30 // 2)
    ('512 B', '4.0 KiB', '1.5 GiB')
    """
    unit = 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    return f"{amount:.0f} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Say how many there are of something.

    >>> count(1, "match", "matches"), count(1234, "match", "matches")
    ('1 match', '1,234 matches')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share(part: float, whole: float) -> str:
    """Say which part something is of the whole.

    >>> share(1, 3), share(0, 4096), share(1, 4096), share(4095, 4096), share(7, 7)
    ('33%', '0%', '<1%', '>99%', '100%')
    """
    percent = round(part / whole * 100) if whole else 0
    if percent == 0 and part:
        return "<1%"
    return ">99%" if percent == 100 and part < whole else f"{percent}%"


def seconds(amount: float) -> str:
    """Say a time.

    >>> seconds(0.0042), seconds(3.21), seconds(192)
    ('0.004 s', '3.2 s', '3 min 12 s')
    """
    if amount < 1:
        return f"{amount:.3f} s"
    if amount < 60:
        return f"{amount:.1f} s"
    return f"{int(amount // 60)} min {int(amount % 60)} s"
