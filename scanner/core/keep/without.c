// SPDX-License-Identifier: MIT
/*
 * Match sets without the matches of some ranges
 *
 *   slots      |x . x x . . x x x . . x|      chunk by chunk, as a mask
 *   ranges         |----|       |---|         those that a slot begins in are cleared
 *   left       |x . . . . . x x . . . x|
 *
 * Nothing is read: what matched had its values in a snapshot, which has those of all that are
 * left.
 */
#include "kernels/kernels.h"
#include "matchset.h"

#include <errno.h>
#include <stdlib.h>

/* Ranges that ascend, and the first that may reach behind what was looked at. */
struct ranges {
	const struct ff_range *all;
	size_t n, next;
};

/* The first slot of a chunk that begins at address or behind it. */
static size_t slot_at(const struct ff_grid *grid, const struct ff_chunk *bounds, uint64_t address)
{
	if (address <= bounds->start)
		return 0;
	return ff_min(ff_divide_up(address - bounds->start, grid->align), bounds->slots);
}

static void clear(const struct ff_grid *grid, const struct ff_chunk *bounds,
		  struct ranges *ranges, uint64_t *mask)
{
	uint64_t last = bounds->start + (bounds->slots - 1) * (uint64_t)grid->align;

	while (ranges->next < ranges->n && ranges->all[ranges->next].end <= bounds->start)
		ranges->next++;
	for (size_t i = ranges->next; i < ranges->n && ranges->all[i].start <= last; i++)
		ff_bits_clear(mask, slot_at(grid, bounds, ranges->all[i].start),
			      slot_at(grid, bounds, ranges->all[i].end));
}

/* Fill an empty set with what is left of another, and of each type of it. */
static int fill(const struct ff_matchset *set, const struct ff_kernels *kernels,
		struct ranges ranges, uint64_t *mask, struct ff_matchset *left)
{
	for (uint64_t chunk = 0; chunk < set->grid->nchunks; chunk++) {
		struct ff_chunk bounds;
		int64_t count;

		if (!ff_matchset_chunk_count(set, chunk))
			continue;
		ff_grid_chunk(set->grid, chunk, &bounds);
		ff_matchset_mask(set, chunk, bounds.slots, mask);
		clear(set->grid, &bounds, &ranges, mask);
		count = ff_matchset_put_some(left, kernels, chunk, mask, bounds.slots, set);
		if (count < 0)
			return (int)count;
	}
	ranges.next = 0;
	for (size_t i = 0; i < set->ntypes; i++) {
		int error = fill(set->types[i], kernels, ranges, mask, left->types[i]);

		if (error)
			return error;
	}
	return 0;
}

int ff_matchset_without(const struct ff_matchset *set, int isa, const struct ff_range *ranges,
			size_t nranges, struct ff_matchset **out)
{
	struct ranges wanted = { .all = ranges, .n = nranges };
	struct ff_matchset *left;
	uint64_t *mask;
	int error;

	for (size_t i = 0; i < nranges; i++) {
		if (ranges[i].start >= ranges[i].end ||
		    (i && ranges[i].start < ranges[i - 1].end))
			return -EINVAL;
	}
	mask = calloc(ff_bits_words(set->grid->chunk_slots), sizeof(*mask));
	if (!mask)
		return -ENOMEM;
	error = ff_matchset_create(set->grid, &left);
	if (error)
		goto out_mask;
	error = ff_matchset_divide(left, set->ntypes);
	if (!error)
		error = fill(set, ff_isa_kernels(isa), wanted, mask, left);
	if (error) {
		ff_matchset_destroy(left);
		goto out_mask;
	}
	ff_matchset_seal(left);
	*out = left;
out_mask:
	free(mask);
	return error;
}
