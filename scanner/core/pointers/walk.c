// SPDX-License-Identifier: MIT
/*
 * Walks: paths one by one, the best first
 *
 * Fewest steps first; of these, by the rank of the base's section; of these, by class: a path
 * whose offsets come to less than 2^n in all, taken as positive, before one that comes to
 * more; of these by the base's address, and by the offsets from the first to the last. A
 * class is walked with its bound as a budget, and what cheaper ones have listed is passed
 * over; so whatever number of paths there are, a walk holds no more than one.
 */
#include "paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct frame {
	struct ff_place place;
	struct ff_indexes within;	/* positions that are left to look at */
	uint64_t cost;
	int64_t offset;			/* that led here */
};

struct ff_walk {
	struct ff_paths *paths;
	bool *wanted;			/* sections */
	bool loops;
	bool ended;
	size_t steps;
	uint32_t rank;
	size_t first_section, end_section;	/* of that rank */
	uint32_t class;
	bool pruned;			/* something was too dear for the class */
	bool begun;			/* the rank, with a class */
	size_t section;
	struct ff_indexes hits;		/* of the section, that are left */
	size_t depth;			/* frames in use */
	struct frame frames[FF_DEPTH_MAX + 1];
};

static uint64_t budget(const struct ff_walk *walk)
{
	return walk->class < 64 ? ((uint64_t)1 << walk->class) - 1 : UINT64_MAX;
}

static uint32_t class_of(uint64_t cost)
{
	return cost ? 64 - (uint32_t)__builtin_clzll(cost) : 0;
}

static bool is_ready(const struct ff_walk *walk)
{
	for (size_t m = 0; m < walk->paths->nmaps; m++) {
		if (walk->paths->maps[m]->reached < walk->steps)
			return false;
	}
	return walk->paths->maps[0]->hits[walk->steps - 1].costs;
}

/* ---- which base is next ---- */

/* The next section that is wanted, from one on, up to an end. */
static size_t wanted_from(const struct ff_walk *walk, size_t section, size_t end)
{
	while (section < end && !walk->wanted[section])
		section++;
	return section;
}

static void enter_section(struct ff_walk *walk, size_t section)
{
	walk->section = wanted_from(walk, section, walk->end_section);
	walk->hits = (struct ff_indexes){ 0 };
	if (walk->section < walk->end_section)
		walk->hits = ff_paths_hits(walk->paths, walk->steps - 1, walk->section);
}

static void begin_class(struct ff_walk *walk, uint32_t class)
{
	walk->class = class;
	walk->pruned = false;
	enter_section(walk, walk->first_section);
}

static void begin_rank(struct ff_walk *walk, size_t section)
{
	const struct ff_paths *paths = walk->paths;

	walk->first_section = walk->end_section = section;
	walk->begun = false;
	if (section == paths->nsections)
		return;
	walk->rank = paths->sections[section].rank;
	while (walk->end_section < paths->nsections &&
	       paths->sections[walk->end_section].rank == walk->rank)
		walk->end_section++;
}

/* The class of the cheapest path of the rank; false when it has none. */
static bool cheapest_class(const struct ff_walk *walk, uint32_t *class)
{
	const struct ff_paths *paths = walk->paths;
	const struct ff_hits *hits = &paths->maps[0]->hits[walk->steps - 1];
	uint64_t least = UINT64_MAX;

	for (size_t s = walk->first_section; s < walk->end_section; s++) {
		struct ff_indexes within = { 0 };

		if (walk->wanted[s])
			within = ff_paths_hits(paths, walk->steps - 1, s);
		for (size_t i = within.first; i < within.end; i++) {
			if (ff_paths_count(paths, walk->steps - 1, i) && hits->costs[i] < least)
				least = hits->costs[i];
		}
	}
	*class = class_of(least);
	return least != UINT64_MAX;
}

static void begin_steps(struct ff_walk *walk)
{
	if (++walk->steps > walk->paths->depth) {
		walk->ended = true;
		return;
	}
	begin_rank(walk, 0);
}

/* Go on to the next class, rank or number of steps. */
static void go_on(struct ff_walk *walk)
{
	if (walk->begun && walk->pruned && walk->class < 64) {
		begin_class(walk, walk->class + 1);
		return;
	}
	if (walk->begun)
		begin_rank(walk, walk->end_section);
	while (walk->first_section < walk->paths->nsections) {
		uint32_t class;

		if (cheapest_class(walk, &class)) {
			walk->begun = true;
			begin_class(walk, class);
			return;
		}
		begin_rank(walk, walk->end_section);
	}
	begin_steps(walk);
}

static void enter_base(struct ff_walk *walk)
{
	const struct ff_paths *paths = walk->paths;
	const struct ff_hits *hits = &paths->maps[0]->hits[walk->steps - 1];
	size_t hit = walk->hits.first++;
	struct frame *frame = &walk->frames[0];

	if (!ff_paths_count(paths, walk->steps - 1, hit))
		return;
	if (hits->costs[hit] > budget(walk)) {
		walk->pruned = true;
		return;
	}
	if (!ff_paths_base(paths, walk->section, walk->steps, hits->indexes[hit], &frame->place))
		return;
	frame->cost = 0;
	frame->offset = 0;
	frame->within = ff_paths_within(paths, &frame->place, walk->steps);
	walk->depth = 1;
}

/* ---- one step ---- */

static bool is_loop(const struct ff_walk *walk, const struct ff_place *place)
{
	for (size_t i = 0; i < walk->depth; i++) {
		for (size_t m = 0; m < walk->paths->nmaps; m++) {
			if (walk->frames[i].place.index[m] == place->index[m])
				return true;
		}
	}
	return false;
}

/* Take the next step from the last frame; whether it came to the target. */
static bool step(struct ff_walk *walk)
{
	const struct ff_paths *paths = walk->paths;
	const struct ff_levels *levels = paths->maps[0];
	struct frame *frame = &walk->frames[walk->depth - 1], *next = frame + 1;
	size_t left = walk->steps - (walk->depth - 1), at = frame->within.first++;
	const struct ff_reach *reach = &levels->reach[left - 1];
	uint64_t rest;

	if (reach->costs[at] == FF_NO_COST)
		return false;
	next->offset = (int64_t)(reach->addresses[at] - frame->place.value[0]);
	next->cost = frame->cost + ff_distance(reach->addresses[at], frame->place.value[0]);
	rest = (uint64_t)reach->costs[at] << levels->shift;
	if (next->cost + rest > budget(walk)) {
		walk->pruned = true;
		return false;
	}
	if (!ff_paths_step(paths, &frame->place, left, at, &next->place))
		return false;
	if (left == 1)
		return class_of(next->cost) == walk->class;
	if ((!walk->loops && is_loop(walk, &next->place)) ||
	    !ff_paths_known(paths, &next->place, left - 1))
		return false;
	next->within = ff_paths_within(paths, &next->place, left - 1);
	walk->depth++;
	return false;
}

static void write_down(const struct ff_walk *walk, struct ff_path *path, int64_t *offsets)
{
	const struct ff_pointers *pointers = walk->paths->maps[0]->pointers;

	path->base = pointers->addresses[walk->frames[0].place.index[0]];
	path->section = (uint32_t)walk->section;
	path->steps = (uint32_t)walk->steps;
	for (size_t i = 0; i < walk->steps; i++)
		offsets[i] = walk->frames[i + 1].offset;
}

ssize_t ff_walk_next(struct ff_walk *walk, size_t looks, size_t n, struct ff_path *paths,
		     int64_t *offsets, uint32_t *needs)
{
	size_t count = 0;

	*needs = 0;
	for (; looks && count < n && !walk->ended; looks--) {
		if (walk->depth) {
			struct ff_indexes *within = &walk->frames[walk->depth - 1].within;

			if (within->first == within->end) {
				walk->depth--;
			} else if (step(walk)) {
				write_down(walk, &paths[count],
					   offsets + count * walk->paths->depth);
				count++;
			}
			continue;
		}
		if (!is_ready(walk)) {
			*needs = (uint32_t)walk->steps;
			break;
		}
		if (walk->begun && walk->hits.first < walk->hits.end)
			enter_base(walk);
		else if (walk->begun && walk->section < walk->end_section)
			enter_section(walk, walk->section + 1);
		else
			go_on(walk);
	}
	return (ssize_t)count;
}

bool ff_walk_ended(const struct ff_walk *walk)
{
	return walk->ended;
}

void ff_walk_destroy(struct ff_walk *walk)
{
	if (!walk)
		return;
	ff_paths_put(walk->paths);
	free(walk->wanted);
	free(walk);
}

int ff_walk_create(struct ff_paths *paths, const bool *wanted, bool loops, size_t shortest,
		   struct ff_walk **out)
{
	struct ff_walk *walk;

	if (!shortest)
		return -EINVAL;
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	walk->steps = shortest - 1;
	walk->paths = ff_paths_get(paths);
	walk->loops = loops;
	walk->wanted = calloc(paths->nsections + 1, sizeof(*walk->wanted));
	if (!walk->wanted) {
		ff_walk_destroy(walk);
		return -ENOMEM;
	}
	memcpy(walk->wanted, wanted, paths->nsections * sizeof(*wanted));
	begin_steps(walk);
	*out = walk;
	return 0;
}
