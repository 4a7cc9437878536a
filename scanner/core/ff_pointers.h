/* SPDX-License-Identifier: MIT */
/*
 * Pointer maps, and the paths that scans of them find. A part of ff.h, which includes it.
 */
#ifndef FF_PUBLIC_POINTERS_H
#define FF_PUBLIC_POINTERS_H

#define FF_DEPTH_MAX	64	/* steps of a path */
#define FF_MAPS_MAX	16	/* that are compared at a time */

struct ff_room;

/* What maps and scans of them take: so much memory, and files in directory beyond it. */
int ff_room_create(const char *directory, uint64_t memory, uint64_t disk, struct ff_room **out);
void ff_room_put(struct ff_room *room);
/* Bytes that are taken at present. */
uint64_t ff_room_memory(const struct ff_room *room);
uint64_t ff_room_disk(const struct ff_room *room);
bool ff_room_failed_on_disk(const struct ff_room *room);

struct ff_pointers;
struct ff_collector;

/*
 * Collects the words of 4 or 8 bytes that lead into ranges, which ascend. ff_collect is the
 * filter of the job that reads them, whose matches it leaves empty.
 */
int ff_collector_create(const struct ff_range *ranges, size_t nranges, uint32_t word,
			bool swapped, struct ff_room *room, struct ff_collector **out);
void ff_collector_destroy(struct ff_collector *collector);
int ff_collect(void *collector, struct ff_found *found);
uint64_t ff_collector_count(const struct ff_collector *collector);
bool ff_collector_failed_in_room(const struct ff_collector *collector);
/* Make what it has collected a map; -E2BIG when it is too much. The collector outlives it. */
int ff_collector_map_start(struct ff_collector *collector, uint32_t threads,
			   struct ff_task **out);
int ff_collector_map_finish(struct ff_task *task, struct ff_pointers **out);

/* Columns for a map of n pointers to be filled in, and then checked; 20 bytes each. */
int ff_pointers_take(struct ff_room *room, size_t n, struct ff_pointers **out);
/* -EILSEQ when they are not in order. It cannot be used before. */
int ff_pointers_check_start(struct ff_pointers *pointers, struct ff_room *room, uint32_t threads,
			    struct ff_task **out);
/* Addresses ascend. Values ascend, and order has the index in addresses of each. */
void ff_pointers_columns(struct ff_pointers *pointers, uint64_t **addresses, uint64_t **values,
			 uint32_t **order);
struct ff_pointers *ff_pointers_get(struct ff_pointers *pointers);
void ff_pointers_put(struct ff_pointers *pointers);
uint64_t ff_pointers_count(const struct ff_pointers *pointers);

/* The offsets that a step may add, both ends included. */
struct ff_window {
	int64_t low, high;
};

struct ff_levels_spec {
	struct ff_pointers *pointers;
	struct ff_room *room;
	uint64_t target;
	const struct ff_window *windows;	/* one for each step, the last step's first */
	size_t depth;
	const struct ff_range *bases;		/* where paths begin; ascending, as are */
	size_t nbases;
	const struct ff_range *closed;		/* where no path goes; none of them a base */
	size_t nclosed;
	bool through;				/* a path may go on through a base */
};

struct ff_levels;

/* Count the ways to the target from each pointer, for each number of steps up to the depth. */
int ff_levels_start(const struct ff_levels_spec *spec, uint32_t threads, struct ff_task **out);
int ff_levels_finish(struct ff_task *task, struct ff_levels **out);
void ff_levels_put(struct ff_levels *levels);
/* Whether a count was above 2^64 - 1, and is that. */
bool ff_levels_saturated(const struct ff_levels *levels);
/* What a walk of so many steps needs. One such task at a time. */
int ff_reach_start(struct ff_levels *levels, size_t steps, uint32_t threads,
		   struct ff_task **out);

/* Bases that are listed together: lower ranks first. */
struct ff_section {
	uint64_t start, end;
	uint32_t rank;
};

struct ff_paths_spec {
	struct ff_levels *const *maps;		/* of the same depth; the first leads */
	size_t nmaps;
	const struct ff_section *sections;	/* of the first, ascending by rank and address */
	size_t nsections;
	const int64_t *shifts;			/* for each section, to where it is in each map */
};

struct ff_paths;

int ff_paths_create(const struct ff_paths_spec *spec, struct ff_paths **out);
void ff_paths_put(struct ff_paths *paths);
/* Of more than one map: count what they have in common, once all steps are within reach. */
int ff_paths_count_start(struct ff_paths *paths, struct ff_task **out);
bool ff_paths_saturated(const struct ff_paths *paths);
/* Paths of so many steps from a section: 128 bits, in halves. */
void ff_paths_total(const struct ff_paths *paths, size_t steps, size_t section, uint64_t *low,
		    uint64_t *high);

struct ff_path {
	uint64_t base;
	uint32_t section;
	uint32_t steps;
};

struct ff_walk;

/*
 * All paths from the sections that are wanted, of so many steps at the least; without loops,
 * those that pass no place twice.
 */
int ff_walk_create(struct ff_paths *paths, const bool *wanted, bool loops, size_t shortest,
		   struct ff_walk **out);
void ff_walk_destroy(struct ff_walk *walk);
/*
 * Up to n more paths, and depth offsets for each, after no more than so many looks. When
 * needs is not 0, so many steps have to be within reach first.
 */
ssize_t ff_walk_next(struct ff_walk *walk, size_t looks, size_t n, struct ff_path *paths,
		     int64_t *offsets, uint32_t *needs);
bool ff_walk_ended(const struct ff_walk *walk);

#endif
