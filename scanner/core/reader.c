// SPDX-License-Identifier: MIT
/*
 * Readers: what they share
 */
#include "reader.h"

#include <errno.h>
#include <string.h>

#define EACH_BATCH 256	/* segments read in one call */

struct ff_reader *ff_reader_get(struct ff_reader *reader)
{
	__atomic_add_fetch(&reader->references, 1, __ATOMIC_RELAXED);
	return reader;
}

void ff_reader_close(struct ff_reader *reader)
{
	if (reader && !__atomic_sub_fetch(&reader->references, 1, __ATOMIC_ACQ_REL))
		reader->ops->close(reader);
}

ssize_t ff_reader_read(struct ff_reader *reader, uint64_t address, void *buffer, size_t size)
{
	struct ff_segment segment = { .address = address, .buffer = buffer, .size = size };
	int error = reader->ops->read(reader, &segment, 1);

	return error ? error : (ssize_t)segment.done;
}

/* One by one: how many of a segment's values are there. */
static ssize_t read_singly(struct ff_reader *reader, const struct ff_segment *segment,
			   size_t size, size_t least)
{
	size_t n = segment->size / size;

	for (size_t i = 0; i < n; i++) {
		uint8_t *value = segment->buffer + i * size;
		ssize_t done = ff_reader_read(reader, segment->address + i * size, value, size);

		if (done < 0)
			return done;
		if ((size_t)done < least)
			return (ssize_t)i;
		memset(value + done, 0, size - (size_t)done);
	}
	return (ssize_t)n;
}

ssize_t ff_reader_read_each(struct ff_reader *reader, const uint64_t *addresses, size_t n,
			    size_t size, size_t least, uint8_t *out)
{
	size_t i = 0, done = 0;

	while (i < n) {
		struct ff_segment segments[EACH_BATCH];
		size_t used = 0;
		int error;

		for (; i < n; i++) {
			struct ff_segment *last = segments + used - 1;

			/* values that lie side by side there too come as one */
			if (used && last->address + last->size == addresses[i]) {
				last->size += size;
				continue;
			}
			if (used == EACH_BATCH)
				break;
			segments[used++] = (struct ff_segment){
				.address = addresses[i], .buffer = out + i * size, .size = size,
			};
		}
		error = reader->ops->read(reader, segments, used);
		if (error)
			return error;
		for (size_t s = 0; s < used; s++) {
			size_t values = segments[s].size / size;
			ssize_t there = (ssize_t)values;

			if (segments[s].done < segments[s].size)
				there = read_singly(reader, &segments[s], size, least);
			if (there < 0)
				return there;
			done += (size_t)there;
			if ((size_t)there < values)
				return (ssize_t)done;
		}
	}
	return (ssize_t)done;
}

ssize_t ff_reader_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = reader->ops->write(reader, address + done,
					       (const uint8_t *)bytes + done, size - done);

		if (n < 0)
			return n;
		if (!n)
			break;
		done += n;
	}
	return done;
}

ssize_t ff_reader_write_each(struct ff_reader *reader, const uint64_t *addresses, size_t n,
			     const void *value, size_t size, uint64_t *failed)
{
	ssize_t written = 0;
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		ssize_t done = ff_reader_write(reader, addresses[i], value, size);

		if (done < 0)
			return done;
		if ((size_t)done == size) {
			written++;
		} else if (first) {
			*failed = addresses[i];
			first = false;
		}
	}
	return written;
}
