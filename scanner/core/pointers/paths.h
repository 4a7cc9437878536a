/* SPDX-License-Identifier: MIT */
#ifndef FF_PATHS_H
#define FF_PATHS_H

#include "levels.h"

struct ff_known;

/*
 * The paths that several maps have in common: the same base and the same offsets lead to
 * each map's own target. Of one map, all that it has.
 */
struct ff_paths {
	uint32_t references;
	size_t nmaps, depth;
	struct ff_levels **maps;	/* the first one's bases and order are the paths' */
	struct ff_section *sections;
	size_t nsections;
	int64_t *shifts;		/* for each section, of each map */
	struct ff_known *known;		/* of several maps: how many ways places have in common */
	uint64_t **counts;		/* of the first map's hits, level by level; NULL: its own */
	bool saturated;
};

struct ff_paths *ff_paths_get(struct ff_paths *paths);

/* Where a path is in each map at once; as many as there are. */
struct ff_place {
	uint32_t index[FF_MAPS_MAX];
	uint64_t value[FF_MAPS_MAX];
};

/* The base with that index in the first map; false when another one lacks it. */
bool ff_paths_base(const struct ff_paths *paths, size_t section, size_t steps, uint32_t index,
		   struct ff_place *out);
/*
 * From a place, with the first map's at-th of a level: false when no way of the others is
 * the same. The last step leads to no pointer, and out is not filled in.
 */
bool ff_paths_step(const struct ff_paths *paths, const struct ff_place *from, size_t left,
		   size_t at, struct ff_place *out);
/* The positions in the level that a step with so many left may lead to. */
struct ff_indexes ff_paths_within(const struct ff_paths *paths, const struct ff_place *from,
				  size_t left);
/* The hits of a level that lie in a section. */
struct ff_indexes ff_paths_hits(const struct ff_paths *paths, size_t level, size_t section);
/* How many ways they have in common from a place; 1 for one map, that has no dead end. */
uint64_t ff_paths_known(const struct ff_paths *paths, const struct ff_place *place, size_t left);

static inline uint64_t ff_paths_count(const struct ff_paths *paths, size_t level, size_t hit)
{
	return paths->counts ? paths->counts[level][hit] : paths->maps[0]->hits[level].counts[hit];
}

#endif
