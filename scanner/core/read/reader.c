// SPDX-License-Identifier: MIT
/*
 * Readers: what they share
 */
#include "reader.h"

#include <errno.h>
#include <string.h>

#define EACH_BATCH 256	/* segments read in one call */

#define SURE_EACH 16	/* addresses that are looked at before a call, to do it at once */

int ff_reader_init(struct ff_reader *reader, const struct ff_reader_ops *ops, int pid)
{
	reader->ops = ops;
	reader->references = 1;
	reader->stalls = NULL;
	return pid ? ff_stalls_create(pid, &reader->stalls) : 0;
}

struct ff_reader *ff_reader_get(struct ff_reader *reader)
{
	__atomic_add_fetch(&reader->references, 1, __ATOMIC_RELAXED);
	return reader;
}

void ff_reader_put(struct ff_reader *reader)
{
	if (__atomic_sub_fetch(&reader->references, 1, __ATOMIC_ACQ_REL))
		return;
	ff_stalls_destroy(reader->stalls);
	reader->ops->close(reader);
}

void ff_reader_close(struct ff_reader *reader)
{
	if (reader)
		ff_reader_put(reader);
}

void ff_reader_set_patience(struct ff_reader *reader, uint32_t milliseconds)
{
	if (reader->stalls)
		ff_stalls_set_patience(reader->stalls, milliseconds);
}

bool ff_reader_blocks(struct ff_reader *reader, uint64_t address, bool writing)
{
	size_t blocked = 0;

	return reader->stalls && ff_stalls_are_any(reader->stalls) &&
	       !ff_stalls_reach(reader->stalls, address, 1, writing, &blocked);
}

/* ---- calls that may be given up ---- */

static int enter(struct ff_reader *reader, struct ff_visit *visit, struct ff_segment *segments,
		 size_t n)
{
	int error;

	ff_visit_begin(visit, segments, n, false);
	error = reader->ops->read(reader, segments, n);
	return ff_visit_end(visit, reader->stalls) ? error : -ECANCELED;
}

/* As ff_stalls_reach(), which is a look at the target and may block, too. */
static int reach(struct ff_reader *reader, struct ff_visit *visit, struct ff_segment *part,
		 bool writing, size_t *blocked)
{
	*blocked = 0;
	if (!reader->stalls || !ff_stalls_are_any(reader->stalls))
		return 0;
	ff_visit_begin(visit, NULL, 0, writing);
	part->size = ff_stalls_reach(reader->stalls, part->address, part->size, writing, blocked);
	return ff_visit_end(visit, reader->stalls) ? 0 : -ECANCELED;
}

int ff_reader_fill(struct ff_reader *reader, struct ff_visit *visit,
		   struct ff_segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++)
		segments[i].blocked = 0;
	if (!reader->stalls || !ff_stalls_are_any(reader->stalls))
		return enter(reader, visit, segments, n);
	for (size_t i = 0; i < n; i++) {
		struct ff_segment part = segments[i];
		size_t blocked;
		int error = reach(reader, visit, &part, false, &blocked);

		if (error)
			return error;
		part.done = 0;
		if (part.size) {
			error = enter(reader, visit, &part, 1);
			if (error)
				return error;
		}
		segments[i].done = part.done;
		segments[i].blocked = part.done == part.size ? blocked : 0;
	}
	return 0;
}

ssize_t ff_reader_store(struct ff_reader *reader, struct ff_visit *visit, uint64_t address,
			const void *bytes, size_t size)
{
	struct ff_segment segment = { .address = address, .size = size };
	size_t done = 0, blocked;

	if (reach(reader, visit, &segment, true, &blocked))
		return -ECANCELED;
	while (done < segment.size) {
		ssize_t n;

		ff_visit_begin(visit, &segment, 1, true);
		n = reader->ops->write(reader, address + done, (const uint8_t *)bytes + done,
				       segment.size - done);
		if (!ff_visit_end(visit, reader->stalls))
			return -ECANCELED;
		if (n < 0)
			return n;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t ff_reader_visit_read(struct ff_reader *reader, struct ff_visit *visit,
			     uint64_t address, void *buffer, size_t size)
{
	struct ff_segment segment = { .address = address, .buffer = buffer, .size = size };
	int error = ff_reader_fill(reader, visit, &segment, 1);

	return error ? error : (ssize_t)segment.done;
}

/* One by one: how many of a segment's values are there. */
static ssize_t read_singly(struct ff_reader *reader, struct ff_visit *visit,
			   const struct ff_segment *segment, size_t size, size_t least)
{
	size_t n = segment->size / size;

	for (size_t i = 0; i < n; i++) {
		uint8_t *value = segment->buffer + i * size;
		ssize_t done = ff_reader_visit_read(reader, visit, segment->address + i * size,
						    value, size);

		if (done < 0)
			return done;
		if ((size_t)done < least)
			return (ssize_t)i;
		memset(value + done, 0, size - (size_t)done);
	}
	return (ssize_t)n;
}

ssize_t ff_reader_visit_each(struct ff_reader *reader, struct ff_visit *visit,
			     const uint64_t *addresses, size_t n, size_t size, size_t least,
			     uint8_t *out)
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
		error = ff_reader_fill(reader, visit, segments, used);
		if (error)
			return error;
		for (size_t s = 0; s < used; s++) {
			size_t values = segments[s].size / size;
			ssize_t there = (ssize_t)values;

			if (segments[s].done < segments[s].size)
				there = read_singly(reader, visit, &segments[s], size, least);
			if (there < 0)
				return there;
			done += (size_t)there;
			if ((size_t)there < values)
				return (ssize_t)done;
		}
	}
	return (ssize_t)done;
}

ssize_t ff_reader_visit_write(struct ff_reader *reader, struct ff_visit *visit,
			      const uint64_t *addresses, size_t n, const void *value,
			      size_t size, uint64_t *failed)
{
	ssize_t written = 0;
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		ssize_t done = ff_reader_store(reader, visit, addresses[i], value, size);

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

/* ---- calls that are done at once, or not at all ---- */

static bool is_sure(struct ff_reader *reader, const uint64_t *addresses, size_t n, size_t size,
		    bool writing)
{
	if (!reader->stalls)
		return true;
	for (size_t i = 0; i < n && n <= SURE_EACH; i++) {
		if (!ff_stalls_are_passed(reader->stalls, addresses[i], size, writing))
			return false;
	}
	return n <= SURE_EACH;
}

ssize_t ff_reader_read(struct ff_reader *reader, uint64_t address, void *buffer, size_t size)
{
	if (!is_sure(reader, &address, 1, size, false))
		return -EAGAIN;
	return ff_reader_visit_read(reader, NULL, address, buffer, size);
}

ssize_t ff_reader_read_each(struct ff_reader *reader, const uint64_t *addresses, size_t n,
			    size_t size, size_t least, uint8_t *out)
{
	if (!is_sure(reader, addresses, n, size, false))
		return -EAGAIN;
	return ff_reader_visit_each(reader, NULL, addresses, n, size, least, out);
}

ssize_t ff_reader_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			size_t size)
{
	if (!is_sure(reader, &address, 1, size, true))
		return -EAGAIN;
	return ff_reader_store(reader, NULL, address, bytes, size);
}

ssize_t ff_reader_write_each(struct ff_reader *reader, const uint64_t *addresses, size_t n,
			     const void *value, size_t size, uint64_t *failed)
{
	if (!is_sure(reader, addresses, n, size, true))
		return -EAGAIN;
	return ff_reader_visit_write(reader, NULL, addresses, n, value, size, failed);
}
