// SPDX-License-Identifier: MIT
/*
 * Match sets: which slots of a grid match
 *
 *   chunk     0              1              2              3
 *   blocks    [ ][ ][ ]      none           [ ][ ][ ]      none      65,536 slots a block
 *   before    0              312            312            9,870     matches in those below
 *
 * A chunk without a match costs a pointer; a block is held in the smallest of its forms
 * (block.c), a bitmap at the most; a step that loses none of a chunk's matches has the same blocks
 * as the one before. Workers put chunks in any order, each into its own place,
 * so they need no lock; their counts become sums once all are in, and then a match's number
 * leads to its chunk by bisection, and to its slot past the counts of the blocks before it.
 */
#include "matchset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

static struct ff_blocks *create_blocks(size_t n)
{
	struct ff_blocks *blocks = calloc(1, sizeof(*blocks) + n * sizeof(blocks->all[0]));

	if (blocks)
		blocks->references = 1;
	return blocks;
}

static void put_blocks(struct ff_blocks *blocks, size_t n)
{
	if (!blocks || __atomic_sub_fetch(&blocks->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < n; i++)
		ff_block_end(&blocks->all[i]);
	free(blocks);
}

int ff_matchset_create(struct ff_grid *grid, struct ff_matchset **out)
{
	struct ff_matchset *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->references = 1;
	set->grid = ff_grid_get(grid);
	set->before = calloc(grid->nchunks + 1, sizeof(*set->before));
	set->blocks = calloc(grid->nchunks + 1, sizeof(*set->blocks));
	if (!set->before || !set->blocks) {
		ff_matchset_destroy(set);
		return -ENOMEM;
	}
	*out = set;
	return 0;
}

int ff_matchset_divide(struct ff_matchset *set, size_t n)
{
	for (; set->ntypes < n; set->ntypes++) {
		int error = ff_matchset_create(set->grid, &set->types[set->ntypes]);

		if (error)
			return error;
	}
	return 0;
}

uint32_t ff_matchset_types(const struct ff_matchset *set, uint64_t address)
{
	uint32_t types = 0;
	uint64_t chunk;
	size_t slot;

	if (ff_grid_locate(set->grid, address, &chunk, &slot))
		return 0;
	for (size_t i = 0; i < set->ntypes; i++) {
		bool found = false;

		if (ff_matchset_chunk_count(set->types[i], chunk))
			ff_matchset_chunk_rank(set->types[i], chunk, slot, &found);
		types |= (uint32_t)found << i;
	}
	return types;
}

struct ff_matchset *ff_matchset_get(const struct ff_matchset *set)
{
	struct ff_matchset *shared = (struct ff_matchset *)set;

	__atomic_add_fetch(&shared->references, 1, __ATOMIC_RELAXED);
	return shared;
}

void ff_matchset_destroy(struct ff_matchset *set)
{
	if (!set || __atomic_sub_fetch(&set->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (set->blocks) {
		for (uint64_t i = 0; i < set->grid->nchunks; i++)
			put_blocks(set->blocks[i], set->grid->chunk_blocks);
	}
	for (size_t i = 0; i < set->ntypes; i++)
		ff_matchset_destroy(set->types[i]);
	free(set->blocks);
	free(set->before);
	ff_grid_put(set->grid);
	free(set);
}

/*
 * The blocks are the chunk's, unless there was an error. Returns how many matches they have. Of
 * those that sets share each counts the bytes: it may be the one that is left.
 */
static int64_t keep_blocks(struct ff_matchset *set, uint64_t chunk, struct ff_blocks *blocks,
			   int error)
{
	size_t n = set->grid->chunk_blocks;
	uint64_t bytes = sizeof(*blocks) + n * sizeof(blocks->all[0]), count = 0;

	if (error) {
		put_blocks(blocks, n);
		return error;
	}
	for (size_t i = 0; i < n; i++) {
		bytes += ff_block_bytes(&blocks->all[i]);
		count += blocks->all[i].count;
	}
	__atomic_add_fetch(&set->bytes, bytes, __ATOMIC_RELAXED);
	set->blocks[chunk] = blocks;
	set->before[chunk] = count;
	return (int64_t)count;
}

int64_t ff_matchset_put(struct ff_matchset *set, const struct ff_kernels *kernels,
			uint64_t chunk, const uint64_t *mask, size_t slots)
{
	struct ff_blocks *blocks;
	size_t used = 0;
	int error = 0;

	while (used < ff_bits_words(slots) && !mask[used])
		used++;
	if (used == ff_bits_words(slots))
		return 0;
	blocks = create_blocks(set->grid->chunk_blocks);
	if (!blocks)
		return -ENOMEM;
	for (size_t i = 0; i * FF_BLOCK_SLOTS < slots && !error; i++) {
		size_t first = i * FF_BLOCK_SLOTS;

		error = ff_block_of_mask(&blocks->all[i], kernels, mask + first / 64,
					 ff_min(slots - first, FF_BLOCK_SLOTS));
	}
	return keep_blocks(set, chunk, blocks, error);
}

int ff_matchset_put_slots(struct ff_matchset *set, uint64_t chunk, size_t slots,
			  const uint32_t *matches, size_t n)
{
	struct ff_blocks *blocks = create_blocks(set->grid->chunk_blocks);
	int64_t count;
	int error = 0;

	if (!blocks)
		return -ENOMEM;
	for (size_t i = 0, end; i < n && !error; i = end) {
		uint32_t b = matches[i] / FF_BLOCK_SLOTS, base = b * FF_BLOCK_SLOTS;

		for (end = i; end < n && matches[end] / FF_BLOCK_SLOTS == b;)
			end++;
		error = ff_block_of_list(&blocks->all[b], matches + i, end - i, base,
					 ff_min(slots - base, FF_BLOCK_SLOTS));
	}
	count = keep_blocks(set, chunk, blocks, error);
	return count < 0 ? (int)count : 0;
}

int64_t ff_matchset_put_same(struct ff_matchset *set, const struct ff_matchset *other,
			     uint64_t chunk)
{
	struct ff_blocks *blocks = other->blocks[chunk];

	if (!blocks)
		return 0;
	__atomic_add_fetch(&blocks->references, 1, __ATOMIC_RELAXED);
	return keep_blocks(set, chunk, blocks, 0);
}

int64_t ff_matchset_put_some(struct ff_matchset *set, const struct ff_kernels *kernels,
			     uint64_t chunk, const uint64_t *mask, size_t slots,
			     const struct ff_matchset *candidates)
{
	const struct ff_block *blocks;

	if (!candidates)
		return ff_matchset_put(set, kernels, chunk, mask, slots);
	blocks = ff_matchset_blocks(candidates, chunk);
	for (size_t i = 0; i * FF_BLOCK_SLOTS < slots; i++) {
		size_t first = i * FF_BLOCK_SLOTS, n = ff_min(slots - first, FF_BLOCK_SLOTS);
		uint32_t count, runs;

		kernels->count(mask + first / 64, ff_bits_words(n), &count, &runs);
		if (count != (blocks ? blocks[i].count : 0))
			return ff_matchset_put(set, kernels, chunk, mask, slots);
	}
	return ff_matchset_put_same(set, candidates, chunk);
}

void ff_matchset_seal(struct ff_matchset *set)
{
	const struct ff_grid *grid = set->grid;
	uint64_t total = 0;

	for (size_t i = 0; i < set->ntypes; i++)
		ff_matchset_seal(set->types[i]);
	for (uint64_t i = 0; i < grid->nchunks; i++) {
		uint64_t count = set->before[i];

		set->before[i] = total;
		total += count;
	}
	set->before[grid->nchunks] = total;
	set->count = total;
}

/* ---- asking ---- */

uint64_t ff_matchset_count(const struct ff_matchset *set)
{
	return set->count;
}

uint64_t ff_matchset_bytes(const struct ff_matchset *set)
{
	uint64_t bytes = __atomic_load_n(&set->bytes, __ATOMIC_RELAXED);

	for (size_t i = 0; i < set->ntypes; i++)
		bytes += ff_matchset_bytes(set->types[i]);
	return bytes;
}

uint64_t ff_matchset_chunk_count(const struct ff_matchset *set, uint64_t chunk)
{
	return set->before[chunk + 1] - set->before[chunk];
}

void ff_matchset_mask(const struct ff_matchset *set, uint64_t chunk, size_t slots,
		      uint64_t *mask)
{
	const struct ff_block *blocks = ff_matchset_blocks(set, chunk);

	ff_bits_zero(mask, slots);
	for (size_t b = 0; blocks && b < set->grid->chunk_blocks; b++)
		ff_block_mask(&blocks[b], mask + b * (FF_BLOCK_SLOTS / 64));
}

uint64_t ff_matchset_chunk_rank(const struct ff_matchset *set, uint64_t chunk, size_t slot,
				bool *found)
{
	const struct ff_block *blocks = ff_matchset_blocks(set, chunk);
	uint64_t below = 0;

	*found = false;
	if (!blocks)
		return 0;
	for (size_t b = 0; b < slot / FF_BLOCK_SLOTS; b++)
		below += blocks[b].count;
	return below + ff_block_rank(&blocks[slot / FF_BLOCK_SLOTS], slot % FF_BLOCK_SLOTS, found);
}

/* The chunk that holds match number index. */
static uint64_t chunk_of(const struct ff_matchset *set, uint64_t index)
{
	uint64_t low = 0, high = set->grid->nchunks;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (set->before[middle + 1] <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t ff_matchset_chunk_slots(const struct ff_matchset *set, uint64_t chunk, uint64_t index,
			       size_t n, uint32_t *out)
{
	const struct ff_block *blocks = ff_matchset_blocks(set, chunk);
	size_t made = 0;

	for (size_t b = 0; blocks && b < set->grid->chunk_blocks && made < n; b++) {
		size_t got;

		if (index >= blocks[b].count) {
			index -= blocks[b].count;
			continue;
		}
		got = ff_block_slots(&blocks[b], index, n - made, out + made);
		for (size_t i = made; i < made + got; i++)
			out[i] += b * FF_BLOCK_SLOTS;
		made += got;
		index = 0;
	}
	return made;
}

size_t ff_matchset_addresses(const struct ff_matchset *set, uint64_t index, size_t n,
			     uint64_t *out)
{
	const struct ff_grid *grid = set->grid;
	size_t made = 0;
	uint64_t chunk;

	if (index >= set->count)
		return 0;
	chunk = chunk_of(set, index);
	for (index -= set->before[chunk]; chunk < grid->nchunks && made < n; chunk++) {
		uint64_t count = ff_matchset_chunk_count(set, chunk);
		struct ff_chunk bounds;
		uint32_t slots[256];

		if (!count)
			continue;
		ff_grid_chunk(grid, chunk, &bounds);
		while (index < count && made < n) {
			size_t want = n - made < 256 ? n - made : 256;
			size_t got = ff_matchset_chunk_slots(set, chunk, index, want, slots);

			for (size_t i = 0; i < got; i++)
				out[made++] = bounds.start + slots[i] * (uint64_t)grid->align;
			index += got;
		}
		index = 0;
	}
	return made;
}
