// SPDX-License-Identifier: MIT
/*
 * Match sets: which slots of a layout match
 *
 * Each chunk has a block for every 65,536 slots, held as runs, sorted offsets or a
 * bitmap, whichever is smallest; a bitmap is what it can cost at the most.
 */
#include "matchset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t block_bytes(const struct ff_block *block)
{
	switch (block->kind) {
	case FF_BLOCK_RUNS:
		return block->n > 1 ? block->n * sizeof(struct ff_run) : 0;
	case FF_BLOCK_OFFSETS:
		return block->count * sizeof(uint16_t);
	case FF_BLOCK_BITMAP:
		return block->n * sizeof(uint64_t);
	}
	return 0;
}

static const struct ff_run *block_runs(const struct ff_block *block)
{
	return block->n > 1 ? block->runs : &block->run;
}

static size_t block_words(size_t slots)
{
	return (slots + 63) / 64;
}

/* ---- building ---- */

static void fill_offsets(const uint64_t *mask, size_t words, uint16_t *out)
{
	for (size_t w = 0; w < words; w++) {
		for (uint64_t left = mask[w]; left; left &= left - 1)
			*out++ = w * 64 + __builtin_ctzll(left);
	}
}

static void fill_runs(const uint64_t *mask, size_t words, struct ff_run *out)
{
	uint64_t carry = 0;
	struct ff_run *end = out;

	for (size_t w = 0; w < words; w++) {
		uint64_t below = mask[w] << 1 | carry;
		uint64_t starts = mask[w] & ~below, stops = ~mask[w] & below;

		/* starts and stops alternate, so each has its own cursor */
		for (; starts; starts &= starts - 1)
			(out++)->first = w * 64 + __builtin_ctzll(starts);
		for (; stops; stops &= stops - 1)
			(end++)->last = w * 64 + __builtin_ctzll(stops) - 1;
		carry = mask[w] >> 63;
	}
	if (carry)
		end->last = words * 64 - 1;
}

/* The run of a mask that has only one. */
static struct ff_run the_run(const uint64_t *mask, uint32_t count)
{
	uint16_t first = 0;

	for (; !*mask; mask++)
		first += 64;
	first += __builtin_ctzll(*mask);
	return (struct ff_run){ .first = first, .last = first + count - 1 };
}

/* Choose the form that is smallest, and make room for it. */
static int shape_block(struct ff_block *block, uint32_t count, uint32_t runs, size_t words)
{
	size_t bytes;
	void *memory;

	block->count = count;
	if (runs * sizeof(struct ff_run) <= count * sizeof(uint16_t) &&
	    runs * sizeof(struct ff_run) <= words * sizeof(uint64_t)) {
		block->kind = FF_BLOCK_RUNS;
		block->n = runs;
	} else if (count * sizeof(uint16_t) <= words * sizeof(uint64_t)) {
		block->kind = FF_BLOCK_OFFSETS;
	} else {
		block->kind = FF_BLOCK_BITMAP;
		block->n = words;
	}
	bytes = block_bytes(block);
	if (!bytes)
		return 0;
	memory = calloc(1, bytes);
	if (!memory) {
		memset(block, 0, sizeof(*block));
		return -ENOMEM;
	}
	block->runs = memory;
	return 0;
}

static int build_block(const struct ff_kernels *kernels, struct ff_block *block,
		       const uint64_t *mask, size_t slots)
{
	size_t words = block_words(slots);
	uint32_t count, runs;
	int error;

	kernels->count(mask, words, &count, &runs);
	if (!count)
		return 0;
	error = shape_block(block, count, runs, words);
	if (error)
		return error;
	switch (block->kind) {
	case FF_BLOCK_RUNS:
		if (block->n > 1)
			fill_runs(mask, words, block->runs);
		else
			block->run = the_run(mask, count);
		break;
	case FF_BLOCK_OFFSETS:
		fill_offsets(mask, words, block->offsets);
		break;
	default:
		memcpy(block->words, mask, words * sizeof(*mask));
	}
	return 0;
}

/* The same from a list of the block's matches, numbered from base on. */
static int list_block(struct ff_block *block, const uint32_t *matches, size_t n, uint32_t base,
		      size_t slots)
{
	uint32_t runs = n > 0;
	struct ff_run *run;
	int error;

	for (size_t i = 1; i < n; i++)
		runs += matches[i] != matches[i - 1] + 1;
	error = shape_block(block, (uint32_t)n, runs, block_words(slots));
	if (error)
		return error;
	run = block->n > 1 ? block->runs : &block->run;
	for (size_t i = 0; i < n; i++) {
		uint16_t slot = (uint16_t)(matches[i] - base);

		switch (block->kind) {
		case FF_BLOCK_RUNS:
			if (i && matches[i] != matches[i - 1] + 1)
				run++;
			if (!i || matches[i] != matches[i - 1] + 1)
				run->first = slot;
			run->last = slot;
			break;
		case FF_BLOCK_OFFSETS:
			block->offsets[i] = slot;
			break;
		default:
			block->words[slot / 64] |= (uint64_t)1 << slot % 64;
		}
	}
	return 0;
}

static void free_blocks(struct ff_block *blocks, size_t n)
{
	if (!blocks)
		return;
	for (size_t i = 0; i < n; i++) {
		if (block_bytes(&blocks[i]))
			free(blocks[i].runs);
	}
	free(blocks);
}

int ff_matchset_create(struct ff_layout *layout, struct ff_matchset **out)
{
	struct ff_matchset *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->references = 1;
	set->layout = ff_layout_get(layout);
	set->before = calloc(layout->nchunks + 1, sizeof(*set->before));
	set->blocks = calloc(layout->nchunks + 1, sizeof(*set->blocks));
	if (!set->before || !set->blocks) {
		ff_matchset_destroy(set);
		return -ENOMEM;
	}
	*out = set;
	return 0;
}

int ff_matchset_divide(struct ff_matchset *set, size_t n)
{
	for (; set->nparts < n; set->nparts++) {
		int error = ff_matchset_create(set->layout, &set->parts[set->nparts]);

		if (error)
			return error;
	}
	return 0;
}

uint32_t ff_matchset_parts(const struct ff_matchset *set, uint64_t address)
{
	uint32_t parts = 0;
	uint64_t chunk;
	size_t slot;

	if (ff_layout_locate(set->layout, address, &chunk, &slot))
		return 0;
	for (size_t i = 0; i < set->nparts; i++) {
		bool found = false;

		if (ff_matchset_chunk_count(set->parts[i], chunk))
			ff_matchset_chunk_rank(set->parts[i], chunk, slot, &found);
		parts |= (uint32_t)found << i;
	}
	return parts;
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
		for (uint64_t i = 0; i < set->layout->nchunks; i++)
			free_blocks(set->blocks[i], set->layout->chunk_blocks);
	}
	for (size_t i = 0; i < set->nparts; i++)
		ff_matchset_destroy(set->parts[i]);
	free(set->blocks);
	free(set->before);
	ff_layout_put(set->layout);
	free(set);
}

static void keep_blocks(struct ff_matchset *set, uint64_t chunk, struct ff_block *blocks,
			uint64_t count)
{
	size_t n = set->layout->chunk_blocks;
	uint64_t bytes = n * sizeof(*blocks);

	for (size_t i = 0; i < n; i++)
		bytes += block_bytes(&blocks[i]);
	__atomic_add_fetch(&set->bytes, bytes, __ATOMIC_RELAXED);
	set->blocks[chunk] = blocks;
	set->before[chunk] = count;
}

int64_t ff_matchset_put(struct ff_matchset *set, const struct ff_kernels *kernels,
			uint64_t chunk, const uint64_t *mask, size_t slots)
{
	size_t n = set->layout->chunk_blocks, used = 0;
	struct ff_block *blocks;
	int64_t count = 0;

	while (used < block_words(slots) && !mask[used])
		used++;
	if (used == block_words(slots))
		return 0;
	blocks = calloc(n, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	for (size_t i = 0; i * FF_BLOCK_SLOTS < slots; i++) {
		size_t left = slots - i * FF_BLOCK_SLOTS;
		int error = build_block(kernels, &blocks[i], mask + i * (FF_BLOCK_SLOTS / 64),
					left < FF_BLOCK_SLOTS ? left : FF_BLOCK_SLOTS);

		if (error) {
			free_blocks(blocks, n);
			return error;
		}
		count += blocks[i].count;
	}
	keep_blocks(set, chunk, blocks, (uint64_t)count);
	return count;
}

int ff_matchset_put_slots(struct ff_matchset *set, uint64_t chunk, size_t slots,
			  const uint32_t *matches, size_t n)
{
	struct ff_block *blocks = calloc(set->layout->chunk_blocks, sizeof(*blocks));

	if (!blocks)
		return -ENOMEM;
	for (size_t i = 0, end; i < n; i = end) {
		uint32_t b = matches[i] / FF_BLOCK_SLOTS, base = b * FF_BLOCK_SLOTS;
		size_t left = slots - base;
		int error;

		for (end = i; end < n && matches[end] / FF_BLOCK_SLOTS == b;)
			end++;
		error = list_block(&blocks[b], matches + i, end - i, base,
				   left < FF_BLOCK_SLOTS ? left : FF_BLOCK_SLOTS);
		if (error) {
			free_blocks(blocks, set->layout->chunk_blocks);
			return error;
		}
	}
	keep_blocks(set, chunk, blocks, n);
	return 0;
}

void ff_matchset_seal(struct ff_matchset *set)
{
	const struct ff_layout *layout = set->layout;
	uint64_t total = 0;

	for (size_t i = 0; i < set->nparts; i++)
		ff_matchset_seal(set->parts[i]);
	for (uint64_t i = 0; i < layout->nchunks; i++) {
		uint64_t count = set->before[i];

		set->before[i] = total;
		total += count;
	}
	set->before[layout->nchunks] = total;
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

	for (size_t i = 0; i < set->nparts; i++)
		bytes += ff_matchset_bytes(set->parts[i]);
	return bytes;
}

uint64_t ff_matchset_chunk_count(const struct ff_matchset *set, uint64_t chunk)
{
	return set->before[chunk + 1] - set->before[chunk];
}

static void set_run(uint64_t *mask, size_t first, size_t last)
{
	size_t low = first / 64, high = last / 64;
	uint64_t head = ~0ULL << first % 64, tail = ~0ULL >> (63 - last % 64);

	if (low == high) {
		mask[low] |= head & tail;
		return;
	}
	mask[low] |= head;
	memset(mask + low + 1, 0xff, (high - low - 1) * sizeof(*mask));
	mask[high] |= tail;
}

void ff_matchset_mask(const struct ff_matchset *set, uint64_t chunk, size_t slots,
		      uint64_t *mask)
{
	const struct ff_block *blocks = set->blocks[chunk];

	memset(mask, 0, block_words(slots) * sizeof(*mask));
	for (size_t b = 0; blocks && b < set->layout->chunk_blocks; b++) {
		const struct ff_block *block = &blocks[b];
		uint64_t *part = mask + b * (FF_BLOCK_SLOTS / 64);

		switch (block->kind) {
		case FF_BLOCK_RUNS:
			for (size_t i = 0; i < block->n; i++)
				set_run(part, block_runs(block)[i].first,
					block_runs(block)[i].last);
			break;
		case FF_BLOCK_OFFSETS:
			for (size_t i = 0; i < block->count; i++)
				part[block->offsets[i] / 64] |= (uint64_t)1
								<< block->offsets[i] % 64;
			break;
		case FF_BLOCK_BITMAP:
			memcpy(part, block->words, block->n * sizeof(*part));
			break;
		}
	}
}

/* How many of the block's matches lie below slot. */
static uint32_t block_rank(const struct ff_block *block, size_t slot, bool *found)
{
	uint32_t below = 0;
	size_t i;

	*found = false;
	switch (block->kind) {
	case FF_BLOCK_RUNS:
		for (i = 0; i < block->n && block_runs(block)[i].first <= slot; i++) {
			const struct ff_run *run = &block_runs(block)[i];

			if (slot <= run->last) {
				*found = true;
				return below + (slot - run->first);
			}
			below += run->last - run->first + 1;
		}
		return below;
	case FF_BLOCK_OFFSETS: {
		size_t low = 0, high = block->count;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (block->offsets[middle] < slot)
				low = middle + 1;
			else
				high = middle;
		}
		*found = low < block->count && block->offsets[low] == slot;
		return low;
	}
	case FF_BLOCK_BITMAP:
		for (i = 0; i < slot / 64 && i < block->n; i++)
			below += __builtin_popcountll(block->words[i]);
		if (i == block->n)
			return below;
		*found = block->words[i] >> slot % 64 & 1;
		return below + __builtin_popcountll(block->words[i] &
						    (((uint64_t)1 << slot % 64) - 1));
	}
	return 0;
}

uint64_t ff_matchset_chunk_rank(const struct ff_matchset *set, uint64_t chunk, size_t slot,
				bool *found)
{
	const struct ff_block *blocks = set->blocks[chunk];
	uint64_t below = 0;

	*found = false;
	if (!blocks)
		return 0;
	for (size_t b = 0; b < slot / FF_BLOCK_SLOTS; b++)
		below += blocks[b].count;
	return below + block_rank(&blocks[slot / FF_BLOCK_SLOTS], slot % FF_BLOCK_SLOTS, found);
}

/* Slots of the block's matches from the skip-th on, up to n. Returns how many. */
static size_t block_slots(const struct ff_block *block, size_t skip, size_t n, uint32_t *out)
{
	size_t made = 0;

	switch (block->kind) {
	case FF_BLOCK_RUNS:
		for (size_t i = 0; i < block->n && made < n; i++) {
			const struct ff_run *run = &block_runs(block)[i];
			size_t length = run->last - run->first + 1;

			if (skip >= length) {
				skip -= length;
				continue;
			}
			for (size_t slot = run->first + skip; slot <= run->last && made < n; slot++)
				out[made++] = slot;
			skip = 0;
		}
		break;
	case FF_BLOCK_OFFSETS:
		for (size_t i = skip; i < block->count && made < n; i++)
			out[made++] = block->offsets[i];
		break;
	case FF_BLOCK_BITMAP:
		for (size_t w = 0; w < block->n && made < n; w++) {
			uint64_t left = block->words[w];
			size_t count = __builtin_popcountll(left);

			if (skip >= count) {
				skip -= count;
				continue;
			}
			for (; skip; skip--)
				left &= left - 1;
			for (; left && made < n; left &= left - 1)
				out[made++] = w * 64 + __builtin_ctzll(left);
		}
		break;
	}
	return made;
}

/* The chunk that holds match number index. */
static uint64_t chunk_of(const struct ff_matchset *set, uint64_t index)
{
	uint64_t low = 0, high = set->layout->nchunks;

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
	const struct ff_block *blocks = set->blocks[chunk];
	size_t made = 0;

	for (size_t b = 0; blocks && b < set->layout->chunk_blocks && made < n; b++) {
		size_t got;

		if (index >= blocks[b].count) {
			index -= blocks[b].count;
			continue;
		}
		got = block_slots(&blocks[b], index, n - made, out + made);
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
	const struct ff_layout *layout = set->layout;
	size_t made = 0;
	uint64_t chunk;

	if (index >= set->count)
		return 0;
	chunk = chunk_of(set, index);
	for (index -= set->before[chunk]; chunk < layout->nchunks && made < n; chunk++) {
		uint64_t count = ff_matchset_chunk_count(set, chunk);
		struct ff_chunk bounds;
		uint32_t slots[256];

		if (!count)
			continue;
		ff_layout_chunk(layout, chunk, &bounds);
		while (index < count && made < n) {
			size_t want = n - made < 256 ? n - made : 256;
			size_t got = ff_matchset_chunk_slots(set, chunk, index, want, slots);

			for (size_t i = 0; i < got; i++)
				out[made++] = bounds.start + slots[i] * (uint64_t)layout->align;
			index += got;
		}
		index = 0;
	}
	return made;
}
