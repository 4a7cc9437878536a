// SPDX-License-Identifier: MIT
/*
 * Stores: an unlinked file of old bytes
 *
 * The file has no name from the start where the file system can do that, and loses it
 * at once where it cannot, so nothing stays behind however the process ends.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct ff_store {
	uint32_t references;
	int fd;
	uint64_t tail;	/* in pieces */
};

static int open_nameless(const char *directory)
{
	char path[PATH_MAX];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	if (fd >= 0)
		return fd;
	/* EISDIR: a kernel without O_TMPFILE; EOPNOTSUPP: a file system without */
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/farfetch-XXXXXX", directory) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int ff_store_create(const char *directory, struct ff_store **out)
{
	struct ff_store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	store->references = 1;
	store->fd = open_nameless(directory);
	if (store->fd < 0) {
		int error = store->fd;

		free(store);
		return error;
	}
	*out = store;
	return 0;
}

struct ff_store *ff_store_get(struct ff_store *store)
{
	__atomic_add_fetch(&store->references, 1, __ATOMIC_RELAXED);
	return store;
}

void ff_store_put(struct ff_store *store)
{
	if (!store || __atomic_sub_fetch(&store->references, 1, __ATOMIC_ACQ_REL))
		return;
	close(store->fd);
	free(store);
}

uint64_t ff_store_bytes(const struct ff_store *store)
{
	return __atomic_load_n(&store->tail, __ATOMIC_RELAXED) * FF_PIECE;
}

uint64_t ff_store_tail(const struct ff_store *store)
{
	return __atomic_load_n(&store->tail, __ATOMIC_RELAXED);
}

void ff_store_cut(struct ff_store *store, uint64_t tail)
{
	__atomic_store_n(&store->tail, tail, __ATOMIC_RELAXED);
	/* the space comes back now or when the file is closed: nothing depends on it */
	if (ftruncate(store->fd, (off_t)(tail * FF_PIECE)) < 0)
		return;
}

int ff_store_append(struct ff_store *store, const uint8_t *bytes, size_t size, uint64_t *piece)
{
	size_t pieces = (size + FF_PIECE - 1) / FF_PIECE, done = 0;

	*piece = __atomic_fetch_add(&store->tail, pieces, __ATOMIC_RELAXED);
	while (done < size) {
		ssize_t n = pwrite(store->fd, bytes + done, size - done,
				   (off_t)(*piece * FF_PIECE + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -ENOSPC;
		done += n;
	}
	return 0;
}

int ff_store_load(const struct ff_store *store, uint64_t piece, size_t skip, uint8_t *buffer,
		  size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(store->fd, buffer + done, size - done,
				  (off_t)(piece * FF_PIECE + skip + done));

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
