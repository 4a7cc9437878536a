/* SPDX-License-Identifier: MIT */
#ifndef FF_PATIENCE_H
#define FF_PATIENCE_H

#include "stalls.h"

#include <pthread.h>

/*
 * A thread's calls into a target's memory, seen by another that may give it up. Once it is
 * given up, the thread owns what it was given for the call and touches nothing else.
 */
struct ff_visit {
	uint64_t state;			/* four for each call, and where the thread is */
	pid_t tid;
	const struct ff_segment *segments;
	size_t nsegments;
	bool writing;
	uint64_t entry;			/* of the stall; 0 for none */
	bool dropped;			/* it is to make no more calls */
	pthread_mutex_t lock;		/* held by whoever gives it up */
};

/* How long the other has seen the thread inside one call, and asleep all the while. */
struct ff_watch {
	uint64_t state;
	uint64_t since, looked;		/* nanoseconds */
	uint64_t quiet;
	uint64_t switches;
};

void ff_visit_init(struct ff_visit *visit);
void ff_visit_deinit(struct ff_visit *visit);
/* Around a call; visit may be NULL. end is false when the thread was given up meanwhile. */
void ff_visit_begin(struct ff_visit *visit, const struct ff_segment *segments, size_t n,
		    bool writing);
bool ff_visit_end(struct ff_visit *visit, struct ff_stalls *stalls);
/* Let the call that the thread is in be its last. */
void ff_visit_drop(struct ff_visit *visit);
bool ff_visit_is_left(const struct ff_visit *visit);

/* Look, every few milliseconds: whether the thread has been inside its call for so long. */
bool ff_watch_is_long(struct ff_watch *watch, const struct ff_visit *visit,
		      uint32_t milliseconds);
/* And whether what it sleeps for does not come: it was not woken once in that time. */
bool ff_watch_is_stuck(struct ff_watch *watch, const struct ff_visit *visit,
		       uint32_t patience);
/* And whether it sleeps, so that it cannot be told to come back soon. */
bool ff_watch_is_asleep(struct ff_watch *watch, const struct ff_visit *visit);
/*
 * Give the thread up, unless it has left the call. What it waits for is noted in stalls,
 * which may be NULL.
 */
bool ff_visit_leave(struct ff_visit *visit, const struct ff_watch *watch,
		    struct ff_stalls *stalls);

#endif
