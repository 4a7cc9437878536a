// SPDX-License-Identifier: MIT
/*
 * A thread's own time is that of the clock without what it waited for a processor, which
 * /proc/TID/schedstat has where the kernel keeps it; elsewhere it is the clock's.
 */
#include "own_time.h"

#include "told.h"

#include <stdio.h>

uint64_t ff_own_time(pid_t tid, uint64_t *waited, uint64_t now)
{
	unsigned long long ran, waits;
	char path[32], text[96];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", tid);
	if (ff_told(path, text, sizeof(text)) && sscanf(text, "%llu %llu", &ran, &waits) == 2)
		*waited = waits;
	return now - *waited;
}
