from __future__ import annotations

import pytest

from guest import kernel_log

QUIET = """\
[    0.000000] Linux version 6.1.0 (gcc-12)
[    1.304000] lockdep: MAX_LOCKDEP_SUBCLASSES:          8
[    1.404000] kmemleak: Kernel memory leak detector initialized (mem pool available: 39811)
[    2.863000] x86/mm: Checked W+X mappings: passed, no W+X pages found.
[    8.302622] farfetch: loading out-of-tree module taints kernel.
[    8.307953] farfetch: loaded, device only
[    9.000000] clocksource: Long readout interval, skipping watchdog check: WARNING: slow
[    6.402691] virtme-ng-init: WARNING: failed to run: "systemd-tmpfiles" --create
"""

REPORTS = [
    "WARNING: CPU: 1 PID: 312 at mm/gup.c:1234 foo+0x12/0x34 [farfetch]",
    "WARNING: possible circular locking dependency detected",
    "WARNING: suspicious RCU usage",
    "BUG: sleeping function called from invalid context at mm/gup.c:1",
    "BUG: KASAN: use-after-free in far_walk_page+0x1/0x2 [farfetch]",
    "BUG: unable to handle page fault for address: ffffea0000000008",
    "BUG: Bad page state in process caller  pfn:1234",
    "BUG: Bad rss-counter state mm:00000000 type:MM_ANONPAGES val:1",
    "kernel BUG at mm/page_table_check.c:70!",
    "Oops: 0000 [#1] PREEMPT SMP KASAN",
    "general protection fault, probably for non-canonical address 0xdead000000000100",
    "INFO: task rmmod:312 blocked for more than 120 seconds.",
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "refcount_t: underflow; use-after-free.",
    "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "unreferenced object 0xffff888004c3a000 (size 4096):",
    "usercopy: Kernel memory exposure attempt detected from page alloc (offset 0, size 1)!",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [caller:312]",
    "UBSAN: array-index-out-of-bounds in walk.c:1:2",
    "Unable to handle kernel paging request at virtual address dead000000000108",
    "Kernel panic - not syncing: Fatal exception",
]


def test_a_quiet_log_has_no_reports() -> None:
    assert kernel_log.reports(QUIET) == []


@pytest.mark.parametrize("line", REPORTS)
def test_a_report_is_found_with_what_follows(line: str) -> None:
    log = f"{QUIET}[   20.000001] {line}\n[   20.000002] far_copy+0x1/0x2\n"
    [report] = kernel_log.reports(log)
    assert line in report
    assert "far_copy" in report


def test_reports_that_are_far_apart_are_told_apart() -> None:
    far = "[   21.0] nothing\n" * 100
    log = f"[   20.0] {REPORTS[0]}\n{far}[   22.0] {REPORTS[1]}\n"
    assert len(kernel_log.reports(log)) == 2
