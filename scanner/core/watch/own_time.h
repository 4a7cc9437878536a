/* SPDX-License-Identifier: MIT */
/*
 * A thread's own time: in which it could have got on, be it that it ran or that it slept
 */
#ifndef FF_OWN_TIME_H
#define FF_OWN_TIME_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Now, ns of CLOCK_MONOTONIC, without what the thread has waited for a processor. That is taken
 * from waited where it cannot be asked, for the thread has ended, and else is kept there.
 */
uint64_t ff_own_time(pid_t tid, uint64_t *waited, uint64_t now);

#endif
