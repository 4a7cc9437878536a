/* SPDX-License-Identifier: MIT */
#ifndef FF_VALUES_H
#define FF_VALUES_H

#include "record.h"
#include "snapshot.h"

/* Values of more bytes are kept as pieces, unless they are few. */
#define FF_VALUES_SPAN	32

/* Whether to keep values side by side, though they are not few: when they take so little. */
static inline bool ff_values_are_less(const struct ff_chunk *bounds, uint64_t count, uint32_t span)
{
	return span <= FF_VALUES_SPAN && count * span <= bounds->size / 16;
}

/*
 * Store the values of a chunk's matches, which are in the snapshot's set, in an extent of the
 * record, which has room for one. Where all are zero there is none then.
 */
int ff_values_store(struct ff_snapshot *snapshot, struct ff_record *record,
		    const struct ff_kept *kept);
/* Put the values that a set's matches have in a chunk's bytes side by side. */
void ff_values_squeeze(const struct ff_matchset *set, const struct ff_kernels *kernels,
		       uint64_t chunk, const uint8_t *bytes, uint8_t *out);
/* Put the values of a chunk's matches, which are in the snapshot's set, side by side. */
void ff_values_fill(const struct ff_snapshot *snapshot, const struct ff_kept *kept, uint8_t *out);
/*
 * All values of the chunk's matches, side by side: where they lie, which they do until their
 * lender, if there is one, is unpinned; or in a buffer.
 */
int ff_values_lend(const struct ff_snapshot *snapshot, uint64_t chunk, uint8_t *buffer,
		   const uint8_t **out, struct ff_extent **lender);
/* Lay the values of the chunk's matches out where their slots are. */
int ff_values_scatter(const struct ff_snapshot *snapshot, uint64_t chunk, uint8_t *buffer);
/* Put the values of n slots, which ascend, side by side; what is no match's is not defined. */
int ff_values_gather(const struct ff_snapshot *snapshot, uint64_t chunk, const uint32_t *slots,
		     size_t n, uint8_t *out);
/* The value of a chunk's match, the rank-th. */
int ff_values_at(const struct ff_snapshot *snapshot, uint64_t chunk, uint64_t rank, uint8_t *out);

#endif
