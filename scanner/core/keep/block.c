// SPDX-License-Identifier: MIT
/*
 * Blocks: the matches among up to 65,536 slots, in the smallest of three forms
 *
 *   slots     0 1 2 3 4 5 6 7 8 9 ...           the bytes it takes
 *   mask      0 1 1 1 1 0 0 1 1 0
 *
 *   runs      (1, 4) (7, 8)                     4 a run; one run lies in the block itself
 *   offsets   1 2 3 4 7 8                       2 a match
 *   bitmap    the mask's words                  8 for 64 slots, 8 KiB at the most
 *
 * Matches come clustered (zeros, arrays of the same struct), few, or everywhere: one of the
 * three is small. Which it is follows from two numbers that one pass over the mask gives, its
 * set bits and the runs of them; runs are counted as bits whose lower neighbour is clear. The
 * block is then filled in a second pass, over words that have any.
 */
#include "block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Behind what is in a block, as a kernel may write there. */
#define SLACK	(FF_OFFSETS_SLACK * sizeof(uint16_t))

size_t ff_block_bytes(const struct ff_block *block)
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

/* ---- building ---- */

static void fill_runs(const uint64_t *mask, size_t words, struct ff_run *out)
{
	uint64_t carry = 0;
	struct ff_run *end = out;

	for (size_t w = 0; w < words; w++) {
		uint64_t below = mask[w] << 1 | carry;
		uint64_t starts = mask[w] & ~below, stops = ~mask[w] & below;

		if (mask[w] == 0 - carry)	/* all are as the last one was */
			continue;
		/* starts and stops alternate, so each has its own cursor */
		for (; starts; starts &= starts - 1)
			(out++)->first = w * 64 + ff_bits_first(starts);
		for (; stops; stops &= stops - 1)
			(end++)->last = w * 64 + ff_bits_first(stops) - 1;
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
	first += ff_bits_first(*mask);
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
	bytes = ff_block_bytes(block);
	if (!bytes)
		return 0;
	memory = calloc(1, bytes + SLACK);
	if (!memory) {
		memset(block, 0, sizeof(*block));
		return -ENOMEM;
	}
	block->runs = memory;
	return 0;
}

int ff_block_of_mask(struct ff_block *block, const struct ff_kernels *kernels,
		     const uint64_t *mask, size_t slots)
{
	size_t words = ff_bits_words(slots);
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
		kernels->offsets(mask, words, block->offsets);
		break;
	default:
		memcpy(block->words, mask, words * sizeof(*mask));
	}
	return 0;
}

int ff_block_of_list(struct ff_block *block, const uint32_t *matches, size_t n, uint32_t base,
		     size_t slots)
{
	uint32_t runs = n > 0;
	struct ff_run *run;
	int error;

	for (size_t i = 1; i < n; i++)
		runs += matches[i] != matches[i - 1] + 1;
	error = shape_block(block, (uint32_t)n, runs, ff_bits_words(slots));
	if (error)
		return error;
	run = block->n > 1 ? block->runs : &block->run;
	switch (block->kind) {
	case FF_BLOCK_RUNS:
		for (size_t i = 0; i < n; i++) {
			bool goes_on = i && matches[i] == matches[i - 1] + 1;

			run += i && !goes_on;
			run->last = (uint16_t)(matches[i] - base);
			if (!goes_on)
				run->first = run->last;
		}
		break;
	case FF_BLOCK_OFFSETS:
		for (size_t i = 0; i < n; i++)
			block->offsets[i] = (uint16_t)(matches[i] - base);
		break;
	default:
		for (size_t i = 0; i < n; i++)
			ff_bit_set(block->words, matches[i] - base);
	}
	return 0;
}

void ff_block_end(struct ff_block *block)
{
	if (ff_block_bytes(block))
		free(block->runs);
}

/* ---- asking ---- */

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

void ff_block_mask(const struct ff_block *block, uint64_t *mask)
{
	switch (block->kind) {
	case FF_BLOCK_RUNS:
		for (size_t i = 0; i < block->n; i++)
			set_run(mask, block_runs(block)[i].first, block_runs(block)[i].last);
		break;
	case FF_BLOCK_OFFSETS:
		for (size_t i = 0; i < block->count; i++)
			ff_bit_set(mask, block->offsets[i]);
		break;
	case FF_BLOCK_BITMAP:
		memcpy(mask, block->words, block->n * sizeof(*mask));
		break;
	}
}

uint32_t ff_block_rank(const struct ff_block *block, size_t slot, bool *found)
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
			below += ff_bits_count(block->words[i]);
		if (i == block->n)
			return below;
		*found = ff_bit(block->words, slot);
		return below + ff_bits_count(block->words[i] & ff_bits_below(slot % 64));
	}
	return 0;
}

size_t ff_block_slots(const struct ff_block *block, size_t skip, size_t n, uint32_t *out)
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
			size_t count = ff_bits_count(left);

			if (skip >= count) {
				skip -= count;
				continue;
			}
			for (; skip; skip--)
				left &= left - 1;
			for (; left && made < n; left &= left - 1)
				out[made++] = w * 64 + ff_bits_first(left);
		}
		break;
	}
	return made;
}
