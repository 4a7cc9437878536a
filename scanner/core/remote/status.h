/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of another process's thread, traced or not; proc_pid_status(5)
 */
#ifndef FF_STATUS_H
#define FF_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ff_status {
	char state;		/* as R, S, D, T, t, Z, X */
	pid_t tracer;		/* who traces it, or 0 */
	uint64_t waits;		/* how often it has gone to sleep, or stood */
	bool handler_waits;	/* a signal for which there is a handler is about to be delivered */
};

/* False when it has ended. */
bool ff_status_read(pid_t tid, struct ff_status *status);
/* Where a thread that waits in the kernel will go on; proc_pid_syscall(5). False: it runs. */
bool ff_status_goes_on(pid_t tid, uint64_t *address);

#endif
