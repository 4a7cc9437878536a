/* SPDX-License-Identifier: MIT */
/*
 * Signals that a stopped thread has not been given yet
 */
#ifndef FF_PENDING_H
#define FF_PENDING_H

#ifdef __x86_64__
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Whether one of those that were sent to the thread itself is such a one; there may be many. */
bool ff_pending_has(pid_t tid, bool (*is_such)(const siginfo_t *info));
#endif

#endif
