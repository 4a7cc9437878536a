// SPDX-License-Identifier: MIT
/*
 * Reach: from which pointers so many steps lead to the target, and at what cost
 *
 * A walk that goes only where this says that there is a way, and not further than its cost
 * allows, never comes to a dead end. The cost of a way is the sum of its offsets, all taken
 * as positive. The cheapest of a window is found with the sweep that counts (levels.c): those
 * that were cheaper than all after them wait in a queue, the cheapest at its head.
 */
#include "levels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PART	((size_t)1 << 16)	/* ranks that a thread sweeps before it asks for more */
#define BATCH	256
#define LIST	16			/* a list is no longer than one of so many pointers */
#define LEAST	64			/* but may be so long */

struct reaching {
	struct ff_levels *levels;
	size_t goal;
	const struct ff_reach *front;
	const struct ff_window *window;
	bool dense;
	uint16_t *column;
	uint64_t *costs;		/* a list, unless dense, with */
	uint32_t *indexes;
	size_t n, capacity;
	bool overflow;
	struct ff_hits *hits;
	uint64_t *hit_costs;
	struct ff_scratch scratch;
};

/* ---- the cheapest place of a window that moves up ---- */

/* Places before a value, or from it on: for these, cost and distance add up differently. */
struct queue {
	const struct ff_reach *front;
	uint32_t shift;
	bool before;
	size_t next;			/* place that has not come yet */
	size_t *places;			/* a ring */
	size_t capacity, head, tail;
};

static size_t place_at(const struct queue *queue, size_t i)
{
	return queue->places[i & (queue->capacity - 1)];
}

static uint64_t key_of(const struct queue *queue, size_t place)
{
	uint64_t cost = (uint64_t)queue->front->costs[place] << queue->shift;
	uint64_t address = queue->front->addresses[place];

	return queue->before ? cost - address : cost + address;
}

static int widen(struct queue *queue)
{
	size_t grown = queue->capacity ? queue->capacity * 2 : 64;
	size_t *places = malloc(grown * sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = queue->head; i < queue->tail; i++)
		places[i & (grown - 1)] = place_at(queue, i);
	free(queue->places);
	queue->places = places;
	queue->capacity = grown;
	return 0;
}

/* Let places up to high come, and those below low go. */
static int move(struct queue *queue, uint64_t low, uint64_t high)
{
	const struct ff_reach *front = queue->front;

	for (; queue->next < front->n && front->addresses[queue->next] <= high; queue->next++) {
		uint64_t key;

		if (front->costs[queue->next] == FF_NO_COST || front->addresses[queue->next] < low)
			continue;
		key = key_of(queue, queue->next);
		/* keys of one window are near to each other, wherever they wrap around */
		while (queue->tail > queue->head &&
		       (int64_t)(key_of(queue, place_at(queue, queue->tail - 1)) - key) >= 0)
			queue->tail--;
		if (queue->tail - queue->head == queue->capacity && widen(queue))
			return -ENOMEM;
		queue->places[queue->tail++ & (queue->capacity - 1)] = queue->next;
	}
	while (queue->head < queue->tail &&
	       front->addresses[place_at(queue, queue->head)] < low)
		queue->head++;
	return 0;
}

/* The cost from a value by the cheapest place; UINT64_MAX when there is none. */
static uint64_t cheapest(const struct queue *queue, uint64_t value)
{
	size_t place;

	if (queue->head == queue->tail)
		return UINT64_MAX;
	place = place_at(queue, queue->head);
	return ((uint64_t)queue->front->costs[place] << queue->shift) +
	       ff_distance(queue->front->addresses[place], value);
}

/* ---- the sweep ---- */

struct batch {
	uint64_t costs[BATCH];
	uint32_t indexes[BATCH];
	size_t n;
};

static bool flush(struct reaching *reaching, struct batch *batch)
{
	size_t at = __atomic_fetch_add(&reaching->n, batch->n, __ATOMIC_RELAXED);

	if (at + batch->n > reaching->capacity) {
		__atomic_store_n(&reaching->overflow, true, __ATOMIC_RELAXED);
		return false;
	}
	memcpy(reaching->costs + at, batch->costs, batch->n * sizeof(*batch->costs));
	memcpy(reaching->indexes + at, batch->indexes, batch->n * sizeof(*batch->indexes));
	batch->n = 0;
	return true;
}

static int sweep(struct reaching *reaching, size_t part, struct queue *before,
		 struct queue *after)
{
	const struct ff_pointers *pointers = reaching->levels->pointers;
	const struct ff_reach *front = reaching->front;
	const struct ff_window *window = reaching->window;
	const struct queue *upper = window->high < 0 ? before : after;
	size_t rank = part * PART;
	size_t end = rank + PART < pointers->n ? rank + PART : pointers->n;
	struct batch batch = { .n = 0 };
	uint64_t low, high;

	before->next = after->next = 0;
	if (!ff_window_at(window, pointers->values[rank], &low, &high))
		before->next = after->next = ff_seek(front->addresses, front->n, low);
	while (rank < end) {
		uint64_t value = pointers->values[rank], cost, other;
		int side = ff_window_at(window, value, &low, &high), error = 0;

		if (side > 0)
			break;
		if (!side && window->low < 0 && value)
			error = move(before, low, high < value - 1 ? high : value - 1);
		if (!side && !error && window->high >= 0)
			error = move(after, low > value ? low : value, high);
		if (error)
			return error;
		cost = cheapest(before, value);
		other = cheapest(after, value);
		if (other < cost)
			cost = other;
		if (side || cost == UINT64_MAX) {
			if (upper->next == front->n ||
			    !ff_window_from(window, front->addresses[upper->next], &value))
				break;
			rank = ff_seek_from(pointers->values, rank + 1, end, value);
			continue;
		}
		cost >>= reaching->levels->shift;
		if (cost >= FF_NO_COST)
			cost = FF_NO_COST - 1;
		if (reaching->dense) {
			reaching->column[pointers->order[rank]] = (uint16_t)cost;
		} else {
			batch.costs[batch.n] = cost;
			batch.indexes[batch.n++] = pointers->order[rank];
			if (batch.n == BATCH && !flush(reaching, &batch))
				return 0;
		}
		rank++;
	}
	if (!reaching->dense)
		flush(reaching, &batch);
	return 0;
}

static int sweep_part(void *context, size_t part)
{
	struct reaching *reaching = context;
	struct queue before = {
		.front = reaching->front, .shift = reaching->levels->shift, .before = true,
	};
	struct queue after = { .front = reaching->front, .shift = reaching->levels->shift };
	int error = 0;

	if (reaching->dense || !__atomic_load_n(&reaching->overflow, __ATOMIC_RELAXED))
		error = sweep(reaching, part, &before, &after);
	free(before.places);
	free(after.places);
	return error;
}

/* ---- a level ---- */

static int blank_part(void *context, size_t part)
{
	struct reaching *reaching = context;
	size_t first = part * PART, n = reaching->levels->pointers->n - first;

	memset(reaching->column + first, 0xff, (n < PART ? n : PART) * sizeof(uint16_t));
	return 0;
}

/* No way goes on from a base, unless it goes through, nor from what is closed. */
static bool is_end(const struct ff_levels *levels, uint32_t index, size_t *base, size_t *closed)
{
	while (*base < levels->nbases && levels->bases[*base].end <= index)
		++*base;
	while (*closed < levels->nclosed && levels->closed[*closed].end <= index)
		++*closed;
	if (*closed < levels->nclosed && levels->closed[*closed].first <= index)
		return true;
	return !levels->through && *base < levels->nbases && levels->bases[*base].first <= index;
}

/* Note every so-and-so-many-th address, to find others by. */
static int take_samples(struct ff_levels *levels)
{
	const struct ff_pointers *pointers = levels->pointers;
	size_t n = (pointers->n + FF_SAMPLE - 1) / FF_SAMPLE;
	uint64_t *samples;
	int error = 0;

	if (!levels->samples.bytes)
		error = ff_space_take(levels->room, n * sizeof(*samples), &levels->samples);
	samples = levels->samples.bytes;
	for (size_t i = 0; i < n && !error; i++)
		samples[i] = pointers->addresses[i * FF_SAMPLE];
	return error;
}

static void end_column(struct reaching *reaching, struct ff_reach *reach)
{
	const struct ff_levels *levels = reaching->levels;

	for (size_t i = 0; i < levels->nclosed; i++) {
		memset(reaching->column + levels->closed[i].first, 0xff,
		       (levels->closed[i].end - levels->closed[i].first) * sizeof(uint16_t));
	}
	for (size_t i = 0; i < levels->nbases && !levels->through; i++) {
		memset(reaching->column + levels->bases[i].first, 0xff,
		       (levels->bases[i].end - levels->bases[i].first) * sizeof(uint16_t));
	}
	reach->n = levels->pointers->n;
	reach->addresses = levels->pointers->addresses;
	reach->costs = reaching->column;
	reach->samples = levels->samples.bytes;
}

static int end_list(struct reaching *reaching, struct ff_reach *reach)
{
	const struct ff_levels *levels = reaching->levels;
	size_t base = 0, closed = 0, n = reaching->n;
	uint64_t *addresses;
	uint32_t *indexes;
	uint16_t *costs;
	int error = ff_pairs_sort(reaching->costs, reaching->indexes, n, FF_BY_NARROW,
				  &reaching->scratch);

	if (!error)
		error = ff_space_take(levels->room, n * sizeof(uint64_t), &reach->spaces[0]);
	if (!error)
		error = ff_space_take(levels->room, n * sizeof(uint32_t), &reach->spaces[1]);
	if (!error)
		error = ff_space_take(levels->room, n * sizeof(uint16_t), &reach->spaces[2]);
	if (error)
		return error;
	addresses = reach->spaces[0].bytes;
	indexes = reach->spaces[1].bytes;
	costs = reach->spaces[2].bytes;
	reach->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t index = reaching->indexes[i];

		if (is_end(levels, index, &base, &closed))
			continue;
		addresses[reach->n] = levels->pointers->addresses[index];
		costs[reach->n] = (uint16_t)reaching->costs[i];
		indexes[reach->n++] = index;
	}
	reach->addresses = addresses;
	reach->indexes = indexes;
	reach->costs = costs;
	return 0;
}

static int reach_level(struct reaching *reaching, struct ff_task *task, size_t level)
{
	struct ff_levels *levels = reaching->levels;
	struct ff_reach *reach = &levels->reach[level];
	size_t parts = (levels->pointers->n + PART - 1) / PART;
	int error = 0;

	reaching->front = &levels->reach[level - 1];
	reaching->window = &levels->windows[level - 1];
	reaching->dense = level > 1 && !reaching->front->indexes && reaching->front->n;
	reaching->overflow = false;
	reaching->n = 0;
	if (!reaching->dense) {
		error = ff_task_each(task, sweep_part, reaching, parts);
		if (error || !reaching->overflow)
			return error ? error : end_list(reaching, reach);
		reaching->dense = true;
	}
	error = take_samples(levels);
	if (!error)
		error = ff_space_take(levels->room, levels->pointers->n * sizeof(uint16_t),
				      &reach->spaces[0]);
	if (error)
		return error;
	reaching->column = reach->spaces[0].bytes;
	error = ff_task_each(task, blank_part, reaching, parts);
	if (!error)
		error = ff_task_each(task, sweep_part, reaching, parts);
	if (!error)
		end_column(reaching, reach);
	return error;
}

static void unreach(struct ff_reach *reach)
{
	for (size_t i = 0; i < 3; i++)
		ff_space_drop(&reach->spaces[i]);
	*reach = (struct ff_reach){ 0 };
}

/* ---- the costs of bases ---- */

static int cost_part(void *context, size_t part)
{
	struct reaching *reaching = context;
	const struct ff_pointers *pointers = reaching->levels->pointers;
	const struct ff_hits *hits = reaching->hits;
	size_t first = part * BATCH, end = first + BATCH < hits->n ? first + BATCH : hits->n;

	for (size_t i = first; i < end; i++) {
		uint64_t value = ff_pointers_value(pointers, hits->indexes[i]), low, high;
		uint64_t least = UINT64_MAX;
		struct ff_indexes within = { 0 };

		if (!ff_window_at(reaching->window, value, &low, &high))
			within = ff_reach_within(reaching->front, low, high);
		for (size_t at = within.first; at < within.end; at++) {
			uint64_t cost = reaching->front->costs[at];

			if (cost == FF_NO_COST)
				continue;
			cost = (cost << reaching->levels->shift) +
			       ff_distance(reaching->front->addresses[at], value);
			if (cost < least)
				least = cost;
		}
		reaching->hit_costs[i] = least;
	}
	return 0;
}

static int cost_hits(struct reaching *reaching, struct ff_task *task, size_t level)
{
	struct ff_levels *levels = reaching->levels;
	int error;

	reaching->hits = &levels->hits[level - 1];
	reaching->front = &levels->reach[level - 1];
	reaching->window = &levels->windows[level - 1];
	if (reaching->hits->costs)
		return 0;
	reaching->hit_costs = calloc(reaching->hits->n + 1, sizeof(uint64_t));
	if (!reaching->hit_costs)
		return -ENOMEM;
	error = ff_task_each(task, cost_part, reaching, (reaching->hits->n + BATCH - 1) / BATCH);
	if (error)
		free(reaching->hit_costs);
	else
		reaching->hits->costs = reaching->hit_costs;
	return error;
}

/* ---- the task ---- */

static int reach(struct ff_task *task, void *context)
{
	struct reaching *reaching = context;
	struct ff_levels *levels = reaching->levels;
	int error = 0;

	reaching->scratch.task = task;
	for (size_t level = levels->reached; level < reaching->goal && !error; level++) {
		ff_task_say(task, level, reaching->goal);
		error = reach_level(reaching, task, level);
		if (error)
			unreach(&levels->reach[level]);
		else
			levels->reached = level + 1;
	}
	return error ? error : cost_hits(reaching, task, reaching->goal);
}

static void free_reaching(void *context)
{
	struct reaching *reaching = context;

	ff_scratch_drop(&reaching->scratch);
	ff_levels_put(reaching->levels);
	free(reaching->costs);
	free(reaching->indexes);
	free(reaching);
}

int ff_reach_start(struct ff_levels *levels, size_t steps, uint32_t threads,
		   struct ff_task **out)
{
	struct reaching *reaching;

	if (!steps || steps > levels->depth)
		return -EINVAL;
	reaching = calloc(1, sizeof(*reaching));
	if (!reaching)
		return -ENOMEM;
	reaching->levels = ff_levels_get(levels);
	reaching->goal = steps;
	reaching->scratch.room = levels->room;
	reaching->capacity = levels->pointers->n / LIST;
	if (reaching->capacity < LEAST)
		reaching->capacity = LEAST;
	reaching->costs = malloc(reaching->capacity * sizeof(*reaching->costs));
	reaching->indexes = malloc(reaching->capacity * sizeof(*reaching->indexes));
	if (!reaching->costs || !reaching->indexes) {
		free_reaching(reaching);
		return -ENOMEM;
	}
	return ff_task_start(&(struct ff_task_script){ reach, free_reaching, reaching }, threads,
			     out);
}
