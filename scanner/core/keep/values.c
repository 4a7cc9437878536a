// SPDX-License-Identifier: MIT
/*
 * Values side by side, in match order: what is kept of chunks that have few matches for their size
 *
 *   chunk    |..v.......v....v.........v..|
 *   set        2       10   15        25         the slots, by which a value is found again
 *   record   |v|v|v|v|                           while they are very few, in the record itself
 *   extent   |v|v|v|v|                           while they take a sixteenth of the chunk at most,
 *                                                a quarter of what pieces can be packed to
 *
 * They are moved to and from their places some at a time, and of sizes that the compiler knows.
 */
#include "bits.h"
#include "values.h"

#include <errno.h>
#include <string.h>

#define WORDS	16		/* of a block's bitmap at a time */
#define SOME	(64 * WORDS)	/* and values, at the most */

/* ---- the matches ---- */

/* The matches of a chunk, some at a time, all of one block. */
struct walk {
	const struct ff_kernels *kernels;
	const struct ff_block *blocks;
	size_t nblocks, block;
	size_t next;			/* in the block: match, run or word */
	size_t done;			/* of that run */
	size_t base;			/* slots below the block */
	size_t n;			/* those at hand, from the block's first slot on: */
	const uint16_t *offsets;
	uint16_t room[SOME + FF_OFFSETS_SLACK];
};

static void walk_begin(struct walk *walk, const struct ff_matchset *set,
		       const struct ff_kernels *kernels, uint64_t chunk)
{
	walk->kernels = kernels;
	walk->blocks = ff_matchset_blocks(set, chunk);
	walk->nblocks = walk->blocks ? set->grid->chunk_blocks : 0;
	walk->block = walk->next = walk->done = 0;
}

static void walk_runs(struct walk *walk, const struct ff_block *block)
{
	const struct ff_run *runs = block->n > 1 ? block->runs : &block->run;

	walk->offsets = walk->room;
	while (walk->next < block->n && walk->n < SOME) {
		const struct ff_run *run = &runs[walk->next];
		size_t first = run->first + walk->done, left = run->last + 1 - first;
		size_t some = ff_min(left, SOME - walk->n);

		for (size_t i = 0; i < some; i++)
			walk->room[walk->n++] = (uint16_t)(first + i);
		walk->done += some;
		if (some == left) {
			walk->next++;
			walk->done = 0;
		}
	}
}

static size_t walk_words(struct walk *walk, const struct ff_block *block)
{
	size_t words = ff_min(WORDS, block->n - walk->next);
	size_t n = walk->kernels->offsets(block->words + walk->next, words, walk->room);

	for (size_t i = 0; i < n; i++)
		walk->room[i] += (uint16_t)(64 * walk->next);
	walk->offsets = walk->room;
	walk->next += words;
	return n;
}

static bool walk_on(struct walk *walk)
{
	for (walk->n = 0; walk->block < walk->nblocks; walk->block++, walk->next = 0) {
		const struct ff_block *block = &walk->blocks[walk->block];

		walk->base = walk->block * FF_BLOCK_SLOTS;
		switch (block->kind) {
		case FF_BLOCK_RUNS:
			walk_runs(walk, block);
			break;
		case FF_BLOCK_OFFSETS:
			walk->offsets = block->offsets + walk->next;
			walk->n = ff_min(SOME, block->count - walk->next);
			walk->next += walk->n;
			break;
		case FF_BLOCK_BITMAP:
			while (!walk->n && walk->next < block->n)
				walk->n = walk_words(walk, block);
			break;
		}
		if (walk->n)
			return true;
	}
	return false;
}

/* ---- moving ---- */

/* n values of SPAN bytes, those of slots from at on, to side or from it. */
#define MOVE(SPAN, TO, FROM)							\
	for (size_t i = 0; i < n; i++)						\
		memcpy(TO(SPAN), FROM(SPAN), SPAN)

#define MOVE_ALL(TO, FROM)							\
	do {									\
		switch (span) {							\
		case 1:								\
			MOVE(1, TO, FROM);					\
			break;							\
		case 2:								\
			MOVE(2, TO, FROM);					\
			break;							\
		case 4:								\
			MOVE(4, TO, FROM);					\
			break;							\
		case 8:								\
			MOVE(8, TO, FROM);					\
			break;							\
		default:							\
			MOVE(span, TO, FROM);					\
		}								\
	} while (0)

#define THERE(SPAN)	(at + offsets[i] * align)
#define SIDE(SPAN)	(side + i * (SPAN))

static void squeeze(const uint8_t *at, size_t align, size_t span, const uint16_t *offsets,
		    size_t n, uint8_t *side)
{
	MOVE_ALL(SIDE, THERE);
}

static void spread(uint8_t *at, size_t align, size_t span, const uint16_t *offsets, size_t n,
		   const uint8_t *side)
{
	MOVE_ALL(THERE, SIDE);
}

/* ---- to the store ---- */

void ff_values_squeeze(const struct ff_matchset *set, const struct ff_kernels *kernels,
		       uint64_t chunk, const uint8_t *bytes, uint8_t *out)
{
	size_t align = set->grid->align, span = set->grid->span;
	struct walk walk;

	walk_begin(&walk, set, kernels, chunk);
	while (walk_on(&walk)) {
		squeeze(bytes + walk.base * align, align, span, walk.offsets, walk.n, out);
		out += walk.n * span;
	}
}

void ff_values_fill(const struct ff_snapshot *snapshot, const struct ff_kept *kept, uint8_t *out)
{
	if (kept->values)
		memcpy(out, kept->values, kept->count * snapshot->set->grid->span);
	else
		ff_values_squeeze(snapshot->set, snapshot->kernels, kept->chunk, kept->bytes, out);
}

/* The base's extent, if that has the same values of the same matches. */
static struct ff_extent *same_values(const struct ff_kept *kept)
{
	const struct ff_record *record = NULL;

	if (kept->base && kept->base_bytes && kept->relation == FF_SAME_BYTES)
		record = kept->base->records[kept->chunk];
	if (!record || record->kind != RECORD_VALUES || !record->nextents ||
	    ff_matchset_chunk_count(kept->base->set, kept->chunk) != kept->count)
		return NULL;
	return record->extents[0];
}

static int store(struct ff_snapshot *snapshot, const struct ff_kept *kept, struct ff_extent **out)
{
	size_t size = kept->count * snapshot->set->grid->span;
	struct iovec part = { kept->scratch, size };
	struct ff_place place;
	int error = ff_spill_take(snapshot->store, kept->shard, ff_divide_up(size, FF_PIECE),
				  &place);

	*out = NULL;
	if (error && error != -ENOBUFS)
		return error;
	ff_values_fill(snapshot, kept, error ? kept->scratch : place.bytes);
	if (snapshot->kernels->is_zero(error ? kept->scratch : place.bytes, size)) {
		if (!error)
			ff_place_put(&place);
		return 0;
	}
	if (error)
		return ff_extent_write(snapshot->store, kept->shard, &part, 1, out);
	error = ff_extent_of_place(snapshot->store, snapshot->kernels, &place, out);
	if (error)
		ff_place_put(&place);
	return error;
}

int ff_values_store(struct ff_snapshot *snapshot, struct ff_record *record,
		    const struct ff_kept *kept)
{
	struct ff_extent *extent = same_values(kept);
	int error = 0;

	/* no use in reading the next chunk to where it can stay */
	if (kept->landing)
		kept->landing->pays = false;
	if (extent)
		ff_extent_get(extent);
	else
		error = store(snapshot, kept, &extent);
	if (!error && extent)
		record->extents[record->nextents++] = extent;
	return error;
}

/* ---- and back ---- */

/* Values of a chunk, wherever they lie. */
struct side {
	struct ff_extent *extent;	/* or NULL */
	const uint8_t *there;		/* all of them, unless they are on disk */
	size_t span;
	uint8_t loaded[SOME * FF_VALUES_SPAN];
};

static void side_begin(struct side *side, const struct ff_snapshot *snapshot, uint64_t chunk)
{
	const struct ff_record *record = snapshot->records[chunk];

	side->span = snapshot->set->grid->span;
	side->extent = record->nextents ? record->extents[0] : NULL;
	side->there = side->extent ? ff_extent_pin(side->extent) : record_values(record);
}

static void side_end(const struct side *side)
{
	if (side->extent && side->there)
		ff_extent_unpin(side->extent);
}

/* n of them, no more than some, from one on. */
static int side_look(struct side *side, uint64_t index, size_t n, const uint8_t **out)
{
	int error = 0;

	if (side->there) {
		*out = side->there + index * side->span;
	} else {
		error = ff_extent_load(side->extent, index * side->span, side->loaded,
				       n * side->span);
		*out = side->loaded;
	}
	return error;
}

int ff_values_lend(const struct ff_snapshot *snapshot, uint64_t chunk, uint8_t *buffer,
		   const uint8_t **out, struct ff_extent **lender)
{
	const struct ff_record *record = snapshot->records[chunk];
	size_t size = ff_matchset_chunk_count(snapshot->set, chunk) * snapshot->set->grid->span;
	struct ff_extent *extent = record->nextents ? record->extents[0] : NULL;

	*out = extent ? ff_extent_pin(extent) : record_values(record);
	*lender = *out ? extent : NULL;
	if (*out)
		return 0;
	*out = buffer;
	return ff_extent_load(extent, 0, buffer, size);
}

int ff_values_scatter(const struct ff_snapshot *snapshot, uint64_t chunk, uint8_t *buffer)
{
	size_t align = snapshot->set->grid->align;
	const uint8_t *values;
	uint64_t index = 0;
	struct walk walk;
	struct side side;
	int error = 0;

	side_begin(&side, snapshot, chunk);
	walk_begin(&walk, snapshot->set, snapshot->kernels, chunk);
	while (!error && walk_on(&walk)) {
		error = side_look(&side, index, walk.n, &values);
		if (!error)
			spread(buffer + walk.base * align, align, side.span, walk.offsets, walk.n,
			       values);
		index += walk.n;
	}
	side_end(&side);
	return error;
}

/* Each by its rank: for slots that are few among the matches. */
static int gather_few(const struct ff_snapshot *snapshot, uint64_t chunk, struct side *side,
		      const uint32_t *slots, size_t n, uint8_t *out)
{
	int error = 0;

	for (size_t i = 0; i < n && !error; i++) {
		const uint8_t *value;
		bool found;
		uint64_t rank = ff_matchset_chunk_rank(snapshot->set, chunk, slots[i], &found);

		if (!found)
			continue;
		error = side_look(side, rank, 1, &value);
		if (!error)
			memcpy(out + i * side->span, value, side->span);
	}
	return error;
}

/* Both lists ascend, so each is gone through once, from the first slot on. */
static int gather_many(const struct ff_snapshot *snapshot, uint64_t chunk, struct side *side,
		       const uint32_t *slots, size_t n, uint8_t *out)
{
	uint32_t theirs[SOME];
	const uint8_t *values;
	size_t got, i = 0;
	bool found;
	uint64_t index = ff_matchset_chunk_rank(snapshot->set, chunk, slots[0], &found);
	int error;

	while (i < n &&
	       (got = ff_matchset_chunk_slots(snapshot->set, chunk, index, SOME, theirs))) {
		error = side_look(side, index, got, &values);
		if (error)
			return error;
		for (size_t k = 0; k < got && i < n; k++) {
			while (i < n && slots[i] < theirs[k])
				i++;
			if (i < n && slots[i] == theirs[k])
				memcpy(out + i++ * side->span, values + k * side->span, side->span);
		}
		index += got;
	}
	return 0;
}

int ff_values_gather(const struct ff_snapshot *snapshot, uint64_t chunk, const uint32_t *slots,
		     size_t n, uint8_t *out)
{
	bool few = n < ff_matchset_chunk_count(snapshot->set, chunk) / 64;
	struct side side;
	int error;

	if (!n)
		return 0;
	side_begin(&side, snapshot, chunk);
	error = few ? gather_few(snapshot, chunk, &side, slots, n, out) :
		      gather_many(snapshot, chunk, &side, slots, n, out);
	side_end(&side);
	return error;
}

int ff_values_at(const struct ff_snapshot *snapshot, uint64_t chunk, uint64_t rank, uint8_t *out)
{
	const uint8_t *value;
	struct side side;
	int error;

	side_begin(&side, snapshot, chunk);
	error = side_look(&side, rank, 1, &value);
	if (!error)
		memcpy(out, value, side.span);
	side_end(&side);
	return error;
}
