// SPDX-License-Identifier: MIT
/*
 * /proc/pid/mem, proc_pid_mem(5)
 *
 * The open file holds on to the address space it was opened on: after the target
 * exits or executes another program, reads give 0 bytes. Writes reach private
 * read-only pages as a debugger's do (FOLL_FORCE).
 */
#include "group.h"
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct proc_mem {
	struct ff_reader reader;
	int fd;
};

static struct proc_mem *to_proc_mem(struct ff_reader *reader)
{
	return (struct proc_mem *)reader;
}

static int read_segment(int fd, struct ff_segment *segment)
{
	segment->done = 0;
	/* the file offset is signed: no user address is that high */
	if (segment->address > INT64_MAX || segment->size > INT64_MAX - segment->address)
		return 0;
	while (segment->done < segment->size) {
		ssize_t n = pread(fd, segment->buffer + segment->done,
				  segment->size - segment->done,
				  (off_t)(segment->address + segment->done));

		if (n > 0) {
			segment->done += n;
			continue;
		}
		if (!n)
			return -ESRCH;
		if (errno == EINTR)
			continue;
		/* EIO: no such page; EFAULT: it went away between the two copies */
		return errno == EIO || errno == EFAULT ? 0 : -errno;
	}
	return 0;
}

static int proc_mem_read(struct ff_reader *reader, struct ff_segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int error = read_segment(to_proc_mem(reader)->fd, &segments[i]);

		if (error)
			return error;
	}
	return 0;
}

static ssize_t proc_mem_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			      size_t size)
{
	ssize_t n;

	if (address > INT64_MAX || size > INT64_MAX - address)
		return 0;
	do
		n = pwrite(to_proc_mem(reader)->fd, bytes, size, (off_t)address);
	while (n < 0 && errno == EINTR);
	if (!n)
		return -ESRCH;
	if (n < 0)
		return errno == EIO || errno == EFAULT ? 0 : -errno;
	return n;
}

static void proc_mem_close(struct ff_reader *reader)
{
	close(to_proc_mem(reader)->fd);
	free(to_proc_mem(reader));
}

static const struct ff_reader_ops proc_mem_ops = {
	.read = proc_mem_read,
	.write = proc_mem_write,
	.close = proc_mem_close,
};

/* Open a thread's file, in place of an earlier thread's. */
static ssize_t open_of(int thread, void *argument)
{
	int *fd = argument;
	char path[32], byte;

	if (*fd >= 0)
		close(*fd);
	snprintf(path, sizeof(path), "/proc/%d/mem", thread);
	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* nothing is mapped at 0: an error while there is an address space, no bytes without */
	return pread(*fd, &byte, 1, 0) ? 0 : -ESRCH;
}

int ff_reader_open_proc_mem(int pid, struct ff_reader **out)
{
	struct proc_mem *self;
	struct ff_group group;
	int error;

	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->fd = -1;
	ff_group_init(&group, pid);
	error = (int)ff_group_call(&group, open_of, &self->fd);
	if (error) {
		if (self->fd >= 0)
			close(self->fd);
		free(self);
		return error;
	}
	error = ff_reader_init(&self->reader, &proc_mem_ops, pid);
	if (error) {
		proc_mem_close(&self->reader);
		return error;
	}
	*out = &self->reader;
	return 0;
}
