"""Fuzz what reads files: core files, pointer maps, tables, and the programs that symbols are of.

An input's first byte says the format, the rest is the file. It is read and used, or refused in one
line that can be printed; nothing else, and in bounded memory.

    python tests/fuzz/files.py [-max_total_time=SECONDS] [CORPUS]

The corpus begins with a small file of each format, where it has none.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import atheris
from farfetch.scanner import (
    Buffer,
    CoreFile,
    Entry,
    FarfetchError,
    PointerMap,
    PointerPath,
    Script,
    Table,
    attach,
    export_paths,
    i32,
    import_paths,
)
from farfetch.scanner.images.elf import headers_size
from farfetch.scanner.images.elf_functions import elf_functions
from farfetch.scanner.images.functions import Functions, Row
from farfetch.scanner.images.pe_functions import pe_functions
from farfetch.scanner.tables.cheat_engine import import_table

from support.elf_files import elf_file

TAKEN = 1000  # of what a file holds
BASE = 0x10000


def read_core(file: Path) -> None:
    """Attach to a core file, and look at all of it."""
    with attach(CoreFile(file)) as target:
        target.modules()
        target.memory.stacks()
        assert len(target.footprints()) == len(target.regions())
        target.scan(i32, where="all").first("now == 1500")


def read_map(file: Path) -> None:
    """Load a pointer map, of either format, and look for paths."""
    with PointerMap.load(file) as pointers:
        assert len(pointers) >= 0
        found = pointers.scan(BASE + 0x100, depth=3)
        assert all(path.offsets for path in islice(found, TAKEN))


def read_paths(file: Path) -> None:
    """Import Cheat Engine's paths: two bytes, so many of the first file, and its results."""
    raw = file.read_bytes()
    head = 2 + int.from_bytes(raw[:2], "little")
    file.write_bytes(raw[2:head])
    file.with_name(f"{file.name}.results.0").write_bytes(raw[head:])
    for path in islice(import_paths(file), TAKEN):
        assert PointerPath.parse(str(path)).offsets == path.offsets


def read_table(file: Path) -> None:
    """Load a table of ours, and save it again."""
    table = Table.load(file)
    copy = file.with_name("copy.json")
    table.save(copy, force=True)
    assert list(Table.load(copy)) == list(table)


def read_cheat_table(file: Path) -> None:
    """Import a table of Cheat Engine's."""
    table, taken = import_table(file)
    assert len(table) <= len(taken)


def read_program(file: Path) -> None:
    """Look for functions in what may be an ELF or a PE file."""
    raw = file.read_bytes()
    headers_size(raw)
    reads: tuple[Callable[[], list[Row]], ...] = (
        lambda: elf_functions(raw, "/nowhere/file", Path("/")),
        lambda: pe_functions(raw),
    )
    for read in reads:
        try:
            rows = read()
        except ValueError:  # it is none, or cut off
            continue
        functions = Functions(rows)
        assert all(function.start >= 0 for function in islice(functions, TAKEN))


READERS: tuple[Callable[[Path], None], ...] = (
    *(read_core, read_map, read_paths, read_table, read_cheat_table, read_program),
)


def one_input(raw: bytes) -> None:
    """Try one file."""
    if not raw:
        return
    file = FOLDER / "file"
    file.write_bytes(raw[1:])
    try:
        READERS[raw[0] % len(READERS)](file)
    except FarfetchError as error:
        said = str(error)
        if not said.isprintable():
            raise


def seeds(folder: Path) -> None:
    """Make a small file of each format."""
    memory = bytearray(8192)
    memory[0x100:0x104] = (1500).to_bytes(4, "little")
    memory[0x200:0x208] = (BASE + 0x100).to_bytes(8, "little")
    made = folder / "made"
    with attach(Buffer(memory, base=BASE)) as target:
        target.save_memory(made)
        keep(read_core, made)
        target.pointer_map().save(folder / "map.ffmap")
        keep(read_map, folder / "map.ffmap")
    pointers = folder / "game.PTR"
    export_paths([PointerPath.parse("game.exe+0x4010 -> 0x18 -> 8")], pointers)
    head, results = pointers.read_bytes(), (folder / "game.PTR.results.0").read_bytes()
    pointers.write_bytes(len(head).to_bytes(2, "little") + head + results)
    keep(read_paths, pointers)
    table = Table()
    table.put(Entry("health", "game+0x4010", "i32"))
    table.put_script(Script("hook", "[ENABLE]\ngame+10:\n db 90\n[DISABLE]\ngame+10:\n db 75\n"))
    table.save(folder / "table.json")
    keep(read_table, folder / "table.json")
    (folder / "table.CT").write_text(
        "<CheatTable><CheatEntries><CheatEntry><ID>0</ID><Description>hp</Description>"
        "<VariableType>4 Bytes</VariableType><Address>game.exe+10</Address><Offsets><Offset>8"
        "</Offset></Offsets></CheatEntry></CheatEntries></CheatTable>"
    )
    keep(read_cheat_table, folder / "table.CT")
    keep(read_program, Path(sys.executable), 1 << 16)
    (folder / "program").write_bytes(elf_file({"hit": 0x40}, link="file.debug"))
    keep(read_program, folder / "program")


def keep(reader: Callable[[Path], None], file: Path, most: int = 1 << 20) -> None:
    """Put a file into the corpus, with the byte that says how it is read."""
    raw, kind = file.read_bytes()[:most], READERS.index(reader)
    reader(file)
    (CORPUS / f"{kind}-{file.name}").write_bytes(bytes((kind,)) + raw)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        FOLDER = Path(made)
        CORPUS = Path(sys.argv[-1])
        if not CORPUS.is_dir():
            sys.exit("files.py: the last argument is the corpus's folder")
        seeds(FOLDER)
        atheris.instrument_all()
        atheris.Setup(sys.argv, one_input)
        atheris.Fuzz()
