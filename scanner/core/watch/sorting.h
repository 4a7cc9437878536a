/* SPDX-License-Identifier: MIT */
/*
 * Times that something took, from the shortest to the longest
 */
#ifndef FF_WATCH_SORTING_H
#define FF_WATCH_SORTING_H

#include <stdint.h>
#include <stdlib.h>

static inline int ff_compare_times(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static inline void ff_sort_times(uint64_t *times, size_t n)
{
	qsort(times, n, sizeof(*times), ff_compare_times);
}

#endif
