"""Rules of the state machine: a table, which is a dictionary that can be saved."""

from __future__ import annotations

import tempfile
from pathlib import Path

from farfetch.scanner import Entry, Table
from hypothesis import strategies as st
from hypothesis.stateful import rule

from torture.ground import Ground

_names = st.sampled_from(("health", "größe", "ammo"))
_entries = st.builds(
    Entry,
    name=_names,
    where=st.sampled_from(("0x1000", "game+0x10", "[heap]+8 -> 0x18 -> -8")),
    type=st.sampled_from(("i32", "text[4]", "number", "any")),
    group=st.sampled_from(("", "player/one")),
    frozen=st.sampled_from((None, "7")),
    allow=st.sampled_from((None, "increase")),
)


class TableRules(Ground):
    """What is done to a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table()
        self.entries: dict[str, Entry] = {}

    @rule(entry=_entries)
    def put(self, entry: Entry) -> None:
        self.table.put(entry)
        self.entries[entry.name] = entry
        self.compare_table()

    @rule(name=_names, note=st.sampled_from(("", "by hand")))
    def change_entry(self, name: str, note: str) -> None:
        with self.refused(None, "" if name in self.entries else "TableError"):
            changed = self.table.change(name, note=note)
            assert changed.note == note
            self.entries[name] = changed
        self.compare_table()

    @rule(name=_names)
    def remove(self, name: str) -> None:
        with self.refused(None, "" if name in self.entries else "TableError"):
            assert self.table.remove(name) == self.entries.pop(name)
        self.compare_table()

    @rule()
    def save(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.json"
            self.table.save(path)
            self.table = Table.load(path)
            assert [file.name for file in path.parent.iterdir()] == [path.name]
        self.compare_table()

    def compare_table(self) -> None:
        assert list(self.table) == list(self.entries.values())
        assert len(self.table) == len(self.entries)
