"""Which module of another run is which: by name, by build, by both."""

from __future__ import annotations

from dataclasses import replace

from farfetch.scanner import Buffer, Module, PointerMap, Region, attach
from farfetch.scanner.pointers.bases import changed_modules, match_modules
from farfetch.scanner.pointers.moment import Moment


def moment(*modules: tuple[str, str]) -> Moment:
    """A moment with modules of such names and builds, one behind the other."""
    empty = attach(Buffer(bytearray(64), base=0x1000)).pointer_map().moment
    made = []
    for number, (name, _) in enumerate(modules):
        start = 0x10000 * (number + 1)
        region = Region(start, start + 0x1000, "rw-p", 0, "08:01", number, f"/{name}", False)
        made.append(Module(name, f"/{name}", start, start + 0x1000, (region,)))
    builds = tuple(build for _, build in modules)
    return replace(empty, modules=tuple(made), builds=builds, program="/game")


def test_one_of_a_name_is_the_one_of_that_name() -> None:
    here, there = moment(("game", "1"), ("libz.so", "2")), moment(("libz.so", "9"), ("game", "1"))
    assert match_modules(here, there) == {0: 1, 1: 0}
    assert changed_modules(here, [(there, match_modules(here, there))]) == ("libz.so",)
    unknown = moment(("libz.so", ""), ("game", ""))
    assert match_modules(here, unknown) == {0: 1, 1: 0}
    assert changed_modules(here, [(unknown, match_modules(here, unknown))]) == ()


def test_twins_are_told_apart_by_their_builds() -> None:
    here = moment(("mod.so", "1"), ("mod.so", "2"), ("mod.so", "2"))
    there = moment(("mod.so", "2"), ("mod.so", "1"), ("mod.so", "2"))
    assert match_modules(here, there) == {0: 1, 1: 0, 2: 2}
    assert changed_modules(here, [(there, match_modules(here, there))]) == ()
    assert here.labels == ["mod.so[0]", "mod.so[1]", "mod.so[2]"]
    fewer = moment(("mod.so", "2"), ("other.so", "7"))
    assert match_modules(here, fewer) == {1: 0}


def test_what_was_renamed_is_known_by_its_build() -> None:
    here = moment(("game-1.1", "1"), ("libz.so", "2"), ("a.so", ""))
    there = moment(("b.so", ""), ("game-1.0", "1"), ("libz.so", "2"))
    assert match_modules(here, there) == {0: 1, 1: 2}
    assert match_modules(moment(("a", "1"), ("b", "1")), moment(("c", "1"))) == {}


def test_the_program_comes_first_of_what_has_changed() -> None:
    here = moment(("a.so", "1"), ("game", "2"), ("z.so", "3"))
    there = moment(("a.so", "5"), ("game", "6"), ("z.so", "3"))
    assert changed_modules(here, [(there, match_modules(here, there))]) == ("game", "a.so")


def test_paths_of_a_renamed_program_are_compared() -> None:
    found = []
    for base in (0x10000, 0x50000):
        memory = bytearray(4096)
        memory[0x20:0x28] = (base + 0x800).to_bytes(8, "little")
        made = attach(Buffer(memory, base=base)).pointer_map()
        region = Region(base, base + 0x100, "rw-p", 0, "08:01", 5, f"/game{base:x}", False)
        module = Module(f"game{base:x}", region.path, base, base + 0x100, (region,))
        known = replace(made.moment, modules=(module,), builds=("77",))
        found.append((PointerMap(made.handle, known, made.room), base + 0x808))
    (pointers, goal), other = found
    paths = pointers.scan(goal, 1, compare=[other])
    assert [str(path) for path in paths] == ["game10000+0x20 -> 0x8"]
    assert paths.changed == ()
