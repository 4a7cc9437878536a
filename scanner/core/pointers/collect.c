// SPDX-License-Identifier: MIT
/*
 * Collecting: the pointers among the words that a job reads, made into a map
 *
 * The job's program lets words pass that are not below the lowest range nor above the
 * highest, at the speed of its kernels; here the rest of them is looked at closer. What a
 * chunk holds is kept in one run; runs have no order until all are there. Then
 *
 *	place      addresses, run by run; and how many values are in each granule
 *	scatter    values and indexes, each to its granule: the sort's first digit
 *	sort       each granule, in the cache; and the rank of each index
 *
 * Memory that the kernel makes anew costs as much as all of that. So what runs have of it becomes
 * columns as soon as they have been read:
 *
 *	offsets    after place, the order
 *	values     after scatter, the ranks
 */
#include "landing.h"
#include "pointers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLAB	((size_t)1 << 19)	/* numbers in one */
#define PARTS	4		/* for each thread */
#define LOOKS	4096		/* words between two looks whether the job goes on */

/* The pointers of one chunk: values, and how far behind start each lies. */
struct run {
	uint64_t start;
	const uint64_t *values;
	const uint32_t *offsets;
	size_t n, first;	/* index of the first */
};

struct slab {
	struct ff_space space;
	size_t used;
};

/* Where runs have their numbers of one kind. */
struct slabs {
	struct slab *list;
	size_t n, capacity;
};

struct ff_collector {
	uint32_t word;
	bool swapped;
	struct ff_landing landing;
	struct ff_room *room;
	pthread_mutex_t lock;
	struct run *runs;
	size_t nruns, runs_capacity;
	struct slabs values, offsets;
	uint64_t n;
	bool failed_in_room;
};

int ff_collector_create(const struct ff_range *ranges, size_t nranges, uint32_t word,
			bool swapped, struct ff_room *room, struct ff_collector **out)
{
	struct ff_collector *collector;
	int error;

	if (word != 4 && word != 8)
		return -EINVAL;
	collector = calloc(1, sizeof(*collector));
	if (!collector)
		return -ENOMEM;
	error = ff_landing_init(&collector->landing, ranges, nranges);
	if (error) {
		free(collector);
		return error;
	}
	collector->word = word;
	collector->swapped = swapped;
	collector->room = ff_room_get(room);
	pthread_mutex_init(&collector->lock, NULL);
	*out = collector;
	return 0;
}

static void free_slabs(struct slabs *slabs)
{
	for (size_t i = 0; i < slabs->n; i++)
		ff_space_drop(&slabs->list[i].space);
	free(slabs->list);
	*slabs = (struct slabs){ 0 };
}

/* Let a column have the memory of slabs that have been read. */
static int feed(struct ff_space *column, struct slabs *slabs)
{
	size_t at = 0;
	int error = 0;

	for (size_t i = 0; i < slabs->n && !error; i++)
		error = ff_space_feed(column, &at, &slabs->list[i].space);
	free_slabs(slabs);
	return error;
}

void ff_collector_destroy(struct ff_collector *collector)
{
	if (!collector)
		return;
	free_slabs(&collector->values);
	free_slabs(&collector->offsets);
	ff_landing_deinit(&collector->landing);
	ff_room_put(collector->room);
	pthread_mutex_destroy(&collector->lock);
	free(collector->runs);
	free(collector);
}

uint64_t ff_collector_count(const struct ff_collector *collector)
{
	return __atomic_load_n(&collector->n, __ATOMIC_RELAXED);
}

bool ff_collector_failed_in_room(const struct ff_collector *collector)
{
	return __atomic_load_n(&collector->failed_in_room, __ATOMIC_RELAXED);
}

static inline uint64_t load(const uint8_t *at, uint32_t word, bool swapped)
{
	uint64_t wide;
	uint32_t narrow;

	if (word == 4) {
		memcpy(&narrow, at, sizeof(narrow));
		return swapped ? __builtin_bswap32(narrow) : narrow;
	}
	memcpy(&wide, at, sizeof(wide));
	return swapped ? __builtin_bswap64(wide) : wide;
}

/* Clear what is no pointer. Returns how many are left. */
static size_t narrow(const struct ff_collector *collector, struct ff_found *found)
{
	size_t words = (found->slots + 63) / 64, count = 0;

	for (size_t w = 0; w < words; w++) {
		if (w % LOOKS == 0 && ff_job_stopped(found->job))
			return 0;
		for (uint64_t left = found->mask[w]; left; left &= left - 1) {
			size_t slot = w * 64 + (size_t)__builtin_ctzll(left);
			const uint8_t *at = found->streams[FF_NOW] + slot * found->align;

			if (!ff_landing_has(&collector->landing,
					    load(at, collector->word, collector->swapped)))
				found->mask[w] &= ~(left & -left);
		}
		count += (size_t)__builtin_popcountll(found->mask[w]);
	}
	return count;
}

static int grow(void **memory, size_t n, size_t *capacity, size_t size)
{
	size_t grown = *capacity ? *capacity * 2 : 64;
	void *moved;

	if (n < *capacity)
		return 0;
	moved = realloc(*memory, grown * size);
	if (!moved)
		return -ENOMEM;
	*memory = moved;
	*capacity = grown;
	return 0;
}

/* Room for n numbers of a size. */
static int take(struct slabs *slabs, struct ff_room *room, size_t n, size_t size, void *out)
{
	struct slab *slab = slabs->n ? &slabs->list[slabs->n - 1] : NULL;
	int error;

	if (!slab || slab->space.size - slab->used < n * size) {
		error = grow((void **)&slabs->list, slabs->n, &slabs->capacity,
			     sizeof(*slabs->list));
		if (error)
			return error;
		slab = &slabs->list[slabs->n];
		*slab = (struct slab){ 0 };
		error = ff_space_take(room, (n > SLAB ? n : SLAB) * size, &slab->space);
		if (error)
			return error;
		slabs->n++;
	}
	*(void **)out = (uint8_t *)slab->space.bytes + slab->used;
	slab->used += n * size;
	return 0;
}

/* Room for a run of n, which is noted. The lock is held. */
static int add_run(struct ff_collector *collector, uint64_t start, size_t n, struct run *out)
{
	struct ff_room *room = collector->room;
	int error = grow((void **)&collector->runs, collector->nruns, &collector->runs_capacity,
			 sizeof(*collector->runs));

	*out = (struct run){ .start = start, .n = n };
	if (!error)
		error = take(&collector->values, room, n, sizeof(*out->values), &out->values);
	if (!error)
		error = take(&collector->offsets, room, n, sizeof(*out->offsets), &out->offsets);
	if (error)
		return error;
	collector->runs[collector->nruns++] = *out;
	collector->n += n;
	return 0;
}

static void fill_run(const struct ff_collector *collector, const struct ff_found *found,
		     const struct run *run)
{
	uint64_t *values = (uint64_t *)run->values;
	uint32_t *offsets = (uint32_t *)run->offsets;
	size_t words = (found->slots + 63) / 64, i = 0;

	for (size_t w = 0; w < words; w++) {
		for (uint64_t left = found->mask[w]; left; left &= left - 1) {
			size_t offset = (w * 64 + (size_t)__builtin_ctzll(left)) * found->align;

			values[i] = load(found->streams[FF_NOW] + offset, collector->word,
					 collector->swapped);
			offsets[i++] = (uint32_t)offset;
		}
	}
}

int ff_collect(void *context, struct ff_found *found)
{
	struct ff_collector *collector = context;
	size_t count = narrow(collector, found);
	struct run run;
	int error;

	if (count) {
		pthread_mutex_lock(&collector->lock);
		error = add_run(collector, found->start, count, &run);
		if (error)
			collector->failed_in_room = true;
		pthread_mutex_unlock(&collector->lock);
		if (error)
			return error;
		fill_run(collector, found, &run);
	}
	/* the job itself is to keep nothing */
	memset(found->mask, 0, (found->slots + 63) / 64 * sizeof(*found->mask));
	return 0;
}

/* ---- the map ---- */

struct making {
	struct ff_task *task;
	struct ff_collector *collector;
	struct ff_pointers *pointers;
	uint64_t *addresses, *values;
	uint32_t *order, *ranks;
	size_t nparts, granules;
	uint32_t *places;	/* nparts x granules: how many, then where the next goes */
	size_t *starts;		/* of granules; one more */
};

static int by_start(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* The runs that a part has. */
static void runs_of(const struct making *making, size_t part, size_t *first, size_t *end)
{
	*first = making->collector->nruns * part / making->nparts;
	*end = making->collector->nruns * (part + 1) / making->nparts;
}

static int place_part(void *context, size_t part)
{
	const struct making *making = context;
	const struct ff_landing *landing = &making->collector->landing;
	uint32_t *counts = making->places + part * making->granules;
	size_t r, end;

	for (runs_of(making, part, &r, &end); r < end; r++) {
		const struct run *run = &making->collector->runs[r];

		if (ff_task_is_stopped(making->task))
			return -ECANCELED;
		for (size_t i = 0; i < run->n; i++) {
			making->addresses[run->first + i] = run->start + run->offsets[i];
			counts[ff_landing_granule(landing, run->values[i])]++;
		}
	}
	return 0;
}

static int scatter_part(void *context, size_t part)
{
	const struct making *making = context;
	const struct ff_landing *landing = &making->collector->landing;
	uint32_t *places = making->places + part * making->granules;
	size_t r, end;

	for (runs_of(making, part, &r, &end); r < end; r++) {
		const struct run *run = &making->collector->runs[r];

		if (ff_task_is_stopped(making->task))
			return -ECANCELED;
		for (size_t i = 0; i < run->n; i++) {
			uint32_t at = places[ff_landing_granule(landing, run->values[i])]++;

			making->values[at] = run->values[i];
			making->order[at] = (uint32_t)(run->first + i);
		}
	}
	return 0;
}

/* Where each part's values of each granule go. */
static void lay_out(struct making *making)
{
	uint32_t at = 0;

	for (size_t g = 0; g < making->granules; g++) {
		making->starts[g] = at;
		for (size_t part = 0; part < making->nparts; part++) {
			uint32_t *place = &making->places[part * making->granules + g];
			uint32_t count = *place;

			*place = at;
			at += count;
		}
	}
	making->starts[making->granules] = at;
}

#define GROUP 64	/* granules that a thread sorts before it asks for more */

static int sort_part(void *context, size_t part)
{
	const struct making *making = context;
	struct ff_scratch scratch = { .room = making->collector->room, .task = making->task };
	size_t g = part * GROUP;
	size_t end = g + GROUP < making->granules ? g + GROUP : making->granules;
	int error = 0;

	for (; g < end && !error; g++) {
		size_t start = making->starts[g];

		size_t past = making->starts[g + 1];

		error = ff_pairs_sort(making->values + start, making->order + start,
				      past - start, FF_BY_WIDE, &scratch);
		for (size_t rank = start; rank < past && !error; rank++)
			making->ranks[making->order[rank]] = (uint32_t)rank;
	}
	ff_scratch_drop(&scratch);
	return error;
}

static int take_columns(struct making *making, struct ff_task *task)
{
	struct ff_collector *collector = making->collector;
	int error = ff_pointers_take(collector->room, collector->n, &making->pointers);

	if (error)
		return error;
	ff_pointers_columns(making->pointers, &making->addresses, &making->values,
			    &making->order);
	making->task = task;
	making->nparts = ff_task_threads(task) * PARTS;
	making->granules = collector->landing.ngranules;
	making->places = calloc(making->nparts * making->granules + 1, sizeof(uint32_t));
	making->starts = calloc(making->granules + 1, sizeof(size_t));
	return making->places && making->starts ? 0 : -ENOMEM;
}

static int make(struct ff_task *task, void *context)
{
	struct making *making = context;
	struct ff_collector *collector = making->collector;
	struct ff_space *spaces;
	size_t first = 0;
	int error = take_columns(making, task);

	if (error)
		return error;
	spaces = making->pointers->spaces;
	if (collector->nruns)
		qsort(collector->runs, collector->nruns, sizeof(*collector->runs), by_start);
	for (size_t r = 0; r < collector->nruns; r++) {
		collector->runs[r].first = first;
		first += collector->runs[r].n;
	}
	error = ff_task_each(task, place_part, making, making->nparts);
	if (!error)
		error = feed(&spaces[FF_ORDER], &collector->offsets);
	if (error)
		return error;
	lay_out(making);
	error = ff_task_each(task, scatter_part, making, making->nparts);
	if (!error)
		error = ff_pointers_take_ranks(making->pointers, collector->room, &making->ranks);
	if (!error)
		error = feed(&spaces[FF_RANKS], &collector->values);
	if (error)
		return error;
	return ff_task_each(task, sort_part, making, (making->granules + GROUP - 1) / GROUP);
}

static void free_making(void *context)
{
	struct making *making = context;

	ff_pointers_put(making->pointers);
	free(making->places);
	free(making->starts);
	free(making);
}

int ff_collector_map_start(struct ff_collector *collector, uint32_t threads,
			   struct ff_task **out)
{
	struct making *making;

	if (collector->n >= FF_POINTERS_MOST)
		return -E2BIG;
	making = calloc(1, sizeof(*making));
	if (!making)
		return -ENOMEM;
	making->collector = collector;
	return ff_task_start(&(struct ff_task_script){ make, free_making, making }, threads, out);
}

int ff_collector_map_finish(struct ff_task *task, struct ff_pointers **out)
{
	struct making *making = ff_task_context(task);
	int error = ff_task_result(task);

	if (error)
		return error;
	*out = making->pointers;
	making->pointers = NULL;
	return 0;
}
