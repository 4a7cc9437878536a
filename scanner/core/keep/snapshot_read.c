// SPDX-License-Identifier: MIT
/*
 * Snapshots, read back: whole chunks, some slots of a chunk, or single values
 *
 *   record    what is known of a chunk's values, by its kind:
 *     zero    nothing is read
 *     values  |v|v|v|        see values.c
 *     pieces  0 - 7 8 9 2    for each 4 KiB of the chunk that has a match: zero, or where
 *                            in the store
 *
 *   load      pieces that follow one another in the store, 7 8 9, come in one read
 *   gather    the last piece that was read is kept for the next slot, which is often in it;
 *             a value that straddles two pieces is put together
 *   packed    pieces of small integers are widened as they come, some at a time
 */
#include "kernels/packed.h"
#include "record.h"
#include "snapshot.h"
#include "values.h"

#include <errno.h>
#include <string.h>

/* Packed pieces that are read together. */
#define UNPACKED_MAX	16

/* Lay the one value of all matches out where the chunk's slots are. */
static void repeat(const struct ff_snapshot *snapshot, uint64_t chunk, uint8_t *buffer)
{
	const struct ff_grid *grid = snapshot->set->grid;
	uint32_t slots[512];
	uint64_t index = 0;
	size_t got;

	while ((got = ff_matchset_chunk_slots(snapshot->set, chunk, index, 512, slots))) {
		for (size_t i = 0; i < got; i++)
			memcpy(buffer + slots[i] * (size_t)grid->align, snapshot->constant,
			       grid->span);
		index += got;
	}
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* Read n packed pieces that follow one another in an extent. */
static int load_packed(const struct ff_snapshot *snapshot, const struct ff_record *record,
		       uint64_t entry, uint8_t *out, size_t n)
{
	struct ff_extent *extent = extent_of_entry(record, entry);
	const uint8_t *there = ff_extent_pin(extent);
	uint8_t packed[UNPACKED_MAX * FF_PIECE / 2];
	uint32_t width = entry_width(entry);
	size_t size = ff_packed_size(width), skip = entry_kib(entry) * 1024;
	int error = 0;

	while (n && !error) {
		size_t some = n < UNPACKED_MAX ? n : UNPACKED_MAX;

		if (!there)
			error = ff_extent_load(extent, skip, packed, some * size);
		for (size_t i = 0; i < some && !error; i++)
			snapshot->kernels->unpack(width, (there ? there + skip : packed) + i * size,
						  out + i * FF_PIECE);
		out += some * FF_PIECE;
		skip += some * size;
		n -= some;
	}
	if (there)
		ff_extent_unpin(extent);
	return error;
}

/* Read n stored pieces that follow one another, so many bytes in all when unpacked. */
static int load_stored(const struct ff_snapshot *snapshot, const struct ff_record *record,
		       uint64_t entry, uint8_t *out, size_t size)
{
	if (entry_width(entry) < KIBS)
		return load_packed(snapshot, record, entry, out, size / FF_PIECE);
	return ff_extent_load(extent_of_entry(record, entry), entry_kib(entry) * 1024, out, size);
}

static int load_pieces(const struct ff_snapshot *snapshot, const struct ff_record *record,
		       const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer)
{
	size_t n = ff_chunk_pieces(bounds), end;

	for (size_t i = 0; i < n; i = end) {
		uint64_t entry = record->entries[i];
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
		while (end < n && ff_bit(wanted, end) &&
		       record->entries[end] == entry + (end - i) * entry_width(entry))
			end++;
		size = (end - 1 - i) * FF_PIECE + piece_size(bounds, end - 1);
		error = load_stored(snapshot, record, entry, buffer + i * FF_PIECE, size);
		if (error)
			return error;
	}
	return 0;
}

static void clear_pieces(const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer)
{
	size_t n = ff_chunk_pieces(bounds);

	for (size_t i = 0; i < n; i++) {
		if (ff_bit(wanted, i))
			memset(buffer + i * FF_PIECE, 0, piece_size(bounds, i));
	}
}

bool ff_snapshot_is_blank(const struct ff_snapshot *snapshot, uint64_t chunk)
{
	const struct ff_record *record = snapshot->records[chunk];

	if (snapshot->constant)
		return all_zero(snapshot->constant, snapshot->set->grid->span);
	return record && record->kind == RECORD_ZERO;
}

int ff_snapshot_load(const struct ff_snapshot *snapshot, uint64_t chunk,
		     const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer)
{
	const struct ff_record *record = snapshot->records[chunk];
	uint32_t span = snapshot->set->grid->span;

	if (snapshot->constant && all_zero(snapshot->constant, span))
		memset(buffer, 0, bounds->size);
	else if (snapshot->constant)
		repeat(snapshot, chunk, buffer);
	else if (record && record->kind == RECORD_ZERO)
		clear_pieces(bounds, wanted, buffer);
	else if (record && record->kind == RECORD_VALUES)
		return ff_values_scatter(snapshot, chunk, buffer);
	else if (record)
		return load_pieces(snapshot, record, bounds, wanted, buffer);
	return 0;
}

const uint8_t *ff_snapshot_lend(const struct ff_snapshot *snapshot, uint64_t chunk,
				const struct ff_chunk *bounds, struct ff_extent **lender)
{
	const struct ff_record *record = snapshot->records[chunk];
	const uint8_t *there;

	if (!record || record->kind != RECORD_PIECES || entry_width(record->entries[0]) < KIBS)
		return NULL;
	for (size_t i = 1; i < ff_chunk_pieces(bounds); i++) {
		if (record->entries[i] != record->entries[0] + i * KIBS)
			return NULL;
	}
	*lender = extent_of_entry(record, record->entries[0]);
	there = ff_extent_pin(*lender);
	return there ? there + entry_kib(record->entries[0]) * 1024 : NULL;
}

/* size bytes of a stored piece, from skip on. */
static int load_part(const struct ff_snapshot *snapshot, const struct ff_record *record,
		     uint64_t entry, size_t skip, uint8_t *out, size_t size)
{
	uint8_t piece[FF_PIECE];
	int error;

	if (entry_width(entry) == KIBS)
		return ff_extent_load(extent_of_entry(record, entry),
				      entry_kib(entry) * 1024 + skip, out, size);
	error = load_stored(snapshot, record, entry, piece, FF_PIECE);
	if (!error)
		memcpy(out, piece + skip, size);
	return error;
}

/* span bytes at offset in the chunk, out of its pieces. */
static int value_of_pieces(const struct ff_snapshot *snapshot, const struct ff_record *record,
			   size_t offset, uint8_t *out)
{
	size_t left = snapshot->set->grid->span;

	while (left) {
		uint64_t entry = record->entries[offset / FF_PIECE];
		size_t skip = offset % FF_PIECE;
		size_t part = left < FF_PIECE - skip ? left : FF_PIECE - skip;
		int error;

		if (entry == ENTRY_NONE)
			return -ENOENT;
		if (entry == ENTRY_ZERO) {
			memset(out, 0, part);
		} else {
			error = load_part(snapshot, record, entry, skip, out, part);
			if (error)
				return error;
		}
		out += part;
		offset += part;
		left -= part;
	}
	return 0;
}

/* A stored piece that is looked at: where it lies, or in a buffer. */
struct sight {
	size_t index;			/* of the piece, or SIZE_MAX */
	const uint8_t *bytes;
	struct ff_extent *pinned;	/* or NULL */
	uint8_t unpacked[FF_PIECE];
};

static void look_away(struct sight *sight)
{
	if (sight->pinned)
		ff_extent_unpin(sight->pinned);
	sight->pinned = NULL;
	sight->index = SIZE_MAX;
}

static int look_at(const struct ff_snapshot *snapshot, const struct ff_record *record,
		   const struct ff_chunk *bounds, size_t index, struct sight *sight)
{
	uint64_t entry = record->entries[index];
	struct ff_extent *extent = extent_of_entry(record, entry);
	const uint8_t *there = NULL;
	int error = 0;

	if (sight->index == index)
		return 0;
	look_away(sight);
	if (entry_width(entry) == KIBS)
		there = ff_extent_pin(extent);
	if (there) {
		sight->pinned = extent;
		sight->bytes = there + entry_kib(entry) * 1024;
	} else {
		error = load_stored(snapshot, record, entry, sight->unpacked,
				    piece_size(bounds, index));
		sight->bytes = sight->unpacked;
	}
	sight->index = error ? SIZE_MAX : index;
	return error;
}

/* One slot's value, out of stored pieces. */
static int gather_value(const struct ff_snapshot *snapshot, const struct ff_record *record,
			const struct ff_chunk *bounds, size_t offset, struct sight *sight,
			uint8_t *out)
{
	uint32_t span = snapshot->set->grid->span;
	size_t index = offset / FF_PIECE;
	uint64_t entry = record->entries[index];
	int error;

	if (offset % FF_PIECE + span > FF_PIECE) {
		error = value_of_pieces(snapshot, record, offset, out);
		return error == -ENOENT ? 0 : error;
	}
	if (entry == ENTRY_NONE)
		return 0;
	if (entry == ENTRY_ZERO) {
		memset(out, 0, span);
		return 0;
	}
	error = look_at(snapshot, record, bounds, index, sight);
	if (!error)
		memcpy(out, sight->bytes + offset % FF_PIECE, span);
	return error;
}

int ff_snapshot_gather(const struct ff_snapshot *snapshot, uint64_t chunk,
		       const struct ff_chunk *bounds, const uint32_t *slots, size_t n,
		       uint8_t *out)
{
	const struct ff_record *record = snapshot->records[chunk];
	const struct ff_grid *grid = snapshot->set->grid;
	struct sight sight;
	int error = 0;

	if (snapshot->constant) {
		for (size_t i = 0; i < n; i++)
			memcpy(out + i * grid->span, snapshot->constant, grid->span);
		return 0;
	}
	if (record && record->kind == RECORD_VALUES)
		return ff_values_gather(snapshot, chunk, slots, n, out);
	if (record && record->kind == RECORD_ZERO)
		memset(out, 0, n * grid->span);
	if (!record || record->kind != RECORD_PIECES)
		return 0;
	sight.index = SIZE_MAX;
	sight.pinned = NULL;
	for (size_t i = 0; i < n && !error; i++)
		error = gather_value(snapshot, record, bounds, slots[i] * (size_t)grid->align,
				     &sight, out + i * grid->span);
	look_away(&sight);
	return error;
}

bool ff_snapshot_is_thin(const struct ff_snapshot *snapshot, uint64_t chunk)
{
	const struct ff_record *record = snapshot->records[chunk];

	return snapshot->constant || (record && record->kind != RECORD_PIECES);
}

int ff_snapshot_lend_values(const struct ff_snapshot *snapshot, uint64_t chunk,
			    const uint32_t *slots, size_t n, uint8_t *buffer, const uint8_t **out,
			    struct ff_extent **lender)
{
	const struct ff_record *record = snapshot->records[chunk];

	*lender = NULL;
	*out = buffer;
	/* so many of them are all of them */
	if (!snapshot->constant && record->kind == RECORD_VALUES &&
	    n == ff_matchset_chunk_count(snapshot->set, chunk))
		return ff_values_lend(snapshot, chunk, buffer, out, lender);
	return ff_snapshot_gather(snapshot, chunk, NULL, slots, n, buffer);
}

int ff_snapshot_value(const struct ff_snapshot *snapshot, uint64_t address, uint8_t *out)
{
	const struct ff_grid *grid = snapshot->set->grid;
	const struct ff_record *record;
	uint64_t chunk, rank;
	bool found;
	size_t slot;

	if (!grid->nchunks || ff_grid_locate(grid, address, &chunk, &slot))
		return -ENOENT;
	rank = ff_matchset_chunk_rank(snapshot->set, chunk, slot, &found);
	if (!found)
		return -ENOENT;
	record = snapshot->records[chunk];
	if (snapshot->constant)
		memcpy(out, snapshot->constant, grid->span);
	else if (!record)
		return -ENOENT;
	else if (record->kind == RECORD_VALUES)
		return ff_values_at(snapshot, chunk, rank, out);
	else if (record->kind == RECORD_ZERO)
		memset(out, 0, grid->span);
	else
		return value_of_pieces(snapshot, record, slot * grid->align, out);
	return 0;
}

ssize_t ff_snapshot_values(const struct ff_snapshot *snapshot, const struct ff_matchset *set,
			   uint64_t index, size_t n, uint8_t *out)
{
	const struct ff_grid *grid = set->grid;
	size_t made = 0;

	if (snapshot->set->grid != grid)
		return -EINVAL;
	if (index >= ff_matchset_count(set))
		return 0;
	for (uint64_t chunk = 0; chunk < grid->nchunks && made < n; chunk++) {
		uint64_t count = ff_matchset_chunk_count(set, chunk), at = 0;
		struct ff_chunk bounds;
		uint32_t slots[256];
		size_t got;

		if (index >= count) {
			index -= count;
			continue;
		}
		ff_grid_chunk(grid, chunk, &bounds);
		for (at = index, index = 0; at < count && made < n; at += got) {
			int error;

			got = n - made < 256 ? n - made : 256;
			got = ff_matchset_chunk_slots(set, chunk, at, got, slots);
			error = ff_snapshot_gather(snapshot, chunk, &bounds, slots, got,
						   out + made * grid->span);
			if (error)
				return error;
			made += got;
		}
	}
	return (ssize_t)made;
}
