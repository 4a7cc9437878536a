/* SPDX-License-Identifier: MIT */
#ifndef FF_EXTENT_H
#define FF_EXTENT_H

#include "arena.h"
#include "disk.h"

#define FF_MOVED	0x80000000u

struct ff_kernels;
struct ff_packed;

/* Pieces that were stored together, in memory or on disk, and go together. */
struct ff_extent {
	struct ff_store *store;
	uint32_t references;
	uint32_t pins;		/* who looks at it as it was stored, so many; and FF_MOVED */
	uint32_t pieces;
	struct ff_place place;	/* as long as it is there, or somebody looks */
	struct ff_tenant tenant;
	/* where it is once it has been moved: */
	struct ff_packed *packed;	/* or NULL, and then: */
	uint32_t piece;		/* on disk */
	const struct ff_kernels *kernels;	/* that it can be packed with, or NULL */
};

/*
 * Make one of a place that ff_store_take() gave, which is the extent's from here on; to be packed
 * with the kernels, if there are any.
 */
int ff_extent_of_place(struct ff_store *store, const struct ff_kernels *kernels,
		       const struct ff_place *place, struct ff_extent **out);
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
/* Its bytes where they lie, which stay until they are unpinned; or NULL when they were moved. */
const uint8_t *ff_extent_pin(struct ff_extent *extent);
void ff_extent_unpin(struct ff_extent *extent);
/* Give its place in memory back: it is packed, or on disk. */
void ff_extent_leave(struct ff_extent *extent);

/* ---- packed.c ---- */

/* Pack an extent that lies in memory, there too; whether that was worth it, and possible. */
bool ff_extent_pack(struct ff_extent *extent);
int ff_packed_load(struct ff_packed *packed, size_t skip, uint8_t *buffer, size_t size);
void ff_packed_destroy(struct ff_packed *packed);

/* ---- spill.c ---- */

/*
 * Move the extents that have lain in an arena for longest to disk, some 16 MiB. -ENOBUFS when
 * there are none that can be moved, or what their stores' disk says.
 */
int ff_spill_oldest(struct ff_arena *arena);
/* Room for n pieces in a store's memory, for which others are moved to disk; or -ENOBUFS. */
int ff_spill_take(struct ff_store *store, uint32_t shard, size_t n, struct ff_place *out);

#endif
