// SPDX-License-Identifier: MIT
/*
 * Readers: what they share
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MANY_BATCH 256		/* segments read in one call */
#define MANY_ROOM (32 << 10)	/* bytes of small values in one call */
#define MANY_GAP 256		/* bytes between two that are read to have them in one segment */
#define SMALLEST_PAGE 4096
#define SURE_MANY 16		/* addresses that are looked at before a call, to do it at once */

int ff_reader_init(struct ff_reader *reader, const struct ff_reader_ops *ops, int pid)
{
	reader->ops = ops;
	reader->references = 1;
	reader->stalls = NULL;
	reader->space = -1;
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
	if (reader->space >= 0)
		close(reader->space);
	reader->ops->close(reader);
}

void ff_reader_close(struct ff_reader *reader)
{
	if (reader)
		ff_reader_put(reader);
}

int ff_reader_belong(struct ff_reader *reader, int file)
{
	int space = fcntl(file, F_DUPFD_CLOEXEC, 0);

	if (space < 0)
		return -errno;
	reader->space = space;
	return 0;
}

/* Nothing is to be had there: an error while there is an address space, no bytes after. */
static bool is_gone(const struct ff_reader *reader)
{
	uint8_t byte;

	return reader->space >= 0 && !pread(reader->space, &byte, 1, 1);
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

/* What was read is the target's only if that is still there. */
static ssize_t still(const struct ff_reader *reader, ssize_t result)
{
	return is_gone(reader) ? -ESRCH : result;
}

ssize_t ff_reader_visit_read(struct ff_reader *reader, struct ff_visit *visit,
			     uint64_t address, void *buffer, size_t size)
{
	struct ff_segment segment = { .address = address, .buffer = buffer, .size = size };
	int error = ff_reader_fill(reader, visit, &segment, 1);

	return still(reader, error ? error : (ssize_t)segment.done);
}

ssize_t ff_reader_visit_write(struct ff_reader *reader, struct ff_visit *visit,
			      uint64_t address, const void *bytes, size_t size)
{
	if (is_gone(reader))
		return -ESRCH;
	return ff_reader_store(reader, visit, address, bytes, size);
}

/*
 * Segments of one call. Small values come to a place of their own first, so that those that lie
 * close together there are one segment, with what is between them:
 *
 *	addresses   v0 v1 ... v2      v3        v4
 *	segments    [--------------]  [-----------]
 *	room        |v0 v1 ... v2|v3        v4|
 *	bytes       |v0|v1|v2|v3|v4|
 */
struct batch {
	struct ff_segment segments[MANY_BATCH];
	size_t ends[MANY_BATCH];	/* the value behind the last of each */
	size_t n;
	uint8_t room[MANY_ROOM];
	size_t used;
};

/*
 * Whether a value lies so close behind where the last segment begins that it comes with that.
 * What is between them is on a page that one of them needs: so it adds no fault.
 */
static bool join(struct batch *batch, uint64_t address, size_t size)
{
	struct ff_segment *last;
	uint64_t offset;
	size_t longer;

	if (!batch->n)
		return false;
	last = batch->segments + batch->n - 1;
	offset = address - last->address;
	if (address < last->address || offset > last->size + MANY_GAP ||
	    last->size > MANY_ROOM || size > MANY_ROOM)
		return false;
	if (offset > last->size &&
	    (last->address + last->size - 1) / SMALLEST_PAGE != address / SMALLEST_PAGE)
		return false;
	longer = offset + size > last->size ? (size_t)offset + size - last->size : 0;
	if (batch->used + longer > MANY_ROOM)
		return false;
	last->size += longer;
	batch->used += longer;
	return true;
}

/* Whether there was room for a segment more; a large value comes right to where it is wanted. */
static bool append(struct batch *batch, uint64_t address, size_t size, uint8_t *wanted)
{
	bool large = size > MANY_ROOM;

	if (batch->n == MANY_BATCH || (!large && batch->used + size > MANY_ROOM))
		return false;
	batch->segments[batch->n++] = (struct ff_segment){
		.address = address,
		.buffer = large ? wanted : batch->room + batch->used,
		.size = size,
	};
	batch->used += large ? 0 : size;
	return true;
}

/*
 * A segment has come, with some values. Where it stopped short, those that are not whole are
 * asked for one by one, unless it was one alone.
 */
static ssize_t share_out(struct ff_reader *reader, struct ff_visit *visit,
			 const struct ff_values *values, size_t first, size_t end,
			 const struct ff_segment *segment, uint8_t **out)
{
	ssize_t whole = 0;

	for (size_t i = first; i < end; i++) {
		size_t size = ff_values_size(values, i);
		size_t offset = values->addresses[i] - segment->address;
		size_t done = segment->done > offset ? segment->done - offset : 0;

		if (done >= size || end - first == 1) {
			done = done < size ? done : size;
			memmove(*out, segment->buffer + offset, done);
		} else {
			struct ff_segment one = {
				.address = values->addresses[i], .buffer = *out, .size = size,
			};
			int error = ff_reader_fill(reader, visit, &one, 1);

			if (error)
				return error;
			done = one.done;
		}
		values->done[i] = (uint32_t)done;
		whole += done == size;
		*out += size;
	}
	return whole;
}

ssize_t ff_reader_visit_read_many(struct ff_reader *reader, struct ff_visit *visit,
				  const struct ff_values *values)
{
	uint8_t *out = values->bytes, *wanted = values->bytes;
	ssize_t whole = 0;
	size_t i = 0;

	while (i < values->n) {
		size_t first = i;
		struct batch batch;
		int error;

		batch.n = 0;
		batch.used = 0;
		for (; i < values->n; i++) {
			uint64_t address = values->addresses[i];
			size_t size = ff_values_size(values, i);

			if (!join(&batch, address, size) && !append(&batch, address, size, wanted))
				break;
			batch.ends[batch.n - 1] = i + 1;
			wanted += size;
		}
		error = ff_reader_fill(reader, visit, batch.segments, batch.n);
		if (error)
			return error;
		for (size_t s = 0; s < batch.n; first = batch.ends[s++]) {
			ssize_t n = share_out(reader, visit, values, first, batch.ends[s],
					      &batch.segments[s], &out);

			if (n < 0)
				return n;
			whole += n;
		}
	}
	return still(reader, whole);
}

ssize_t ff_reader_visit_write_many(struct ff_reader *reader, struct ff_visit *visit,
				   const struct ff_values *values)
{
	const uint8_t *bytes = values->bytes;
	ssize_t whole = 0;

	if (is_gone(reader))
		return -ESRCH;
	for (size_t i = 0; i < values->n; i++) {
		size_t size = ff_values_size(values, i);
		ssize_t done = ff_reader_store(reader, visit, values->addresses[i], bytes, size);

		if (done < 0)
			return done;
		values->done[i] = (uint32_t)done;
		whole += (size_t)done == size;
		bytes += size;
	}
	return whole;
}

/* ---- calls that are done at once, or not at all ---- */

static bool is_sure(struct ff_reader *reader, uint64_t address, size_t size, bool writing)
{
	return !reader->stalls || ff_stalls_are_passed(reader->stalls, address, size, writing);
}

static bool are_sure(struct ff_reader *reader, const struct ff_values *values, bool writing)
{
	if (!reader->stalls)
		return true;
	if (values->n > SURE_MANY)
		return false;
	for (size_t i = 0; i < values->n; i++) {
		if (!is_sure(reader, values->addresses[i], ff_values_size(values, i), writing))
			return false;
	}
	return true;
}

ssize_t ff_reader_read(struct ff_reader *reader, uint64_t address, void *buffer, size_t size)
{
	if (!is_sure(reader, address, size, false))
		return -EAGAIN;
	return ff_reader_visit_read(reader, NULL, address, buffer, size);
}

ssize_t ff_reader_read_many(struct ff_reader *reader, const struct ff_values *values)
{
	if (!are_sure(reader, values, false))
		return -EAGAIN;
	return ff_reader_visit_read_many(reader, NULL, values);
}

ssize_t ff_reader_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			size_t size)
{
	if (!is_sure(reader, address, size, true))
		return -EAGAIN;
	return ff_reader_visit_write(reader, NULL, address, bytes, size);
}

ssize_t ff_reader_write_many(struct ff_reader *reader, const struct ff_values *values)
{
	if (!are_sure(reader, values, true))
		return -EAGAIN;
	return ff_reader_visit_write_many(reader, NULL, values);
}
