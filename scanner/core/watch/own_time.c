// SPDX-License-Identifier: MIT
/*
 * A thread's own time is that of the clock without what it waited for a processor, which
 * /proc/TID/schedstat has where the kernel keeps it; elsewhere it is the clock's.
 */
#include "own_time.h"

#include "told.h"

#include <inttypes.h>
#include <stdio.h>

bool ff_times(pid_t tid, uint64_t *ran, uint64_t *waited)
{
	char path[32], text[96];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", tid);
	return ff_told(path, text, sizeof(text)) &&
	       sscanf(text, "%" SCNu64 " %" SCNu64, ran, waited) == 2;
}

uint64_t ff_own_time(pid_t tid, uint64_t *waited, uint64_t now)
{
	uint64_t ran, waits;

	if (ff_times(tid, &ran, &waits))
		*waited = waits;
	return now - *waited;
}
