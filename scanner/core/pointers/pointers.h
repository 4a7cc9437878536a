/* SPDX-License-Identifier: MIT */
#ifndef FF_POINTERS_H
#define FF_POINTERS_H

#include "pairs.h"
#include "task.h"

enum ff_column { FF_ADDRESSES, FF_VALUES, FF_ORDER, FF_RANKS, FF_COLUMNS };

/*
 * A pointer map: by index in the order of addresses, and by rank in the order of values;
 * among those of one value, of addresses.
 */
struct ff_pointers {
	uint32_t references;
	size_t n;
	const uint64_t *addresses;	/* by index */
	const uint64_t *values;		/* by rank */
	const uint32_t *order;		/* the index of each rank */
	const uint32_t *ranks;		/* the rank of each index */
	struct ff_space spaces[FF_COLUMNS];
};

#define FF_POINTERS_MOST UINT32_MAX

/* Columns of zeros for n pointers, but for the ranks. */
int ff_pointers_take(struct ff_room *room, size_t n, struct ff_pointers **out);
/* The last column, for the ranks. */
int ff_pointers_take_ranks(struct ff_pointers *pointers, struct ff_room *room, uint32_t **out);
/* Take it and fill it in; -EILSEQ when the order is not one of n pointers. */
int ff_pointers_rank(struct ff_pointers *pointers, struct ff_task *task, struct ff_room *room);

static inline uint64_t ff_pointers_value(const struct ff_pointers *pointers, size_t index)
{
	return pointers->values[pointers->ranks[index]];
}

/* The indexes of pointers that lie from low up to and including high. */
static inline void ff_pointers_between(const struct ff_pointers *pointers, uint64_t low,
				       uint64_t high, size_t *first, size_t *end)
{
	*first = ff_seek(pointers->addresses, pointers->n, low);
	*end = high == UINT64_MAX
		       ? pointers->n
		       : ff_seek_from(pointers->addresses, *first, pointers->n, high + 1);
}

#endif
