/* SPDX-License-Identifier: MIT */
/*
 * What a snapshot keeps of a chunk
 */
#ifndef FF_RECORD_H
#define FF_RECORD_H

#include "extent.h"
#include "grid.h"

enum record_kind {
	RECORD_VALUES,		/* in the record, or all in one extent */
	RECORD_PIECES,
	RECORD_ZERO,		/* all values are zero */
};

/*
 * Where a piece is: ENTRY_NONE, ENTRY_ZERO, or its width above the number of its extent in the
 * record, above the KiB of that at which it begins.
 */
#define ENTRY_NONE	((uint64_t)0)
#define ENTRY_ZERO	((uint64_t)1)
#define WIDTH_SHIFT	60
#define EXTENT_SHIFT	40
#define KIBS		(FF_PIECE / 1024)	/* of a piece that is not packed */

struct ff_record {
	uint32_t kind;
	uint32_t bytes;			/* of memory */
	uint32_t nextents;
	struct ff_extent **extents;	/* that the stored pieces are in */
	uint64_t entries[];		/* of RECORD_VALUES: bytes, or none; of RECORD_ZERO: none */
};

static inline uint64_t make_entry(uint64_t kib, uint32_t extent, uint32_t width)
{
	return (uint64_t)width << WIDTH_SHIFT | (uint64_t)extent << EXTENT_SHIFT | kib;
}

static inline uint32_t entry_width(uint64_t entry)
{
	return (uint32_t)(entry >> WIDTH_SHIFT);
}

static inline uint32_t entry_extent(uint64_t entry)
{
	return (uint32_t)(entry >> EXTENT_SHIFT) & ((1u << (WIDTH_SHIFT - EXTENT_SHIFT)) - 1);
}

static inline uint64_t entry_kib(uint64_t entry)
{
	return entry & (((uint64_t)1 << EXTENT_SHIFT) - 1);
}

static inline struct ff_extent *extent_of_entry(const struct ff_record *record, uint64_t entry)
{
	return record->extents[entry_extent(entry)];
}

static inline uint8_t *record_values(const struct ff_record *record)
{
	return (uint8_t *)record->entries;
}

static inline size_t piece_size(const struct ff_chunk *bounds, size_t piece)
{
	size_t left = bounds->size - piece * FF_PIECE;

	return left < FF_PIECE ? left : FF_PIECE;
}

#endif
