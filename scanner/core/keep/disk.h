/* SPDX-License-Identifier: MIT */
#ifndef FF_DISK_H
#define FF_DISK_H

#include "ff.h"

#include <sys/uio.h>

/*
 * Pieces that were stored together, and go together. A piece's number names its file
 * in the upper bits and its place there in the lower ones.
 */
struct ff_extent {
	struct ff_store *store;
	uint32_t references;
	uint32_t piece, pieces;
};

/*
 * Store n parts (used up) one after the other, of whole pieces but the last. Writers with
 * different shards do not wait for one another.
 */
int ff_extent_create(struct ff_store *store, uint32_t shard, struct iovec *parts, size_t n,
		     struct ff_extent **out);
struct ff_extent *ff_extent_get(struct ff_extent *extent);
void ff_extent_put(struct ff_extent *extent);

struct ff_store *ff_store_get(struct ff_store *store);
void ff_store_put(struct ff_store *store);
void ff_store_trim(struct ff_store *store);
int ff_store_load(const struct ff_store *store, uint32_t piece, size_t skip, uint8_t *buffer,
		  size_t size);

#endif
