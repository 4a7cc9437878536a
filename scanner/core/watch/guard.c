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
#define SURE	0.9		/* of the least that hits cost: so much longer they have taken */
#define FASTEST	8.0		/* times as fast as it was a loop may be without hits, as is told */

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

double ff_guard_factor(uint64_t hits, uint64_t cost, uint64_t awake, uint64_t rested)
{
	double free = (double)awake - SURE * (double)hits * (double)cost;

	if (!awake)
		return 1.0;
	if (free < (double)awake / FASTEST)
		free = (double)awake / FASTEST;
	return 1.0 + (double)rested / free;
}
