// SPDX-License-Identifier: MIT
/*
 * What a hit costs is measured by the one that is stopped
 */
#include "trial.h"

#include "clock.h"
#include "watch/sorting.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define CLOSE	256	/* hits close behind each other */
#define PART	64	/* at the end of which it is looked whether that takes long */
#define APART	64	/* and with time in between, in which the tracer falls asleep */
#define LEAST	16
#define LONG	(20 * FF_MILLISECOND)

static uint64_t value;

static uint64_t ran_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * FF_SECOND + (uint64_t)now.tv_nsec;
}

/* What one takes of the time that is this thread's to run. */
static uint64_t write_close(uint32_t *hits)
{
	uint64_t began = ran_now(), until = ff_clock_now() + LONG;

	do {
		for (uint32_t i = 0; i < PART; i++)
			__atomic_store_n(&value, i, __ATOMIC_RELAXED);
		*hits += PART;
	} while (*hits < CLOSE && ff_clock_now() < until);
	return (ran_now() - began) / *hits;
}

static uint64_t median(uint64_t *values, size_t n)
{
	ff_sort_times(values, n);
	return values[n / 2];
}

/* By both clocks, the medians: in some of them others ran meanwhile. */
static void write_apart(struct ff_watch_cost *cost, uint32_t *hits)
{
	static uint64_t took[APART], ran[APART];
	uint64_t asking = ran_now(), until = ff_clock_now() + LONG;
	size_t i;

	asking = ran_now() - asking;
	for (i = 0; i < LEAST || (i < APART && ff_clock_now() < until); i++) {
		uint64_t before = ff_clock_now(), began, running;

		do
			began = ff_clock_now();
		while (began - before < FF_APART);
		running = ran_now();
		began = ff_clock_now();
		__atomic_store_n(&value, i, __ATOMIC_RELAXED);
		took[i] = ff_clock_now() - began;
		running = ran_now() - running;
		ran[i] = running > asking ? running - asking : 0;
	}
	*hits += (uint32_t)i;
	cost->all = median(took, i);
	cost->ran_apart = median(ran, i);
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
		exchange->cost.ran = write_close(&exchange->tried);
		write_apart(&exchange->cost, &exchange->tried);
		_exit(0);
	}
	close(pipes[0]);
	*begin = pipes[1];
	return child;
}
