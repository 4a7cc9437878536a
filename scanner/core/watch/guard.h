/* SPDX-License-Identifier: MIT */
/*
 * Guards: what hits cost the target is kept to a share of its time
 *
 * Time that may be lost is saved up, half a second's worth at the most, and each hit takes its cost
 * of it. Once that is used up the breakpoints rest until there is some again.
 */
#ifndef FF_WATCH_GUARD_H
#define FF_WATCH_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct ff_guard {
	uint64_t cost;		/* ns that a hit takes at the least */
	double share;		/* of the time that may be lost; 0: all */
	double saved;		/* ns */
	uint64_t now, until;	/* of CLOCK_MONOTONIC, ns: looked at last, and the end of a rest */
	uint64_t began, rested;	/* when the last stretch began, and when that rest did */
	bool resting;
};

void ff_guard_init(struct ff_guard *guard, uint64_t cost, double share, uint64_t now);
/*
 * What a hit has taken of its thread's time, in ns, when the one before it was so long ago: where
 * they come close behind each other most of that is theirs, for there is more to a hit than what
 * the thread does, such as waking us.
 */
uint64_t ff_guard_cost(const struct ff_guard *guard, uint64_t since);
/* Take in that hits have taken so many ns. Whether the breakpoints are to rest now. */
bool ff_guard_take(struct ff_guard *guard, uint64_t spent, uint64_t now);
/*
 * Whether a rest is over. Then factor is what the hits of the stretch before it stand for, if
 * the target has done the same meanwhile.
 */
bool ff_guard_is_rested(struct ff_guard *guard, uint64_t now, double *factor);
/* A stretch without a rest ends: what comes is not to be judged by what was long ago. */
bool ff_guard_is_calm(struct ff_guard *guard, uint64_t now);

#endif
