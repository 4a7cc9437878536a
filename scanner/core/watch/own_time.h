/* SPDX-License-Identifier: MIT */
/*
 * A thread's own time: in which it could have got on, be it that it ran or that it slept
 */
#ifndef FF_OWN_TIME_H
#define FF_OWN_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Now, ns of CLOCK_MONOTONIC, without what the thread has waited for a processor. That is taken
 * from waited where it cannot be asked, for the thread has ended, and else is kept there.
 */
uint64_t ff_own_time(pid_t tid, uint64_t *waited, uint64_t now);
/*
 * What it has run and what it has waited, ns. Of one that runs the first is as of the last tick; of
 * one that stands it is exact. False when it has ended, or where the kernel does not say.
 */
bool ff_times(pid_t tid, uint64_t *ran, uint64_t *waited);

#endif
