// SPDX-License-Identifier: MIT
/*
 * Pointer maps: columns of addresses and values, in two orders
 *
 *	index      0       1       2             rank     0       1       2
 *	addresses  0x1000  0x1008  0x2010        values   0x1000  0x1000  0x2000
 *	ranks      2       0       1             order    1       2       0
 *
 * 24 bytes a pointer. The pointers near an address are neighbours by index, those that lead
 * near one are neighbours by rank.
 */
#include "pointers.h"

#include <errno.h>
#include <stdlib.h>

#define PART ((size_t)1 << 18)	/* pointers that a thread looks at before it asks for more */

int ff_pointers_take(struct ff_room *room, size_t n, struct ff_pointers **out)
{
	struct ff_pointers *pointers;
	int error;

	if (n >= FF_POINTERS_MOST)
		return -E2BIG;
	pointers = calloc(1, sizeof(*pointers));
	if (!pointers)
		return -ENOMEM;
	pointers->references = 1;
	pointers->n = n;
	error = ff_space_take(room, n * sizeof(uint64_t), &pointers->spaces[FF_ADDRESSES]);
	if (!error)
		error = ff_space_take(room, n * sizeof(uint64_t), &pointers->spaces[FF_VALUES]);
	if (!error)
		error = ff_space_take(room, n * sizeof(uint32_t), &pointers->spaces[FF_ORDER]);
	if (error) {
		ff_pointers_put(pointers);
		return error;
	}
	pointers->addresses = pointers->spaces[FF_ADDRESSES].bytes;
	pointers->values = pointers->spaces[FF_VALUES].bytes;
	pointers->order = pointers->spaces[FF_ORDER].bytes;
	*out = pointers;
	return 0;
}

struct ff_pointers *ff_pointers_get(struct ff_pointers *pointers)
{
	__atomic_add_fetch(&pointers->references, 1, __ATOMIC_RELAXED);
	return pointers;
}

void ff_pointers_put(struct ff_pointers *pointers)
{
	if (!pointers || __atomic_sub_fetch(&pointers->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < FF_COLUMNS; i++)
		ff_space_drop(&pointers->spaces[i]);
	free(pointers);
}

uint64_t ff_pointers_count(const struct ff_pointers *pointers)
{
	return pointers->n;
}

void ff_pointers_columns(struct ff_pointers *pointers, uint64_t **addresses, uint64_t **values,
			 uint32_t **order)
{
	*addresses = pointers->spaces[FF_ADDRESSES].bytes;
	*values = pointers->spaces[FF_VALUES].bytes;
	*order = pointers->spaces[FF_ORDER].bytes;
}

int ff_pointers_take_ranks(struct ff_pointers *pointers, struct ff_room *room, uint32_t **out)
{
	struct ff_space *space = &pointers->spaces[FF_RANKS];
	int error = ff_space_take(room, pointers->n * sizeof(uint32_t), space);

	if (!error)
		pointers->ranks = *out = space->bytes;
	return error;
}

struct ranking {
	struct ff_pointers *pointers;
	uint32_t *ranks;
};

static int rank_part(void *context, size_t part)
{
	const struct ranking *ranking = context;
	size_t n = ranking->pointers->n, first = part * PART;
	size_t end = first + PART < n ? first + PART : n;

	for (size_t rank = first; rank < end; rank++) {
		if (ranking->pointers->order[rank] >= n)
			return -EILSEQ;
		ranking->ranks[ranking->pointers->order[rank]] = (uint32_t)rank;
	}
	return 0;
}

int ff_pointers_rank(struct ff_pointers *pointers, struct ff_task *task, struct ff_room *room)
{
	struct ranking ranking = { .pointers = pointers };
	int error = ff_pointers_take_ranks(pointers, room, &ranking.ranks);

	if (error)
		return error;
	return ff_task_each(task, rank_part, &ranking, (pointers->n + PART - 1) / PART);
}

/* ---- columns from elsewhere ---- */

struct checking {
	struct ff_pointers *pointers;
	struct ff_room *room;
};

/* Whether columns are in order; with the ranks that makes the order one of n pointers. */
static int check_part(void *context, size_t part)
{
	const struct ff_pointers *pointers = ((struct checking *)context)->pointers;
	size_t first = part ? part * PART : 1;
	size_t end = (part + 1) * PART < pointers->n ? (part + 1) * PART : pointers->n;

	for (size_t i = first; i < end; i++) {
		if (pointers->addresses[i - 1] >= pointers->addresses[i] ||
		    pointers->values[i - 1] > pointers->values[i] ||
		    (pointers->values[i - 1] == pointers->values[i] &&
		     pointers->order[i - 1] >= pointers->order[i]))
			return -EILSEQ;
	}
	return 0;
}

/* Each index has a rank that has it; so none has two. */
static int check_ranks(void *context, size_t part)
{
	const struct ff_pointers *pointers = ((struct checking *)context)->pointers;
	size_t first = part * PART;
	size_t end = first + PART < pointers->n ? first + PART : pointers->n;

	for (size_t i = first; i < end; i++) {
		if (pointers->order[pointers->ranks[i]] != i)
			return -EILSEQ;
	}
	return 0;
}

static int check(struct ff_task *task, void *context)
{
	struct checking *checking = context;
	size_t parts = (checking->pointers->n + PART - 1) / PART;
	int error = ff_task_each(task, check_part, checking, parts);

	if (!error)
		error = ff_pointers_rank(checking->pointers, task, checking->room);
	return error ? error : ff_task_each(task, check_ranks, checking, parts);
}

static void free_checking(void *context)
{
	struct checking *checking = context;

	ff_pointers_put(checking->pointers);
	ff_room_put(checking->room);
	free(checking);
}

int ff_pointers_check_start(struct ff_pointers *pointers, struct ff_room *room, uint32_t threads,
			    struct ff_task **out)
{
	struct checking *checking = calloc(1, sizeof(*checking));

	if (!checking)
		return -ENOMEM;
	checking->pointers = ff_pointers_get(pointers);
	checking->room = ff_room_get(room);
	return ff_task_start(&(struct ff_task_script){ check, free_checking, checking }, threads,
			     out);
}
