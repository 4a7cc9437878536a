// SPDX-License-Identifier: MIT
/*
 * Rooms: memory up to a budget, and unlinked files beyond it
 *
 * Both are mapped, so that whoever works on a column need not know where it is. A file's
 * bytes are allocated before they are mapped: a disk that is full refuses them here, and does
 * not kill the process that touches them later. Huge pages are not asked for: on a machine
 * that has been up for long, making some takes more time than they save.
 */
#include "room.h"

#include "keep/nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ff_room {
	uint32_t references;
	uint64_t memory, disk;		/* that may be taken */
	uint64_t in_memory, on_disk;	/* that are */
	bool failed_on_disk;
	char directory[];
};

int ff_room_create(const char *directory, uint64_t memory, uint64_t disk, struct ff_room **out)
{
	size_t size = strlen(directory) + 1;
	struct ff_room *room = calloc(1, sizeof(*room) + size);

	if (!room)
		return -ENOMEM;
	memcpy(room->directory, directory, size);
	room->references = 1;
	room->memory = memory;
	room->disk = disk;
	*out = room;
	return 0;
}

struct ff_room *ff_room_get(struct ff_room *room)
{
	__atomic_add_fetch(&room->references, 1, __ATOMIC_RELAXED);
	return room;
}

void ff_room_put(struct ff_room *room)
{
	if (room && !__atomic_sub_fetch(&room->references, 1, __ATOMIC_ACQ_REL))
		free(room);
}

uint64_t ff_room_memory(const struct ff_room *room)
{
	return __atomic_load_n(&room->in_memory, __ATOMIC_RELAXED);
}

uint64_t ff_room_disk(const struct ff_room *room)
{
	return __atomic_load_n(&room->on_disk, __ATOMIC_RELAXED);
}

bool ff_room_failed_on_disk(const struct ff_room *room)
{
	return __atomic_load_n(&room->failed_on_disk, __ATOMIC_RELAXED);
}

/* Count so many bytes as taken, if there are as many left. */
static bool reserve(uint64_t *taken, uint64_t limit, size_t size)
{
	uint64_t before = __atomic_load_n(taken, __ATOMIC_RELAXED);

	do {
		if (size > limit || before > limit - size)
			return false;
	} while (!__atomic_compare_exchange_n(taken, &before, before + size, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

static int map_file(const char *directory, size_t size, void **out)
{
	int fd = ff_nameless_open(directory), error;

	if (fd < 0)
		return fd;
	do {
		error = -posix_fallocate(fd, 0, (off_t)size);
	} while (error == -EINTR);
	if (!error) {
		*out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (*out == MAP_FAILED)
			error = -errno;
	}
	close(fd);
	return error;
}

static int take_file(struct ff_room *room, size_t size, struct ff_space *out)
{
	int error = -ENOBUFS;

	if (reserve(&room->on_disk, room->disk, size)) {
		error = map_file(room->directory, size, &out->bytes);
		if (!error)
			return 0;
		__atomic_sub_fetch(&room->on_disk, size, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&room->failed_on_disk, true, __ATOMIC_RELAXED);
	return error;
}

int ff_space_take(struct ff_room *room, size_t size, struct ff_space *out)
{
	int error = 0;

	*out = (struct ff_space){ 0 };
	if (!size)
		size = 1;
	if (reserve(&room->in_memory, room->memory, size)) {
		out->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (out->bytes == MAP_FAILED) {
			out->bytes = NULL;
			__atomic_sub_fetch(&room->in_memory, size, __ATOMIC_RELAXED);
			return -ENOMEM;
		}
	} else {
		error = take_file(room, size, out);
		out->on_disk = true;
	}
	if (error) {
		*out = (struct ff_space){ 0 };
		return error;
	}
	out->size = size;
	out->room = ff_room_get(room);
	return 0;
}

void ff_space_drop(struct ff_space *space)
{
	if (!space->bytes)
		return;
	munmap(space->bytes, space->size);
	__atomic_sub_fetch(space->on_disk ? &space->room->on_disk : &space->room->in_memory,
			   space->size, __ATOMIC_RELAXED);
	ff_room_put(space->room);
	*space = (struct ff_space){ 0 };
}

static size_t in_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

int ff_space_feed(struct ff_space *space, size_t *at, struct ff_space *from)
{
	size_t left = in_pages(space->size) - *at, size = in_pages(from->size);
	uint8_t *to = (uint8_t *)space->bytes + *at;
	int error = 0;

	if (size > left)
		size = left;
	if (size && !space->on_disk && !from->on_disk) {
		/* on failure, what was at its place may be there or not */
		if (mremap(from->bytes, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to &&
		    mmap(to, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != to)
			error = -ENOMEM;
		*at += size;
	}
	ff_space_drop(from);
	return error;
}
