/* SPDX-License-Identifier: MIT */
#ifndef FF_MATCHSET_H
#define FF_MATCHSET_H

#include "block.h"
#include "grid.h"

/* A chunk's blocks, of all sets that have the same matches there. */
struct ff_blocks {
	uint32_t references;
	struct ff_block all[];
};

struct ff_matchset {
	uint32_t references;
	struct ff_grid *grid;
	uint64_t count;
	uint64_t bytes;			/* of memory, of the blocks */
	uint64_t *before;		/* matches in the chunks below each; nchunks + 1 */
	struct ff_blocks **blocks;	/* of each chunk; NULL when it has no match */
	struct ff_matchset *types[FF_MATCH_TYPES];	/* the same matches, by what they fit as */
	size_t ntypes;
};

int ff_matchset_create(struct ff_grid *grid, struct ff_matchset **out);
/* Give an empty set n types; they live as long as it. */
int ff_matchset_divide(struct ff_matchset *set, size_t n);
/*
 * Keep a chunk's mask of slots bits. Chunks may come in any order and from many
 * threads, each once. Returns the number of matches or a negative errno.
 */
int64_t ff_matchset_put(struct ff_matchset *set, const struct ff_kernels *kernels,
			uint64_t chunk, const uint64_t *mask, size_t slots);
/* The same for n ascending slots, of a chunk that has so many. */
int ff_matchset_put_slots(struct ff_matchset *set, uint64_t chunk, size_t slots,
			  const uint32_t *matches, size_t n);
/* Those that another set of the grid has there, shared with it. Returns the number, or as above. */
int64_t ff_matchset_put_same(struct ff_matchset *set, const struct ff_matchset *other,
			     uint64_t chunk);
/* The mask, of slots that are all among another set's, or whatever where that is NULL. */
int64_t ff_matchset_put_some(struct ff_matchset *set, const struct ff_kernels *kernels,
			     uint64_t chunk, const uint64_t *mask, size_t slots,
			     const struct ff_matchset *candidates);
/* All chunks are in: count, and make indexes work. */
void ff_matchset_seal(struct ff_matchset *set);

static inline const struct ff_block *ff_matchset_blocks(const struct ff_matchset *set,
							uint64_t chunk)
{
	return set->blocks[chunk] ? set->blocks[chunk]->all : NULL;
}

/* The chunk's matches as a mask of slots bits. */
void ff_matchset_mask(const struct ff_matchset *set, uint64_t chunk, size_t slots,
		      uint64_t *mask);
uint64_t ff_matchset_chunk_count(const struct ff_matchset *set, uint64_t chunk);
/* How many matches of the chunk lie below slot; *found says whether slot is one. */
uint64_t ff_matchset_chunk_rank(const struct ff_matchset *set, uint64_t chunk, size_t slot,
				bool *found);

/* Slots of the chunk's matches from its index-th on, up to n. Returns how many. */
size_t ff_matchset_chunk_slots(const struct ff_matchset *set, uint64_t chunk, uint64_t index,
			       size_t n, uint32_t *out);

#endif
