/* SPDX-License-Identifier: MIT */
/*
 * Guards: what hits cost a thread is kept to a share of its time
 *
 * Time that may be lost is saved up, half a second's worth at the most, and each hit takes its cost
 * of it. Once that is used up the breakpoints rest until there is some again.
 *
 * All times of a guard are the thread's own: those in which it could have got on, be it that it
 * ran or that it slept. Those in which it waited for a processor are none of them, so that a thread
 * that gets a tenth of a busy machine is not made to lose half of that.
 */
#ifndef FF_WATCH_GUARD_H
#define FF_WATCH_GUARD_H

#include "clock.h"
#include "ff.h"

#include <stdbool.h>
#include <stdint.h>

#define FF_APART	(FF_MILLISECOND / 10)	/* between hits: each costs what one alone does */

struct ff_guard {
	uint64_t cost;		/* ns that a hit takes at the least */
	double share;		/* of the time that may be lost; 0: all */
	double saved;		/* ns */
	uint64_t now;		/* looked at last */
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
/* How much longer the breakpoints have to rest, in ns, when they do. */
uint64_t ff_guard_lacks(struct ff_guard *guard, uint64_t now);

/* Hits of late, and what was run in between: of stretches that rests have followed. */
struct ff_pace {
	double hits, ran;	/* ns */
};

void ff_pace_note(struct ff_pace *pace, const struct ff_watch_cost *cost, uint64_t hits,
		  uint64_t ran);
/* How many hits there would have been, if as long as it has rested the same was done, ns. */
double ff_pace_missed(const struct ff_pace *pace, const struct ff_watch_cost *cost,
		      uint64_t rested);

#endif
