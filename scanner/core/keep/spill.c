// SPDX-License-Identifier: MIT
/*
 * Spilling: what has lain in memory for longest goes to disk when there is no more room
 *
 *   slab     |aaaa|aaa|aa|bbbb|bb|aaa|     extents of two stores, some of them let go
 *            '----------''-------''---'    neighbours of one store: one write, past the page
 *                                          cache
 *
 * Whoever needs room makes it, so that no thread stays between scans, and each waits for what
 * it writes itself; between scans somebody asks now and then. An extent's bytes do not change,
 * and who looks at them goes on doing so.
 */
#include "extent.h"

#include <errno.h>
#include <stdlib.h>

static struct ff_extent *extent_of(struct ff_tenant *tenant)
{
	return (struct ff_extent *)((char *)tenant - offsetof(struct ff_extent, tenant));
}

/* Unless it is being let go right now; its end waits for the arena's lock. */
static bool hold(struct ff_tenant *tenant)
{
	struct ff_extent *extent = extent_of(tenant);
	uint32_t n = __atomic_load_n(&extent->references, __ATOMIC_RELAXED);

	do {
		if (!n)
			return false;
	} while (!__atomic_compare_exchange_n(&extent->references, &n, n + 1, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

static int by_place(const void *one, const void *other)
{
	const struct ff_extent *a = extent_of(*(struct ff_tenant *const *)one);
	const struct ff_extent *b = extent_of(*(struct ff_tenant *const *)other);

	return a->place.bytes < b->place.bytes ? -1 : a->place.bytes > b->place.bytes;
}

/* Move the first of n extents and those that lie behind it, in one write. Returns how many. */
static ssize_t move_run(struct ff_tenant *const *tenants, size_t n)
{
	struct ff_extent *first = extent_of(tenants[0]);
	uint32_t pieces = first->pieces, piece;
	struct iovec part;
	size_t end = 1;
	int error;

	for (; end < n; end++) {
		const struct ff_extent *next = extent_of(tenants[end]);

		if (next->store != first->store ||
		    next->place.bytes != first->place.bytes + (size_t)pieces * FF_PIECE)
			break;
		pieces += next->pieces;
	}
	part = (struct iovec){ first->place.bytes, (size_t)pieces * FF_PIECE };
	error = ff_disk_put(first->store, first->place.slab, &part, 1, pieces, &piece);
	if (error)
		return error;
	for (size_t i = 0; i < end; i++) {
		struct ff_extent *extent = extent_of(tenants[i]);

		extent->piece = piece;
		ff_extent_leave(extent);
		piece += extent->pieces;
	}
	return (ssize_t)end;
}

/* Pack those of the tenants that are worth it. Leaves the others; returns how many they are. */
static size_t pack(struct ff_tenant **tenants, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct ff_tenant *tenant = tenants[i];

		if (ff_extent_pack(extent_of(tenant)))
			ff_extent_put(extent_of(tenant));
		else
			tenants[left++] = tenant;
	}
	return left;
}

int ff_spill_oldest(struct ff_arena *arena)
{
	struct ff_tenants tenants;
	int error = ff_arena_oldest(arena, hold, &tenants);

	if (error)
		return error;
	tenants.n = pack(tenants.all, tenants.n);
	qsort(tenants.all, tenants.n, sizeof(*tenants.all), by_place);
	for (size_t at = 0; at < tenants.n && !error;) {
		ssize_t moved = move_run(tenants.all + at, tenants.n - at);

		if (moved < 0)
			error = (int)moved;
		else
			at += (size_t)moved;
	}
	for (size_t i = 0; i < tenants.n; i++)
		ff_extent_put(extent_of(tenants.all[i]));
	ff_tenants_end(arena, &tenants);
	return error;
}

int ff_spill_take(struct ff_store *store, uint32_t shard, size_t n, struct ff_place *out)
{
	int error;

	do
		error = ff_store_take(store, shard, n, out);
	while (error == -ENOBUFS && ff_store_arena(store) &&
	       !ff_spill_oldest(ff_store_arena(store)));
	return error;
}

void ff_arena_relieve(struct ff_arena *arena)
{
	while (ff_arena_exceeds(arena) && !ff_spill_oldest(arena))
		;
}
