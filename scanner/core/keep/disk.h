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
/* The memory that it uses, or NULL. */
struct ff_arena *ff_store_arena(const struct ff_store *store);
/* Count pieces that an extent takes there, or no longer does. */
void ff_store_count(struct ff_store *store, int64_t pieces);

/*
 * Write n parts (used up) to disk, where they take so many pieces. A piece's number names its
 * file in the upper bits and its place there in the lower ones.
 */
int ff_disk_put(struct ff_store *store, uint32_t shard, struct iovec *parts, size_t n,
		uint32_t pieces, uint32_t *piece);
/*
 * The same of pieces side by side, which begin on a page of memory: past the page cache, where the
 * file system lets them.
 */
int ff_disk_move(struct ff_store *store, uint32_t shard, const uint8_t *bytes, uint32_t pieces,
		 uint32_t *piece);
void ff_disk_drop(struct ff_store *store, uint32_t piece, uint32_t pieces);
int ff_store_load(const struct ff_store *store, uint32_t piece, size_t skip, uint8_t *buffer,
		  size_t size);

#endif
