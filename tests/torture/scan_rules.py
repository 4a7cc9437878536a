"""Rules of the state machine: scans, their steps and matches."""

from __future__ import annotations

import os

from farfetch.scanner import Budget, Predicate, at, isas, now, unknown
from farfetch.scanner.predicates.nodes import Compare
from hypothesis import strategies as st
from hypothesis.stateful import rule

from support.strategies import number_layout, numbers_of, predicates_of
from torture.ground import TYPES, Ground, Seen
from torture.memories import PAGE, ranges, where
from torture.model import ModelScan

NAMES = ("lunch", "a_1")
_FEW = 20  # matches that are all written to


class ScanRules(Ground):
    """What is done to scans."""

    @rule(
        data=st.data(),
        name=st.sampled_from(TYPES),
        align=st.sampled_from((None, 1, 2, 4)),
        isa=st.sampled_from(isas()),
    )
    def scan(self, data: st.DataObject, name: str, align: int | None, isa: str) -> None:
        target = self.target(data)
        if target is None or sum(len(each.scans) for each in self.targets) == 4:
            return
        os.environ["FARFETCH_ISA"] = isa
        with self.refused(target, maybe=True):  # a scan of what is gone fails at its first step
            scan = target.real.scan(
                name,
                align=align,
                where=where(target.known),
                threads=data.draw(st.integers(1, 3)),
                soft_dirty=data.draw(st.booleans()),
            )
            scan.chunk = data.draw(st.sampled_from((64, 4096, scan.chunk)))  # less than one may ask
            model = ModelScan(name, align or number_layout(name).alignment)
            target.scans.append(Seen(scan, model, target))

    @rule(data=st.data())
    def over_budget(self, data: st.DataObject) -> None:
        target = self.target(data)
        if target is None or not ranges(target.known):
            return
        with (
            self.refused(target, "BudgetError"),
            target.real.scan("i32", where=where(target.known), budget=Budget(0, 0)) as scan,
        ):
            try:
                scan.first("?")
            finally:
                assert len(scan) == 0

    @rule(data=st.data())
    def first(self, data: st.DataObject) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        tree = data.draw(st.just(unknown) | predicates_of(seen.model.layout, 1))
        found, error = ranges(seen.of.known), seen.model.first_error(tree)
        with self.refused(seen.of, error or ("" if found else "WhereError"), seen=seen):
            result = seen.real.first(tree)
            seen.model.first(tree, found, seen.of.contents())
            assert result.matches == len(seen.model.addresses)
            self.compare(seen)

    @rule(data=st.data(), named=st.sampled_from((None, None, *NAMES)))
    def next(self, data: st.DataObject, named: str | None) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        tree: Predicate = data.draw(predicates_of(seen.model.layout, 1))
        if named is not None:
            tree = Compare(data.draw(st.sampled_from(("==", "<", "!="))), now, at(named))
        with self.refused(seen.of, seen.model.error(tree), seen=seen):
            result = seen.real.next(tree)
            seen.model.next(tree, seen.of.contents())
            assert result.matches == len(seen.model.addresses)
            self.compare(seen)

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def snapshot(self, data: st.DataObject, name: str) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        with self.refused(seen.of, "" if seen.model.path else "ScanOrderError", seen=seen):
            result = seen.real.snapshot(name)
            seen.model.save(name, seen.of.contents())
            assert result.matches == len(seen.model.narrowed(seen.of.contents()))
            assert {snapshot.name for snapshot in seen.real.snapshots} == set(seen.model.visible())

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        here = seen.model.addresses
        indexes = data.draw(st.lists(st.integers(0, max(0, len(here) - 1)), max_size=5))
        error = "" if seen.model.path else "ScanOrderError"
        with self.refused(seen.of, error or ("MatchIndexError" if indexes and not here else "")):
            result = seen.real.delete(indexes)
            seen.model.delete([at for index, at in enumerate(here) if index not in indexes])
            assert result.matches == len(seen.model.addresses)
            self.compare(seen)

    @rule(data=st.data(), steps=st.integers(0, 3), back=st.booleans())
    def step(self, data: st.DataObject, steps: int, back: bool) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        done = seen.model.undo(steps) if back else seen.model.redo(steps)
        with self.refused(None, "" if done else "ScanOrderError", seen=seen):
            (seen.real.undo if back else seen.real.redo)(steps)
        self.compare(seen)

    @rule(data=st.data(), number=st.integers(1, 6))
    def go_to(self, data: st.DataObject, number: int) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        is_there = number in seen.model.steps
        with self.refused(None, "" if is_there else "ScanOrderError", seen=seen):
            seen.real.go_to(number)
            seen.model.here = number
            self.compare(seen)

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def drop(self, data: st.DataObject, name: str) -> None:
        seen = self.a_scan(data)
        if seen is None:
            return
        is_there = name in seen.model.named
        with self.refused(None, "" if is_there else "ScanOrderError", seen=seen):
            seen.real.drop(name)
            del seen.model.named[name]

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        seen = self.a_scan(data)
        if seen is not None:
            with self.refused(None, seen=seen):
                assert seen.real.forget() == seen.model.forget()
                self.compare(seen)

    @rule(data=st.data(), closing=st.booleans(), luck=st.integers(0, 3))
    def reset(self, data: st.DataObject, closing: bool, luck: int) -> None:
        seen = self.a_scan(data)
        if seen is None or luck:
            return
        if closing:
            seen.real.close()
            seen.closed = True
            seen.model.reset()
            return
        with self.refused(None, seen=seen):
            seen.real.reset()
            seen.model.reset()
            self.compare(seen)

    @rule(data=st.data())
    def matches(self, data: st.DataObject) -> None:
        """The ways to look at matches agree."""
        seen = self.a_scan(data)
        if seen is None:
            return
        expected = seen.model.addresses
        index = data.draw(st.integers(-len(expected) - 2, len(expected) + 2))
        piece = slice(index, None, data.draw(st.sampled_from((None, 2, -3))))
        place = self.place(data, seen.of)
        is_inside = -len(expected) <= index < len(expected)
        of = seen.of if is_inside else None  # nothing of the target is looked at
        with self.refused(of, "" if is_inside else "MatchIndexError", seen=seen):
            assert seen.real[index].address == expected[index]
            assert [match.address for match in seen.real[piece]] == expected[piece]
            assert seen.real.matches.bisect(place) == sum(address < place for address in expected)

    @rule(data=st.data(), force=st.booleans())
    def write_all(self, data: st.DataObject, force: bool) -> None:
        seen = self.a_scan(data)
        if seen is None or not 0 < len(seen.model.addresses) <= _FEW:
            return
        target, layout, size = seen.of, seen.model.layout, seen.model.size
        value, places = data.draw(numbers_of(layout)), seen.model.addresses
        if any(self.is_held(target.known, place, size) for place in places):
            return
        if any(place // PAGE != (place + size - 1) // PAGE for place in places):
            return  # half of one may be written
        with self.refused(target, seen=seen):
            result = seen.real.write_all(value, force=force)
            written = [place for place in places if force or self.is_writable(target, place, size)]
            assert result == (len(written), len(places) - len(written))
            raw = layout.pack(value)
            for place in written:
                at_byte = place - target.known.base
                target.known.there[at_byte : at_byte + size] = raw
            for place in written[-1:]:
                self.wrote(target, place, raw)

    def compare(self, seen: Seen) -> None:
        """Hold a scan to its model, as far as its target is there."""
        if seen.closed or seen.of.closed:
            return
        real, model = seen.real, seen.model
        path, addresses = model.path, model.addresses
        assert [step.number for step in real.steps] == [step.number for step in path]
        assert len(real) == len(addresses)
        assert real.matches.addresses() == addresses
        assert list(real.matches.column("address")) == addresses
        if seen.of.gone or not path:
            return
        present = seen.of.contents()
        values = [
            [model.value(then, address) for address in addresses]
            for then in (present, path[-1].then, path[0].then)
        ]
        listed = list(real)
        assert repr([match.value for match in listed]) == repr(values[0])
        assert repr([match.previous for match in listed]) == repr(values[1])
        assert repr([match.first for match in listed]) == repr(values[2])
        if model.layout.buffer_format:
            assert repr(list(real.matches.column("previous"))) == repr(values[1])
            assert repr(list(real.matches.column("first"))) == repr(values[2])
            if None not in values[0]:
                assert repr(list(real.matches.column("now"))) == repr(values[0])
