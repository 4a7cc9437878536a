/* SPDX-License-Identifier: MIT */
/*
 * Who traces: a process of its own, for as long as that takes
 */
#ifndef FF_TRACER_H
#define FF_TRACER_H

#include <sys/types.h>

/*
 * Let something be done that traces a thread, and all that it has not let go of be let go of
 * then. What it returns, or what kept it from being done; -ECANCELED when somebody killed it.
 */
int ff_tracer_run(pid_t tid, int (*work)(void *data), void *data);

#endif
