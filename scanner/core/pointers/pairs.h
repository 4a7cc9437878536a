/* SPDX-License-Identifier: MIT */
#ifndef FF_PAIRS_H
#define FF_PAIRS_H

#include "room.h"
#include "task.h"

enum ff_pairs_key { FF_BY_WIDE, FF_BY_NARROW };

/* Room to sort in, which grows as it is needed, and the task that may be cancelled meanwhile. */
struct ff_scratch {
	struct ff_room *room;
	const struct ff_task *task;
	struct ff_space space;
	size_t pairs;
};

/* Sort n pairs, ascending by one half; those that are alike stay in their order. */
int ff_pairs_sort(uint64_t *wide, uint32_t *narrow, size_t n, enum ff_pairs_key key,
		  struct ff_scratch *scratch);
static inline void ff_scratch_drop(struct ff_scratch *scratch)
{
	ff_space_drop(&scratch->space);
	scratch->pairs = 0;
}

/* The first of n ascending numbers that is not below a key. */
static inline size_t ff_seek(const uint64_t *numbers, size_t n, uint64_t key)
{
	const uint64_t *base = numbers;

	if (!n)
		return 0;
	while (n > 1) {
		size_t half = n / 2;

		base += base[half - 1] < key ? half : 0;
		n -= half;
	}
	return (size_t)(base - numbers) + (*base < key);
}

/* The same from a place on that is not far before it. */
static inline size_t ff_seek_from(const uint64_t *numbers, size_t from, size_t n, uint64_t key)
{
	size_t step = 1;

	while (step < n - from && numbers[from + step - 1] < key)
		step *= 2;
	if (step > n - from)
		step = n - from;
	return from + ff_seek(numbers + from, step, key);
}

#endif
