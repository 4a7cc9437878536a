// SPDX-License-Identifier: MIT
/*
 * Grids: which addresses a scan covers, cut into chunks and slots
 *
 * A slot belongs to the chunk that holds its address, whatever its value reaches
 * into: chunks own disjoint slots, so no match is found twice, and the bytes read
 * for a chunk go on to the end of its last slot's value, so none is missed.
 */
#include "grid.h"

#include <errno.h>
#include <stdlib.h>

int ff_grid_create(const struct ff_range *ranges, size_t nranges, uint32_t align,
		   uint32_t span, size_t chunk_size, struct ff_grid **out)
{
	return ff_grid_create_short(ranges, nranges, align, span, span, chunk_size, out);
}

int ff_grid_create_short(const struct ff_range *ranges, size_t nranges, uint32_t align,
			 uint32_t least, uint32_t span, size_t chunk_size,
			 struct ff_grid **out)
{
	struct ff_grid *grid;
	uint64_t before = 0;
	size_t i;

	if (!align || align > FF_ALIGN_MAX || !least || least > span || span > FF_SPAN_MAX ||
	    chunk_size > (size_t)1 << 30)
		return -EINVAL;
	grid = calloc(1, sizeof(*grid) + nranges * sizeof(grid->ranges[0]));
	if (!grid)
		return -ENOMEM;
	grid->references = 1;
	grid->align = align;
	grid->span = span;
	grid->least = least;
	grid->chunk_slots = chunk_size / align ? chunk_size / align : 1;
	grid->chunk_size = grid->chunk_slots * align;
	grid->chunk_blocks = (grid->chunk_slots + FF_BLOCK_SLOTS - 1) / FF_BLOCK_SLOTS;

	for (i = 0; i < nranges; i++) {
		struct ff_grid_range *range = &grid->ranges[grid->nranges];
		uint64_t start = ranges[i].start, end = ranges[i].end;
		uint64_t skip = start % align ? align - start % align : 0;

		if (start >= end || (i && start < before)) {
			free(grid);
			return -EINVAL;
		}
		before = end;
		if (end - start < skip || end - start - skip < least)
			continue;
		range->start = start + skip;
		range->end = end;
		range->slots = (end - range->start - least) / align + 1;
		range->first_chunk = grid->nchunks;
		grid->nchunks += (range->slots + grid->chunk_slots - 1) / grid->chunk_slots;
		grid->slots += range->slots;
		grid->nranges++;
	}
	*out = grid;
	return 0;
}

struct ff_grid *ff_grid_get(struct ff_grid *grid)
{
	__atomic_add_fetch(&grid->references, 1, __ATOMIC_RELAXED);
	return grid;
}

void ff_grid_put(struct ff_grid *grid)
{
	if (grid && !__atomic_sub_fetch(&grid->references, 1, __ATOMIC_ACQ_REL))
		free(grid);
}

/* The last range that starts at or before the key: a chunk index, or an address. */
static const struct ff_grid_range *range_at(const struct ff_grid *grid, uint64_t key,
					    bool by_chunk)
{
	size_t low = 0, high = grid->nranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ff_grid_range *range = &grid->ranges[middle];

		if ((by_chunk ? range->first_chunk : range->start) <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &grid->ranges[low - 1] : NULL;
}

void ff_grid_chunk(const struct ff_grid *grid, uint64_t index, struct ff_chunk *out)
{
	const struct ff_grid_range *range = range_at(grid, index, true);
	uint64_t slot = (index - range->first_chunk) * grid->chunk_slots;
	uint64_t left = range->slots - slot;

	out->start = range->start + slot * grid->align;
	out->slots = left < grid->chunk_slots ? left : grid->chunk_slots;
	out->size = (out->slots - 1) * grid->align + grid->span;
	out->tail = out->start + out->size > range->end
			? (size_t)(out->start + out->size - range->end) : 0;
}

uint64_t ff_grid_seek(const struct ff_grid *grid, uint64_t address, size_t *slot)
{
	const struct ff_grid_range *range = range_at(grid, address, false);
	uint64_t index;

	*slot = 0;
	if (!range)
		return 0;
	index = (address - range->start + grid->align - 1) / grid->align;
	if (index >= range->slots) {
		range++;
		return range == grid->ranges + grid->nranges ? grid->nchunks
								  : range->first_chunk;
	}
	*slot = index % grid->chunk_slots;
	return range->first_chunk + index / grid->chunk_slots;
}

int ff_grid_locate(const struct ff_grid *grid, uint64_t address, uint64_t *chunk,
		   size_t *slot)
{
	struct ff_chunk bounds;

	*chunk = ff_grid_seek(grid, address, slot);
	if (*chunk == grid->nchunks)
		return -ENOENT;
	ff_grid_chunk(grid, *chunk, &bounds);
	return bounds.start + *slot * grid->align == address ? 0 : -ENOENT;
}
