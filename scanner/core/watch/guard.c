// SPDX-License-Identifier: MIT
/*
 * A bucket of nanoseconds
 */
#include "guard.h"

#define SAVED	5e8		/* ns whose share is saved up */
#define AT_FIRST	0.2		/* of that, before a thread has done anything */
#define KEPT	0.65		/* of the share: stopping and starting takes some, too */
#define FAST	4		/* times the cost: hits that come faster than that take all of it */
#define BURST	64.0		/* hits that there is to be time for after a rest */
#define OF_LATE	256.0		/* hits that are gone by at the least */
#define ENOUGH	5e6		/* ns beside them that do */
#define FASTEST	16.0		/* times as fast as it was a loop may be without hits, as is told */

void ff_guard_init(struct ff_guard *guard, uint64_t cost, double share, uint64_t now)
{
	*guard = (struct ff_guard){
		.cost = cost, .share = KEPT * share, .now = now,
	};
	guard->saved = guard->share * SAVED * AT_FIRST;
}

static void save(struct ff_guard *guard, uint64_t now)
{
	double most = guard->share * SAVED;

	/* its clock may seem to go back: how long a thread has waited is told when it runs again */
	guard->saved += guard->share * ((double)now - (double)guard->now);
	if (guard->saved > most)
		guard->saved = most;
	guard->now = now;
}

uint64_t ff_guard_cost(const struct ff_guard *guard, uint64_t since)
{
	return since > guard->cost && since < FAST * guard->cost ? since : guard->cost;
}

bool ff_guard_take(struct ff_guard *guard, uint64_t spent, uint64_t now)
{
	save(guard, now);
	guard->saved -= (double)spent;
	return guard->saved < 0;
}

uint64_t ff_guard_lacks(struct ff_guard *guard, uint64_t now)
{
	double lacking;

	save(guard, now);
	lacking = BURST * (double)guard->cost;
	/* a share so small that there is never as much saved up */
	if (lacking > guard->share * SAVED)
		lacking = guard->share * SAVED;
	lacking -= guard->saved;
	return lacking > 0 ? (uint64_t)(lacking / guard->share) + 1 : 0;
}

/* What has been run beside the hits themselves. */
static double free_of(const struct ff_pace *pace, const struct ff_watch_cost *cost)
{
	double close = (double)cost->ran, apart = (double)cost->ran_apart, between, far;

	if (!pace->hits)
		return pace->ran;
	between = pace->ran / pace->hits - close;
	far = between < 0 ? 0 : between < FF_APART ? between / FF_APART : 1;
	return pace->ran - pace->hits * (close + far * (apart - close));
}

void ff_pace_note(struct ff_pace *pace, const struct ff_watch_cost *cost, uint64_t hits,
		  uint64_t ran)
{
	/* a program does not do the same for ever; but where it hardly gets to do anything beside
	 * its hits, what a few of them happen to cost decides
	 */
	while (pace->hits > OF_LATE && free_of(pace, cost) > ENOUGH) {
		pace->hits /= 2;
		pace->ran /= 2;
	}
	pace->hits += (double)hits;
	pace->ran += (double)ran;
}

double ff_pace_missed(const struct ff_pace *pace, const struct ff_watch_cost *cost,
		      uint64_t rested)
{
	double free = free_of(pace, cost);

	if (pace->ran <= 0)
		return 0;
	if (free < pace->ran / FASTEST)
		free = pace->ran / FASTEST;
	return (double)rested * pace->hits / free;
}
