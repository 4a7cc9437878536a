/* SPDX-License-Identifier: MIT */
/*
 * Apache Arrow's C data and stream interfaces: what a table looks like in memory, as any library
 * takes it that knows them. https://arrow.apache.org/docs/format/CDataInterface.html
 *
 * Who gets one of these owns it: he calls its release once, which sets itself to NULL. A child
 * may be moved out of its parent, by a copy of it and NULL in place of its release, and outlives
 * the parent then.
 */
#ifndef FF_ARROW_ABI_H
#define FF_ARROW_ABI_H

#include <stdint.h>

#define ARROW_FLAG_NULLABLE 2

struct ArrowSchema {
	const char *format;
	const char *name;
	const char *metadata;
	int64_t flags;
	int64_t n_children;
	struct ArrowSchema **children;
	struct ArrowSchema *dictionary;
	void (*release)(struct ArrowSchema *schema);
	void *private_data;
};

struct ArrowArray {
	int64_t length;
	int64_t null_count;
	int64_t offset;
	int64_t n_buffers;
	int64_t n_children;
	const void **buffers;
	struct ArrowArray **children;
	struct ArrowArray *dictionary;
	void (*release)(struct ArrowArray *array);
	void *private_data;
};

struct ArrowArrayStream {
	int (*get_schema)(struct ArrowArrayStream *stream, struct ArrowSchema *out);
	int (*get_next)(struct ArrowArrayStream *stream, struct ArrowArray *out);
	const char *(*get_last_error)(struct ArrowArrayStream *stream);
	void (*release)(struct ArrowArrayStream *stream);
	void *private_data;
};

#endif /* FF_ARROW_ABI_H */
