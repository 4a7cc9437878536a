// SPDX-License-Identifier: MIT
/*
 * The farfetch kernel module: system call 505, or /dev/farfetch
 *
 * Either copies up to the first page that cannot be reached, and in the module's walk
 * mode up to the end of a page: what came short is asked for again, until there is no
 * more to be had.
 */
#include "group.h"
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/farfetch.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct farfetch {
	struct ff_reader reader;
	struct ff_group group;
	int fd;		/* of the device; -1 for the system call */
};

static struct farfetch *to_farfetch(struct ff_reader *reader)
{
	return (struct farfetch *)reader;
}

/* One call's request, and the file that it goes to. */
struct call {
	struct farfetch_request request;
	int fd;
};

static ssize_t call_for(int thread, void *argument)
{
	struct call *call = argument;
	struct farfetch_request *request = &call->request;
	long done;

	request->target_pid = thread;
	if (call->fd < 0)
		done = syscall(__NR_farfetch, request->cmd, request->addr, thread,
			       request->target_addr, request->len);
	else
		done = ioctl(call->fd, FARFETCH_IOC_COPY, request);
	return done < 0 ? -errno : done;
}

/* One call. Returns the bytes copied or a negative errno. */
static ssize_t copy(struct farfetch *self, unsigned int cmd, const void *buffer,
		    uint64_t address, size_t size)
{
	struct call call = {
		.request = {
			.cmd = cmd,
			.flags = FAR_MODE_GUP,
			.addr = (uintptr_t)buffer,
			.target_addr = address,
			.len = size,
		},
		.fd = self->fd,
	};

	return ff_group_call(&self->group, call_for, &call);
}

static int farfetch_read(struct ff_reader *reader, struct ff_segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ff_segment *segment = &segments[i];

		segment->done = 0;
		while (segment->done < segment->size) {
			ssize_t done = copy(to_farfetch(reader), FAR_READ,
					    segment->buffer + segment->done,
					    segment->address + segment->done,
					    segment->size - segment->done);

			if (done == -EFAULT || !done)
				break;
			if (done < 0)
				return (int)done;
			segment->done += done;
		}
	}
	return 0;
}

static ssize_t farfetch_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			      size_t size)
{
	ssize_t done = copy(to_farfetch(reader), FAR_WRITE, bytes, address, size);

	return done == -EFAULT ? 0 : done;
}

static void farfetch_close(struct ff_reader *reader)
{
	if (to_farfetch(reader)->fd >= 0)
		close(to_farfetch(reader)->fd);
	free(to_farfetch(reader));
}

static const struct ff_reader_ops farfetch_ops = {
	.read = farfetch_read,
	.write = farfetch_write,
	.close = farfetch_close,
};

/* Takes fd, also when it fails. */
static int open_reader(int pid, int fd, struct ff_reader **out)
{
	struct ff_segment probe = { .buffer = &(uint8_t){ 0 }, .size = 1 };
	struct farfetch *self = malloc(sizeof(*self));
	int error;

	if (!self) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	ff_group_init(&self->group, pid);
	self->fd = fd;
	/* nothing is mapped at 0: this asks for permission alone */
	error = farfetch_read(&self->reader, &probe, 1);
	if (!error)
		error = ff_reader_init(&self->reader, &farfetch_ops, pid);
	if (error) {
		farfetch_close(&self->reader);
		return error;
	}
	*out = &self->reader;
	return 0;
}

int ff_reader_open_syscall(int pid, struct ff_reader **out)
{
	/* farfetch refuses this command; whatever else may have the number says otherwise */
	if (syscall(__NR_farfetch, UINT_MAX, NULL, 0, 0UL, 0UL) >= 0 || errno != EINVAL)
		return -ENOSYS;
	return open_reader(pid, -1, out);
}

int ff_reader_open_device(int pid, struct ff_reader **out)
{
	int fd = open("/dev/farfetch", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENXIO || errno == ENODEV ? -ENOSYS : -errno;
	return open_reader(pid, fd, out);
}
