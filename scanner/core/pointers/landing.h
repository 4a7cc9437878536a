/* SPDX-License-Identifier: MIT */
#ifndef FF_LANDING_H
#define FF_LANDING_H

#include "../ff.h"

#define FF_CLUSTERS	16

/* Ranges that lie near to each other, cut into granules of 1 << shift bytes from start on. */
struct ff_cluster {
	uint64_t start, last;	/* the last byte */
	uint32_t shift;
	uint32_t first;		/* granule */
};

/*
 * Where values may lead, so that one can be told to lead there in a few steps: by its
 * cluster, its granule, and the ranges in that granule, mostly one.
 */
struct ff_landing {
	size_t nclusters, nranges, ngranules;
	struct ff_cluster clusters[FF_CLUSTERS];
	uint32_t *granules;	/* the first range that ends in each or behind it; one more */
	struct ff_range *ranges;
};

/* Ranges ascend and do not touch. */
int ff_landing_init(struct ff_landing *landing, const struct ff_range *ranges, size_t n);
void ff_landing_deinit(struct ff_landing *landing);

/* The granule of a value, in the order of values; past the last for one in no cluster. */
static inline uint32_t ff_landing_granule(const struct ff_landing *landing, uint64_t value)
{
	for (size_t i = 0; i < landing->nclusters; i++) {
		const struct ff_cluster *cluster = &landing->clusters[i];

		if (value - cluster->start <= cluster->last - cluster->start)
			return cluster->first +
			       (uint32_t)((value - cluster->start) >> cluster->shift);
	}
	return (uint32_t)landing->ngranules;
}

static inline bool ff_landing_has(const struct ff_landing *landing, uint64_t value)
{
	uint32_t granule = ff_landing_granule(landing, value), low, high;

	if (granule == landing->ngranules)
		return false;
	low = landing->granules[granule];
	high = landing->granules[granule + 1];
	/* the first that ends behind the value is it, or none is */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (landing->ranges[middle].end <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < landing->nranges && value >= landing->ranges[low].start &&
	       value < landing->ranges[low].end;
}

#endif
