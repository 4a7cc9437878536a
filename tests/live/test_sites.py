"""The instruction that touched a value is the right one, for each way to do so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from farfetch.scanner import CodeError, attach

from support.machine import only_x86
from support.sites import Sites, build, sites

pytestmark = only_x86


@pytest.fixture(scope="module", params=["with symbols", "stripped"])
def program(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sites]:
    folder = tmp_path_factory.mktemp("sites")
    with Sites(build(folder, stripped=request.param == "stripped")) as running:
        yield running


def test_every_site_is_the_one(program: Sites) -> None:
    wrong = []
    with attach(program.pid) as target:
        for number, site in enumerate(sites()):
            with target.watchpoint(program.value, 8, site.on) as hits:
                program.run(number)
            found = [hit.instruction.address if hit.instruction else None for hit in hits]
            if found != [program.places[number] if site.known else None]:
                wrong.append((number, site.touch, [str(hit.instruction) for hit in hits]))
    assert wrong == []


def test_what_is_executed_is_counted(program: Sites) -> None:
    with attach(program.pid) as target:
        with target.watchpoint(program.places[0], on="execute") as hits:
            for _ in range(7):
                program.run(0)
            program.run(1)
        [hit] = hits
    assert (hit.address, hit.count) == (program.places[0], 7)
    assert str(hit.instruction) == "mov [rbx], eax"
    assert hit.registers["rbx"] == program.value


def test_sites_are_many() -> None:
    assert len(sites()) > 90
    assert Path("/proc/cpuinfo").exists()


def test_every_site_says_what_it_reaches(program: Sites) -> None:
    """Asked the other way around, what an instruction reaches holds the value."""
    wrong, asked = [], 0
    with attach(program.pid) as target:
        for number, site in enumerate(sites()):
            try:
                accesses = target.accesses_of(program.places[number])
            except CodeError:
                wrong.append((number, site.touch, "refused"))
                continue
            with accesses:
                program.run(number)
            asked += 1
            reached = [
                access
                for access in accesses
                if access.address < program.value + 8
                and program.value < access.address + (access.size or 4096)
            ]
            if not any("access" in (site.on, one.on) or site.on == one.on for one in reached):
                wrong.append((number, site.touch, str(list(accesses))))
    assert [touch for _, touch, _ in wrong] == ["vpgatherdd ymm3, [rdi+ymm2*4], ymm1"]
    assert asked > 90
