/* SPDX-License-Identifier: MIT */
#ifndef FF_EXTENT_H
#define FF_EXTENT_H

#include "arena.h"
#include "disk.h"

#define FF_ON_DISK	0x80000000u

/* Pieces that were stored together, in memory or on disk, and go together. */
struct ff_extent {
	struct ff_store *store;
	uint32_t references;
	uint32_t pins;		/* who looks at it in memory, so many; and FF_ON_DISK */
	uint32_t pieces;
	struct ff_place place;	/* as long as it is there, or somebody looks */
	struct ff_tenant tenant;
	uint32_t piece;		/* where it is on disk */
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
int ff_extent_load(struct ff_extent *extent, size_t skip, uint8_t *buffer, size_t size);
/* Its bytes where they lie, which stay until they are unpinned; or NULL when they are on disk. */
const uint8_t *ff_extent_pin(struct ff_extent *extent);
void ff_extent_unpin(struct ff_extent *extent);

/* ---- spill.c ---- */

/*
 * Move the extents that have lain in an arena for longest to disk, some 16 MiB. -ENOBUFS when
 * there are none that can be moved, or what their stores' disk says.
 */
int ff_spill_oldest(struct ff_arena *arena);
/* Room for n pieces in a store's memory, for which others are moved to disk; or -ENOBUFS. */
int ff_spill_take(struct ff_store *store, uint32_t shard, size_t n, struct ff_place *out);

#endif
