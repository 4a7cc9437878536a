// SPDX-License-Identifier: MIT
/*
 * A bucket of nanoseconds
 */
#include "guard.h"

#define SAVED	5e8		/* ns whose share is saved up */
#define KEPT	0.8		/* of the share: stopping and starting takes some, too */
#define FAST	8		/* times the cost: hits that come faster than that take all of it */
#define STRETCH	100000000ull	/* ns: hits are taken to come evenly for as long */
#define BURST	64.0		/* hits that there is to be time for after a rest */

void ff_guard_init(struct ff_guard *guard, uint64_t cost, double share, uint64_t now)
{
	*guard = (struct ff_guard){
		.cost = cost, .share = KEPT * share, .now = now, .began = now,
	};
	guard->saved = guard->share * SAVED;
}

static void save(struct ff_guard *guard, uint64_t now)
{
	double most = guard->share * SAVED;

	guard->saved += guard->share * (double)(now - guard->now);
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
	if (guard->share == 0)
		return false;
	save(guard, now);
	guard->saved -= (double)spent;
	if (guard->saved >= 0 || guard->resting)
		return false;
	guard->resting = true;
	guard->rested = now;
	guard->until = now + (uint64_t)((BURST * (double)guard->cost - guard->saved) /
					guard->share);
	return true;
}

bool ff_guard_is_rested(struct ff_guard *guard, uint64_t now, double *factor)
{
	double awake = (double)(guard->rested - guard->began);

	if (!guard->resting || now < guard->until)
		return false;
	save(guard, now);
	guard->resting = false;
	*factor = awake > 0 ? (double)(now - guard->began) / awake : 1.0;
	guard->began = now;
	return true;
}

bool ff_guard_is_calm(struct ff_guard *guard, uint64_t now)
{
	if (guard->resting || now - guard->began < STRETCH)
		return false;
	guard->began = now;
	return true;
}
