from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from guest.inside.cast import YAMA, Cast
from guest.inside.programs import PARAMETERS, TARGETS, WAYS, Caller, Program, Route, set_parameter

Start = Callable[..., Program]


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    """Leave the module's parameters as they were."""
    before = {path: path.read_text().strip() for path in PARAMETERS.iterdir()}
    yield
    for path, value in before.items():
        path.write_text(value)


@pytest.fixture
def forced() -> None:
    """Have protection overridden, whatever the kernel's configuration says of that."""
    set_parameter("force", "Y")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a target by its name, and end it after the test."""
    with ExitStack() as stack:

        def start_target(name: str, *arguments: str, wrapper: tuple[str, ...] = ()) -> Program:
            return stack.enter_context(Program([*wrapper, TARGETS / name, *arguments]))

        yield start_target


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    """One for all tests of a file: root, and nothing special."""
    with Caller() as program:
        yield program


@pytest.fixture(params=list(itertools.product(WAYS, ["gup", "walk"])), ids="-".join)
def route(request: pytest.FixtureRequest, caller: Caller) -> Route:
    way, mode = request.param
    return Route(way, mode, caller)


@pytest.fixture(params=WAYS)
def gup(request: pytest.FixtureRequest, caller: Caller) -> Route:
    return Route(request.param, "gup", caller)


@pytest.fixture(params=WAYS)
def walk(request: pytest.FixtureRequest, caller: Caller) -> Route:
    return Route(request.param, "walk", caller)


@pytest.fixture
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    folder = tmp_path_factory.mktemp("cast")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    scope = YAMA.read_text()
    YAMA.write_text("0")
    set_parameter("root_only", "N")
    Path("/dev/farfetch").chmod(0o666)
    with ExitStack() as stack:
        yield Cast(stack, folder)
    Path("/dev/farfetch").chmod(0o600)
    YAMA.write_text(scope)


@pytest.fixture(scope="session")
def swap() -> Iterator[None]:
    """Give the guest somewhere to swap to: a disk in its memory."""
    disk = Path("/dev/ram0")
    if not disk.exists():
        subprocess.run(["modprobe", "brd", "rd_nr=1", "rd_size=262144"], check=True)
    subprocess.run(["mkswap", disk], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["swapon", disk], check=True)
    yield
    subprocess.run(["swapoff", disk], check=True)


@pytest.fixture
def faults() -> Iterator[None]:
    """Let a thread's n-th allocation or user copy fail, when it asks for that."""
    settings = {
        "failslab/ignore-gfp-wait": "N",
        "fail_page_alloc/ignore-gfp-wait": "N",
        "fail_page_alloc/min-order": "0",
        "failslab/verbose": "0",
        "fail_page_alloc/verbose": "0",
        "fail_usercopy/verbose": "0",
    }
    before = {}
    for name, value in settings.items():
        path = Path("/sys/kernel/debug") / name
        before[path] = path.read_text()
        path.write_text(value)
    yield
    for path, value in before.items():
        path.write_text(value)
