// SPDX-License-Identifier: MIT
/*
 * Extents: what a chunk's snapshot has stored, wherever that is
 *
 * In memory it is looked at where it lies. A child has no copy of that, nor of the files: what is
 * let go there frees its own memory and nothing more.
 */
#include "bits.h"
#include "extent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct ff_extent *create(struct ff_store *store, size_t pieces)
{
	struct ff_extent *extent = calloc(1, sizeof(*extent));

	if (!extent)
		return NULL;
	extent->references = 1;
	extent->pieces = (uint32_t)pieces;
	extent->store = ff_store_get(store);
	return extent;
}

int ff_extent_of_place(struct ff_store *store, const struct ff_place *place,
		       struct ff_extent **out)
{
	struct ff_extent *extent = create(store, place->pieces);

	if (!extent)
		return -ENOMEM;
	extent->place = *place;
	ff_store_count(store, place->pieces);
	*out = extent;
	return 0;
}

int ff_extent_write(struct ff_store *store, uint32_t shard, struct iovec *parts, size_t n,
		    struct ff_extent **out)
{
	struct ff_extent *extent;
	size_t bytes = 0;
	int error;

	for (size_t i = 0; i < n; i++)
		bytes += parts[i].iov_len;
	extent = create(store, ff_divide_up(bytes, FF_PIECE));
	if (!extent)
		return -ENOMEM;
	error = ff_disk_put(store, shard, parts, n, extent->pieces, &extent->piece);
	if (error) {
		ff_store_put(store);
		free(extent);
		return error;
	}
	*out = extent;
	return 0;
}

struct ff_extent *ff_extent_get(struct ff_extent *extent)
{
	__atomic_add_fetch(&extent->references, 1, __ATOMIC_RELAXED);
	return extent;
}

void ff_extent_put(struct ff_extent *extent)
{
	struct ff_store *store = extent->store;

	if (__atomic_sub_fetch(&extent->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (extent->place.bytes) {
		ff_store_count(store, -(int64_t)extent->pieces);
		ff_place_put(&extent->place);
	} else {
		ff_disk_drop(store, extent->piece, extent->pieces);
	}
	ff_store_put(store);
	free(extent);
}

int ff_extent_load(const struct ff_extent *extent, size_t skip, uint8_t *buffer, size_t size)
{
	if (!extent->place.bytes)
		return ff_store_load(extent->store, extent->piece, skip, buffer, size);
	memcpy(buffer, extent->place.bytes + skip, size);
	return 0;
}
