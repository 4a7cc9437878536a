/* SPDX-License-Identifier: MIT */
#ifndef FF_LEVELS_H
#define FF_LEVELS_H

#include "pointers.h"

#define FF_NO_COST	UINT16_MAX

__extension__ typedef unsigned __int128 ff_u128;

/* Indexes from first up to, not including, end. */
struct ff_indexes {
	size_t first, end;
};

/*
 * The places from which so many steps lead to the target, ascending: a few of the map's
 * pointers, or all of it with FF_NO_COST where there is no way. Costs are those of the
 * cheapest way, in bytes, shifted down.
 */
struct ff_reach {
	size_t n;
	const uint64_t *addresses;
	const uint32_t *indexes;	/* NULL: each is its own */
	const uint16_t *costs;
	const uint64_t *samples;	/* every FF_SAMPLE-th address; NULL where there are few */
	struct ff_space spaces[3];
};

#define FF_SAMPLE	64

/* The bases from which so many steps lead to the target. */
struct ff_hits {
	size_t n;
	uint32_t *indexes;
	uint64_t *counts;
	uint64_t *costs;	/* no way is cheaper; NULL while that is not known */
};

struct ff_levels {
	uint32_t references;
	struct ff_pointers *pointers;
	struct ff_room *room;
	uint64_t target;
	size_t depth;
	struct ff_window *windows;	/* of the last step first */
	struct ff_indexes *bases, *closed;
	size_t nbases, nclosed;
	bool through, saturated;
	uint32_t shift;			/* of costs */
	size_t reached;			/* levels below it are */
	uint16_t no_cost;		/* of the target itself: 0 */
	struct ff_space samples;	/* of all the map's addresses, once a level has all */
	struct ff_reach *reach;		/* depth of them; the first is the target */
	struct ff_hits *hits;		/* depth of them */
};

struct ff_levels *ff_levels_get(struct ff_levels *levels);

/* value + window as addresses; -1 when it is below them all, 1 when it is above. */
static inline int ff_window_at(const struct ff_window *window, uint64_t value, uint64_t *low,
			       uint64_t *high)
{
	if (__builtin_add_overflow(value, (uint64_t)window->low, low) != (window->low < 0)) {
		if (window->low >= 0)
			return 1;
		*low = 0;
	}
	if (__builtin_add_overflow(value, (uint64_t)window->high, high) != (window->high < 0)) {
		if (window->high < 0)
			return -1;
		*high = UINT64_MAX;
	}
	return 0;
}

/* The least value whose window reaches up to an address; false when there is none. */
static inline bool ff_window_from(const struct ff_window *window, uint64_t address,
				  uint64_t *value)
{
	if (__builtin_sub_overflow(address, (uint64_t)window->high, value) !=
	    (window->high < 0)) {
		if (window->high < 0)
			return false;
		*value = 0;
	}
	return true;
}

static inline uint64_t ff_distance(uint64_t a, uint64_t b)
{
	return a < b ? b - a : a - b;
}

static inline uint64_t ff_magnitude(int64_t offset)
{
	return offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset;
}

/* The first place of a reach that is not below an address. */
static inline size_t ff_reach_seek(const struct ff_reach *reach, uint64_t address)
{
	size_t nsamples = (reach->n + FF_SAMPLE - 1) / FF_SAMPLE, sample, first, end;

	if (!reach->samples)
		return ff_seek(reach->addresses, reach->n, address);
	/* the samples stay in the cache, where the addresses do not */
	sample = ff_seek(reach->samples, nsamples, address);
	first = sample ? (sample - 1) * FF_SAMPLE + 1 : 0;
	end = sample < nsamples ? sample * FF_SAMPLE : reach->n;
	return first + ff_seek(reach->addresses + first, end - first, address);
}

/* The part of a reach that lies in a window. */
static inline struct ff_indexes ff_reach_within(const struct ff_reach *reach, uint64_t low,
						uint64_t high)
{
	struct ff_indexes within = { .first = ff_reach_seek(reach, low) };

	within.end = high == UINT64_MAX ? reach->n
					: ff_seek_from(reach->addresses, within.first, reach->n,
						       high + 1);
	return within;
}

#endif
