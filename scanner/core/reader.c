// SPDX-License-Identifier: MIT
/*
 * Readers: what they share
 */
#include "reader.h"

#include <errno.h>

void ff_reader_close(struct ff_reader *reader)
{
	if (reader)
		reader->ops->close(reader);
}

ssize_t ff_reader_read(struct ff_reader *reader, uint64_t address, void *buffer, size_t size)
{
	struct ff_segment segment = { .address = address, .buffer = buffer, .size = size };
	int error = reader->ops->read(reader, &segment, 1);

	return error ? error : (ssize_t)segment.done;
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
