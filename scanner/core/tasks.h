/* SPDX-License-Identifier: MIT */
/*
 * The threads that a process has at this moment
 */
#ifndef FF_TASKS_H
#define FF_TASKS_H

#include <sys/types.h>

/*
 * Show each to take(), until that fails. The sum of what it has returned, or its negative errno;
 * -ESRCH when there is no such process. Threads may begin and end meanwhile, so the list may lack
 * some.
 */
ssize_t ff_tasks_each(pid_t pid, ssize_t (*take)(void *context, pid_t tid), void *context);

#endif
