"""What cffi is to read of the engine, made from its public header.

    python tools/cdef.py HEADER SOURCE OUT

cffi knows C's declarations, but no comments and of the preprocessor only integer constants. What
is added to the header for Python stands in SOURCE: CELL(name, end) for the end of a cell, and
PYTHON(declaration) for a function that Python defines, CAPSULE(what, called) for the name and the
end of a capsule.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
CONSTANT: Final = re.compile(r"#define\s+(\w+)\s+(\d+|0x[0-9a-fA-F]+)")
PART: Final = re.compile(r'#include "(\w+\.h)"')
#: What a header has besides declarations: its guard, and what it includes.
PASSED: Final = re.compile(r"#(ifndef \w+_H|define \w+_H|include .*|endif)")
CELL: Final = re.compile(r"^CELL\((\w+), \w+\)$", re.MULTILINE)
PYTHON: Final = re.compile(r"^PYTHON\((.*)\)$", re.MULTILINE)

CAPSULE: Final = re.compile(r"^CAPSULE\((\w+), \"\w+\"\)$", re.MULTILINE)


class HeaderError(Exception):
    """A line of the header that cffi would not understand."""


def declarations(header: Path) -> str:
    """The declarations and integer constants of a header, and of its parts beside it.

    Raises:
        HeaderError: the header has something else for the preprocessor.
    """
    kept = []
    for line in COMMENT.sub("", header.read_text()).splitlines():
        text = line.rstrip()
        if part := PART.fullmatch(text):
            kept.append(declarations(header.with_name(part[1])).rstrip("\n"))
        elif constant := CONSTANT.fullmatch(text):
            kept.append(f"#define {constant[1]} {constant[2]}")
        elif not text.startswith("#"):
            kept.append(text)
        elif not PASSED.fullmatch(text):
            raise HeaderError(f"{text!r}: in a header that Python reads, define integers only")
    return "\n".join(line for line in kept if line) + "\n"


def additions(source: str) -> str:
    """The declarations of what is made for Python, or by it."""
    cells = [f"void ff_{name}_cell_end(struct ff_{name} **cell);" for name in CELL.findall(source)]
    called = [f'extern "Python" {declaration};' for declaration in PYTHON.findall(source)]
    capsules = [
        f"const char *ff_arrow_{what}_name(void);\nvoid ff_arrow_{what}_capsule_end(void *capsule);"
        for what in CAPSULE.findall(source)
    ]
    return "\n".join([*cells, *called, *capsules]) + "\n"


def main() -> int:
    """Write what cffi reads. Returns the exit code."""
    header, source, out = map(Path, sys.argv[1:])
    try:
        text = declarations(header) + additions(source.read_text())
    except HeaderError as error:
        print(f"{header}: {error}", file=sys.stderr)
        return 1
    out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
