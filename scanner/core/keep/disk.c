// SPDX-License-Identifier: MIT
/*
 * Stores: old bytes in memory, as far as that goes, and then in unlinked files
 *
 * The files have no name from the start where the file system can do that, and lose it
 * at once where it cannot, so nothing stays behind however the process ends. There are
 * several, because a file has one writer at a time. Space is allocated ahead of the
 * writing, which then costs half, until there is none to spare; what is let go becomes a
 * hole.
 *
 * A child process has the same files open, not copies of them: what is let go there is
 * closed and nothing more.
 */
#include "arena.h"
#include "bits.h"
#include "disk.h"
#include "nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define SHARD_BITS	4
#define SHARD_SHIFT	(32 - SHARD_BITS)
#define SHARD_MASK	(((uint32_t)1 << SHARD_SHIFT) - 1)
#define SHARD_PIECES	(SHARD_MASK - 16)	/* 1 TiB; the last few numbers stay free */
/* Allocated ahead: as much again as there is, within these bounds. */
#define AHEAD_MIN	((uint64_t)1 << 20)
#define AHEAD_MAX	((uint64_t)64 << 20)
/* Bytes a write: the kernel is slower with more, when it makes them one large folio. */
#define WRITE_MAX	((size_t)256 << 10)
/* Past the page cache, where there is no such thing; and the pieces from which on that is done. */
#define PAST_MAX	((size_t)16 << 20)
#define PAST_LEAST	16
#define SECTOR		512	/* bytes, of which a write past the page cache has a multiple */
#define PARTS_MAX	64
/* Of a shard's second descriptor: it was not asked for yet, or is not to be had. */
#define NOT_YET		(-1)
#define NEVER		(-2)

struct shard {
	int fd;
	int past;		/* the same file past the page cache, or one of the above */
	pthread_mutex_t lock;	/* of what follows */
	uint32_t tail;		/* pieces given out */
	uint64_t allocated;	/* bytes */
	bool cannot_allocate;
};

struct ff_store {
	uint32_t references;
	pid_t owner;
	bool closed;
	bool scarce;		/* the disk has nothing to spare; set before the locks */
	uint32_t nshards;
	uint64_t used, limit;	/* bytes of disk */
	struct ff_arena *arena;	/* or NULL */
	uint64_t kept, allowed;	/* bytes of it */
	struct shard shards[];
};

int ff_store_create(const char *directory, uint32_t writers, uint64_t limit, struct ff_store **out)
{
	uint32_t n = !writers ? 1 : writers < 1u << SHARD_BITS ? writers : 1u << SHARD_BITS;
	struct ff_store *store = calloc(1, sizeof(*store) + n * sizeof(store->shards[0]));

	if (!store)
		return -ENOMEM;
	store->references = 1;
	store->owner = getpid();
	store->limit = limit;
	for (; store->nshards < n; store->nshards++) {
		struct shard *shard = &store->shards[store->nshards];

		shard->fd = ff_nameless_open(directory);
		if (shard->fd < 0) {
			int error = shard->fd;

			ff_store_close(store);
			return error;
		}
		shard->past = NOT_YET;
		pthread_mutex_init(&shard->lock, NULL);
	}
	*out = store;
	return 0;
}

void ff_store_use(struct ff_store *store, struct ff_arena *arena, uint64_t limit)
{
	store->arena = ff_arena_get(arena);
	store->allowed = limit;
}

struct ff_store *ff_store_get(struct ff_store *store)
{
	__atomic_add_fetch(&store->references, 1, __ATOMIC_RELAXED);
	return store;
}

static bool is_own(const struct ff_store *store)
{
	return store->owner == getpid();
}

/* A child that holds the file must not hold its space; else that goes with the file. */
static void give_back(struct shard *shard)
{
	if (!ftruncate(shard->fd, 0))
		shard->allocated = 0;
}

void ff_store_put(struct ff_store *store)
{
	if (__atomic_sub_fetch(&store->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (uint32_t i = 0; i < store->nshards; i++) {
		if (is_own(store))
			give_back(&store->shards[i]);
		close(store->shards[i].fd);
		if (store->shards[i].past >= 0)
			close(store->shards[i].past);
		/* a thread that the fork left behind may hold it */
		if (is_own(store))
			pthread_mutex_destroy(&store->shards[i].lock);
	}
	if (store->arena)
		ff_arena_drop(store->arena);
	free(store);
}

void ff_store_close(struct ff_store *store)
{
	if (!store)
		return;
	__atomic_store_n(&store->closed, true, __ATOMIC_RELAXED);
	ff_store_put(store);
}

/* Give back what was allocated ahead and not written to. */
void ff_store_trim(struct ff_store *store)
{
	if (!is_own(store))
		return;
	for (uint32_t i = 0; i < store->nshards; i++) {
		struct shard *shard = &store->shards[i];
		uint64_t end;

		pthread_mutex_lock(&shard->lock);
		end = (uint64_t)shard->tail * FF_PIECE;
		if (shard->allocated > end && !ftruncate(shard->fd, (off_t)end))
			shard->allocated = end;
		pthread_mutex_unlock(&shard->lock);
	}
}

uint64_t ff_store_bytes(const struct ff_store *store)
{
	return __atomic_load_n(&store->used, __ATOMIC_RELAXED);
}

uint64_t ff_store_memory(const struct ff_store *store)
{
	return __atomic_load_n(&store->kept, __ATOMIC_RELAXED);
}

/* ---- memory ---- */

int ff_store_take(struct ff_store *store, uint32_t shard, size_t n, struct ff_place *out)
{
	if (!store->arena)
		return -ENOBUFS;
	return ff_arena_take(store->arena, shard % FF_LANES, n, store->allowed, out);
}

int ff_store_take_packed(struct ff_store *store, size_t n, struct ff_place *out)
{
	return ff_arena_take(store->arena, FF_PACKING_LANE, n, store->allowed, out);
}

struct ff_arena *ff_store_arena(const struct ff_store *store)
{
	return store->arena;
}

void ff_store_count(struct ff_store *store, int64_t pieces)
{
	__atomic_add_fetch(&store->kept, (uint64_t)(pieces * FF_PIECE), __ATOMIC_RELAXED);
}

/* ---- disk ---- */

static int charge(struct ff_store *store, uint64_t bytes)
{
	uint64_t used = __atomic_add_fetch(&store->used, bytes, __ATOMIC_RELAXED);

	if (used <= store->limit)
		return 0;
	__atomic_sub_fetch(&store->used, bytes, __ATOMIC_RELAXED);
	return -ENOBUFS;
}

/* Space for the first end bytes of a shard, and for some more unless that is scarce. */
static int allocate(struct shard *shard, uint64_t end, bool scarce)
{
	uint64_t ahead = scarce ? 0 : shard->allocated < AHEAD_MIN ? AHEAD_MIN
		       : shard->allocated > AHEAD_MAX ? AHEAD_MAX : shard->allocated;
	int done;

	if (end <= shard->allocated || shard->cannot_allocate)
		return 0;
	do {
		done = fallocate(shard->fd, 0, (off_t)shard->allocated,
				 (off_t)(end + ahead - shard->allocated));
	} while (done < 0 && errno == EINTR);
	if (!done) {
		shard->allocated = end + ahead;
	} else if (errno == EOPNOTSUPP || errno == ENOSYS) {
		/* a file system without it: writing will tell */
		shard->cannot_allocate = true;
	} else {
		return -errno;
	}
	return 0;
}

static int reserve_in(struct ff_store *store, struct shard *shard, uint32_t pieces, uint32_t *first)
{
	bool scarce;
	int error = -EFBIG;

	pthread_mutex_lock(&shard->lock);
	scarce = __atomic_load_n(&store->scarce, __ATOMIC_RELAXED);
	if (pieces <= SHARD_PIECES - shard->tail) {
		error = allocate(shard, ((uint64_t)shard->tail + pieces) * FF_PIECE, scarce);
		*first = shard->tail;
		if (!error)
			shard->tail += pieces;
	}
	pthread_mutex_unlock(&shard->lock);
	return error;
}

/*
 * A disk is full only when it is so without what the shards allocated ahead: when space
 * ends, or the quota, all of them give that back and none takes any again.
 */
static int reserve(struct ff_store *store, uint32_t index, uint32_t pieces, uint32_t *first)
{
	struct shard *shard = &store->shards[index];
	int error = reserve_in(store, shard, pieces, first);

	if (error != -ENOSPC && error != -EDQUOT && error != -EFBIG)
		return error;
	__atomic_store_n(&store->scarce, true, __ATOMIC_RELAXED);
	ff_store_trim(store);
	return reserve_in(store, shard, pieces, first);
}

/* What is to be written, and where. */
struct writing {
	struct iovec *parts;
	size_t n;
	off_t at;
};

/* The next of it, for one call, of which each part is a multiple of so many bytes. */
static size_t take_batch(const struct writing *writing, size_t most, size_t by, struct iovec *batch)
{
	size_t n = 0;

	for (size_t bytes = 0; n < writing->n && n < PARTS_MAX && bytes < most; n++) {
		batch[n] = writing->parts[n];
		if (((uintptr_t)batch[n].iov_base | batch[n].iov_len) % by)
			break;
		if (batch[n].iov_len > most - bytes)
			batch[n].iov_len = most - bytes;
		bytes += batch[n].iov_len;
	}
	return n;
}

/* Write all of it, unless there is an error, or a part that is no multiple of so many bytes. */
static int write_on(int fd, struct writing *writing, size_t most, size_t by)
{
	struct iovec batch[PARTS_MAX];
	size_t n;

	while ((n = take_batch(writing, most, by, batch))) {
		ssize_t done = pwritev(fd, batch, (int)n, writing->at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (!done)
			return -ENOSPC;
		writing->at += done;
		for (; writing->n && (size_t)done >= writing->parts->iov_len; writing->n--)
			done -= (ssize_t)writing->parts++->iov_len;
		if (done) {
			writing->parts->iov_base = (uint8_t *)writing->parts->iov_base + done;
			writing->parts->iov_len -= (size_t)done;
		}
	}
	return 0;
}

/* Space for so many pieces of a shard, within the store's limit. */
static int claim(struct ff_store *store, uint32_t index, uint32_t pieces, uint32_t *first)
{
	int error = charge(store, (uint64_t)pieces * FF_PIECE);

	if (error)
		return error;
	error = reserve(store, index, pieces, first);
	if (error)
		__atomic_sub_fetch(&store->used, (uint64_t)pieces * FF_PIECE, __ATOMIC_RELAXED);
	return error;
}

static int past_cache(struct shard *shard)
{
	int fd;

	pthread_mutex_lock(&shard->lock);
	if (shard->past == NOT_YET)
		shard->past = ff_nameless_past_cache(shard->fd);
	if (shard->past < 0)
		shard->past = NEVER;
	fd = shard->past;
	pthread_mutex_unlock(&shard->lock);
	return fd;
}

/* Past the page cache what is large; what is not taken so, or not all of it, may be otherwise. */
static int write_all(struct shard *shard, struct writing *writing, uint32_t pieces)
{
	int fd = pieces >= PAST_LEAST ? past_cache(shard) : NEVER;

	if (fd >= 0)
		write_on(fd, writing, PAST_MAX, SECTOR);
	return write_on(shard->fd, writing, WRITE_MAX, 1);
}

int ff_disk_put(struct ff_store *store, uint32_t shard, struct iovec *parts, size_t n,
		uint32_t pieces, uint32_t *piece)
{
	uint32_t index = shard % store->nshards, first;
	struct writing writing = { .parts = parts, .n = n };
	int error = claim(store, index, pieces, &first);

	if (error)
		return error;
	*piece = index << SHARD_SHIFT | first;
	writing.at = (off_t)first * FF_PIECE;
	error = write_all(&store->shards[index], &writing, pieces);
	if (error)
		ff_disk_drop(store, *piece, pieces);
	return error;
}

void ff_disk_drop(struct ff_store *store, uint32_t piece, uint32_t pieces)
{
	uint64_t bytes = (uint64_t)pieces * FF_PIECE;

	/* a closed store's files are about to go as they are */
	if (!__atomic_load_n(&store->closed, __ATOMIC_RELAXED) && is_own(store) &&
	    !fallocate(store->shards[piece >> SHARD_SHIFT].fd,
		       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		       (off_t)(piece & SHARD_MASK) * FF_PIECE, (off_t)bytes))
		__atomic_sub_fetch(&store->used, bytes, __ATOMIC_RELAXED);
}

int ff_store_load(const struct ff_store *store, uint32_t piece, size_t skip, uint8_t *buffer,
		  size_t size)
{
	int fd = store->shards[piece >> SHARD_SHIFT].fd;
	off_t at = (off_t)(piece & SHARD_MASK) * FF_PIECE + (off_t)skip;
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, buffer + done, size - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		done += n;
	}
	return 0;
}
