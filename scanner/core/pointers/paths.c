// SPDX-License-Identifier: MIT
/*
 * Paths: what several pointer maps have in common, counted without being written down
 *
 * A path is its base and its offsets, so wherever one leads in the first map, it leads to one
 * place at the most in each other. Two paths that meet in the same places have the same ways
 * on from there: those are counted once, and known from then on. What has none is a dead end
 * that no map shows by itself, and a walk does not go there.
 */
#include "paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS	1024	/* steps between two looks whether the task goes on */

struct ff_known {
	size_t nmaps, n, capacity;	/* a power of two */
	struct ff_room *room;
	struct ff_space keys, counts;	/* nmaps + 1 numbers each: where, and how many steps left */
};

/* ---- what is known ---- */

static size_t hash(const uint32_t *key, size_t n)
{
	uint64_t sum = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ key[i]) * 0xff51afd7ed558ccdu ^ sum >> 29;
	return (size_t)(sum ^ sum >> 32);
}

/* Where a key is, or would be: no key has 0 steps left. */
static size_t find(const struct ff_known *known, const uint32_t *key, bool *is_there)
{
	const uint32_t *keys = known->keys.bytes;
	size_t width = known->nmaps + 1, at = hash(key, width) & (known->capacity - 1);

	for (; keys[at * width + known->nmaps]; at = (at + 1) & (known->capacity - 1)) {
		if (!memcmp(keys + at * width, key, width * sizeof(*key))) {
			*is_there = true;
			return at;
		}
	}
	*is_there = false;
	return at;
}

static int widen(struct ff_known *known)
{
	struct ff_known wider = *known;
	size_t width = known->nmaps + 1;
	const uint32_t *keys = known->keys.bytes;
	const uint64_t *counts = known->counts.bytes;
	int error;

	wider.capacity = known->capacity ? known->capacity * 2 : 1024;
	wider.counts = (struct ff_space){ 0 };
	error = ff_space_take(known->room, wider.capacity * width * sizeof(uint32_t),
			      &wider.keys);
	if (error)
		return error;
	error = ff_space_take(known->room, wider.capacity * sizeof(uint64_t), &wider.counts);
	if (error) {
		ff_space_drop(&wider.keys);
		return error;
	}
	for (size_t i = 0; i < known->capacity; i++) {
		bool is_there;
		size_t at;

		if (!keys[i * width + known->nmaps])
			continue;
		at = find(&wider, keys + i * width, &is_there);
		memcpy((uint32_t *)wider.keys.bytes + at * width, keys + i * width,
		       width * sizeof(uint32_t));
		((uint64_t *)wider.counts.bytes)[at] = counts[i];
	}
	ff_space_drop(&known->keys);
	ff_space_drop(&known->counts);
	*known = wider;
	return 0;
}

static void key_of(const struct ff_paths *paths, const struct ff_place *place, size_t left,
		   uint32_t *key)
{
	memcpy(key, place->index, paths->nmaps * sizeof(*key));
	key[paths->nmaps] = (uint32_t)left;
}

static int learn(const struct ff_paths *paths, const struct ff_place *place, size_t left,
		 uint64_t count)
{
	struct ff_known *known = paths->known;
	uint32_t key[FF_MAPS_MAX + 1];
	bool is_there;
	size_t at;

	if (known->n * 2 >= known->capacity) {
		int error = widen(known);

		if (error)
			return error;
	}
	key_of(paths, place, left, key);
	at = find(known, key, &is_there);
	memcpy((uint32_t *)known->keys.bytes + at * (known->nmaps + 1), key,
	       (known->nmaps + 1) * sizeof(*key));
	((uint64_t *)known->counts.bytes)[at] = count;
	known->n += !is_there;
	return 0;
}

static bool recall(const struct ff_paths *paths, const struct ff_place *place, size_t left,
		   uint64_t *count)
{
	const struct ff_known *known = paths->known;
	uint32_t key[FF_MAPS_MAX + 1];
	bool is_there = false;
	size_t at;

	if (!known->capacity)
		return false;
	key_of(paths, place, left, key);
	at = find(known, key, &is_there);
	if (is_there)
		*count = ((const uint64_t *)known->counts.bytes)[at];
	return is_there;
}

uint64_t ff_paths_known(const struct ff_paths *paths, const struct ff_place *place, size_t left)
{
	uint64_t count = 0;

	if (paths->nmaps == 1)
		return 1;
	recall(paths, place, left, &count);
	return count;
}

/* ---- places ---- */

static bool find_index(const struct ff_pointers *pointers, uint64_t address, uint32_t *index)
{
	size_t at = ff_seek(pointers->addresses, pointers->n, address);

	*index = (uint32_t)at;
	return at < pointers->n && pointers->addresses[at] == address;
}

static bool is_hit(const struct ff_hits *hits, uint32_t index)
{
	size_t low = 0, high = hits->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hits->indexes[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low < hits->n && hits->indexes[low] == index;
}

bool ff_paths_base(const struct ff_paths *paths, size_t section, size_t steps, uint32_t index,
		   struct ff_place *out)
{
	const int64_t *shifts = paths->shifts + section * paths->nmaps;
	uint64_t address = paths->maps[0]->pointers->addresses[index];

	for (size_t m = 0; m < paths->nmaps; m++) {
		const struct ff_levels *levels = paths->maps[m];

		if (!find_index(levels->pointers, address + (uint64_t)shifts[m], &out->index[m]) ||
		    !is_hit(&levels->hits[steps - 1], out->index[m]))
			return false;
		out->value[m] = ff_pointers_value(levels->pointers, out->index[m]);
	}
	return true;
}

struct ff_indexes ff_paths_within(const struct ff_paths *paths, const struct ff_place *from,
				  size_t left)
{
	const struct ff_levels *levels = paths->maps[0];
	uint64_t low, high;

	if (ff_window_at(&levels->windows[left - 1], from->value[0], &low, &high))
		return (struct ff_indexes){ 0 };
	return ff_reach_within(&levels->reach[left - 1], low, high);
}

static void enter(const struct ff_levels *levels, const struct ff_reach *reach, size_t at,
		  size_t map, struct ff_place *out)
{
	out->index[map] = reach->indexes ? reach->indexes[at] : (uint32_t)at;
	out->value[map] = ff_pointers_value(levels->pointers, out->index[map]);
}

bool ff_paths_step(const struct ff_paths *paths, const struct ff_place *from, size_t left,
		   size_t at, struct ff_place *out)
{
	const struct ff_reach *first = &paths->maps[0]->reach[left - 1];
	uint64_t offset = first->addresses[at] - from->value[0];

	if (first->costs[at] == FF_NO_COST)
		return false;
	for (size_t m = 1; m < paths->nmaps; m++) {
		const struct ff_reach *reach = &paths->maps[m]->reach[left - 1];
		uint64_t address = from->value[m] + offset;
		size_t there;

		/* an offset leads on, not around the end of all addresses */
		if ((address < from->value[m]) != ((int64_t)offset < 0))
			return false;
		there = ff_reach_seek(reach, address);
		if (there == reach->n || reach->addresses[there] != address ||
		    reach->costs[there] == FF_NO_COST)
			return false;
		if (left > 1)
			enter(paths->maps[m], reach, there, m, out);
	}
	if (left > 1)
		enter(paths->maps[0], first, at, 0, out);
	return true;
}

static size_t seek_hit(const struct ff_hits *hits, const struct ff_pointers *pointers,
		       uint64_t address)
{
	size_t low = 0, high = hits->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pointers->addresses[hits->indexes[middle]] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ff_indexes ff_paths_hits(const struct ff_paths *paths, size_t level, size_t section)
{
	const struct ff_hits *hits = &paths->maps[0]->hits[level];
	const struct ff_pointers *pointers = paths->maps[0]->pointers;

	return (struct ff_indexes){
		.first = seek_hit(hits, pointers, paths->sections[section].start),
		.end = seek_hit(hits, pointers, paths->sections[section].end),
	};
}

/* ---- counting what they have in common ---- */

struct counter {
	struct ff_paths *paths;
	struct ff_task *task;
	size_t looks;
};

struct frame {
	struct ff_place place;
	struct ff_indexes within;
	uint64_t sum;
};

static void add(struct ff_paths *paths, uint64_t *sum, uint64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum)) {
		*sum = UINT64_MAX;
		paths->saturated = true;
	}
}

static void begin(const struct ff_paths *paths, struct frame *frame, size_t left)
{
	frame->within = ff_paths_within(paths, &frame->place, left);
	frame->sum = 0;
}

/* The ways on from a place with so many steps left, over frames of each further step. */
static int count_from(struct counter *counter, struct frame *frames, size_t left)
{
	struct ff_paths *paths = counter->paths;
	size_t depth = 0;
	int error;

	begin(paths, frames, left);
	for (;;) {
		struct frame *frame = &frames[depth];
		uint64_t count = 1;

		if (++counter->looks % LOOKS == 0 && ff_task_is_stopped(counter->task))
			return -ECANCELED;
		if (frame->within.first == frame->within.end) {
			error = learn(paths, &frame->place, left - depth, frame->sum);
			if (error || !depth)
				return error;
			add(paths, &frames[--depth].sum, frame->sum);
			continue;
		}
		if (!ff_paths_step(paths, &frame->place, left - depth, frame->within.first++,
				   &frames[depth + 1].place))
			continue;
		if (left - depth == 1 ||
		    recall(paths, &frames[depth + 1].place, left - depth - 1, &count)) {
			add(paths, &frame->sum, count);
		} else {
			depth++;
			begin(paths, &frames[depth], left - depth);
		}
	}
}

static int count_level(struct counter *counter, struct frame *frames, size_t level)
{
	struct ff_paths *paths = counter->paths;
	const struct ff_hits *hits = &paths->maps[0]->hits[level];

	for (size_t s = 0; s < paths->nsections; s++) {
		struct ff_indexes within = ff_paths_hits(paths, level, s);

		for (size_t i = within.first; i < within.end; i++) {
			int error = 0;

			if (++counter->looks % LOOKS == 0 && ff_task_is_stopped(counter->task))
				return -ECANCELED;
			if (!ff_paths_base(paths, s, level + 1, hits->indexes[i], &frames->place))
				continue;
			if (!recall(paths, &frames->place, level + 1, &frames->sum))
				error = count_from(counter, frames, level + 1);
			if (error)
				return error;
			paths->counts[level][i] = frames->sum;
		}
	}
	return 0;
}

static int count(struct ff_task *task, void *context)
{
	struct counter counter = { .paths = context, .task = task };
	struct ff_paths *paths = context;
	struct frame *frames = calloc(paths->depth + 1, sizeof(*frames));
	int error = frames ? 0 : -ENOMEM;

	for (size_t level = 0; level < paths->depth && !error; level++) {
		ff_task_say(task, level, paths->depth);
		error = count_level(&counter, frames, level);
	}
	free(frames);
	return error;
}

static void put(void *context)
{
	ff_paths_put(context);
}

int ff_paths_count_start(struct ff_paths *paths, struct ff_task **out)
{
	for (size_t m = 0; m < paths->nmaps; m++) {
		if (paths->maps[m]->reached < paths->depth)
			return -EINVAL;
	}
	return ff_task_start(&(struct ff_task_script){ count, put, ff_paths_get(paths) }, 1, out);
}

/* ---- the paths themselves ---- */

struct ff_paths *ff_paths_get(struct ff_paths *paths)
{
	__atomic_add_fetch(&paths->references, 1, __ATOMIC_RELAXED);
	return paths;
}

void ff_paths_put(struct ff_paths *paths)
{
	if (!paths || __atomic_sub_fetch(&paths->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (paths->known) {
		ff_space_drop(&paths->known->keys);
		ff_space_drop(&paths->known->counts);
		ff_room_put(paths->known->room);
		free(paths->known);
	}
	for (size_t i = 0; i < paths->depth && paths->counts; i++)
		free(paths->counts[i]);
	for (size_t m = 0; m < paths->nmaps && paths->maps; m++)
		ff_levels_put(paths->maps[m]);
	free(paths->counts);
	free(paths->maps);
	free(paths->sections);
	free(paths->shifts);
	free(paths);
}

static int prepare_counts(struct ff_paths *paths)
{
	paths->known = calloc(1, sizeof(*paths->known));
	paths->counts = calloc(paths->depth, sizeof(*paths->counts));
	if (!paths->known || !paths->counts)
		return -ENOMEM;
	paths->known->nmaps = paths->nmaps;
	paths->known->room = ff_room_get(paths->maps[0]->room);
	for (size_t i = 0; i < paths->depth; i++) {
		paths->counts[i] = calloc(paths->maps[0]->hits[i].n + 1, sizeof(uint64_t));
		if (!paths->counts[i])
			return -ENOMEM;
	}
	return 0;
}

int ff_paths_create(const struct ff_paths_spec *spec, struct ff_paths **out)
{
	struct ff_paths *paths;
	int error = 0;

	if (!spec->nmaps || spec->nmaps > FF_MAPS_MAX)
		return -EINVAL;
	for (size_t m = 1; m < spec->nmaps; m++) {
		if (spec->maps[m]->depth != spec->maps[0]->depth)
			return -EINVAL;
	}
	paths = calloc(1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	paths->references = 1;
	paths->nmaps = spec->nmaps;
	paths->depth = spec->maps[0]->depth;
	paths->nsections = spec->nsections;
	paths->maps = calloc(spec->nmaps, sizeof(*paths->maps));
	paths->sections = calloc(spec->nsections + 1, sizeof(*paths->sections));
	paths->shifts = calloc(spec->nsections * spec->nmaps + 1, sizeof(*paths->shifts));
	if (!paths->maps || !paths->sections || !paths->shifts) {
		ff_paths_put(paths);
		return -ENOMEM;
	}
	for (size_t m = 0; m < spec->nmaps; m++) {
		paths->maps[m] = ff_levels_get(spec->maps[m]);
		paths->saturated |= spec->maps[m]->saturated && spec->nmaps == 1;
	}
	memcpy(paths->sections, spec->sections, spec->nsections * sizeof(*paths->sections));
	memcpy(paths->shifts, spec->shifts,
	       spec->nsections * spec->nmaps * sizeof(*paths->shifts));
	if (spec->nmaps > 1)
		error = prepare_counts(paths);
	if (error) {
		ff_paths_put(paths);
		return error;
	}
	*out = paths;
	return 0;
}

bool ff_paths_saturated(const struct ff_paths *paths)
{
	return paths->saturated;
}

void ff_paths_total(const struct ff_paths *paths, size_t steps, size_t section, uint64_t *low,
		    uint64_t *high)
{
	struct ff_indexes within = ff_paths_hits(paths, steps - 1, section);
	ff_u128 sum = 0;

	for (size_t i = within.first; i < within.end; i++)
		sum += ff_paths_count(paths, steps - 1, i);
	*low = (uint64_t)sum;
	*high = (uint64_t)(sum >> 64);
}
