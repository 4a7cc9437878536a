/* SPDX-License-Identifier: MIT */
#ifndef FF_ARENA_H
#define FF_ARENA_H

#include "ff.h"

#define FF_LANES	16	/* that take room without touching the same pages */

/* Pieces side by side in an arena. */
struct ff_place {
	struct ff_arena *arena;
	uint8_t *bytes;
	uint32_t slab;
	uint32_t pieces;
};

/*
 * Take room for n pieces while all that the arena holds stays within so many bytes; else
 * -ENOBUFS. What the bytes are is not defined.
 */
int ff_arena_take(struct ff_arena *arena, uint32_t lane, size_t n, uint64_t limit,
		  struct ff_place *out);
/* Put it back. */
void ff_place_put(const struct ff_place *place);
struct ff_arena *ff_arena_get(struct ff_arena *arena);
/* Let go of a reference that is not its owner's. */
void ff_arena_drop(struct ff_arena *arena);

#endif
