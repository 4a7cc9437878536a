"""The state machine: public calls on known memory, and what has to come of each."""

from __future__ import annotations

from hypothesis.stateful import invariant

from torture.accounts import account, settled
from torture.memories import Process
from torture.scan_rules import ScanRules
from torture.table_rules import TableRules
from torture.target_rules import TargetRules


class Machine(TargetRules, ScanRules, TableRules):
    """All rules together."""

    @invariant()
    def nothing_is_held_beyond_what_is_open(self) -> None:
        """Descriptors and threads, in the middle of it; exactly, at the end."""
        if all(target.closed for target in self.targets):
            left = account([]).more_than(self.before)
            assert not [line for line in left if "/proc//" in line], left

    def teardown(self) -> None:
        for target in self.targets:
            for seen in target.scans:
                seen.real.close()
            target.real.close()
        self.targets.clear()
        self.process.close()
        Process.end_spare()
        assert settled(self.before, []) == []
