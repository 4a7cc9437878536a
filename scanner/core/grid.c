// SPDX-License-Identifier: MIT
/*
 * Layouts: which addresses a scan covers, cut into chunks and slots
 *
 * A slot belongs to the chunk that holds its address, whatever its value reaches
 * into: chunks own disjoint slots, so no match is found twice, and the bytes read
 * for a chunk go on to the end of its last slot's value, so none is missed.
 */
#include "grid.h"

#include <errno.h>
#include <stdlib.h>

int ff_layout_create(const struct ff_range *ranges, size_t nranges, uint32_t align,
		     uint32_t span, size_t chunk_size, struct ff_layout **out)
{
	return ff_layout_create_short(ranges, nranges, align, span, span, chunk_size, out);
}

int ff_layout_create_short(const struct ff_range *ranges, size_t nranges, uint32_t align,
			   uint32_t least, uint32_t span, size_t chunk_size,
			   struct ff_layout **out)
{
	struct ff_layout *layout;
	uint64_t before = 0;
	size_t i;

	if (!align || align > FF_ALIGN_MAX || !least || least > span || span > FF_SPAN_MAX ||
	    chunk_size > (size_t)1 << 30)
		return -EINVAL;
	layout = calloc(1, sizeof(*layout) + nranges * sizeof(layout->ranges[0]));
	if (!layout)
		return -ENOMEM;
	layout->references = 1;
	layout->align = align;
	layout->span = span;
	layout->least = least;
	layout->chunk_slots = chunk_size / align ? chunk_size / align : 1;
	layout->chunk_size = layout->chunk_slots * align;
	layout->chunk_blocks = (layout->chunk_slots + FF_BLOCK_SLOTS - 1) / FF_BLOCK_SLOTS;

	for (i = 0; i < nranges; i++) {
		struct ff_layout_range *range = &layout->ranges[layout->nranges];
		uint64_t start = ranges[i].start, end = ranges[i].end;
		uint64_t skip = start % align ? align - start % align : 0;

		if (start >= end || (i && start < before)) {
			free(layout);
			return -EINVAL;
		}
		before = end;
		if (end - start < skip || end - start - skip < least)
			continue;
		range->start = start + skip;
		range->end = end;
		range->slots = (end - range->start - least) / align + 1;
		range->first_chunk = layout->nchunks;
		layout->nchunks += (range->slots + layout->chunk_slots - 1) / layout->chunk_slots;
		layout->slots += range->slots;
		layout->nranges++;
	}
	*out = layout;
	return 0;
}

struct ff_layout *ff_layout_get(struct ff_layout *layout)
{
	__atomic_add_fetch(&layout->references, 1, __ATOMIC_RELAXED);
	return layout;
}

void ff_layout_put(struct ff_layout *layout)
{
	if (layout && !__atomic_sub_fetch(&layout->references, 1, __ATOMIC_ACQ_REL))
		free(layout);
}

/* The last range that starts at or before the key: a chunk index, or an address. */
static const struct ff_layout_range *range_at(const struct ff_layout *layout, uint64_t key,
					      bool by_chunk)
{
	size_t low = 0, high = layout->nranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ff_layout_range *range = &layout->ranges[middle];

		if ((by_chunk ? range->first_chunk : range->start) <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &layout->ranges[low - 1] : NULL;
}

void ff_layout_chunk(const struct ff_layout *layout, uint64_t index, struct ff_chunk *out)
{
	const struct ff_layout_range *range = range_at(layout, index, true);
	uint64_t slot = (index - range->first_chunk) * layout->chunk_slots;
	uint64_t left = range->slots - slot;

	out->start = range->start + slot * layout->align;
	out->slots = left < layout->chunk_slots ? left : layout->chunk_slots;
	out->size = (out->slots - 1) * layout->align + layout->span;
	out->tail = out->start + out->size > range->end
			? (size_t)(out->start + out->size - range->end) : 0;
}

uint64_t ff_layout_seek(const struct ff_layout *layout, uint64_t address, size_t *slot)
{
	const struct ff_layout_range *range = range_at(layout, address, false);
	uint64_t index;

	*slot = 0;
	if (!range)
		return 0;
	index = (address - range->start + layout->align - 1) / layout->align;
	if (index >= range->slots) {
		range++;
		return range == layout->ranges + layout->nranges ? layout->nchunks
								  : range->first_chunk;
	}
	*slot = index % layout->chunk_slots;
	return range->first_chunk + index / layout->chunk_slots;
}

int ff_layout_locate(const struct ff_layout *layout, uint64_t address, uint64_t *chunk,
		     size_t *slot)
{
	struct ff_chunk bounds;

	*chunk = ff_layout_seek(layout, address, slot);
	if (*chunk == layout->nchunks)
		return -ENOENT;
	ff_layout_chunk(layout, *chunk, &bounds);
	return bounds.start + *slot * layout->align == address ? 0 : -ENOENT;
}
