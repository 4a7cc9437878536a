// SPDX-License-Identifier: MIT
/*
 * Snapshots: the bytes that a step's matches had
 *
 * A chunk's record is either the values themselves, in match order, while they are
 * few, or an entry for each 4 KiB piece of the chunk that holds a match: zero, or a
 * piece of the store. A piece that has not changed since the base snapshot is not
 * stored again. The pieces of one chunk come from one read of the target, so a value
 * that straddles two of them is the value that was compared.
 */
#include "snapshot.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Values stay inline while they take no more than this share of the chunk's bytes. */
#define INLINE_SHARE 256

enum record_kind {
	RECORD_VALUES,
	RECORD_PIECES,
};

enum {
	ENTRY_NONE,
	ENTRY_ZERO,
	ENTRY_STORED,	/* the first stored piece: piece + ENTRY_STORED */
};

struct ff_record {
	uint32_t kind;
	uint32_t entries[];	/* of RECORD_VALUES: bytes */
};

static uint8_t *record_values(const struct ff_record *record)
{
	return (uint8_t *)record->entries;
}

/* ---- making ---- */

int ff_snapshot_create(struct ff_store *store, const struct ff_matchset *set,
		       const uint8_t *constant, struct ff_snapshot **out)
{
	struct ff_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	uint32_t span = set->layout->span;

	if (!snapshot)
		return -ENOMEM;
	snapshot->store = ff_store_get(store);
	snapshot->set = set;
	snapshot->base = ff_store_tail(store);
	snapshot->records = calloc(set->layout->nchunks + 1, sizeof(*snapshot->records));
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

void ff_snapshot_destroy(struct ff_snapshot *snapshot)
{
	if (!snapshot)
		return;
	if (snapshot->records) {
		for (uint64_t i = 0; i < snapshot->set->layout->nchunks; i++)
			free(snapshot->records[i]);
	}
	ff_store_cut(snapshot->store, snapshot->base);
	ff_store_put(snapshot->store);
	free(snapshot->records);
	free(snapshot->constant);
	free(snapshot);
}

void ff_pieces_of_mask(const struct ff_layout *layout, const uint64_t *mask, size_t slots,
		       uint64_t *pieces)
{
	size_t words = (slots + 63) / 64;
	/* a word's slots as one stretch where that is no more than a piece */
	bool by_word = 64 * (size_t)layout->align <= FF_PIECE;

	for (size_t w = 0; w < words; w++) {
		uint64_t left = mask[w];

		while (left) {
			size_t first = __builtin_ctzll(left);
			size_t last = by_word ? 63 - (size_t)__builtin_clzll(left) : first;
			size_t piece = (w * 64 + first) * layout->align / FF_PIECE;
			size_t end = (w * 64 + last) * layout->align + layout->span - 1;

			for (; piece <= end / FF_PIECE; piece++)
				pieces[piece / 64] |= (uint64_t)1 << piece % 64;
			left = by_word ? 0 : left & (left - 1);
		}
	}
}

static struct ff_record *create_record(uint32_t kind, size_t size)
{
	struct ff_record *record = calloc(1, sizeof(*record) + size);

	if (record)
		record->kind = kind;
	return record;
}

static int put_values(struct ff_snapshot *snapshot, const struct ff_kept *kept)
{
	const struct ff_layout *layout = snapshot->set->layout;
	struct ff_record *record = create_record(RECORD_VALUES, kept->count * layout->span);
	uint8_t *out;

	if (!record)
		return -ENOMEM;
	out = record_values(record);
	for (size_t w = 0; w < (kept->bounds->slots + 63) / 64; w++) {
		for (uint64_t left = kept->mask[w]; left; left &= left - 1) {
			size_t slot = w * 64 + __builtin_ctzll(left);

			memcpy(out, kept->bytes + slot * layout->align, layout->span);
			out += layout->span;
		}
	}
	snapshot->records[kept->chunk] = record;
	return 0;
}

/* The base snapshot's entry for a piece whose bytes are still the same, or ENTRY_NONE. */
static uint32_t shared_entry(const struct ff_record *base, const struct ff_kept *kept,
			     size_t piece, size_t size)
{
	if (!base || base->kind != RECORD_PIECES || !kept->base_bytes ||
	    base->entries[piece] == ENTRY_NONE)
		return ENTRY_NONE;
	if (memcmp(kept->bytes + piece * FF_PIECE, kept->base_bytes + piece * FF_PIECE, size))
		return ENTRY_NONE;
	return base->entries[piece];
}

static size_t piece_size(const struct ff_chunk *bounds, size_t piece)
{
	size_t left = bounds->size - piece * FF_PIECE;

	return left < FF_PIECE ? left : FF_PIECE;
}

/* Pieces that hold a match and are neither zero nor shared go to the store, by runs. */
static int put_pieces(struct ff_snapshot *snapshot, const struct ff_record *base,
		      const struct ff_kernels *kernels, const struct ff_kept *kept)
{
	const struct ff_layout *layout = snapshot->set->layout;
	size_t n = (kept->bounds->size + FF_PIECE - 1) / FF_PIECE;
	struct ff_record *record = create_record(RECORD_PIECES, n * sizeof(uint32_t));
	uint64_t *stored = calloc((n + 63) / 64, sizeof(*stored));
	size_t i, end;
	int error = 0;

	if (!record || !stored) {
		free(record);
		free(stored);
		return -ENOMEM;
	}
	ff_pieces_of_mask(layout, kept->mask, kept->bounds->slots, stored);
	for (i = 0; i < n; i++) {
		size_t size = piece_size(kept->bounds, i);

		if (!ff_bit(stored, i))
			continue;
		if (kernels->is_zero(kept->bytes + i * FF_PIECE, size))
			record->entries[i] = ENTRY_ZERO;
		else
			record->entries[i] = shared_entry(base, kept, i, size);
		if (record->entries[i] != ENTRY_NONE)
			stored[i / 64] &= ~((uint64_t)1 << i % 64);
	}
	for (i = 0; i < n && !error; i = end + 1) {
		size_t size;
		uint64_t piece;

		end = ff_bits_run(stored, i, n);
		if (end == i)
			continue;
		size = (end - 1 - i) * FF_PIECE + piece_size(kept->bounds, end - 1);
		error = ff_store_append(snapshot->store, kept->bytes + i * FF_PIECE, size, &piece);
		if (!error && piece + (end - i) > UINT32_MAX - ENTRY_STORED)
			error = -EFBIG;
		for (size_t p = i; p < end; p++)
			record->entries[p] = (uint32_t)(piece + (p - i) + ENTRY_STORED);
	}
	free(stored);
	snapshot->records[kept->chunk] = record;
	return error;
}

int ff_snapshot_put(struct ff_snapshot *snapshot, const struct ff_snapshot *base,
		    const struct ff_kernels *kernels, const struct ff_kept *kept)
{
	if (snapshot->constant || !kept->count)
		return 0;
	if (kept->count * snapshot->set->layout->span <= kept->bounds->size / INLINE_SHARE)
		return put_values(snapshot, kept);
	return put_pieces(snapshot, base ? base->records[kept->chunk] : NULL, kernels, kept);
}

/* ---- reading back ---- */

/* Lay the values of the chunk's matches out where their slots are. */
static void scatter(const struct ff_snapshot *snapshot, uint64_t chunk, const uint8_t *values,
		    size_t step, uint8_t *buffer)
{
	const struct ff_layout *layout = snapshot->set->layout;
	uint32_t slots[512];
	uint64_t index = 0;
	size_t got;

	while ((got = ff_matchset_chunk_slots(snapshot->set, chunk, index, 512, slots))) {
		for (size_t i = 0; i < got; i++, values += step)
			memcpy(buffer + slots[i] * (size_t)layout->align, values, layout->span);
		index += got;
	}
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

static int load_pieces(const struct ff_snapshot *snapshot, const struct ff_record *record,
		       const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer)
{
	size_t n = (bounds->size + FF_PIECE - 1) / FF_PIECE, end;

	for (size_t i = 0; i < n; i = end) {
		uint32_t entry = record->entries[i];
		size_t size;
		int error;

		end = i + 1;
		if (!ff_bit(wanted, i) || entry == ENTRY_NONE)
			continue;
		if (entry == ENTRY_ZERO) {
			memset(buffer + i * FF_PIECE, 0, piece_size(bounds, i));
			continue;
		}
		/* pieces that follow one another in the store come in one read */
		while (end < n && ff_bit(wanted, end) && record->entries[end] == entry + (end - i))
			end++;
		size = (end - 1 - i) * FF_PIECE + piece_size(bounds, end - 1);
		error = ff_store_load(snapshot->store, entry - ENTRY_STORED, 0,
				      buffer + i * FF_PIECE, size);
		if (error)
			return error;
	}
	return 0;
}

int ff_snapshot_load(const struct ff_snapshot *snapshot, uint64_t chunk,
		     const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer)
{
	const struct ff_record *record = snapshot->records[chunk];
	uint32_t span = snapshot->set->layout->span;

	if (snapshot->constant && all_zero(snapshot->constant, span))
		memset(buffer, 0, bounds->size);
	else if (snapshot->constant)
		scatter(snapshot, chunk, snapshot->constant, 0, buffer);
	else if (record && record->kind == RECORD_VALUES)
		scatter(snapshot, chunk, record_values(record), span, buffer);
	else if (record)
		return load_pieces(snapshot, record, bounds, wanted, buffer);
	return 0;
}

/* span bytes at offset in the chunk, out of its pieces. */
static int value_of_pieces(const struct ff_snapshot *snapshot, const struct ff_record *record,
			   size_t offset, uint8_t *out)
{
	size_t left = snapshot->set->layout->span;

	while (left) {
		uint32_t entry = record->entries[offset / FF_PIECE];
		size_t skip = offset % FF_PIECE;
		size_t part = left < FF_PIECE - skip ? left : FF_PIECE - skip;
		int error;

		if (entry == ENTRY_NONE)
			return -ENOENT;
		if (entry == ENTRY_ZERO) {
			memset(out, 0, part);
		} else {
			error = ff_store_load(snapshot->store, entry - ENTRY_STORED, skip, out, part);
			if (error)
				return error;
		}
		out += part;
		offset += part;
		left -= part;
	}
	return 0;
}

int ff_snapshot_value(const struct ff_snapshot *snapshot, uint64_t address, uint8_t *out)
{
	const struct ff_layout *layout = snapshot->set->layout;
	const struct ff_record *record;
	uint64_t chunk, rank;
	bool found;
	size_t slot;

	if (!layout->nchunks || ff_layout_locate(layout, address, &chunk, &slot))
		return -ENOENT;
	rank = ff_matchset_chunk_rank(snapshot->set, chunk, slot, &found);
	if (!found)
		return -ENOENT;
	record = snapshot->records[chunk];
	if (snapshot->constant)
		memcpy(out, snapshot->constant, layout->span);
	else if (!record)
		return -ENOENT;
	else if (record->kind == RECORD_VALUES)
		memcpy(out, record_values(record) + rank * layout->span, layout->span);
	else
		return value_of_pieces(snapshot, record, slot * layout->align, out);
	return 0;
}
