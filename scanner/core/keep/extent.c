// SPDX-License-Identifier: MIT
/*
 * Extents: what a chunk's snapshot has stored, wherever that is
 *
 * In memory it is looked at where it lies, by whoever has pinned it. It may be packed or moved to
 * disk at any time: then nobody pins it any more, and the last who did so before gives its place
 * back.
 *
 *   pins   2            two look at it in memory
 *          2 moved      it is packed, or on disk; they still look
 *          0 moved      its place is given back, once
 *
 * A child has no copy of the memory, nor of the files: what is let go there frees its own memory
 * and nothing more.
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

int ff_extent_of_place(struct ff_store *store, const struct ff_kernels *kernels,
		       const struct ff_place *place, struct ff_extent **out)
{
	struct ff_extent *extent = create(store, place->pieces);

	if (!extent)
		return -ENOMEM;
	extent->place = *place;
	extent->kernels = kernels;
	ff_store_count(store, place->pieces);
	ff_tenant_enter(place, &extent->tenant);
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
	extent->pins = FF_MOVED;
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
	if (extent->packed) {
		ff_packed_destroy(extent->packed);
	} else if (extent->pins & FF_MOVED) {
		ff_disk_drop(store, extent->piece, extent->pieces);
	} else {
		ff_store_count(store, -(int64_t)extent->pieces);
		ff_tenant_leave(&extent->place, &extent->tenant);
		ff_place_put(&extent->place);
	}
	ff_store_put(store);
	free(extent);
}

const uint8_t *ff_extent_pin(struct ff_extent *extent)
{
	uint32_t pins = __atomic_load_n(&extent->pins, __ATOMIC_ACQUIRE);

	do {
		if (pins & FF_MOVED)
			return NULL;
	} while (!__atomic_compare_exchange_n(&extent->pins, &pins, pins + 1, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
	return extent->place.bytes;
}

void ff_extent_unpin(struct ff_extent *extent)
{
	if (__atomic_sub_fetch(&extent->pins, 1, __ATOMIC_ACQ_REL) == FF_MOVED)
		ff_place_put(&extent->place);
}

void ff_extent_leave(struct ff_extent *extent)
{
	ff_tenant_leave(&extent->place, &extent->tenant);
	ff_store_count(extent->store, -(int64_t)extent->pieces);
	if (!__atomic_fetch_or(&extent->pins, FF_MOVED, __ATOMIC_ACQ_REL))
		ff_place_put(&extent->place);
}

int ff_extent_load(struct ff_extent *extent, size_t skip, uint8_t *buffer, size_t size)
{
	const uint8_t *there = ff_extent_pin(extent);

	if (!there && extent->packed)
		return ff_packed_load(extent->packed, skip, buffer, size);
	if (!there)
		return ff_store_load(extent->store, extent->piece, skip, buffer, size);
	memcpy(buffer, there + skip, size);
	ff_extent_unpin(extent);
	return 0;
}
