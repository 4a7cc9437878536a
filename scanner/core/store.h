/* SPDX-License-Identifier: MIT */
#ifndef FF_STORE_H
#define FF_STORE_H

#include "ff.h"

struct ff_store *ff_store_get(struct ff_store *store);
/* The piece that the next one appended will be. */
uint64_t ff_store_tail(const struct ff_store *store);
/* Forget every piece from tail on. */
void ff_store_cut(struct ff_store *store, uint64_t tail);
/* Append size bytes as whole pieces; *piece is the first of them. */
int ff_store_append(struct ff_store *store, const uint8_t *bytes, size_t size, uint64_t *piece);
int ff_store_load(const struct ff_store *store, uint64_t piece, size_t skip, uint8_t *buffer,
		  size_t size);

#endif
