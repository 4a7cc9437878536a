/* SPDX-License-Identifier: MIT */
#ifndef FF_SNAPSHOT_H
#define FF_SNAPSHOT_H

#include "arena.h"
#include "kernels/kernels.h"
#include "matchset.h"

struct ff_extent;
struct ff_record;

/*
 * The bytes a step's matches had. set is the step's match set. With constant set, every
 * match has those bytes and there is no record.
 */
struct ff_snapshot {
	uint32_t references;
	struct ff_store *store;
	const struct ff_kernels *kernels;
	struct ff_matchset *set;
	uint8_t *constant;
	uint64_t bytes;			/* of memory, of the records */
	struct ff_record **records;	/* one a chunk, NULL when nothing is kept */
};

/*
 * Where a chunk can be read to so that its bytes need not be moved to be kept: room of the
 * store's memory. Its bytes are NULL when there is none.
 */
struct ff_landing {
	struct ff_place place;
	bool pays;		/* the bytes of late were such as are kept as they are */
};

/* A chunk's bytes as a worker holds them, and which of its slots are kept. */
struct ff_kept {
	uint64_t chunk;
	const struct ff_chunk *bounds;
	const uint8_t *bytes;
	const uint64_t *mask;
	/* instead of these two, of a chunk that is thin (values.h): its matches', side by side */
	const uint8_t *values;
	uint64_t count;
	const struct ff_snapshot *base;	/* whose pieces are shared where they are the same */
	const uint8_t *base_bytes;	/* its bytes, or values; without them nothing is shared */
	enum ff_relation relation;	/* of the matches to the base's bytes */
	uint32_t shard;			/* of the store, to put pieces in */
	uint8_t *scratch;		/* half as many bytes as the chunk's pieces have */
	struct ff_landing *landing;	/* or NULL; taken from whoever has read to it */
	bool blank;			/* all bytes are zero */
};

int ff_snapshot_create(struct ff_store *store, const struct ff_kernels *kernels,
		       const struct ff_matchset *set, const uint8_t *constant,
		       struct ff_snapshot **out);
/* Keep a chunk's matches, which the set has. Chunks may come in any order, from many threads. */
int ff_snapshot_put(struct ff_snapshot *snapshot, const struct ff_kept *kept);
/* The same for n values that lie side by side, few enough to be kept so. */
int ff_snapshot_put_values(struct ff_snapshot *snapshot, uint64_t chunk, const uint8_t *values,
			   size_t n);
/*
 * Put the values that n slots of the chunk have side by side. The slots ascend; where
 * one was no match, what is put is not defined.
 */
int ff_snapshot_gather(const struct ff_snapshot *snapshot, uint64_t chunk,
		       const struct ff_chunk *bounds, const uint32_t *slots, size_t n,
		       uint8_t *out);
/*
 * The bytes of the chunk where they lie, if all of them do so as they were; or NULL. They stay
 * there until their lender is unpinned (extent.h).
 */
const uint8_t *ff_snapshot_lend(const struct ff_snapshot *snapshot, uint64_t chunk,
				const struct ff_chunk *bounds, struct ff_extent **lender);
/* Whether what is kept of the chunk is no more than its matches' values. */
bool ff_snapshot_is_thin(const struct ff_snapshot *snapshot, uint64_t chunk);
/*
 * Of such a chunk the values that n slots have, which are among its matches and ascend, side by
 * side: where they lie, which they do until their lender, if there is one, is unpinned; or in a
 * buffer.
 */
int ff_snapshot_lend_values(const struct ff_snapshot *snapshot, uint64_t chunk,
			    const uint32_t *slots, size_t n, uint8_t *buffer, const uint8_t **out,
			    struct ff_extent **lender);
/* Put the bytes of the chunk's matches where they lie in the chunk, in wanted pieces. */
int ff_snapshot_load(const struct ff_snapshot *snapshot, uint64_t chunk,
		     const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer);

/* Whether all values of the chunk's matches are zero, as far as is known without looking. */
bool ff_snapshot_is_blank(const struct ff_snapshot *snapshot, uint64_t chunk);

/* Set a bit in pieces for each piece of the chunk that the mask's values lie in. */
void ff_pieces_of_mask(const struct ff_grid *grid, const uint64_t *mask, size_t slots,
		       uint64_t *pieces);

/* Values are kept side by side while they take no more than this share of the chunk. */
static inline bool ff_values_are_few(const struct ff_chunk *bounds, uint64_t count,
				     uint32_t span)
{
	return count * span <= bounds->size / 256;
}

#endif
