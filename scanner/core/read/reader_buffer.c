// SPDX-License-Identifier: MIT
/*
 * Plain bytes in this process that stand for a target's memory
 */
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
	struct ff_reader reader;
	uint8_t *bytes;
	size_t size;
	uint64_t base;
};

static struct buffer *to_buffer(struct ff_reader *reader)
{
	return (struct buffer *)reader;
}

/* How many of size bytes at address there are, and where. */
static size_t reach(const struct buffer *self, uint64_t address, size_t size, uint8_t **at)
{
	uint64_t offset = address - self->base;

	if (address < self->base || offset >= self->size)
		return 0;
	*at = self->bytes + offset;
	return size < self->size - offset ? size : self->size - offset;
}

static int buffer_read(struct ff_reader *reader, struct ff_segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *at;

		segments[i].done = reach(to_buffer(reader), segments[i].address,
					 segments[i].size, &at);
		if (segments[i].done)
			memcpy(segments[i].buffer, at, segments[i].done);
	}
	return 0;
}

static ssize_t buffer_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			    size_t size)
{
	uint8_t *at;
	size_t done = reach(to_buffer(reader), address, size, &at);

	if (done)
		memcpy(at, bytes, done);
	return done;
}

static const uint8_t *buffer_lend(struct ff_reader *reader, uint64_t address, size_t size)
{
	uint8_t *at = NULL;

	return reach(to_buffer(reader), address, size, &at) == size ? at : NULL;
}

static void buffer_close(struct ff_reader *reader)
{
	free(to_buffer(reader));
}

static const struct ff_reader_ops buffer_ops = {
	.read = buffer_read,
	.write = buffer_write,
	.lend = buffer_lend,
	.close = buffer_close,
};

int ff_reader_open_buffer(uint8_t *bytes, size_t size, uint64_t base, struct ff_reader **out)
{
	struct buffer *self;

	if (size && base > UINT64_MAX - size)
		return -EINVAL;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	ff_reader_init(&self->reader, &buffer_ops, 0);
	self->bytes = bytes;
	self->size = size;
	self->base = base;
	*out = &self->reader;
	return 0;
}
