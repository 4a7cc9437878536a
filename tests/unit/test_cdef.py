"""What cffi reads of the engine is made from the engine's header."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """\
#define CELL(name, end) static void name##_end(void) { end(); }

CELL(store, ff_store_close)
PYTHON(int ask(void *context))
"""


def made(folder: Path, header: str) -> tuple[str, str]:
    """What is made, and what is said."""
    for name, text in (("a.h", header), ("a.c", SOURCE)):
        (folder / name).write_text(text)
    command = [sys.executable, str(ROOT / "tools" / "cdef.py"), "a.h", "a.c", "out"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    out = folder / "out"
    return out.read_text() if said.returncode == 0 else "", said.stderr


def test_declarations_and_numbers_stay(tmp_path: Path) -> None:
    header = """\
/* a guard; #define NOT 1 */
#ifndef A_H
#define A_H

#include <stddef.h>

#define MOST\t8\t/* of them,
\t\t\t   at a time */
struct ff_store;\t// see below

int ff_store_use(struct ff_store *store,
\t\t size_t times[MOST]);
#endif
"""
    assert made(tmp_path, header) == (
        "#define MOST 8\n"
        "struct ff_store;\n"
        "int ff_store_use(struct ff_store *store,\n"
        "\t\t size_t times[MOST]);\n"
        "void ff_store_cell_end(struct ff_store **cell);\n"
        'extern "Python" int ask(void *context);\n',
        "",
    )


def test_parts_of_a_header_are_where_it_includes_them(tmp_path: Path) -> None:
    (tmp_path / "part.h").write_text("#ifndef PART_H\n#define PART_H\nint part;\n#endif\n")
    text, _ = made(tmp_path, 'int before;\n#include "part.h"\nint behind;\n')
    assert text.startswith("int before;\nint part;\nint behind;\n")
    (tmp_path / "part.h").write_text("#ifdef PART\n")
    assert made(tmp_path, '#include "part.h"\n')[0] == ""


def test_what_cffi_cannot_know_is_refused(tmp_path: Path) -> None:
    for line in ("#ifdef __linux__", "#define TWICE(x) (2 * (x))", "#define SIZE (1 << 4)"):
        text, said = made(tmp_path, f"int known;\n{line}\n")
        assert text == ""
        assert line in said
        assert "define integers only" in said
