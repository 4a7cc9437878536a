// SPDX-License-Identifier: MIT
/*
 * A bucket of nanoseconds
 */
#include "guard.h"

#define SECOND	1e9
#define STRETCH	100000000ull	/* ns: hits are taken to come evenly for as long */
#define BURST	64.0		/* hits that there is to be time for after a rest */

void ff_guard_init(struct ff_guard *guard, uint64_t cost, double share, uint64_t now)
{
	*guard = (struct ff_guard){
		.cost = cost, .share = share, .saved = share * SECOND, .now = now, .began = now,
	};
}

static void save(struct ff_guard *guard, uint64_t now)
{
	double most = guard->share * SECOND;

	guard->saved += guard->share * (double)(now - guard->now);
	if (guard->saved > most)
		guard->saved = most;
	guard->now = now;
}

bool ff_guard_take(struct ff_guard *guard, uint64_t hits, uint64_t now)
{
	if (guard->share == 0)
		return false;
	save(guard, now);
	guard->saved -= (double)(hits * guard->cost);
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
