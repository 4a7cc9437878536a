// SPDX-License-Identifier: MIT
/*
 * Arenas: memory for old bytes, of huge pages, that is taken and put back many times
 *
 *   reservation  |slab|slab|slab|slab| ...     addresses, of which nothing is held at first
 *   slab         |pppppp.pppp'       |         pieces taken from its beginning on; fill is at '
 *                |hhhhhhhhhhhhhh     |         touched: huge pages that the kernel has given
 *   lane         the slab that a worker takes from at present
 *
 * A slab is free once all that was taken from it has been put back. It stays held, because
 * memory that the kernel has to give anew costs more than the scan does; but the kernel is told
 * that it may take what is free when it wants it for others. Slabs that are held already are
 * taken from before new ones. Beyond the limit, or while the machine lacks memory, there is no
 * more until whoever asks has moved the tenants of the oldest slab to disk (spill.c).
 *
 * A child has no copy of it: nothing is touched or unmapped there.
 */
#include "arena.h"
#include "bits.h"
#include "clock.h"
#include "pressure.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SLAB	((size_t)16 << 20)
#define HUGE	((size_t)2 << 20)
#define NO_SLAB	UINT32_MAX
#define LEFT_SHARE	8	/* of the limit, what is left for what is packed; */
#define LEFT_MOST	((uint64_t)64 << 20)	/* and no more of it */
#define LEAST	((size_t)64 << 20)	/* of addresses, or there is no use in it */
#define LOOK	(100 * FF_MILLISECOND)	/* between looks at what the machine can spare */

struct slab {
	uint32_t live;		/* places that were taken and not put back */
	uint32_t lived_in;	/* of those, such as have a tenant */
	uint32_t fill;		/* bytes from which on it can be taken from */
	uint32_t touched;	/* bytes that are held */
	bool owned;		/* by a lane */
	bool listed;		/* its tenants are about to be moved */
	uint64_t begun;		/* when it was first taken from: the how-manieth */
	struct ff_tenant *tenants;
};

struct ff_arena {
	uint32_t references;
	pid_t owner;
	char *root;		/* where what tells of the machine is found */
	uint8_t *base;
	size_t size;
	pthread_mutex_t lock;	/* of what follows */
	bool closed;
	uint32_t nopen;		/* slabs that may be written to */
	uint32_t lanes[FF_LANES + 1];
	uint64_t held;		/* bytes, of all slabs */
	uint64_t begun;		/* slabs, since the arena is there */
	uint64_t looked;	/* when, in nanoseconds */
	uint64_t spared;	/* bytes that may be held, as the machine was then */
	uint32_t nslabs;
	struct slab slabs[];
};

/* ---- from its start to its end ---- */

/* Addresses that begin with a huge page; as many as the machine has memory, or fewer. */
static uint8_t *reserve(size_t *size)
{
	for (; *size >= LEAST; *size /= 2) {
		uint8_t *at = mmap(NULL, *size + HUGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		size_t before;

		if (at == MAP_FAILED)
			continue;
		before = -(uintptr_t)at % HUGE;
		if (before)
			munmap(at, before);
		if (before < HUGE)
			munmap(at + before + *size, HUGE - before);
		return at + before;
	}
	return NULL;
}

/* As many addresses as the machine has memory; no more than a quarter of those allowed. */
static size_t addresses_wanted(void)
{
	size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
	struct rlimit limit;

	if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur / 4 < memory)
		memory = limit.rlim_cur / 4;
	return memory / SLAB * SLAB;
}

int ff_arena_create(const char *root, struct ff_arena **out)
{
	size_t size = addresses_wanted();
	uint8_t *base = reserve(&size);
	uint32_t n = (uint32_t)(size / SLAB);
	struct ff_arena *arena;

	if (!base)
		return -ENOMEM;
	arena = calloc(1, sizeof(*arena) + n * sizeof(arena->slabs[0]));
	if (arena)
		arena->root = strdup(root);
	if (!arena || !arena->root) {
		free(arena);
		munmap(base, size);
		return -ENOMEM;
	}
	/* where one of them is not known it does without */
	madvise(base, size, MADV_HUGEPAGE);
	madvise(base, size, MADV_DONTFORK);
	madvise(base, size, MADV_DONTDUMP);
	arena->references = 1;
	arena->owner = getpid();
	arena->spared = UINT64_MAX;
	arena->base = base;
	arena->size = size;
	arena->nslabs = n;
	for (size_t i = 0; i <= FF_LANES; i++)
		arena->lanes[i] = NO_SLAB;
	pthread_mutex_init(&arena->lock, NULL);
	*out = arena;
	return 0;
}

struct ff_arena *ff_arena_get(struct ff_arena *arena)
{
	__atomic_add_fetch(&arena->references, 1, __ATOMIC_RELAXED);
	return arena;
}

static bool is_own(const struct ff_arena *arena)
{
	return arena->owner == getpid();
}

void ff_arena_drop(struct ff_arena *arena)
{
	if (__atomic_sub_fetch(&arena->references, 1, __ATOMIC_ACQ_REL))
		return;
	if (is_own(arena)) {
		munmap(arena->base, arena->size);
		pthread_mutex_destroy(&arena->lock);
	}
	free(arena->root);
	free(arena);
}

/* ---- giving back ---- */

static bool is_free(const struct slab *slab)
{
	return !slab->live;
}

/* With the lock held. */
static void give_back(struct ff_arena *arena, uint64_t most)
{
	for (uint32_t i = 0; i < arena->nopen && arena->held > most; i++) {
		struct slab *slab = &arena->slabs[i];

		if (!is_free(slab) || !slab->touched ||
		    madvise(arena->base + i * SLAB, slab->touched, MADV_DONTNEED))
			continue;
		arena->held -= slab->touched;
		slab->touched = slab->fill = 0;
	}
}

void ff_arena_trim(struct ff_arena *arena, uint64_t most)
{
	if (!is_own(arena))
		return;
	pthread_mutex_lock(&arena->lock);
	give_back(arena, most);
	pthread_mutex_unlock(&arena->lock);
}

void ff_arena_close(struct ff_arena *arena)
{
	if (!arena)
		return;
	if (is_own(arena)) {
		pthread_mutex_lock(&arena->lock);
		arena->closed = true;
		give_back(arena, 0);
		pthread_mutex_unlock(&arena->lock);
	}
	ff_arena_drop(arena);
}

uint64_t ff_arena_bytes(const struct ff_arena *arena)
{
	return __atomic_load_n(&arena->held, __ATOMIC_RELAXED);
}

void ff_place_put(const struct ff_place *place)
{
	struct ff_arena *arena = place->arena;
	struct slab *slab = &arena->slabs[place->slab];

	if (is_own(arena)) {
		pthread_mutex_lock(&arena->lock);
		if (!--slab->live) {
			slab->fill = 0;
			if (arena->closed)
				give_back(arena, 0);
			else
				madvise(arena->base + place->slab * SLAB, slab->touched, MADV_FREE);
		}
		pthread_mutex_unlock(&arena->lock);
	}
	ff_arena_drop(arena);
}

/* ---- taking ---- */

/* Bytes of the slabs that are not free. */
static uint64_t used(const struct ff_arena *arena)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < arena->nopen; i++)
		bytes += is_free(&arena->slabs[i]) ? 0 : arena->slabs[i].touched;
	return bytes;
}

/* How much may be held, as the machine is; looked at not more often than is good. */
static uint64_t look(struct ff_arena *arena, uint64_t limit)
{
	uint64_t now = ff_clock_now();

	if (now - arena->looked >= LOOK) {
		arena->looked = now;
		arena->spared = ff_pressure_spares(arena->root, used(arena));
	}
	return ff_min(limit, arena->spared);
}

bool ff_arena_exceeds(struct ff_arena *arena)
{
	uint64_t limit;
	bool exceeds;

	if (!is_own(arena))
		return false;
	pthread_mutex_lock(&arena->lock);
	limit = look(arena, UINT64_MAX);
	give_back(arena, limit);
	exceeds = arena->held > limit;
	pthread_mutex_unlock(&arena->lock);
	return exceeds;
}

/* Have so many bytes of a slab held; whether that may be. */
static bool grow(struct ff_arena *arena, uint32_t index, size_t end, uint64_t limit)
{
	struct slab *slab = &arena->slabs[index];
	size_t touched = (end + HUGE - 1) / HUGE * HUGE;

	if (touched < slab->touched)
		touched = slab->touched;
	if (arena->held + (touched - slab->touched) > limit)
		return false;
	if (index >= arena->nopen) {
		if (mprotect(arena->base + index * SLAB, SLAB, PROT_READ | PROT_WRITE))
			return false;
		arena->nopen = index + 1;
	}
	__atomic_store_n(&arena->held, arena->held + (touched - slab->touched), __ATOMIC_RELAXED);
	slab->touched = (uint32_t)touched;
	return true;
}

/* A free slab, of which as much as can be is held; or the next that nobody has used. */
static uint32_t find_free(const struct ff_arena *arena)
{
	uint32_t best = arena->nopen < arena->nslabs ? arena->nopen : NO_SLAB;

	for (uint32_t i = 0; i < arena->nopen; i++) {
		const struct slab *slab = &arena->slabs[i];

		if (!is_free(slab) || slab->owned)
			continue;
		if (best == NO_SLAB || best == arena->nopen ||
		    slab->touched > arena->slabs[best].touched)
			best = i;
	}
	return best;
}

/* No lane takes from it any more. */
static void disown(struct ff_arena *arena, uint32_t index)
{
	for (size_t i = 0; i <= FF_LANES; i++) {
		if (arena->lanes[i] == index)
			arena->lanes[i] = NO_SLAB;
	}
	arena->slabs[index].owned = false;
}

/*
 * Whether all slabs that a limit allows are in use but those that are left for what is packed, so
 * that there is room to pack an old one to before another is begun.
 */
static bool leaves_no_more(const struct ff_arena *arena, uint64_t limit)
{
	uint64_t left = ff_min(limit / LEFT_SHARE, LEFT_MOST) / SLAB, used = 0;

	for (uint32_t i = 0; i < arena->nopen && left; i++)
		used += !is_free(&arena->slabs[i]);
	return left && (used + 1 + left) * SLAB > limit;
}

/* The slab that a lane has room in; NO_SLAB when there is no more. */
static uint32_t find_room(struct ff_arena *arena, uint32_t *lane, size_t size, uint64_t limit)
{
	uint32_t index = *lane;

	if (index != NO_SLAB && arena->slabs[index].fill + size <= SLAB &&
	    grow(arena, index, arena->slabs[index].fill + size, limit))
		return index;
	if (index != NO_SLAB)
		disown(arena, index);
	if (lane != &arena->lanes[FF_PACKING_LANE] && leaves_no_more(arena, limit))
		return NO_SLAB;
	index = find_free(arena);
	if (index == NO_SLAB || !grow(arena, index, size, limit))
		return NO_SLAB;
	arena->slabs[index].owned = true;
	arena->slabs[index].begun = ++arena->begun;
	*lane = index;
	return index;
}

int ff_arena_take(struct ff_arena *arena, uint32_t lane, size_t n, uint64_t limit,
		  struct ff_place *out)
{
	size_t size = n * FF_PIECE;
	uint32_t index;

	if (!n || n > SLAB / FF_PIECE)
		return -ENOBUFS;
	pthread_mutex_lock(&arena->lock);
	limit = look(arena, limit);
	give_back(arena, limit);
	index = arena->closed || arena->held > limit ? NO_SLAB :
		find_room(arena, &arena->lanes[lane], size, limit);
	if (index != NO_SLAB) {
		struct slab *slab = &arena->slabs[index];

		out->arena = arena;
		out->bytes = arena->base + index * SLAB + slab->fill;
		out->slab = index;
		out->pieces = (uint32_t)n;
		slab->fill += (uint32_t)size;
		slab->live++;
	}
	pthread_mutex_unlock(&arena->lock);
	if (index == NO_SLAB)
		return -ENOBUFS;
	ff_arena_get(arena);
	return 0;
}

/* ---- tenants ---- */

void ff_tenant_enter(const struct ff_place *place, struct ff_tenant *tenant)
{
	struct ff_arena *arena = place->arena;
	struct slab *slab = &arena->slabs[place->slab];

	pthread_mutex_lock(&arena->lock);
	tenant->next = slab->tenants;
	tenant->link = &slab->tenants;
	if (tenant->next)
		tenant->next->link = &tenant->next;
	slab->tenants = tenant;
	slab->lived_in++;
	pthread_mutex_unlock(&arena->lock);
}

void ff_tenant_leave(const struct ff_place *place, struct ff_tenant *tenant)
{
	struct ff_arena *arena = place->arena;

	if (!is_own(arena))
		return;
	pthread_mutex_lock(&arena->lock);
	*tenant->link = tenant->next;
	if (tenant->next)
		tenant->next->link = tenant->link;
	arena->slabs[place->slab].lived_in--;
	pthread_mutex_unlock(&arena->lock);
}

/* The slab that was begun longest ago of those whose places all have tenants. */
static struct slab *find_oldest(struct ff_arena *arena)
{
	struct slab *oldest = NULL;

	for (uint32_t i = 0; i < arena->nopen; i++) {
		struct slab *slab = &arena->slabs[i];

		if (slab->live && slab->lived_in == slab->live && !slab->listed &&
		    (!oldest || slab->begun < oldest->begun))
			oldest = slab;
	}
	return oldest;
}

int ff_arena_oldest(struct ff_arena *arena, bool (*hold)(struct ff_tenant *tenant),
		    struct ff_tenants *out)
{
	struct slab *slab;

	*out = (struct ff_tenants){ 0 };
	if (!is_own(arena))
		return -ENOBUFS;
	pthread_mutex_lock(&arena->lock);
	slab = find_oldest(arena);
	if (slab)
		out->all = calloc(slab->lived_in, sizeof(*out->all));
	if (out->all) {
		for (struct ff_tenant *tenant = slab->tenants; tenant; tenant = tenant->next) {
			if (hold(tenant))
				out->all[out->n++] = tenant;
		}
		out->slab = (uint32_t)(slab - arena->slabs);
		disown(arena, out->slab);
		slab->listed = true;
	}
	pthread_mutex_unlock(&arena->lock);
	return out->all ? 0 : -ENOBUFS;
}

void ff_tenants_end(struct ff_arena *arena, struct ff_tenants *tenants)
{
	struct slab *slab = &arena->slabs[tenants->slab];

	pthread_mutex_lock(&arena->lock);
	slab->listed = false;
	/* whoever could not be moved is not asked again before all others */
	slab->begun = ++arena->begun;
	pthread_mutex_unlock(&arena->lock);
	free(tenants->all);
}
