// SPDX-License-Identifier: MIT
/*
 * What a hit costs is measured by the one that is stopped
 */
#include "trial.h"

#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static uint64_t value;

static int compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

/* The median: in some of them others ran meanwhile. */
static void write_often(struct ff_exchange *exchange)
{
	static uint64_t took[FF_TRIAL_HITS];

	for (uint64_t i = 0; i < FF_TRIAL_HITS; i++) {
		uint64_t began = ff_clock_now();

		__atomic_store_n(&value, i, __ATOMIC_RELAXED);
		took[i] = ff_clock_now() - began;
	}
	qsort(took, FF_TRIAL_HITS, sizeof(*took), compare);
	exchange->cost = took[FF_TRIAL_HITS / 2];
}

pid_t ff_trial_start(struct ff_exchange *exchange, int *begin)
{
	int pipes[2];
	pid_t child;
	char byte;

	exchange->nparts = 1;
	exchange->parts[0] = (struct ff_watch_part){ (uintptr_t)&value, sizeof(value) };
	exchange->kind = FF_WATCH_WRITE;
	if (pipe(pipes))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipes[1]);
		while (read(pipes[0], &byte, 1) < 0 && errno == EINTR)
			;
		write_often(exchange);
		_exit(0);
	}
	close(pipes[0]);
	*begin = pipes[1];
	return child;
}
