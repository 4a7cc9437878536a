/* SPDX-License-Identifier: MIT */
#ifndef FF_EXTENT_H
#define FF_EXTENT_H

#include "arena.h"
#include "disk.h"

/* Pieces that were stored together, in memory or on disk, and go together. */
struct ff_extent {
	struct ff_store *store;
	uint32_t references;
	uint32_t pieces;
	struct ff_place place;	/* its bytes are NULL when it is on disk */
	uint32_t piece;		/* where it is there */
};

/* Make one of a place that ff_store_take() gave, which is the extent's from here on. */
int ff_extent_of_place(struct ff_store *store, const struct ff_place *place,
		       struct ff_extent **out);
/*
 * Store n parts (used up) on disk, one after the other, of whole pieces but the last. Writers
 * with different shards do not wait for one another.
 */
int ff_extent_write(struct ff_store *store, uint32_t shard, struct iovec *parts, size_t n,
		    struct ff_extent **out);
struct ff_extent *ff_extent_get(struct ff_extent *extent);
void ff_extent_put(struct ff_extent *extent);
/* size bytes of it, from skip on. */
int ff_extent_load(const struct ff_extent *extent, size_t skip, uint8_t *buffer, size_t size);

#endif
