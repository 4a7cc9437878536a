/* SPDX-License-Identifier: MIT */
#ifndef FF_GROUP_H
#define FF_GROUP_H

#include <sys/types.h>

/*
 * A process as the group of its threads. Its memory is theirs together, and is reached
 * by any of their numbers: the first one's is the process's own, but the first thread
 * may end before the others, and the kernel then says of it that there is nothing.
 */
struct ff_group {
	int pid;
	int thread;	/* that was the last to have memory; changed atomically */
};

void ff_group_init(struct ff_group *group, int pid);

/* Something to ask of a thread: 0 or more, or a negative errno, -ESRCH where it has ended. */
typedef ssize_t (*ff_group_ask)(int thread, void *argument);

/*
 * ff_group_call - ask a thread of a process that still has its memory
 *
 * Returns what it said; -ESRCH when no thread of the process has memory any more.
 */
ssize_t ff_group_call(struct ff_group *group, ff_group_ask ask, void *argument);

#endif
