/* SPDX-License-Identifier: MIT */
#ifndef FF_ARENA_H
#define FF_ARENA_H

#include "ff.h"

#define FF_LANES	16	/* that take room without touching the same pages */
#define FF_PACKING_LANE	FF_LANES	/* one more, for what is packed to make room */

/* Who lives in a place and can be moved out of it; part of something that knows how. */
struct ff_tenant {
	struct ff_tenant *next, **link;
};

/* Pieces side by side in an arena. */
struct ff_place {
	struct ff_arena *arena;
	uint8_t *bytes;
	uint32_t slab;
	uint32_t pieces;
};

/*
 * Take room for n pieces while all that the arena holds stays within so many bytes, and within
 * what the machine can spare; else -ENOBUFS. What the bytes are is not defined.
 */
int ff_arena_take(struct ff_arena *arena, uint32_t lane, size_t n, uint64_t limit,
		  struct ff_place *out);
/* Give back what is free, and tell whether more is held then than the machine can spare. */
bool ff_arena_exceeds(struct ff_arena *arena);
/* Put it back. */
void ff_place_put(const struct ff_place *place);

/* Have a place's bytes be some tenant's, until it leaves. */
void ff_tenant_enter(const struct ff_place *place, struct ff_tenant *tenant);
void ff_tenant_leave(const struct ff_place *place, struct ff_tenant *tenant);
/* Tenants of one slab. */
struct ff_tenants {
	struct ff_tenant **all;
	size_t n;
	uint32_t slab;
};

/*
 * List the tenants of the slab that was begun to be taken from longest ago, of those whose places
 * all have one; as many as hold() says it holds. -ENOBUFS when there is none. The slab is nobody
 * else's to list or to take from until they are let go again.
 */
int ff_arena_oldest(struct ff_arena *arena, bool (*hold)(struct ff_tenant *tenant),
		    struct ff_tenants *out);
void ff_tenants_end(struct ff_arena *arena, struct ff_tenants *tenants);
struct ff_arena *ff_arena_get(struct ff_arena *arena);
/* Let go of a reference that is not its owner's. */
void ff_arena_drop(struct ff_arena *arena);

#endif
