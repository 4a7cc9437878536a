// SPDX-License-Identifier: MIT
/*
 * Patience: telling a thread that waits for ever from one that waits for long
 *
 * A fault in a target's memory may have to be answered by a process (userfaultfd(2), FUSE),
 * a server or a device, and the kernel lets a thread that waits for the answer go for a fatal
 * signal only, which ends its whole process. So such a thread is given up: another does its
 * work, around what it waits for. Slowness is no reason: a thread that is woken for each
 * page makes progress, however little.
 */
#include "patience.h"

#include "clock.h"
#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECOND	1000000ull
#define LOOK_AT		(100 * MILLISECOND)	/* shorter calls are not looked at */
#define LOOK_EVERY	(10 * MILLISECOND)
#define LOOK_MOST	(100 * MILLISECOND)	/* we slept or were stopped: it does not count */
/* Times as patient with a disk or a server, which must wake up, as with a process. */
#define DISKS		10
#define NEVER		UINT64_MAX

enum phase { OUTSIDE, INSIDE, LEFT, PHASES = 4 };

void ff_visit_init(struct ff_visit *visit)
{
	memset(visit, 0, sizeof(*visit));
	pthread_mutex_init(&visit->lock, NULL);
}

void ff_visit_deinit(struct ff_visit *visit)
{
	pthread_mutex_destroy(&visit->lock);
}

void ff_visit_begin(struct ff_visit *visit, const struct ff_segment *segments, size_t n,
		    bool writing)
{
	uint64_t state;

	if (!visit)
		return;
	if (!visit->tid)
		visit->tid = gettid();
	visit->segments = segments;
	visit->nsegments = n;
	visit->writing = writing;
	state = __atomic_load_n(&visit->state, __ATOMIC_RELAXED);
	__atomic_store_n(&visit->state, state + PHASES + INSIDE, __ATOMIC_RELEASE);
}

bool ff_visit_end(struct ff_visit *visit, struct ff_stalls *stalls)
{
	uint64_t state;

	if (!visit)
		return true;
	state = __atomic_load_n(&visit->state, __ATOMIC_RELAXED);
	if (state % PHASES == INSIDE &&
	    __atomic_compare_exchange_n(&visit->state, &state, state - INSIDE, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return !__atomic_load_n(&visit->dropped, __ATOMIC_RELAXED);
	/* whoever gave this thread up may still look at its segments */
	pthread_mutex_lock(&visit->lock);
	if (visit->entry)
		ff_stalls_remove(stalls, visit->entry);
	visit->entry = 0;
	pthread_mutex_unlock(&visit->lock);
	return false;
}

void ff_visit_drop(struct ff_visit *visit)
{
	__atomic_store_n(&visit->dropped, true, __ATOMIC_RELAXED);
}

bool ff_visit_is_left(const struct ff_visit *visit)
{
	return __atomic_load_n(&visit->state, __ATOMIC_ACQUIRE) % PHASES == LEFT;
}

bool ff_visit_leave(struct ff_visit *visit, const struct ff_watch *watch,
		    struct ff_stalls *stalls)
{
	uint64_t state = watch->state;
	bool left;

	pthread_mutex_lock(&visit->lock);
	left = state % PHASES == INSIDE &&
	       __atomic_compare_exchange_n(&visit->state, &state, state - INSIDE + LEFT, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	if (left && stalls)
		visit->entry = ff_stalls_add(stalls, visit->segments, visit->nsegments,
					     visit->writing);
	pthread_mutex_unlock(&visit->lock);
	return left;
}

bool ff_watch_is_long(struct ff_watch *watch, const struct ff_visit *visit,
		      uint32_t milliseconds)
{
	uint64_t state = __atomic_load_n(&visit->state, __ATOMIC_ACQUIRE);
	uint64_t now = ff_clock_now();

	if (state != watch->state || state % PHASES != INSIDE) {
		*watch = (struct ff_watch){
			.state = state, .since = now, .looked = now, .switches = NEVER,
		};
		return false;
	}
	return now - watch->since >= milliseconds * MILLISECOND;
}

/* What the kernel says of a thread of ours in a file of /proc; its bytes, or 0. */
static size_t ask(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
	return ff_told(path, text, size);
}

/* How often a thread that sleeps has gone to sleep; false when it does not sleep. */
static bool count_sleeps(pid_t tid, uint64_t *switches)
{
	char text[4096];
	const char *state, *count;

	if (!ask(tid, "status", text, sizeof(text)))
		return false;
	state = strstr(text, "\nState:\t");
	count = strstr(text, "\nvoluntary_ctxt_switches:\t");
	if (!state || !count || (state[8] != 'S' && state[8] != 'D'))
		return false;
	*switches = strtoull(count + strlen("\nvoluntary_ctxt_switches:\t"), NULL, 10);
	return true;
}

/* Whether it is a process that is to bring the page. */
static bool is_served(pid_t tid)
{
	char text[128];

	return ask(tid, "wchan", text, sizeof(text)) && !strcmp(text, "handle_userfault");
}

/* For how long it has been asleep without being woken, as far as the looks at it tell. */
static uint64_t quiet(struct ff_watch *watch, const struct ff_visit *visit, uint64_t look_at)
{
	uint64_t now = ff_clock_now(), passed = now - watch->looked, switches;

	if (watch->state % PHASES != INSIDE || now - watch->since < look_at)
		return 0;
	if (passed < LOOK_EVERY)
		return watch->quiet;
	watch->looked = now;
	if (!count_sleeps(visit->tid, &switches)) {
		watch->switches = NEVER;
		watch->quiet = 0;
	} else if (switches != watch->switches) {
		watch->switches = switches;
		watch->quiet = 0;
	} else {
		watch->quiet += passed < LOOK_MOST ? passed : LOOK_MOST;
	}
	return watch->quiet;
}

bool ff_watch_is_stuck(struct ff_watch *watch, const struct ff_visit *visit, uint32_t patience)
{
	uint64_t limit = patience * MILLISECOND, so_far = quiet(watch, visit, LOOK_AT);

	if (!so_far || so_far < limit)
		return false;
	return so_far >= limit * DISKS || is_served(visit->tid);
}

bool ff_watch_is_asleep(struct ff_watch *watch, const struct ff_visit *visit)
{
	return quiet(watch, visit, LOOK_EVERY) >= LOOK_EVERY;
}
