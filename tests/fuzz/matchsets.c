// SPDX-License-Identifier: MIT
/*
 * Fuzz match sets: chunks of any shape go in as masks or as lists, and everything
 * that can be asked is compared with plain arrays of bits.
 */
#include "input.h"
#include "keep/matchset.h"

#include <stdlib.h>
#include <string.h>

#define BASE 0x10000
#define CHUNKS 4

/* Bits of a chunk: runs, every n-th slot, or some alone. */
static void draw(struct input *input, uint8_t *bits, size_t slots)
{
	for (int part = 0; part < 6 && input->left; part++) {
		uint32_t kind = take(input, 1), first = take(input, 3) % slots;
		uint32_t length = take(input, 3) % slots, step = 1 + take(input, 1);

		if (kind % 4 == 0)
			length = 1;
		if (kind % 2)
			step = 1;
		for (size_t i = first; i < slots && i < first + (size_t)length; i += step)
			bits[i] = kind < 224;
	}
}

static size_t list(const uint8_t *bits, size_t slots, uint32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < slots; i++) {
		if (bits[i])
			out[n++] = (uint32_t)i;
	}
	return n;
}

static void put(struct input *input, struct ff_matchset *set, uint64_t chunk, size_t slots,
		const uint32_t *matches, size_t n)
{
	uint64_t *mask = calloc(ff_bits_words(slots), sizeof(*mask));

	for (size_t i = 0; i < n; i++)
		ff_bit_set(mask, matches[i]);
	if (take(input, 1) % 2)
		must(ff_matchset_put(set, draw_kernels(input), chunk, mask, slots) == (int64_t)n);
	else
		must(!ff_matchset_put_slots(set, chunk, slots, matches, n));
	free(mask);
}

static void check(struct input *input, const struct ff_matchset *set, uint64_t chunk,
		  const uint8_t *bits, size_t slots, const uint32_t *matches, size_t n)
{
	uint64_t *mask = malloc(ff_bits_words(slots) * sizeof(*mask));
	uint32_t *got = malloc((n + 1) * sizeof(*got));
	size_t from = n ? take(input, 3) % n : 0, want = 1 + take(input, 2);

	must(ff_matchset_chunk_count(set, chunk) == n);
	ff_matchset_mask(set, chunk, slots, mask);
	for (size_t i = 0; i < slots; i++)
		must(ff_bit(mask, i) == bits[i]);
	if (want > n - from)
		want = n - from;
	must(ff_matchset_chunk_slots(set, chunk, from, want, got) == want);
	must(!memcmp(got, matches + from, want * sizeof(*got)));
	for (int tries = 0; tries < 8; tries++) {
		size_t slot = take(input, 3) % slots, below = 0;
		bool found;

		for (size_t i = 0; i < slot; i++)
			below += bits[i];
		must(ff_matchset_chunk_rank(set, chunk, slot, &found) == below);
		must(found == bits[slot]);
	}
	free(mask);
	free(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint32_t aligns[] = { 1, 4, 8 };
	struct input input = { bytes, size };
	uint32_t align = aligns[take(&input, 1) % 3];
	size_t chunk_slots = 1 + take(&input, 3) % 200000;
	struct ff_range range = { .start = BASE };
	uint8_t *bits[CHUNKS] = { NULL };
	uint32_t *matches[CHUNKS];
	size_t slots[CHUNKS], n[CHUNKS];
	uint64_t total = 0, address;
	struct ff_matchset *set;
	struct ff_grid *grid;

	range.end = BASE + (uint64_t)align * (1 + take(&input, 3) % (chunk_slots * CHUNKS));
	must(!ff_grid_create(&range, 1, align, 1, chunk_slots * align, &grid));
	must(grid->nchunks <= CHUNKS && !ff_matchset_create(grid, &set));
	for (uint64_t c = 0; c < grid->nchunks; c++) {
		struct ff_chunk bounds;

		ff_grid_chunk(grid, c, &bounds);
		slots[c] = bounds.slots;
		bits[c] = calloc(slots[c], 1);
		matches[c] = malloc(slots[c] * sizeof(uint32_t));
		draw(&input, bits[c], slots[c]);
		n[c] = list(bits[c], slots[c], matches[c]);
		put(&input, set, c, slots[c], matches[c], n[c]);
	}
	ff_matchset_seal(set);
	for (uint64_t c = 0; c < grid->nchunks; c++) {
		check(&input, set, c, bits[c], slots[c], matches[c], n[c]);
		for (size_t i = 0; i < n[c]; i += 1 + n[c] / 3) {
			must(ff_matchset_addresses(set, total + i, 1, &address) == 1);
			must(address == BASE + (c * grid->chunk_slots + matches[c][i]) * align);
		}
		total += n[c];
		free(bits[c]);
		free(matches[c]);
	}
	must(ff_matchset_count(set) == total);
	/* never more than a bit a slot, but for what each chunk has anyway */
	must(ff_matchset_bytes(set) <=
	     grid->slots / 8 + grid->nchunks * (grid->chunk_blocks + 1) * 64);
	must(!ff_matchset_addresses(set, total, 1, &address));
	ff_matchset_destroy(set);
	ff_grid_put(grid);
	return 0;
}
