// SPDX-License-Identifier: MIT
/*
 * process_vm_readv(2), process_vm_writev(2): one copy, no ptrace stop
 *
 * A call stops at the first page that cannot be reached and says how many bytes it
 * had copied by then; it fails with EFAULT only when that is none.
 */
#include "group.h"
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#define BATCH 64	/* segments a call; the kernel's limit is IOV_MAX, 1024 */

struct process_vm {
	struct ff_reader reader;
	struct ff_group group;
};

/* One call's ends. */
struct copy {
	const struct iovec *local, *remote;
	size_t n;
};

static struct process_vm *to_process_vm(struct ff_reader *reader)
{
	return (struct process_vm *)reader;
}

/* Hand bytes out to the segments in order. Returns the first that is not full, or n. */
static size_t settle(struct ff_segment *segments, size_t n, size_t bytes)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t part = bytes < segments[i].size ? bytes : segments[i].size;

		segments[i].done = part;
		bytes -= part;
		if (part < segments[i].size)
			break;
	}
	return i;
}

static ssize_t copy_from(int thread, void *argument)
{
	const struct copy *copy = argument;
	ssize_t done;

	do
		done = process_vm_readv(thread, copy->local, copy->n, copy->remote, copy->n, 0);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

static ssize_t copy_to(int thread, void *argument)
{
	const struct copy *copy = argument;
	ssize_t done;

	do
		done = process_vm_writev(thread, copy->local, copy->n, copy->remote, copy->n, 0);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

static int process_vm_read(struct ff_reader *reader, struct ff_segment *segments, size_t n)
{
	struct ff_group *group = &to_process_vm(reader)->group;
	struct iovec local[BATCH], remote[BATCH];

	while (n) {
		size_t batch = n < BATCH ? n : BATCH, full;
		ssize_t bytes;

		for (size_t i = 0; i < batch; i++) {
			local[i].iov_base = segments[i].buffer;
			remote[i].iov_base = (void *)(uintptr_t)segments[i].address;
			local[i].iov_len = remote[i].iov_len = segments[i].size;
			segments[i].done = 0;
		}
		bytes = ff_group_call(group, copy_from, &(struct copy){ local, remote, batch });
		if (bytes < 0 && bytes != -EFAULT)
			return (int)bytes;
		full = settle(segments, batch, bytes < 0 ? 0 : (size_t)bytes);
		/* the segment that stopped short has its say in done; go on behind it */
		full += full < batch;
		segments += full;
		n -= full;
	}
	return 0;
}

static ssize_t process_vm_write(struct ff_reader *reader, uint64_t address, const void *bytes,
				size_t size)
{
	struct iovec local = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t done = ff_group_call(&to_process_vm(reader)->group, copy_to,
				     &(struct copy){ &local, &remote, 1 });

	return done == -EFAULT ? 0 : done;
}

static void process_vm_close(struct ff_reader *reader)
{
	free(to_process_vm(reader));
}

static const struct ff_reader_ops process_vm_ops = {
	.read = process_vm_read,
	.write = process_vm_write,
	.close = process_vm_close,
};

int ff_reader_open_process_vm(int pid, struct ff_reader **out)
{
	struct ff_segment probe = { .buffer = &(uint8_t){ 0 }, .size = 1 };
	struct process_vm *self;
	int error;

	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	ff_group_init(&self->group, pid);
	/* page 0 is in nobody's reach: this asks for the call and the permission alone */
	error = process_vm_read(&self->reader, &probe, 1);
	if (!error)
		error = ff_reader_init(&self->reader, &process_vm_ops, pid);
	if (error) {
		free(self);
		return error;
	}
	*out = &self->reader;
	return 0;
}
