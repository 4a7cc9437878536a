/* SPDX-License-Identifier: MIT */
#ifndef FF_READER_H
#define FF_READER_H

#include "patience.h"

/*
 * A piece of a target to read: done says how far it came, blocked how many bytes behind that
 * nobody brings, so that nothing waits for them.
 */
struct ff_segment {
	uint64_t address;
	uint8_t *buffer;
	size_t size;
	size_t done, blocked;
};

/*
 * A way to read and write a target. Called by many threads at once; a reader keeps
 * no state that a call changes.
 *
 * read fills each segment up to its first unreadable byte and sets done; it returns
 * a negative errno only when the target as a whole cannot be reached. lend, where
 * there is one, gives a pointer to bytes that need no copy, or NULL; they may change
 * while they are looked at, so it is for what is looked at once and not kept.
 */
struct ff_reader_ops {
	int (*read)(struct ff_reader *reader, struct ff_segment *segments, size_t n);
	ssize_t (*write)(struct ff_reader *reader, uint64_t address, const void *bytes,
			 size_t size);
	const uint8_t *(*lend)(struct ff_reader *reader, uint64_t address, size_t size);
	void (*close)(struct ff_reader *reader);
};

struct ff_reader {
	const struct ff_reader_ops *ops;
	uint32_t references;
	struct ff_stalls *stalls;	/* NULL where no call can block */
	int space;			/* open file of the address space it belongs to, or -1 */
};

/* Begin one with one reference, of a process, or of no process if pid is 0. */
int ff_reader_init(struct ff_reader *reader, const struct ff_reader_ops *ops, int pid);
/* Threads that were given up hold a reference each until they return. */
void ff_reader_put(struct ff_reader *reader);

/*
 * ops->read and ops->write as the calls of a thread that may be given up, around what is
 * known to block; -ECANCELED when it was given up. Without a visit the thread is sure that
 * the call does not block.
 */
int ff_reader_fill(struct ff_reader *reader, struct ff_visit *visit,
		   struct ff_segment *segments, size_t n);
ssize_t ff_reader_store(struct ff_reader *reader, struct ff_visit *visit, uint64_t address,
			const void *bytes, size_t size);
/* What ff_reader_read() and its like do, as such calls. */
ssize_t ff_reader_visit_read(struct ff_reader *reader, struct ff_visit *visit,
			     uint64_t address, void *buffer, size_t size);
ssize_t ff_reader_visit_write(struct ff_reader *reader, struct ff_visit *visit,
			      uint64_t address, const void *bytes, size_t size);
ssize_t ff_reader_visit_read_many(struct ff_reader *reader, struct ff_visit *visit,
				  const struct ff_values *values);
ssize_t ff_reader_visit_write_many(struct ff_reader *reader, struct ff_visit *visit,
				   const struct ff_values *values);

static inline size_t ff_values_size(const struct ff_values *values, size_t i)
{
	return values->sizes ? values->sizes[i] : values->size;
}

/* Bytes of them all. */
static inline size_t ff_values_bytes(const struct ff_values *values)
{
	size_t bytes = 0;

	if (!values->sizes)
		return values->n * values->size;
	for (size_t i = 0; i < values->n; i++)
		bytes += values->sizes[i];
	return bytes;
}

#endif
