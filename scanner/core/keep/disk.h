/* SPDX-License-Identifier: MIT */
#ifndef FF_DISK_H
#define FF_DISK_H

#include "ff.h"

#include <sys/uio.h>

struct ff_place;

struct ff_store *ff_store_get(struct ff_store *store);
void ff_store_put(struct ff_store *store);
void ff_store_trim(struct ff_store *store);

/* Room for n pieces in the store's memory; -ENOBUFS when there is none left, or never was. */
int ff_store_take(struct ff_store *store, uint32_t shard, size_t n, struct ff_place *out);
/* The same for what is packed, for which some is left where there are more than a few slabs. */
int ff_store_take_packed(struct ff_store *store, size_t n, struct ff_place *out);
/* The memory that it uses, or NULL. */
struct ff_arena *ff_store_arena(const struct ff_store *store);
/* Count pieces that an extent takes there, or no longer does. */
void ff_store_count(struct ff_store *store, int64_t pieces);

/*
 * Write n parts (used up) to disk, where they take so many pieces: what is large, and begins and
 * ends where it may, past the page cache. A piece's number names its file in the upper bits and
 * its place there in the lower ones.
 */
int ff_disk_put(struct ff_store *store, uint32_t shard, struct iovec *parts, size_t n,
		uint32_t pieces, uint32_t *piece);
void ff_disk_drop(struct ff_store *store, uint32_t piece, uint32_t pieces);
int ff_store_load(const struct ff_store *store, uint32_t piece, size_t skip, uint8_t *buffer,
		  size_t size);

#endif
