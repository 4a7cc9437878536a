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

#include <stdbool.h>
#include <stdint.h>

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
/*
 * What each of the hits of a stretch stands for, that has run for so many ns while the breakpoints
 * were awake and for so many while they rested, if it has done the same meanwhile: rather too few.
 */
double ff_guard_factor(uint64_t hits, uint64_t cost, uint64_t awake, uint64_t rested);

#endif
