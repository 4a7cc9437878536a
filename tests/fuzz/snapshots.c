// SPDX-License-Identifier: MIT
/*
 * Fuzz snapshots: the values of two steps' matches go in, the second sharing what it
 * can with the first, and come out in every way there is as the bytes that went in,
 * also when the first is gone.
 */
#include "input.h"
#include "keep/snapshot.h"
#include "keep/extent.h"
#include "keep/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x10000
#define CHUNKS 3
#define REACH (48u << 10)	/* bytes of a chunk: some pieces, and the end of one */

static struct ff_arena *arena;

/* A chunk of a step: its bytes, and its matches as a mask and as a list. */
struct plain {
	uint8_t *bytes;
	uint64_t *mask;
	uint32_t *slots;
	size_t n;
};

struct step {
	struct plain chunks[CHUNKS];
	struct ff_matchset *set;
	struct ff_snapshot *snapshot;
};

/* Pieces of zeros and of a few bytes that come again; then some bytes of their own. */
static void draw_bytes(struct input *input, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += FF_PIECE) {
		uint32_t kind = take(input, 1), width = kind / 4 % 3, step = take(input, 1);
		size_t end = size - at < FF_PIECE ? size : at + FF_PIECE;
		/* of words that just fit in one byte, two or four, at both ends */
		int32_t low = width == 2 ? INT32_MIN : -(128 << 8 * width);

		for (size_t i = at; i < end; i++)
			bytes[i] = kind % 4 == 1 ? (uint8_t)(kind + i % 251) : 0;
		for (size_t i = at; kind % 4 > 1 && i + 4 <= end; i += 4) {
			int32_t word = i / 4 % 3 ? (int32_t)(i / 4 % (step + 1)) : low;

			word = kind % 4 == 3 ? ~word : word;
			memcpy(bytes + i, &word, sizeof(word));
		}
	}
	for (uint32_t writes = take(input, 1) % 8; writes; writes--)
		bytes[take(input, 3) % size] = (uint8_t)take(input, 1);
}

/* Of all slots or of those that may be, every so many from somewhere on. */
static void draw_matches(struct input *input, struct plain *plain, const struct plain *before,
			 size_t slots)
{
	size_t step = 1 + take(input, 2) % (take(input, 1) % 2 ? 4 : 2000);

	for (size_t i = take(input, 2) % slots; i < slots; i += step) {
		if (before && !ff_bit(before->mask, i))
			continue;
		ff_bit_set(plain->mask, i);
		plain->slots[plain->n++] = (uint32_t)i;
	}
}

/* The second step's matches are among the first's, and say how their bytes relate. */
static void obey(struct plain *plain, const struct plain *before, const struct ff_grid *grid,
		 enum ff_relation relation)
{
	size_t kept = 0;

	for (size_t i = 0; i < plain->n; i++) {
		uint32_t slot = plain->slots[i];
		size_t at = slot * (size_t)grid->align;
		bool same = !memcmp(plain->bytes + at, before->bytes + at, grid->span);

		if ((relation == FF_SAME_BYTES && !same) || (relation == FF_OTHER_BYTES && same))
			ff_bit_clear(plain->mask, slot);
		else
			plain->slots[kept++] = slot;
	}
	plain->n = kept;
}

/* A chunk's bytes where they can stay, as a worker of a scan has read them. */
static const uint8_t *land(struct input *input, struct ff_store *store,
			   const struct ff_chunk *bounds, const uint8_t *bytes,
			   struct ff_landing *landing)
{
	if (take(input, 1) % 2 ||
	    ff_spill_take(store, 0, ff_chunk_pieces(bounds) + take(input, 1) % 3, &landing->place))
		return bytes;
	memcpy(landing->place.bytes, bytes, bounds->size);
	return landing->place.bytes;
}

/* The values of a chunk's matches, side by side. */
static uint8_t *values_of(const struct plain *plain, const struct ff_grid *grid)
{
	uint8_t *side = malloc(plain->n * grid->span + 1);

	must(side != NULL);
	for (size_t i = 0; i < plain->n; i++)
		memcpy(side + i * grid->span, plain->bytes + plain->slots[i] * (size_t)grid->align,
		       grid->span);
	return side;
}

static void make(struct input *input, struct ff_grid *grid, struct ff_store *store,
		 const struct step *before, struct step *step)
{
	enum ff_relation relation = before ? take(input, 1) % (FF_OTHER_BYTES + 1) : FF_UNRELATED;
	const struct ff_kernels *kernels = draw_kernels(input);

	must(!ff_matchset_create(grid, &step->set));
	must(!ff_snapshot_create(store, kernels, step->set, NULL, &step->snapshot));
	for (uint64_t c = 0; c < grid->nchunks; c++) {
		const struct plain *old = before ? &before->chunks[c] : NULL;
		struct plain *plain = &step->chunks[c];
		struct ff_landing landing = { 0 };
		uint8_t *side = NULL;
		struct ff_chunk bounds;
		struct ff_kept kept;
		int64_t n;

		ff_grid_chunk(grid, c, &bounds);
		plain->bytes = malloc(bounds.size);
		plain->mask = calloc(ff_bits_words(bounds.slots), sizeof(*plain->mask));
		plain->slots = malloc(bounds.slots * sizeof(*plain->slots));
		must(plain->bytes && plain->mask && plain->slots);
		if (old && take(input, 1) % 4)
			memcpy(plain->bytes, old->bytes, bounds.size);
		else
			memset(plain->bytes, 0, bounds.size);
		if (!old || take(input, 1) % 2)
			draw_bytes(input, plain->bytes, bounds.size);
		else
			plain->bytes[take(input, 3) % bounds.size] ^= 1;
		draw_matches(input, plain, old, bounds.slots);
		if (old)
			obey(plain, old, grid, relation);
		n = ff_matchset_put(step->set, kernels, c, plain->mask, bounds.slots);
		must(n == (int64_t)plain->n);
		kept = (struct ff_kept){
			.chunk = c, .bounds = &bounds, .mask = plain->mask,
			.bytes = land(input, store, &bounds, plain->bytes, &landing),
			.count = plain->n, .relation = relation,
			.base = before ? before->snapshot : NULL,
			.base_bytes = old ? old->bytes : NULL,
			.scratch = malloc(ff_grid_pieces(grid) * FF_PIECE / 2),
			.landing = &landing,
		};
		if (ff_values_are_less(&bounds, plain->n, grid->span) && take(input, 1) % 2) {
			side = values_of(plain, grid);
			kept.values = side;
			kept.bytes = NULL;
			kept.mask = NULL;
		}
		must(kept.scratch && !ff_snapshot_put(step->snapshot, &kept));
		free(kept.scratch);
		free(side);
		if (landing.place.bytes)
			ff_place_put(&landing.place);
	}
	ff_matchset_seal(step->set);
}

/* The values of some of a chunk's matches, and of all of them, lent as they are kept. */
static void check_lent(const struct ff_grid *grid, const struct step *step, uint64_t chunk,
		       size_t every)
{
	const struct plain *plain = &step->chunks[chunk];
	struct plain some = { .bytes = plain->bytes };
	uint8_t *room, *expected;
	struct ff_extent *lender = NULL;
	const uint8_t *lent;

	if (!plain->n || !ff_snapshot_is_thin(step->snapshot, chunk))
		return;
	some.slots = malloc(plain->n * sizeof(*some.slots));
	must(some.slots != NULL);
	for (size_t i = 0; i < plain->n; i += every)
		some.slots[some.n++] = plain->slots[i];
	room = malloc(some.n * grid->span);
	expected = values_of(&some, grid);
	must(room && !ff_snapshot_lend_values(step->snapshot, chunk, some.slots, some.n, room,
					      &lent, &lender));
	must(!memcmp(lent, expected, some.n * grid->span));
	if (lender)
		ff_extent_unpin(lender);
	free(some.slots);
	free(room);
	free(expected);
}

static void check_chunk(struct input *input, const struct ff_grid *grid,
			const struct step *step, uint64_t chunk)
{
	const struct plain *plain = &step->chunks[chunk];
	uint8_t *loaded, *gathered, value[64];
	struct ff_chunk bounds;
	uint64_t *wanted;
	size_t some = 0;
	uint32_t *slots;

	ff_grid_chunk(grid, chunk, &bounds);
	loaded = malloc(bounds.size);
	gathered = malloc(plain->n * grid->span + 1);
	slots = malloc(plain->n * sizeof(*slots) + 1);
	wanted = calloc(bounds.size / FF_PIECE / 64 + 1, sizeof(*wanted));
	must(loaded && gathered && slots && wanted);
	ff_pieces_of_mask(grid, plain->mask, bounds.slots, wanted);
	must(!ff_snapshot_load(step->snapshot, chunk, &bounds, wanted, loaded));
	for (size_t every = 1 + take(input, 1), i = 0; i < plain->n; i += every)
		slots[some++] = plain->slots[i];
	must(!ff_snapshot_gather(step->snapshot, chunk, &bounds, slots, some, gathered));
	for (size_t i = 0; i < some; i++)
		must(!memcmp(gathered + i * grid->span,
			     plain->bytes + slots[i] * (size_t)grid->align, grid->span));
	for (size_t i = 0; i < plain->n; i++) {
		size_t at = plain->slots[i] * (size_t)grid->align;

		must(!memcmp(loaded + at, plain->bytes + at, grid->span));
	}
	for (int tries = 0; tries < 8; tries++) {
		size_t slot = take(input, 3) % bounds.slots, at = slot * (size_t)grid->align;
		int error = ff_snapshot_value(step->snapshot, bounds.start + at, value);

		must(error == (ff_bit(plain->mask, slot) ? 0 : -ENOENT));
		must(error || !memcmp(value, plain->bytes + at, grid->span));
	}
	free(loaded);
	free(gathered);
	free(slots);
	free(wanted);
}

static void check(struct input *input, const struct ff_grid *grid, const struct step *step)
{
	for (uint64_t c = 0; c < grid->nchunks; c++) {
		check_chunk(input, grid, step, c);
		check_lent(grid, step, c, 1);
		check_lent(grid, step, c, 1 + take(input, 1));
	}
}

static void drop(const struct ff_grid *grid, struct step *step)
{
	ff_snapshot_destroy(step->snapshot);
	ff_matchset_destroy(step->set);
	for (uint64_t c = 0; c < grid->nchunks; c++) {
		free(step->chunks[c].bytes);
		free(step->chunks[c].mask);
		free(step->chunks[c].slots);
	}
}

/* Some of what is in memory goes to disk at any time. */
static void spill(struct input *input)
{
	if (take(input, 1) % 3 == 1)
		ff_spill_oldest(arena);
}

/* All of it in memory, some, or none. */
static void use_memory(struct input *input, struct ff_store *store)
{
	uint32_t kind = take(input, 1) % 3;

	if (!arena)
		must(!ff_arena_create("", &arena));
	if (kind)
		ff_store_use(store, arena, kind == 1 ? 4u << 20 : 64u << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint32_t aligns[] = { 1, 2, 3, 4, 8, 24, 4096 };
	struct input input = { bytes, size };
	uint32_t align = aligns[take(&input, 1) % 7], span = 1 + take(&input, 1) % 64;
	struct ff_range range = { .start = BASE };
	struct step first = { 0 }, second = { 0 };
	struct ff_grid *grid;
	struct ff_store *store;

	range.end = BASE + 2 * align + span + take(&input, 3) % (CHUNKS * REACH - 3 * align - span);
	must(!ff_grid_create(&range, 1, align, span, REACH, &grid));
	must(grid->nchunks <= CHUNKS + 1);
	if (grid->nchunks > CHUNKS) {
		ff_grid_put(grid);
		return -1;
	}
	must(!ff_store_create("/tmp", 1, 64u << 20, &store));
	use_memory(&input, store);
	make(&input, grid, store, NULL, &first);
	check(&input, grid, &first);
	spill(&input);
	make(&input, grid, store, &first, &second);
	check(&input, grid, &first);
	spill(&input);
	check(&input, grid, &second);
	drop(grid, &first);
	check(&input, grid, &second);
	drop(grid, &second);
	must(ff_store_bytes(store) == 0 && ff_store_memory(store) == 0);
	ff_store_close(store);
	ff_grid_put(grid);
	return 0;
}
