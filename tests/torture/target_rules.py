"""Rules of the state machine: targets, what is read, written, frozen and patched in them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

import pytest
from farfetch.scanner import ForkedError, PointerPath, TargetGone, i32
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from support.strategies import memory_of, number_layout, numbers_of
from support.waiting import wait_for
from torture import children
from torture.ground import TYPES, Allow, Attached, Ground
from torture.memories import NONE, PAGE, PAGES, READ_WRITE, Known, Process, windows

_ALLOW = st.sampled_from((None, "increase", "decrease"))


class TargetRules(Ground):
    """What is done to targets, and by the programs that they are."""

    @initialize(data=st.data(), memory=st.sampled_from(("auto", "proc_mem", "buffer")))
    def begin(self, data: st.DataObject, memory: str) -> None:
        layout = number_layout(data.draw(st.sampled_from(TYPES)))
        for known in (self.process, self.own):
            for start, end in windows(known):
                known.change(start - known.base, data.draw(memory_of(layout, end - start)))
        self.attach(memory)

    @rule(memory=st.sampled_from(("auto", "process_vm", "proc_mem", "buffer")))
    def attach(self, memory: str) -> None:
        known: Known = self.own if memory == "buffer" else self.process
        if len(self.targets) == 4 or known.gone:
            return
        target = known.attach(memory)
        assert target.alive
        assert target.memory.name == ("process_vm" if memory == "auto" else memory)
        assert any(known.base in region for region in target.regions())
        assert target.locate(known.base).region is not None
        self.targets.append(Attached(target, memory, known))

    @rule(data=st.data(), luck=st.integers(0, 3))
    def close_target(self, data: st.DataObject, luck: int) -> None:
        target = self.target(data)
        if target is not None and luck == 0:
            target.real.close()
            target.closed = True
            target.held.clear()
            assert not target.real.alive

    @rule(how=st.sampled_from(("killed", "exited", "replaced")), luck=st.integers(0, 7))
    def end(self, how: str, luck: int) -> None:
        if luck or self.process.gone:
            return
        self.process.end(how)
        for target in self.targets:
            if target.known is self.process and not target.closed:
                assert not target.real.alive
                for freeze, _ in target.held.values():
                    wait_for(partial(lambda it: not it.active, freeze))
                    assert isinstance(freeze.error, TargetGone)
                target.held.clear()

    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        target = self.target(data)
        if target is None:
            return
        place, name = self.place(data, target), data.draw(st.sampled_from(TYPES))
        layout = number_layout(name)
        raw = target.contents().read(place, layout.size or 0)
        with self.refused(target, "" if raw is not None else "MemoryFault"):
            value = target.real.read(place, name)
            assert raw is not None
            assert repr(value) == repr(layout.unpack(raw))
            assert target.real.read_bytes(place, len(raw)) == raw

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        target = self.target(data)
        if target is None:
            return
        place, offset = self.place(data, target), data.draw(st.integers(-9, 9))
        raw = target.contents().read(place, 8)
        with self.refused(target, "" if raw is not None else "PointerError"):
            (step,) = PointerPath(f"{place:#x}", (offset,)).follow(target.real)
            assert raw is not None
            pointer = int.from_bytes(raw, "little")
            assert step == (place, pointer, offset, (pointer + offset) % (1 << 64))

    @rule(data=st.data(), force=st.booleans())
    def write(self, data: st.DataObject, force: bool) -> None:
        target = self.target(data)
        if target is None:
            return
        name = data.draw(st.sampled_from(TYPES))
        layout = number_layout(name)
        value, place = data.draw(numbers_of(layout)), self.cell(data, target)
        size = layout.size or 0
        if self.is_held(target.known, place) and place not in target.held:
            return  # another target's freezer would put it back
        fits = force or self.is_writable(target, place, size)
        with self.refused(target, "" if fits else "MemoryFault"):
            target.real.write(place, name, value, force=force)
            self.wrote(target, place, layout.pack(value))
            if place in target.held:
                assert target.held[place][0].value == self.there(target, place)

    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """Watch a few places, and see what has changed from one look to the next."""
        target = self.target(data)
        if target is None:
            return
        places = [self.place(data, target) for _ in range(data.draw(st.integers(1, 3)))]
        with self.refused(target):
            watch = target.real.watch((place, i32) for place in places)
            raw = [target.contents().read(place, 4) for place in places]
            values = [None if four is None else struct.unpack("<i", four)[0] for four in raw]
            for _ in range(2):
                seen = watch.look()
                assert [(each.value, each.changed) for each in seen] == [(v, False) for v in values]

    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        """The program writes to its memory itself."""
        known: Known = self.own if data.draw(st.booleans()) else self.process
        layout = number_layout(data.draw(st.sampled_from(TYPES)))
        size = layout.size or 1
        times = data.draw(st.sampled_from((1, 1, 8)))
        place = self.within(data, known, size * times) // size * size
        raw = layout.pack(data.draw(numbers_of(layout))) * times
        page, last = ((at - known.base) // PAGE for at in (place, place + len(raw) - 1))
        if known.gone or self.is_held(known, place, len(raw)):
            return
        if known.protections[page] == known.protections[last] == READ_WRITE:
            known.change(place - known.base, raw)

    @rule(page=st.integers(0, PAGES - 1), protection=st.sampled_from((NONE, READ_WRITE)))
    def protect(self, page: int, protection: int) -> None:
        if not self.process.gone and not self.is_held(
            self.process, self.process.base + page * PAGE, PAGE
        ):
            self.process.protect(page, protection)

    @rule(data=st.data(), allow=_ALLOW, value=st.none() | st.integers(-100, 100))
    def freeze(self, data: st.DataObject, allow: Allow | None, value: int | None) -> None:
        target = self.target(data)
        if target is None or len(target.held) == 3:
            return
        place = self.cell(data, target)
        if self.is_held(target.known, place) or not self.is_writable(target, place, 4):
            return
        there = self.there(target, place)
        kept = there if value is None or moves(allow, value, there) else value
        with self.refused(target):
            freeze = target.real.freeze(place, "i32", value, allow=allow, interval=0.001)
            self.wrote(target, place, struct.pack("<i", kept))
            assert freeze.active
            assert freeze.value == kept
            assert freeze in target.real.frozen
            target.held[place] = (freeze, allow)

    @rule(data=st.data(), value=st.integers(-100, 100))
    def disturb(self, data: st.DataObject, value: int) -> None:
        """The program changes what is held, and gets its way or finds it put back."""
        held = [(target, place) for target in self.targets for place in target.held]
        if not held:
            return
        one, place = data.draw(st.sampled_from(held))
        freeze, allow = one.held[place]
        kept = self.there(one, place)
        one.known.change(place - one.known.base, struct.pack("<i", value))
        if moves(allow, kept, value):
            wait_for(lambda: freeze.value == value)
            return
        wait_for(lambda: self.seen_there(one, place) == kept)
        assert freeze.value == kept
        self.wrote(one, place, struct.pack("<i", kept))

    @rule(data=st.data())
    def thaw(self, data: st.DataObject) -> None:
        held = [(target, place) for target in self.targets for place in target.held]
        if held:
            one, place = data.draw(st.sampled_from(held))
            freeze, _ = one.held.pop(place)
            freeze.stop()
            assert not freeze.active
            assert freeze not in one.real.frozen

    @rule(data=st.data(), raw=st.binary(min_size=1, max_size=8))
    def patch(self, data: st.DataObject, raw: bytes) -> None:
        target = self.target(data)
        if target is None:
            return
        place = self.cell(data, target)
        if self.is_held(target.known, place):
            return
        before = target.contents().read(place, len(raw))
        with self.refused(target, "" if before is not None else "MemoryFault"):
            patch = target.real.patch(place, raw)
            assert patch.before == before
            assert patch.forced != self.is_writable(target, place, len(raw))
            assert patch in target.real.patches
            self.wrote(target, place, raw)
            target.patches.append(patch)

    @rule(data=st.data(), force=st.booleans())
    def unpatch(self, data: st.DataObject, force: bool) -> None:
        made = [(target, patch) for target in self.targets for patch in target.patches]
        if not made:
            return
        one, patch = data.draw(st.sampled_from(made))
        size = len(patch.after)
        if self.is_held(one.known, patch.address):
            return
        there = one.contents().read(patch.address, size)
        changed = there not in (patch.before, patch.after) and not force
        error = "PatchError" if changed else ""
        with self.refused(one, error if there is not None else "MemoryFault"):
            patch.undo(force=force)
            assert not patch.active
            self.wrote(one, patch.address, patch.before)
            one.patches.remove(patch)

    @rule(data=st.data(), luck=st.integers(0, 2))
    def in_a_child(self, data: st.DataObject, luck: int) -> None:
        """A child cannot use what it has inherited, and can use what it makes."""
        target = self.target(data)
        if target is None or luck:
            return
        scan = target.scans[0].real if target.scans else None
        patch = target.patches[0] if target.patches else None
        uses: list[Callable[[], object]] = [
            *(
                lambda: target.real.read(target.known.base, "i32"),
                target.real.regions,
                target.real.check,
            ),
            *(lambda: target.real.freeze(0, "i32", 1), lambda: target.real.patch(0, b"a")),
            *((scan.first, scan.undo, scan.matches.addresses, scan.forget) if scan else ()),
            *((patch.undo,) if patch else ()),
            *(freeze.stop for freeze, _ in target.held.values()),
        ]
        code = children.run(lambda: _as_a_child_should(uses))
        assert code == 0, "what the child said is above"

    def seen_there(self, target: Attached, place: int) -> int:
        """The i32 at an address, as the program sees it."""
        if isinstance(target.known, Process):
            raw = target.known.seen(place - target.known.base, 4)
            return int(struct.unpack("<i", raw)[0])
        return self.there(target, place)


def _as_a_child_should(uses: list[Callable[[], object]]) -> None:
    for use in uses:
        with pytest.raises(ForkedError):
            use()
    children.begin_anew()


def moves(allow: Allow | None, kept: int, there: int) -> bool:
    """Whether a frozen value may have become another."""
    return there > kept if allow == "increase" else allow == "decrease" and there < kept
