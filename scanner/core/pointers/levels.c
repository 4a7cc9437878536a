// SPDX-License-Identifier: MIT
/*
 * Levels: in how many ways so many steps lead from each pointer to the target
 *
 * A step from a pointer adds an offset to its value and comes to the next pointer, or to the
 * target. So the ways of k steps from a pointer with value v are all ways of k - 1 steps from
 * the pointers in [v + low, v + high]. Values ascend by rank, the places of the level before
 * ascend by index, and one sweep over both knows every window's sum:
 *
 *	ranks       v0      v1 v2        v3               values, ascending
 *	            [---------]
 *	               [---------]                        windows
 *	places   a    b  c      d     e        f          of the level before, with counts
 *	              ^         ^
 *	              leaves    enters
 *
 * Whatever number of ways there are, none is written down. A level with few pointers is a
 * list, and what lies between its windows is leapt over; one with many is a column of the map.
 *
 * Counts are exact up to 2^64 - 1 for one pointer and one level, where they stay; sums over
 * the bases have 128 bits. saturated says that a count has stayed there, and that sums are
 * lower bounds then.
 */
#include "levels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PART	((size_t)1 << 16)	/* ranks that a thread sweeps before it asks for more */
#define BATCH	256			/* pairs that it has before it needs the others' list */
#define LIST	32			/* a list is no longer than one of so many pointers */
#define LEAST	64			/* but may be so long */

/* The level before. */
struct front {
	size_t n;
	const uint64_t *addresses;
	const uint64_t *counts;
};

struct counting {
	struct ff_levels *levels;
	struct front front;
	uint64_t once;			/* 1: the target's own count */
	const struct ff_window *window;
	bool dense;			/* write a column, and not a list */
	bool fresh;			/* the column is all zeros */
	uint64_t *column;
	/* a list, unless dense: counts and indexes, and addresses when it is sorted */
	uint64_t *counts, *addresses;
	uint32_t *indexes;
	size_t n, capacity;
	bool overflow;
	uint64_t *base_counts;		/* of the last level */
	size_t work;			/* that these took */
	struct ff_space columns[2], lists[2][3];
	struct ff_scratch scratch;
};

/* ---- the sweep ---- */

struct batch {
	uint64_t counts[BATCH];
	uint32_t indexes[BATCH];
	size_t n;
};

static bool flush(struct counting *counting, struct batch *batch)
{
	size_t at = __atomic_fetch_add(&counting->n, batch->n, __ATOMIC_RELAXED);

	if (at + batch->n > counting->capacity) {
		__atomic_store_n(&counting->overflow, true, __ATOMIC_RELAXED);
		return false;
	}
	memcpy(counting->counts + at, batch->counts, batch->n * sizeof(*batch->counts));
	memcpy(counting->indexes + at, batch->indexes, batch->n * sizeof(*batch->indexes));
	batch->n = 0;
	return true;
}

static uint64_t saturate(struct ff_levels *levels, ff_u128 sum)
{
	if (!(sum >> 64))
		return (uint64_t)sum;
	__atomic_store_n(&levels->saturated, true, __ATOMIC_RELAXED);
	return UINT64_MAX;
}

/* Zeros for the ranks that no window of a full column reaches. */
static void blank(struct counting *counting, size_t rank, size_t end)
{
	for (; rank < end && !counting->fresh; rank++)
		counting->column[counting->levels->pointers->order[rank]] = 0;
}

static inline int sweep(struct counting *counting, size_t part, bool dense)
{
	const struct ff_pointers *pointers = counting->levels->pointers;
	const struct front front = counting->front;
	size_t rank = part * PART, enters, leaves;
	size_t end = rank + PART < pointers->n ? rank + PART : pointers->n;
	struct batch batch = { .n = 0 };
	uint64_t low, high;
	ff_u128 sum = 0;
	int side;

	side = ff_window_at(counting->window, pointers->values[rank], &low, &high);
	enters = leaves = side ? 0 : ff_seek(front.addresses, front.n, low);
	while (rank < end) {
		side = ff_window_at(counting->window, pointers->values[rank], &low, &high);
		if (side > 0)
			break;
		while (!side && enters < front.n && front.addresses[enters] <= high)
			sum += front.counts[enters++];
		while (leaves < enters && front.addresses[leaves] < low)
			sum -= front.counts[leaves++];
		if (leaves == enters) {
			uint64_t value;
			size_t next;

			if (enters == front.n ||
			    !ff_window_from(counting->window, front.addresses[enters], &value))
				break;
			next = ff_seek_from(pointers->values, rank, end, value);
			if (dense)
				blank(counting, rank, next);
			rank = next;
			continue;
		}
		if (dense) {
			counting->column[pointers->order[rank]] = saturate(counting->levels, sum);
		} else if (sum) {
			batch.counts[batch.n] = saturate(counting->levels, sum);
			batch.indexes[batch.n++] = pointers->order[rank];
			if (batch.n == BATCH && !flush(counting, &batch))
				return 0;
		}
		rank++;
	}
	if (dense)
		blank(counting, rank, end);
	else
		flush(counting, &batch);
	return 0;
}

static int sweep_part(void *context, size_t part)
{
	struct counting *counting = context;

	if (counting->dense)
		return sweep(counting, part, true);
	if (__atomic_load_n(&counting->overflow, __ATOMIC_RELAXED))
		return 0;
	return sweep(counting, part, false);
}

/* ---- a level ---- */

static size_t parts_of(const struct ff_pointers *pointers)
{
	return (pointers->n + PART - 1) / PART;
}

/* Sort a list by index, without what is closed. */
static int sort_list(struct counting *counting)
{
	const struct ff_levels *levels = counting->levels;
	size_t n = 0, closed = 0;
	int error = ff_pairs_sort(counting->counts, counting->indexes, counting->n, FF_BY_NARROW,
				  &counting->scratch);

	for (size_t i = 0; i < counting->n && !error; i++) {
		uint32_t index = counting->indexes[i];

		while (closed < levels->nclosed && levels->closed[closed].end <= index)
			closed++;
		if (closed < levels->nclosed && levels->closed[closed].first <= index)
			continue;
		counting->counts[n] = counting->counts[i];
		counting->addresses[n] = levels->pointers->addresses[index];
		counting->indexes[n++] = index;
	}
	counting->n = n;
	return error;
}

static int take_list(struct counting *counting, struct ff_space *spaces)
{
	struct ff_room *room = counting->levels->room;
	int error = 0;

	if (!spaces[0].bytes)
		error = ff_space_take(room, counting->capacity * sizeof(uint64_t), &spaces[0]);
	if (!error && !spaces[1].bytes)
		error = ff_space_take(room, counting->capacity * sizeof(uint64_t), &spaces[1]);
	if (!error && !spaces[2].bytes)
		error = ff_space_take(room, counting->capacity * sizeof(uint32_t), &spaces[2]);
	counting->counts = spaces[0].bytes;
	counting->addresses = spaces[1].bytes;
	counting->indexes = spaces[2].bytes;
	counting->n = 0;
	counting->overflow = false;
	return error;
}

static int add_hit(struct ff_hits *hits, size_t *capacity, uint32_t index, uint64_t count)
{
	if (hits->n == *capacity) {
		size_t grown = *capacity ? *capacity * 2 : 64;
		uint32_t *indexes = realloc(hits->indexes, grown * sizeof(*indexes));
		uint64_t *counts;

		if (!indexes)
			return -ENOMEM;
		hits->indexes = indexes;
		counts = realloc(hits->counts, grown * sizeof(*counts));
		if (!counts)
			return -ENOMEM;
		hits->counts = counts;
		*capacity = grown;
	}
	hits->indexes[hits->n] = index;
	hits->counts[hits->n++] = count;
	return 0;
}

/* Note what bases the column reaches; a path ends there, unless it goes through. */
static int end_column(struct counting *counting, struct ff_hits *hits)
{
	const struct ff_levels *levels = counting->levels;
	size_t capacity = 0;

	for (size_t i = 0; i < levels->nclosed; i++) {
		memset(counting->column + levels->closed[i].first, 0,
		       (levels->closed[i].end - levels->closed[i].first) * sizeof(uint64_t));
	}
	for (size_t i = 0; i < levels->nbases; i++) {
		for (size_t at = levels->bases[i].first; at < levels->bases[i].end; at++) {
			int error = 0;

			if (!counting->column[at])
				continue;
			error = add_hit(hits, &capacity, (uint32_t)at, counting->column[at]);
			if (error)
				return error;
			if (!levels->through)
				counting->column[at] = 0;
		}
	}
	counting->front = (struct front){
		.n = levels->pointers->n,
		.addresses = levels->pointers->addresses,
		.counts = counting->column,
	};
	return 0;
}

static int end_list(struct counting *counting, struct ff_hits *hits)
{
	const struct ff_levels *levels = counting->levels;
	size_t n = 0, base = 0, capacity = 0;
	int error = sort_list(counting);

	for (size_t i = 0; i < counting->n && !error; i++) {
		uint32_t index = counting->indexes[i];
		bool is_base;

		while (base < levels->nbases && levels->bases[base].end <= index)
			base++;
		is_base = base < levels->nbases && levels->bases[base].first <= index;
		if (is_base)
			error = add_hit(hits, &capacity, index, counting->counts[i]);
		if (is_base && !levels->through)
			continue;
		counting->counts[n] = counting->counts[i];
		counting->addresses[n++] = counting->addresses[i];
	}
	counting->front = (struct front){
		.n = n, .addresses = counting->addresses, .counts = counting->counts,
	};
	return error;
}

/* ---- the last level, which nothing goes on from ---- */

/* Look up the windows of some bases, unless all of them are more work than a sweep. */
static int look_up_part(void *context, size_t part)
{
	struct counting *counting = context;
	struct ff_levels *levels = counting->levels;
	const struct front *front = &counting->front;
	size_t base = part * BATCH, end = base + BATCH, at = 0, work = 0;

	for (size_t i = 0; i < levels->nbases && at < end; i++) {
		const struct ff_indexes *range = &levels->bases[i];
		size_t next = at + (range->end - range->first);

		for (size_t b = base > at ? base : at; b < end && b < next; b++) {
			size_t index = range->first + (b - at);
			uint64_t value = ff_pointers_value(levels->pointers, index), low, high;
			ff_u128 sum = 0;

			if (ff_window_at(counting->window, value, &low, &high))
				continue;
			for (size_t j = ff_seek(front->addresses, front->n, low);
			     j < front->n && front->addresses[j] <= high; j++, work++)
				sum += front->counts[j];
			counting->base_counts[b] = saturate(levels, sum);
		}
		at = next;
	}
	if (__atomic_add_fetch(&counting->work, work, __ATOMIC_RELAXED) > levels->pointers->n)
		return -EDOM;
	return 0;
}

static size_t count_bases(const struct ff_levels *levels)
{
	size_t count = 0;

	for (size_t i = 0; i < levels->nbases; i++)
		count += levels->bases[i].end - levels->bases[i].first;
	return count;
}

/* -EDOM when a sweep is less work. */
static int look_up(struct counting *counting, struct ff_task *task, struct ff_hits *hits)
{
	struct ff_levels *levels = counting->levels;
	size_t count = count_bases(levels), capacity = 0, at = 0;
	struct ff_space space;
	int error;

	if (count > levels->pointers->n / LIST)
		return -EDOM;
	error = ff_space_take(levels->room, count * sizeof(uint64_t), &space);
	if (error)
		return error;
	counting->base_counts = space.bytes;
	counting->work = 0;
	error = ff_task_each(task, look_up_part, counting, (count + BATCH - 1) / BATCH);
	for (size_t i = 0; i < levels->nbases && !error; i++) {
		for (size_t index = levels->bases[i].first;
		     index < levels->bases[i].end && !error; index++) {
			uint64_t ways = counting->base_counts[at++];

			if (ways)
				error = add_hit(hits, &capacity, (uint32_t)index, ways);
		}
	}
	ff_space_drop(&space);
	return error;
}

static int count_level(struct counting *counting, struct ff_task *task, size_t level)
{
	struct ff_levels *levels = counting->levels;
	struct ff_hits *hits = &levels->hits[level];
	int error;

	counting->window = &levels->windows[level];
	if (level + 1 == levels->depth) {
		error = look_up(counting, task, hits);
		if (error != -EDOM)
			return error;
	}
	if (!counting->dense) {
		error = take_list(counting, counting->lists[level % 2]);
		if (!error)
			error = ff_task_each(task, sweep_part, counting,
					     parts_of(levels->pointers));
		if (error || !counting->overflow)
			return error ? error : end_list(counting, hits);
		counting->dense = true;
	}
	counting->fresh = !counting->columns[level % 2].bytes;
	if (counting->fresh) {
		error = ff_space_take(levels->room, levels->pointers->n * sizeof(uint64_t),
				      &counting->columns[level % 2]);
		if (error)
			return error;
	}
	counting->column = counting->columns[level % 2].bytes;
	error = ff_task_each(task, sweep_part, counting, parts_of(levels->pointers));
	return error ? error : end_column(counting, hits);
}

static int count_levels(struct ff_task *task, void *context)
{
	struct counting *counting = context;
	struct ff_levels *levels = counting->levels;
	int error = 0;

	counting->scratch.task = task;
	counting->once = 1;
	counting->front = (struct front){
		.n = 1, .addresses = &levels->target, .counts = &counting->once,
	};
	for (size_t level = 0; level < levels->depth && !error; level++) {
		ff_task_say(task, level, levels->depth);
		if (counting->front.n && levels->pointers->n)
			error = count_level(counting, task, level);
	}
	return error;
}

static void free_counting(void *context)
{
	struct counting *counting = context;

	for (size_t i = 0; i < 2; i++) {
		ff_space_drop(&counting->columns[i]);
		for (size_t j = 0; j < 3; j++)
			ff_space_drop(&counting->lists[i][j]);
	}
	ff_scratch_drop(&counting->scratch);
	ff_levels_put(counting->levels);
	free(counting);
}

/* ---- the levels themselves ---- */

struct ff_levels *ff_levels_get(struct ff_levels *levels)
{
	__atomic_add_fetch(&levels->references, 1, __ATOMIC_RELAXED);
	return levels;
}

void ff_levels_put(struct ff_levels *levels)
{
	if (!levels || __atomic_sub_fetch(&levels->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < levels->depth && levels->hits; i++) {
		free(levels->hits[i].indexes);
		free(levels->hits[i].counts);
		free(levels->hits[i].costs);
	}
	for (size_t i = 0; i < levels->depth && levels->reach; i++) {
		for (size_t j = 0; j < 3; j++)
			ff_space_drop(&levels->reach[i].spaces[j]);
	}
	ff_space_drop(&levels->samples);
	free(levels->hits);
	free(levels->reach);
	free(levels->windows);
	free(levels->bases);
	free(levels->closed);
	ff_pointers_put(levels->pointers);
	ff_room_put(levels->room);
	free(levels);
}

/* The pointers that lie in ranges, which ascend. */
static int find_indexes(const struct ff_pointers *pointers, const struct ff_range *ranges,
			size_t n, struct ff_indexes **out, size_t *nout)
{
	*out = calloc(n + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct ff_indexes found;

		if (ranges[i].start >= ranges[i].end || (i && ranges[i].start < ranges[i - 1].end))
			return -EINVAL;
		found.first = ff_seek(pointers->addresses, pointers->n, ranges[i].start);
		found.end = ff_seek(pointers->addresses, pointers->n, ranges[i].end);
		if (found.first < found.end)
			(*out)[(*nout)++] = found;
	}
	return 0;
}

/* By how much costs are shifted down, so that the dearest way has one. */
static uint32_t shift_of(const struct ff_levels *levels)
{
	ff_u128 most = 0;
	uint32_t shift = 0;

	for (size_t i = 0; i < levels->depth; i++) {
		uint64_t low = ff_magnitude(levels->windows[i].low);
		uint64_t high = ff_magnitude(levels->windows[i].high);

		most += low > high ? low : high;
	}
	while (most >> shift >= FF_NO_COST)
		shift++;
	return shift;
}

static int create(const struct ff_levels_spec *spec, struct ff_levels **out)
{
	struct ff_levels *levels = calloc(1, sizeof(*levels));
	int error;

	if (!levels)
		return -ENOMEM;
	levels->references = 1;
	levels->pointers = ff_pointers_get(spec->pointers);
	levels->room = ff_room_get(spec->room);
	levels->target = spec->target;
	levels->depth = spec->depth;
	levels->through = spec->through;
	levels->windows = calloc(spec->depth, sizeof(*levels->windows));
	levels->hits = calloc(spec->depth, sizeof(*levels->hits));
	levels->reach = calloc(spec->depth, sizeof(*levels->reach));
	*out = levels;
	if (!levels->windows || !levels->hits || !levels->reach)
		return -ENOMEM;
	memcpy(levels->windows, spec->windows, spec->depth * sizeof(*levels->windows));
	levels->shift = shift_of(levels);
	levels->reach[0] = (struct ff_reach){
		.n = 1, .addresses = &levels->target, .costs = &levels->no_cost,
	};
	levels->reached = 1;
	error = find_indexes(levels->pointers, spec->bases, spec->nbases, &levels->bases,
			     &levels->nbases);
	if (!error)
		error = find_indexes(levels->pointers, spec->closed, spec->nclosed,
				     &levels->closed, &levels->nclosed);
	return error;
}

int ff_levels_start(const struct ff_levels_spec *spec, uint32_t threads, struct ff_task **out)
{
	struct counting *counting;
	int error;

	if (!spec->depth || spec->depth > FF_DEPTH_MAX)
		return -EINVAL;
	for (size_t i = 0; i < spec->depth; i++) {
		if (spec->windows[i].low > spec->windows[i].high)
			return -EINVAL;
	}
	counting = calloc(1, sizeof(*counting));
	if (!counting)
		return -ENOMEM;
	error = create(spec, &counting->levels);
	if (error) {
		free_counting(counting);
		return error;
	}
	counting->scratch.room = counting->levels->room;
	counting->capacity = counting->levels->pointers->n / LIST;
	if (counting->capacity < LEAST)
		counting->capacity = LEAST;
	return ff_task_start(&(struct ff_task_script){ count_levels, free_counting, counting },
			     threads, out);
}

int ff_levels_finish(struct ff_task *task, struct ff_levels **out)
{
	struct counting *counting = ff_task_context(task);
	int error = ff_task_result(task);

	if (!error)
		*out = ff_levels_get(counting->levels);
	return error;
}

bool ff_levels_saturated(const struct ff_levels *levels)
{
	return levels->saturated;
}
