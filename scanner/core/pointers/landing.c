// SPDX-License-Identifier: MIT
/*
 * Landings: whether a value leads into one of many ranges
 *
 * A program's ranges are few crowds with deserts in between: the program and its heap, the
 * libraries, the stack. The widest gaps cut them into clusters; each cluster has granules in
 * proportion to what is mapped in it. Granules are in the order of values, so that they
 * serve as the first digit of a sort as well.
 */
#include "landing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GRANULE		16	/* bits of the bytes in the least granule */
#define GRANULES	4096	/* about so many at the most, for all clusters */
#define GAP		((uint64_t)1 << 26)	/* bytes of the least that cuts clusters */

static uint64_t gap_behind(const struct ff_range *ranges, size_t i)
{
	return ranges[i + 1].start - ranges[i].end;
}

/* The ranges behind which the widest gaps are, ascending; how many. */
static size_t widest_gaps(const struct ff_range *ranges, size_t n, size_t *gaps)
{
	size_t count = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		uint64_t width = gap_behind(ranges, i);
		size_t narrowest = 0;

		if (width < GAP)
			continue;
		if (count == FF_CLUSTERS - 1) {
			for (size_t g = 1; g < count; g++) {
				if (gap_behind(ranges, gaps[g]) <
				    gap_behind(ranges, gaps[narrowest]))
					narrowest = g;
			}
			if (width <= gap_behind(ranges, gaps[narrowest]))
				continue;
			memmove(gaps + narrowest, gaps + narrowest + 1,
				(count - narrowest - 1) * sizeof(*gaps));
			count--;
		}
		gaps[count++] = i;
	}
	return count;
}

/* Make a cluster of the ranges from first to last, with granules for its part of all bytes. */
static void add_cluster(struct ff_landing *landing, size_t first, size_t last, uint64_t total)
{
	struct ff_cluster *cluster = &landing->clusters[landing->nclusters++];
	uint64_t mapped = 0, span, share;

	cluster->start = landing->ranges[first].start;
	cluster->last = landing->ranges[last].end - 1;
	cluster->first = (uint32_t)landing->ngranules;
	for (size_t i = first; i <= last; i++)
		mapped += landing->ranges[i].end - landing->ranges[i].start;
	share = 1 + (uint64_t)((long double)mapped / (long double)total * GRANULES);
	span = cluster->last - cluster->start;
	cluster->shift = GRANULE;
	while (cluster->shift < 63 && span >> cluster->shift >= share)
		cluster->shift++;
	landing->ngranules += (size_t)(span >> cluster->shift) + 1;
}

static void fill_granules(struct ff_landing *landing)
{
	size_t range = 0;

	for (size_t i = 0; i < landing->nclusters; i++) {
		const struct ff_cluster *cluster = &landing->clusters[i];
		size_t end = i + 1 < landing->nclusters ? landing->clusters[i + 1].first
							: landing->ngranules;

		for (size_t g = cluster->first; g < end; g++) {
			uint64_t start = cluster->start +
					 ((uint64_t)(g - cluster->first) << cluster->shift);

			while (range < landing->nranges && landing->ranges[range].end <= start)
				range++;
			landing->granules[g] = (uint32_t)range;
		}
	}
	/* of the last granule the last range may be it */
	landing->granules[landing->ngranules] = (uint32_t)landing->nranges;
}

int ff_landing_init(struct ff_landing *landing, const struct ff_range *ranges, size_t n)
{
	size_t gaps[FF_CLUSTERS], ngaps, first = 0;
	uint64_t total = 0;

	memset(landing, 0, sizeof(*landing));
	if (n > UINT32_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (ranges[i].start >= ranges[i].end || (i && ranges[i].start < ranges[i - 1].end))
			return -EINVAL;
		total += ranges[i].end - ranges[i].start;
	}
	landing->ranges = malloc((n + 1) * sizeof(*ranges));
	if (!landing->ranges)
		return -ENOMEM;
	if (n)
		memcpy(landing->ranges, ranges, n * sizeof(*ranges));
	landing->nranges = n;
	ngaps = widest_gaps(ranges, n, gaps);
	for (size_t i = 0; i <= ngaps && n; i++) {
		size_t last = i < ngaps ? gaps[i] : n - 1;

		add_cluster(landing, first, last, total);
		first = last + 1;
	}
	landing->granules = calloc(landing->ngranules + 1, sizeof(*landing->granules));
	if (!landing->granules) {
		free(landing->ranges);
		return -ENOMEM;
	}
	fill_granules(landing);
	return 0;
}

void ff_landing_deinit(struct ff_landing *landing)
{
	free(landing->granules);
	free(landing->ranges);
}
