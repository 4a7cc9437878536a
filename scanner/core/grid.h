/* SPDX-License-Identifier: MIT */
#ifndef FF_GRID_H
#define FF_GRID_H

#include "bits.h"
#include "ff.h"

struct ff_grid_range {
	uint64_t start;		/* address of the first slot */
	uint64_t end;		/* past the last readable byte */
	uint64_t slots;
	uint64_t first_chunk;
};

struct ff_grid {
	uint32_t references;
	uint32_t align;
	uint32_t span;
	uint32_t least;		/* bytes of a slot's value that its range has: all, or some */
	size_t chunk_slots;
	size_t chunk_size;	/* bytes: chunk_slots * align */
	size_t chunk_blocks;	/* match containers in a whole chunk */
	uint64_t nchunks;
	uint64_t slots;
	size_t nranges;
	struct ff_grid_range ranges[];
};

/* A chunk: its slots, and the bytes that they reach (the last may reach past end). */
struct ff_chunk {
	uint64_t start;
	size_t slots;
	size_t size;		/* bytes from the first slot to the end of the last one's value */
	size_t tail;		/* of them, those past the range: never read, all zero */
};

void ff_grid_chunk(const struct ff_grid *grid, uint64_t index, struct ff_chunk *out);
/* The chunk whose slots may hold address, and the slot's index in it; -ENOENT if none. */
int ff_grid_locate(const struct ff_grid *grid, uint64_t address, uint64_t *chunk,
		   size_t *slot);
/* The chunk that holds the first slot at or after address; nchunks past the last. */
uint64_t ff_grid_seek(const struct ff_grid *grid, uint64_t address, size_t *slot);

/* The greatest size any chunk can have, and the pieces that cover it. */
static inline size_t ff_grid_chunk_reach(const struct ff_grid *grid)
{
	return grid->chunk_size - grid->align + grid->span;
}

static inline size_t ff_grid_pieces(const struct ff_grid *grid)
{
	return ff_divide_up(ff_grid_chunk_reach(grid), FF_PIECE);
}

/* The pieces that cover a chunk; the last may be short. */
static inline size_t ff_chunk_pieces(const struct ff_chunk *chunk)
{
	return ff_divide_up(chunk->size, FF_PIECE);
}

/* Clear the slots of a chunk whose value of size bytes touches bytes start to end. */
static inline void ff_grid_clear(const struct ff_grid *grid, uint64_t *mask, size_t slots,
				 size_t size, size_t start, size_t end)
{
	size_t slot = start < size ? 0 : (start - size) / grid->align + 1;

	for (; slot < slots && slot * grid->align < end; slot++)
		ff_bit_clear(mask, slot);
}

#endif
