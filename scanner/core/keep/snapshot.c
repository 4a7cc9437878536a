// SPDX-License-Identifier: MIT
/*
 * Snapshots: the bytes that a step's matches had
 *
 * A chunk's record is the values themselves, in match order, while they are few, or where
 * they are stored while they are a sixteenth of the chunk at most; or an entry for each 4 KiB
 * piece of the chunk that holds a match: zero, or where in the store it is, which holds
 * pieces of small integers packed; or, where all are zero, only that. A piece that has not
 * changed since the base snapshot is not stored again.
 * The pieces of one chunk come from one read of the target, so a value that straddles
 * two of them is the value that was compared.
 */
#include "pieces.h"
#include "record.h"
#include "snapshot.h"
#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ff_snapshot_create(struct ff_store *store, const struct ff_kernels *kernels,
		       const struct ff_matchset *set, const uint8_t *constant,
		       struct ff_snapshot **out)
{
	struct ff_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	uint32_t span = set->grid->span;

	if (!snapshot)
		return -ENOMEM;
	snapshot->references = 1;
	snapshot->store = ff_store_get(store);
	snapshot->kernels = kernels;
	snapshot->set = ff_matchset_get(set);
	snapshot->records = calloc(set->grid->nchunks + 1, sizeof(*snapshot->records));
	if (constant) {
		snapshot->constant = malloc(span);
		if (snapshot->constant)
			memcpy(snapshot->constant, constant, span);
	}
	if (!snapshot->records || (constant && !snapshot->constant)) {
		ff_snapshot_destroy(snapshot);
		return -ENOMEM;
	}
	*out = snapshot;
	return 0;
}

static void destroy_record(struct ff_record *record)
{
	if (!record)
		return;
	for (uint32_t i = 0; i < record->nextents; i++)
		ff_extent_put(record->extents[i]);
	free(record->extents);
	free(record);
}

struct ff_snapshot *ff_snapshot_get(const struct ff_snapshot *snapshot)
{
	struct ff_snapshot *shared = (struct ff_snapshot *)snapshot;

	__atomic_add_fetch(&shared->references, 1, __ATOMIC_RELAXED);
	return shared;
}

void ff_snapshot_destroy(struct ff_snapshot *snapshot)
{
	if (!snapshot || __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (snapshot->records) {
		for (uint64_t i = 0; i < snapshot->set->grid->nchunks; i++)
			destroy_record(snapshot->records[i]);
	}
	free(snapshot->records);
	free(snapshot->constant);
	ff_matchset_destroy(snapshot->set);
	ff_store_put(snapshot->store);
	free(snapshot);
}

uint64_t ff_snapshot_bytes(const struct ff_snapshot *snapshot)
{
	return __atomic_load_n(&snapshot->bytes, __ATOMIC_RELAXED);
}

/* Where no value of a word's slots reaches beyond the piece that they begin in. */
static void pieces_of_words(const uint64_t *mask, size_t words, size_t per_piece, uint64_t *pieces)
{
	for (size_t w = 0; w < words; w += per_piece) {
		size_t n = ff_min(per_piece, words - w);
		uint64_t any = 0;

		for (size_t i = 0; i < n; i++)
			any |= mask[w + i];
		if (any)
			ff_bit_set(pieces, w / per_piece);
	}
}

void ff_pieces_of_mask(const struct ff_grid *grid, const uint64_t *mask, size_t slots,
		       uint64_t *pieces)
{
	size_t words = ff_bits_words(slots);
	/* a word's slots as one stretch where that is no more than a piece */
	bool by_word = 64 * (size_t)grid->align <= FF_PIECE;

	if (by_word && FF_PIECE % (64 * grid->align) == 0 && grid->span <= grid->align) {
		pieces_of_words(mask, words, FF_PIECE / (64 * grid->align), pieces);
		return;
	}
	for (size_t w = 0; w < words; w++) {
		uint64_t left = mask[w];

		while (left) {
			size_t first = ff_bits_first(left);
			size_t last = by_word ? ff_bits_last(left) : first;
			size_t piece = (w * 64 + first) * grid->align / FF_PIECE;
			size_t end = (w * 64 + last) * grid->align + grid->span - 1;

			for (; piece <= end / FF_PIECE; piece++)
				ff_bit_set(pieces, piece);
			left = by_word ? 0 : left & (left - 1);
		}
	}
}

static struct ff_record *create_record(uint32_t kind, size_t size)
{
	struct ff_record *record = calloc(1, sizeof(*record) + size);

	if (record) {
		record->kind = kind;
		record->bytes = (uint32_t)(sizeof(*record) + size);
	}
	return record;
}

static void keep_record(struct ff_snapshot *snapshot, uint64_t chunk, struct ff_record *record)
{
	snapshot->records[chunk] = record;
	__atomic_add_fetch(&snapshot->bytes,
			   record->bytes + record->nextents * sizeof(*record->extents),
			   __ATOMIC_RELAXED);
}

static int put_values(struct ff_snapshot *snapshot, const struct ff_kept *kept)
{
	uint32_t span = snapshot->set->grid->span;
	struct ff_record *record = create_record(RECORD_VALUES, kept->count * span);

	if (!record)
		return -ENOMEM;
	ff_values_fill(snapshot, kept, record_values(record));
	keep_record(snapshot, kept->chunk, record);
	return 0;
}

int ff_snapshot_put_values(struct ff_snapshot *snapshot, uint64_t chunk, const uint8_t *values,
			   size_t n)
{
	size_t size = n * snapshot->set->grid->span;
	struct ff_record *record;

	if (snapshot->constant)
		return 0;
	record = create_record(RECORD_VALUES, size);
	if (!record)
		return -ENOMEM;
	memcpy(record_values(record), values, size);
	keep_record(snapshot, chunk, record);
	return 0;
}

/*
 * The base snapshot's entry for a piece whose matches' bytes are still the same, or ENTRY_NONE.
 * What lies between matches is nobody's to ask for, so where they are known to be the same
 * nothing is compared.
 */
static uint64_t shared_entry(const struct ff_record *base, const struct ff_kept *kept,
			     size_t piece)
{
	if (!base || base->entries[piece] == ENTRY_NONE)
		return ENTRY_NONE;
	if (kept->relation == FF_SAME_BYTES)
		return base->entries[piece];
	if (memcmp(kept->bytes + piece * FF_PIECE, kept->base_bytes + piece * FF_PIECE,
		   piece_size(kept->bounds, piece)))
		return ENTRY_NONE;
	return base->entries[piece];
}

/* The base's record, if it has pieces to share. */
static const struct ff_record *base_record(const struct ff_kept *kept)
{
	const struct ff_record *record = NULL;

	if (kept->base && kept->base_bytes && kept->relation != FF_OTHER_BYTES)
		record = kept->base->records[kept->chunk];
	return record && record->kind == RECORD_PIECES ? record : NULL;
}

/*
 * Give each piece that holds a match its entry, or leave it in stored when it has to
 * go to the store. Returns how many have to.
 */
static size_t fill_entries(const struct ff_snapshot *snapshot, struct ff_record *record,
			   const struct ff_record *base, const struct ff_kept *kept,
			   uint64_t *stored)
{
	const struct ff_grid *grid = snapshot->set->grid;
	size_t n = ff_chunk_pieces(kept->bounds), left = 0;

	ff_pieces_of_mask(grid, kept->mask, kept->bounds->slots, stored);
	for (size_t i = 0; i < n; i++) {
		if (!ff_bit(stored, i))
			continue;
		record->entries[i] = shared_entry(base, kept, i);
		if (record->entries[i] == ENTRY_NONE &&
		    snapshot->kernels->is_zero(kept->bytes + i * FF_PIECE,
					       piece_size(kept->bounds, i)))
			record->entries[i] = ENTRY_ZERO;
		if (record->entries[i] != ENTRY_NONE)
			ff_bit_clear(stored, i);
		else
			left++;
	}
	return left;
}

/* Hold those of the base's extents that the record's entries are in, by numbers of its own. */
static int share_extents(struct ff_record *record, const struct ff_record *base, size_t n)
{
	/* one above the number here, of each number there */
	uint32_t *numbers = calloc(base->nextents + 1, sizeof(*numbers));

	if (!numbers)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = record->entries[i];
		uint32_t number = entry_extent(entry);

		if (!entry_width(entry))
			continue;
		if (!numbers[number]) {
			record->extents[record->nextents] = ff_extent_get(base->extents[number]);
			numbers[number] = ++record->nextents;
		}
		record->entries[i] = make_entry(entry_kib(entry), numbers[number] - 1,
						entry_width(entry));
	}
	free(numbers);
	return 0;
}

static int put_zero(struct ff_snapshot *snapshot, uint64_t chunk)
{
	struct ff_record *record = create_record(RECORD_ZERO, 0);

	if (!record)
		return -ENOMEM;
	keep_record(snapshot, chunk, record);
	return 0;
}

/* Values that are stored side by side, if any of them is not zero. */
static int put_stored_values(struct ff_snapshot *snapshot, const struct ff_kept *kept)
{
	struct ff_record *record = create_record(RECORD_VALUES, 0);
	int error = -ENOMEM;

	if (record)
		record->extents = calloc(1, sizeof(struct ff_extent *));
	if (record && record->extents)
		error = ff_values_store(snapshot, record, kept);
	if (!error && record->nextents) {
		keep_record(snapshot, kept->chunk, record);
		return 0;
	}
	destroy_record(record);
	return error ? error : put_zero(snapshot, kept->chunk);
}

static bool is_zero(const struct ff_record *record, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (record->entries[i] != ENTRY_NONE && record->entries[i] != ENTRY_ZERO)
			return false;
	}
	return true;
}

static int put_pieces(struct ff_snapshot *snapshot, const struct ff_kept *kept)
{
	size_t n = ff_chunk_pieces(kept->bounds), left;
	struct ff_record *record = create_record(RECORD_PIECES, n * sizeof(uint64_t));
	uint64_t *stored = calloc(ff_bits_words(n), sizeof(*stored));
	const struct ff_record *base = base_record(kept);
	int error = -ENOMEM;

	if (record)
		record->extents = calloc((base ? base->nextents : 0) + 1,
					 sizeof(struct ff_extent *));
	if (!stored || !record || !record->extents)
		goto fail;
	left = fill_entries(snapshot, record, base, kept, stored);
	if (!left && is_zero(record, n)) {
		free(stored);
		destroy_record(record);
		return put_zero(snapshot, kept->chunk);
	}
	error = base ? share_extents(record, base, n) : 0;
	if (!error && left)
		error = ff_pieces_store(snapshot, record, kept, stored);
	if (error)
		goto fail;
	free(stored);
	keep_record(snapshot, kept->chunk, record);
	return 0;
fail:
	free(stored);
	destroy_record(record);
	return error;
}

int ff_snapshot_put(struct ff_snapshot *snapshot, const struct ff_kept *kept)
{
	uint32_t span = snapshot->set->grid->span;

	if (snapshot->constant || !kept->count)
		return 0;
	if (kept->blank)
		return put_zero(snapshot, kept->chunk);
	if (ff_values_are_few(kept->bounds, kept->count, span))
		return put_values(snapshot, kept);
	/* pieces of which all is shared cost nothing */
	if (kept->values || (ff_values_are_less(kept->bounds, kept->count, span) &&
			     !(kept->relation == FF_SAME_BYTES && base_record(kept))))
		return put_stored_values(snapshot, kept);
	return put_pieces(snapshot, kept);
}
