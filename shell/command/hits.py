"""How the hits of who and accesses are seen: what both commands take and say of it."""

from __future__ import annotations

from typing import Final

from .arguments import Option
from .kinds import choice

#: How hits are seen.
BY: Final = Option(
    "--by", "perf, or ptrace, which stops it at each hit", choice("perf", "ptrace"), default="perf"
)
#: What is said of the second way in the help of both commands.
SECOND_WAY: Final = (
    "Where the kernel lets nobody watch by perf, --by ptrace does: then a process of ours traces "
    "the target, which is stopped at each hit for some 10 to 50 microseconds, and nobody else can "
    "trace it meanwhile. If farfetch is killed the target goes on; if that process is, the next "
    "hit may end the target."
)
