"""Where each file's test is: at the place that its name says, or where it is written down here.

The test of scanner/ROOM/FILE.py is unit/ROOM/test_FILE.py; that of shell/ROOM/FILE.py is
unit/shell/test_FILE.py or prompt/test_FILE.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent

#: Of folders and files without a test of their name: which tests are theirs instead, and why.
ELSEWHERE = (
    # what a program that is compiled means is a law, on every instruction set
    ("scanner/compiler", "laws/test_kernels laws/test_laws laws/test_structures"),
    ("scanner/compiler/residue scanner/predicates/regex_prefix", "laws/test_residue"),
    ("scanner/predicates/any_number scanner/values/any_number", "laws/test_any_number"),
    ("scanner/values/fields", "laws/test_structures"),
    ("scanner/values/members", "laws/test_structures unit/declarations/test_c_layout"),
    # parts of what is tested as a whole
    ("scanner/errors", "unit/errors/test_errors"),
    ("scanner/predicates/parser scanner/predicates/tokens", "unit/predicates/test_language"),
    ("scanner/predicates/bound_tree scanner/predicates/rules", "unit/predicates/test_binding"),
    ("scanner/predicates/constants scanner/predicates/node", "unit/predicates/test_nodes"),
    ("scanner/predicates/steps", "laws/test_steps unit/predicates/test_language"),
    ("scanner/predicates/operators", "unit/predicates/test_meaning"),
    ("scanner/predicates/holds", "prompt/test_expect"),
    ("scanner/declarations", "unit/declarations/test_registry unit/declarations/test_c_layout"),
    ("scanner/images/elf", "unit/memory/test_modules"),
    ("scanner/images/demangle scanner/images/functions", "unit/images/test_elf_functions"),
    ("scanner/images/pe_functions", "unit/images/test_elf_functions"),
    ("scanner/code/nops scanner/code/signature", "live/test_nops"),
    ("scanner/code/hook scanner/code/moving scanner/code/caves", "live/test_hooks"),
    ("scanner/code/restartable", "live/test_hooks"),
    ("scanner/code/running", "live/test_hooks live/test_accesses"),
    ("scanner/script/hooking scanner/script/assembling", "live/test_hooks"),
    ("scanner/code", "live/test_disassembly unit/code/test_ending live/test_sites"),
    ("scanner/debug", "live/test_watchpoints live/test_traced live/test_sites"),
    ("scanner/debug/accesses", "live/test_accesses live/test_sites"),
    ("scanner/live/frozen", "unit/live/test_freeze"),
    ("scanner/live/awaited scanner/attaching", "live/test_waiting"),
    ("scanner/values/value_type", "unit/test_typing"),
    ("scanner/live/vigil", "live/test_freeze live/test_blocking"),
    ("scanner/memory/base scanner/memory/space", "unit/memory/test_memory live/test_targets"),
    ("scanner/memory/values", "laws/test_values live/test_many"),
    ("scanner/memory/owner", "unit/memory/test_memory live/test_gone"),
    ("scanner/memory/regions", "unit/memory/test_region_filter unit/process/test_maps"),
    # what needs targets that run
    ("scanner/engine", "laws/test_kernels live/test_same_matches"),
    ("scanner/target", "live/test_targets live/test_access live/test_gone"),
    ("scanner/changed", "live/test_nops live/test_hooks"),
    ("scanner/coded", "live/test_nops live/test_watchpoints live/test_disassembly"),
    ("scanner/live/holding", "unit/live/test_freeze unit/live/test_patch unit/live/test_watch"),
    ("scanner/lifetime/whole", "live/test_script_steps"),
    ("scanner/lifetime", "live/test_closed live/test_collected live/test_forked"),
    ("scanner/memory/writing", "live/test_freeze prompt/test_writing"),
    ("scanner/process/address_space", "live/test_gone"),
    ("scanner/memory/page_state", "live/test_pages"),
    ("scanner/process/footprints scanner/process/dirty_pages", "live/test_pages"),
    ("scanner/process/memory scanner/process/ways", "live/test_access live/test_blocking"),
    ("scanner/process/threads", "live/test_first_thread"),
    ("scanner/process/widths", "live/test_pointer_width"),
    # parts of a scan, none of which does anything by itself
    ("scanner/scan", "laws/test_laws live/test_same_matches live/test_edges"),
    ("scanner/scan/budget scanner/scan/disk", "live/test_disk live/test_memory live/test_spilling"),
    ("scanner/scan/computed scanner/scan/writing", "laws/test_computed prompt/test_writing"),
    ("scanner/scan/deleting", "laws/test_deleting"),
    ("scanner/scan/history scanner/scan/retracing", "live/test_undo"),
    ("scanner/scan/job", "live/test_cancel live/test_interrupted"),
    ("scanner/scan/matches", "live/test_columns"),
    ("scanner/arrow scanner/scan/columns scanner/pointers/path_columns", "live/test_arrow"),
    ("scanner/memory/stacks scanner/process/stacks", "live/test_stacks"),
    ("scanner/memory/thread_stacks scanner/coredump/stacks", "live/test_core_files"),
    ("scanner/images/elf_headers scanner/images/pe_headers", "unit/images/test_builds"),
    ("scanner/scan/turns", "live/test_threads"),
    ("scanner/pointers", "laws/test_pointers live/test_pointers unit/pointers/test_scan"),
    ("scanner/pointers/room scanner/pointers/make", "unit/pointers/test_map"),
    ("scanner/pointers/moment_text", "unit/pointers/test_map_file"),
    ("scanner/coredump", "unit/coredump/test_core_file live/test_core_files"),
    ("scanner/tables/files scanner/tables/table_file", "live/test_saving"),
    ("scanner/tables/content scanner/tables/entry", "unit/tables/test_table"),
    (
        "scanner/tables/code_entry shell/session/codes",
        "live/test_code_entries prompt/test_code_entries",
    ),
    ("scanner/tables/script_entry scanner/tables/reading", "unit/tables/test_check"),
    ("scanner/tables/ct_types", "unit/tables/test_cheat_engine"),
    ("scanner/tables/ct_document", "unit/tables/test_cheat_engine unit/tables/test_ct_export"),
    ("scanner/tables/ct_kinds", "unit/tables/test_cheat_engine"),
    ("scanner/tables/uncollected", "unit/tables/test_cheat_engine"),
    ("scanner/tables/ct_fields", "unit/tables/test_ct_export"),
    ("scanner/tables/group", "unit/tables/test_origin prompt/test_groups"),
    ("scanner/assembler", "unit/assembler/test_assembler"),
    ("scanner/script", "unit/script/test_program unit/script/test_layout"),
    ("scanner/script/plan scanner/script/search", "unit/script/test_live_script"),
    ("scanner/script/lua_prelude scanner/script/lua_objects", "unit/script/test_lua"),
    ("scanner/script/lua_world scanner/script/lua_assembling", "unit/script/test_lua"),
    ("scanner/script/around scanner/script/allocating", "live/test_scripts"),
    ("scanner/script/registering scanner/script/taking_back", "live/test_scripts"),
    ("scanner/script/files", "unit/script/test_program unit/script/test_hostile"),
    ("scanner/process/changing scanner/process/remote", "live/test_stopping"),
    ("scanner/process/refusals scanner/process/room", "live/test_stopping"),
    ("scanner/memory/changes scanner/code/naming", "live/test_scripts"),
    # each command has a row, and what it does is tested where it is used
    ("shell/commands shell/command", "prompt/test_every_command prompt/test_answers"),
    ("shell/answers", "prompt/test_answers unit/shell/test_render"),
    ("shell/cli shell/run", "prompt/test_batch prompt/test_bad_input"),
    ("shell/complete", "prompt/test_completion prompt/test_any_line"),
    ("shell/errors", "unit/shell/test_report prompt/test_bad_input"),
    ("shell/farfetchd", "prompt/test_farfetchd prompt/test_editing"),
    ("shell/loading", "prompt/test_batch"),
    ("shell/repl", "prompt/test_prompt prompt/test_odd_terminals"),
    ("shell/repl/hint", "prompt/test_hints"),
    ("shell/screens", "prompt/test_screens"),
    ("shell/session/leaving shell/session/state", "prompt/test_unsaved"),
    ("shell/session/runtimes", "games/test_runtimes"),
    ("shell/session/finding_bytes shell/session/code_beside", "prompt/test_screens"),
    ("shell/session/processes", "prompt/test_attach"),
    ("shell/run/elsewhere", "prompt/test_bad_input"),
    ("shell/repl/asking", "prompt/test_unset prompt/test_unsaved"),
    ("shell/session/overwritten", "prompt/test_unset"),
    ("shell/session", "prompt/test_answers prompt/test_prompt"),
    ("shell/session/entries shell/session/table_check", "prompt/test_tables"),
    ("shell/session/scripts shell/session/table_symbols", "prompt/test_tables"),
    ("shell/session/table_listing", "prompt/test_tables prompt/test_groups"),
    ("shell/session/watching", "prompt/test_screens prompt/test_code_guide"),
    ("shell/answers/streams", "prompt/test_odd_terminals"),
)


def elsewhere() -> dict[str, list[str]]:
    """The tests by file or folder."""
    return {name: tests.split() for names, tests in ELSEWHERE for name in names.split()}


def files() -> Iterator[Path]:
    """Each file of the packages, without its ending."""
    for package in ("scanner", "shell"):
        for file in sorted((ROOT / package).rglob("*.py")):
            if not file.name.startswith("__"):
                yield file.relative_to(ROOT).with_suffix("")


def namesakes(file: Path) -> list[str]:
    """The tests that have a file's name."""
    name = f"test_{file.name}"
    if file.parts[0] == "scanner":
        places = [Path("unit", *file.parts[1:-1], name)]
    else:
        places = [Path("unit", "shell", name), Path("prompt", name)]
    return [str(place) for place in places if (TESTS / f"{place}.py").exists()]


def test_every_file_has_a_test() -> None:
    known = elsewhere()
    missing = [
        str(file)
        for file in files()
        if not namesakes(file) and not {str(file), str(file.parent)} & known.keys()
    ]
    assert not missing, f"give them tests of their names, or say in {__file__} which are theirs"


def test_what_is_written_down_is_there() -> None:
    for name, tests in elsewhere().items():
        assert (ROOT / name).is_dir() or (ROOT / f"{name}.py").exists(), name
        for test in tests:
            assert (TESTS / f"{test}.py").exists(), test


def test_what_has_a_test_of_its_name_is_not_written_down() -> None:
    known = elsewhere()
    assert [file for file in files() if namesakes(file) and str(file) in known] == []


def test_every_folder_of_unit_tests_is_a_room() -> None:
    rooms = {path.name for path in (ROOT / "scanner").iterdir() if path.is_dir()} | {"shell"}
    folders = {path.parent.name for path in (TESTS / "unit").glob("*/test_*.py")}
    assert folders - rooms == set()
