// SPDX-License-Identifier: MIT
/*
 * A thread's own time is that of the clock without what it waited for a processor, which
 * /proc/TID/schedstat has where the kernel keeps it; elsewhere it is the clock's.
 */
#include "own_time.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

uint64_t ff_own_time(pid_t tid, uint64_t *waited, uint64_t now)
{
	unsigned long long ran, waits;
	char text[96];
	ssize_t n;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/schedstat", tid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		if (sscanf(text, "%llu %llu", &ran, &waits) == 2)
			*waited = waits;
	}
	return now - *waited;
}
