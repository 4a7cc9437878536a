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
	uint32_t bytes;			/* of memory */
	uint32_t nextents;
	struct ff_extent **extents;	/* that the stored pieces are in */
	uint32_t entries[];		/* of RECORD_VALUES: bytes */
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
	snapshot->store = store;
	snapshot->set = set;
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

static void destroy_record(struct ff_record *record)
{
	if (!record)
		return;
	for (uint32_t i = 0; i < record->nextents; i++)
		ff_extent_put(record->extents[i]);
	free(record->extents);
	free(record);
}

void ff_snapshot_destroy(struct ff_snapshot *snapshot)
{
	if (!snapshot)
		return;
	if (snapshot->records) {
		for (uint64_t i = 0; i < snapshot->set->layout->nchunks; i++)
			destroy_record(snapshot->records[i]);
	}
	free(snapshot->records);
	free(snapshot->constant);
	free(snapshot);
}

uint64_t ff_snapshot_bytes(const struct ff_snapshot *snapshot)
{
	return __atomic_load_n(&snapshot->bytes, __ATOMIC_RELAXED);
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
	keep_record(snapshot, kept->chunk, record);
	return 0;
}

int ff_snapshot_put_values(struct ff_snapshot *snapshot, uint64_t chunk, const uint8_t *values,
			   size_t n)
{
	size_t size = n * snapshot->set->layout->span;
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

static size_t piece_size(const struct ff_chunk *bounds, size_t piece)
{
	size_t left = bounds->size - piece * FF_PIECE;

	return left < FF_PIECE ? left : FF_PIECE;
}

/* Whether slots that are the same as in the base leave no byte of the piece that is not. */
static bool all_slots_match(const struct ff_layout *layout, const struct ff_kept *kept,
			    size_t piece)
{
	size_t slots = FF_PIECE / layout->align, first = piece * slots;

	if (FF_PIECE % layout->align || slots % 64 || layout->span < layout->align ||
	    first + slots > kept->bounds->slots)
		return false;
	for (size_t w = first / 64; w < (first + slots) / 64; w++) {
		if (~kept->mask[w])
			return false;
	}
	return true;
}

/* The base snapshot's entry for a piece whose bytes are still the same, or ENTRY_NONE. */
static uint32_t shared_entry(const struct ff_layout *layout, const struct ff_record *base,
			     const struct ff_kept *kept, size_t piece)
{
	if (!base || base->entries[piece] == ENTRY_NONE)
		return ENTRY_NONE;
	if (kept->relation == FF_SAME_BYTES && all_slots_match(layout, kept, piece))
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
static size_t fill_entries(const struct ff_layout *layout, struct ff_record *record,
			   const struct ff_record *base, const struct ff_kernels *kernels,
			   const struct ff_kept *kept, uint64_t *stored)
{
	size_t n = (kept->bounds->size + FF_PIECE - 1) / FF_PIECE, left = 0;

	ff_pieces_of_mask(layout, kept->mask, kept->bounds->slots, stored);
	for (size_t i = 0; i < n; i++) {
		if (!ff_bit(stored, i))
			continue;
		record->entries[i] = shared_entry(layout, base, kept, i);
		if (record->entries[i] == ENTRY_NONE &&
		    kernels->is_zero(kept->bytes + i * FF_PIECE, piece_size(kept->bounds, i)))
			record->entries[i] = ENTRY_ZERO;
		if (record->entries[i] != ENTRY_NONE)
			stored[i / 64] &= ~((uint64_t)1 << i % 64);
		else
			left++;
	}
	return left;
}

/* Put the pieces left over in the store, side by side. */
static int store_pieces(struct ff_snapshot *snapshot, struct ff_record *record,
			const struct ff_kept *kept, const uint64_t *stored, size_t left)
{
	size_t n = (kept->bounds->size + FF_PIECE - 1) / FF_PIECE, nparts = 0, end;
	struct iovec *parts = calloc(left, sizeof(*parts));
	struct ff_extent *extent;
	uint32_t piece;
	int error;

	if (!parts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i = end + 1) {
		end = ff_bits_run(stored, i, n);
		if (end == i)
			continue;
		parts[nparts++] = (struct iovec){
			.iov_base = (void *)(kept->bytes + i * FF_PIECE),
			.iov_len = (end - 1 - i) * FF_PIECE + piece_size(kept->bounds, end - 1),
		};
	}
	error = ff_extent_create(snapshot->store, kept->shard, parts, nparts, &extent);
	free(parts);
	if (error)
		return error;
	piece = extent->piece;
	for (size_t i = 0; i < n; i++) {
		if (ff_bit(stored, i))
			record->entries[i] = ENTRY_STORED + piece++;
	}
	record->extents[record->nextents++] = extent;
	return 0;
}

static bool is_used(const struct ff_record *record, size_t n, const struct ff_extent *extent)
{
	for (size_t i = 0; i < n; i++) {
		if (record->entries[i] >= ENTRY_STORED &&
		    record->entries[i] - ENTRY_STORED - extent->piece < extent->pieces)
			return true;
	}
	return false;
}

static int put_pieces(struct ff_snapshot *snapshot, const struct ff_kernels *kernels,
		      const struct ff_kept *kept)
{
	size_t n = (kept->bounds->size + FF_PIECE - 1) / FF_PIECE, left;
	struct ff_record *record = create_record(RECORD_PIECES, n * sizeof(uint32_t));
	uint64_t *stored = calloc((n + 63) / 64, sizeof(*stored));
	const struct ff_record *base = base_record(kept);
	int error = -ENOMEM;

	if (record)
		record->extents = calloc((base ? base->nextents : 0) + 1,
					 sizeof(struct ff_extent *));
	if (!stored || !record || !record->extents)
		goto fail;
	left = fill_entries(snapshot->set->layout, record, base, kernels, kept, stored);
	for (uint32_t i = 0; base && i < base->nextents; i++) {
		if (is_used(record, n, base->extents[i]))
			record->extents[record->nextents++] = ff_extent_get(base->extents[i]);
	}
	error = left ? store_pieces(snapshot, record, kept, stored, left) : 0;
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

int ff_snapshot_put(struct ff_snapshot *snapshot, const struct ff_kernels *kernels,
		    const struct ff_kept *kept)
{
	if (snapshot->constant || !kept->count)
		return 0;
	if (ff_values_are_few(kept->bounds, kept->count, snapshot->set->layout->span))
		return put_values(snapshot, kept);
	return put_pieces(snapshot, kernels, kept);
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

/* Both lists ascend, so each is gone through once. */
static void gather_values(const struct ff_snapshot *snapshot, uint64_t chunk,
			  const uint8_t *values, const uint32_t *slots, size_t n, uint8_t *out)
{
	uint32_t span = snapshot->set->layout->span, theirs[512];
	uint64_t index = 0;
	size_t got, i = 0;

	while (i < n && (got = ff_matchset_chunk_slots(snapshot->set, chunk, index, 512, theirs))) {
		for (size_t k = 0; k < got && i < n; k++) {
			if (theirs[k] == slots[i])
				memcpy(out + i * span, values + (index + k) * span, span);
			i += theirs[k] >= slots[i];
		}
		index += got;
	}
}

int ff_snapshot_gather(const struct ff_snapshot *snapshot, uint64_t chunk,
		       const struct ff_chunk *bounds, const uint32_t *slots, size_t n,
		       uint8_t *out)
{
	const struct ff_record *record = snapshot->records[chunk];
	const struct ff_layout *layout = snapshot->set->layout;
	uint8_t piece[FF_PIECE];
	size_t loaded = SIZE_MAX;

	if (snapshot->constant) {
		for (size_t i = 0; i < n; i++)
			memcpy(out + i * layout->span, snapshot->constant, layout->span);
		return 0;
	}
	if (record && record->kind == RECORD_VALUES)
		gather_values(snapshot, chunk, record_values(record), slots, n, out);
	if (!record || record->kind == RECORD_VALUES)
		return 0;
	for (size_t i = 0; i < n; i++, out += layout->span) {
		size_t offset = slots[i] * (size_t)layout->align, index = offset / FF_PIECE;
		uint32_t entry = record->entries[index];
		int error = 0;

		if (offset % FF_PIECE + layout->span > FF_PIECE) {
			error = value_of_pieces(snapshot, record, offset, out);
		} else if (entry == ENTRY_ZERO) {
			memset(out, 0, layout->span);
		} else if (entry != ENTRY_NONE) {
			if (loaded != index)
				error = ff_store_load(snapshot->store, entry - ENTRY_STORED, 0,
						      piece, piece_size(bounds, index));
			loaded = index;
			memcpy(out, piece + offset % FF_PIECE, layout->span);
		}
		if (error && error != -ENOENT)
			return error;
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

ssize_t ff_snapshot_values(const struct ff_snapshot *snapshot, const struct ff_matchset *set,
			   uint64_t index, size_t n, uint8_t *out)
{
	const struct ff_layout *layout = set->layout;
	size_t made = 0;

	if (snapshot->set->layout != layout)
		return -EINVAL;
	if (index >= ff_matchset_count(set))
		return 0;
	for (uint64_t chunk = 0; chunk < layout->nchunks && made < n; chunk++) {
		uint64_t count = ff_matchset_chunk_count(set, chunk), at = 0;
		struct ff_chunk bounds;
		uint32_t slots[256];
		size_t got;

		if (index >= count) {
			index -= count;
			continue;
		}
		ff_layout_chunk(layout, chunk, &bounds);
		for (at = index, index = 0; at < count && made < n; at += got) {
			int error;

			got = n - made < 256 ? n - made : 256;
			got = ff_matchset_chunk_slots(set, chunk, at, got, slots);
			error = ff_snapshot_gather(snapshot, chunk, &bounds, slots, got,
						   out + made * layout->span);
			if (error)
				return error;
			made += got;
		}
	}
	return (ssize_t)made;
}
