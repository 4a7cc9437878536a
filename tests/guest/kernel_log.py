"""What in a kernel's log is a report of a mistake."""

from __future__ import annotations

import re

REPORTS = re.compile(
    "|".join(
        [
            r"\bWARNING: ",
            r"\bBUG: ",
            r"\bBUG at ",
            r"\bkernel BUG\b",
            r"\bOops\b",
            r"\bKernel panic\b",
            r"\bgeneral protection fault\b",
            r"\bUnable to handle kernel\b",
            r"\bINFO: (task|rcu|possible|trying to register|lockdep)",
            r"\brcu: INFO: ",
            r"\bsuspicious RCU usage\b",
            r"\bpossible (recursive|circular|irq lock) ",
            r"\bDEBUG_LOCKS_WARN_ON\b",
            r"\bkmemleak: [1-9]\d* new suspected\b",
            r"\bunreferenced object\b",
            r"\bUBSAN: ",
            r"\bKASAN: ",
            r"\brefcount_t: ",
            r"\bBad page (map|state)\b",
            r"\bBad rss-counter\b",
            r"\busercopy: Kernel memory\b",
            r"\bsoft lockup\b",
            r"\bhard LOCKUP\b",
            r"\bsegfault at \S+ ip \S+ sp \S+ error \d+ in (python|caller)",
            r"\bBUG \w+ \(.*\): ",
            r"\bCall Trace:",
        ]
    )
)
CONTEXT = 30
# Under emulation these say only that the host was busy; and virtme-ng's init, which is no part
# of the kernel, warns in its log of programs that a small system does not have.
HARMLESS = re.compile(
    r"clocksource|Marking TSC|perf: interrupt took too long|hrtimer: interrupt took"
    r"|\] virtme-ng-init: "
)


def reports(log: str) -> list[str]:
    """Return each report in a log, with the lines that follow it.

    Args:
        log: lines as dmesg or a serial console print them.
    """
    lines = log.splitlines()
    found = []
    end = 0
    for number, line in enumerate(lines):
        if number >= end and REPORTS.search(line) and not HARMLESS.search(line):
            end = number + CONTEXT
            found.append("\n".join(lines[number:end]))
    return found
