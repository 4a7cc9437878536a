"""Children of fork(2) that use what they have inherited, and then what they make themselves."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import random
import select
import signal
import threading
import warnings
from collections.abc import Callable
from multiprocessing import connection

from farfetch.scanner import Buffer, attach, i32

from torture.calls import choose, make, prepare, story
from torture.draw import Draw
from torture.steady import Steady
from torture.world import NothingThereError, World

_CALLS = 25
_WRONG = 7  # exit code

_starting = threading.Lock()  # multiprocessing keeps a list of its children


class ChildError(Exception):
    """A child did not end as it should."""


def fork(world: World, steady: Steady, seed: int, patience: float) -> None:
    """Have a child of fork(2) at work, and wait for its end.

    Raises:
        ChildError: it came to another end, or to none.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(_work(world, steady, seed))
    ended = os.pidfd_open(pid)
    try:
        in_time = bool(select.select([ended], [], [], patience)[0])
    finally:
        os.close(ended)
    if not in_time:
        os.kill(pid, signal.SIGABRT)  # faulthandler says where it is
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not in_time:
        raise ChildError(f"a child of fork did not end in {patience} s, seed {seed}")
    if code:
        raise ChildError(f"a child of fork ended with {code}, seed {seed}")


def fork_by_multiprocessing(world: World, steady: Steady, seed: int, patience: float) -> None:
    """The same by multiprocessing, whose children end as programs do, with all that is at exit.

    Raises:
        ChildError: it came to another end, or to none.
    """
    with _starting:
        process = multiprocessing.get_context("fork").Process(
            target=_work_and_exit, args=(world, steady, seed)
        )
        process.start()
    in_time = bool(connection.wait([process.sentinel], patience))
    with _starting:  # else the next start waits for this one, too, and it is gone for us
        if not in_time:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGABRT)
        process.join()
        code = process.exitcode
    process.close()
    if not in_time:
        raise ChildError(f"a child of multiprocessing did not end in {patience} s, seed {seed}")
    if code:
        raise ChildError(f"a child of multiprocessing ended with {code}, seed {seed}")


def run(work: Callable[[], None]) -> int:
    """Run something in a child of fork(2). Returns its exit code: 0 if nothing was raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, from 3.12 on
        pid = os.fork()
    if pid == 0:
        code = 0
        try:
            work()
        except BaseException as error:
            os.write(2, story(error).encode())
            code = _WRONG
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _work_and_exit(world: World, steady: Steady, seed: int) -> None:
    code = _work(world, steady, seed)
    if code:
        raise SystemExit(code)


def _work(world: World, steady: Steady, seed: int) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    chance = random.Random(seed)
    draw = Draw(world, chance)
    made = 0
    world.closed = True
    try:
        steady.is_refused()
        while made < _CALLS:
            member = choose(draw)
            try:
                things, arguments = prepare(draw, member)
            except NothingThereError:
                made += 1
                continue
            make(draw, member, things, arguments)
            made += 1
        steady.is_refused()
        steady.look_anew(chance)
        begin_anew()
    except BaseException as error:
        os.write(2, f"in a child with seed {seed}, after {made} calls:\n{story(error)}".encode())
        return _WRONG
    return 0


def begin_anew() -> None:
    """Attach, scan and freeze as though nothing had been before."""
    memory = bytearray(b"\x07\0\0\0" * 1000)
    with attach(Buffer(memory)) as target, target.scan(i32) as scan:
        assert scan.first("7").matches == 1000
        with target.freeze(scan[0].address, i32, 8):
            assert scan.next("=").matches == 999
            assert scan.next("?").matches == 999
