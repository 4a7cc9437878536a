/* SPDX-License-Identifier: MIT */
#ifndef FF_READER_H
#define FF_READER_H

#include "ff.h"

/* A piece of a target to read: done says how far it came. */
struct ff_segment {
	uint64_t address;
	uint8_t *buffer;
	size_t size;
	size_t done;
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
	uint32_t references;	/* 1 when it is opened */
};

#endif
