// SPDX-License-Identifier: MIT
/*
 * Batches: some rows of a table, a buffer after the other, which others get without a copy
 */
#include "columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE 64 /* what buffers are aligned to, and padded */

struct part {
	uint64_t rows;
	uint64_t nulls;
	void *buffers[FF_ARROW_BUFFERS];
};

struct ff_arrow_batch {
	struct ff_arrow_columns *columns;
	struct part parts[];
};

/* What an array owns: its buffers, and room for the arrays of its parts. */
struct own {
	void *buffers[FF_ARROW_BUFFERS];
	struct ArrowArray *children[];
};

int ff_arrow_batch_create(struct ff_arrow_columns *columns, uint64_t rows,
			  struct ff_arrow_batch **out)
{
	struct ff_arrow_batch *batch;

	batch = calloc(1, sizeof(*batch) + columns->count * sizeof(batch->parts[0]));
	if (!batch)
		return -ENOMEM;
	batch->columns = ff_arrow_columns_get(columns);
	for (size_t i = 0; i < columns->count; i++)
		batch->parts[i].rows = rows;
	*out = batch;
	return 0;
}

void ff_arrow_batch_destroy(struct ff_arrow_batch *batch)
{
	for (size_t i = 0; i < batch->columns->count; i++)
		for (size_t k = 0; k < FF_ARROW_BUFFERS; k++)
			free(batch->parts[i].buffers[k]);
	ff_arrow_columns_put(batch->columns);
	free(batch);
}

void *ff_arrow_batch_buffer(struct ff_arrow_batch *batch, size_t column, size_t buffer,
			    size_t bytes)
{
	void **at = &batch->parts[column].buffers[buffer];
	size_t room;

	if (bytes > SIZE_MAX - LINE)
		return NULL;
	room = bytes ? (bytes + LINE - 1) / LINE * LINE : LINE;
	free(*at);
	*at = aligned_alloc(LINE, room);
	if (*at)
		memset((char *)*at + bytes, 0, room - bytes);
	return *at;
}

void ff_arrow_batch_rows(struct ff_arrow_batch *batch, size_t column, uint64_t rows)
{
	batch->parts[column].rows = rows;
}

int ff_arrow_batch_valid(struct ff_arrow_batch *batch, size_t column, const uint32_t *done,
			 uint32_t least, const uint32_t *types, uint32_t type)
{
	struct part *part = &batch->parts[column];
	uint64_t nulls = 0;
	uint8_t *bits;

	bits = ff_arrow_batch_buffer(batch, column, 0, (part->rows + 7) / 8);
	if (!bits)
		return -ENOMEM;
	memset(bits, 0, (part->rows + 7) / 8);
	for (uint64_t i = 0; i < part->rows; i++) {
		bool there = (!done || done[i] >= least) && (!types || types[i] >> type & 1);

		bits[i / 8] |= there << i % 8;
		nulls += !there;
	}
	part->nulls = nulls;
	if (!nulls) { /* then there need be none */
		free(bits);
		part->buffers[0] = NULL;
	}
	return 0;
}

static void release(struct ArrowArray *array)
{
	struct own *own = array->private_data;

	for (int64_t i = 0; i < array->n_children; i++)
		if (array->children[i]->release)
			array->children[i]->release(array->children[i]);
	for (size_t i = 0; i < FF_ARROW_BUFFERS; i++)
		free(own->buffers[i]);
	free(own);
	array->release = NULL;
}

static int hand(struct ff_arrow_batch *batch, size_t at, struct ArrowArray *out)
{
	const struct ff_arrow_column *column = &batch->columns->each[at];
	struct part *part = &batch->parts[at];
	struct ArrowArray *arrays;
	struct own *own;
	size_t next = at + 1;

	own = calloc(1, sizeof(*own) + column->parts * (sizeof(arrays) + sizeof(*arrays)));
	if (!own)
		return -ENOMEM;
	arrays = (struct ArrowArray *)&own->children[column->parts];
	*out = (struct ArrowArray) {
		.length = part->rows,
		.null_count = part->nulls,
		.n_buffers = column->buffers,
		.buffers = (const void **)own->buffers,
		.children = own->children,
		.release = release,
		.private_data = own,
	};
	for (size_t i = 0; i < column->parts; i++) {
		int err = hand(batch, next, &arrays[i]);

		if (err) {
			release(out);
			return err;
		}
		own->children[out->n_children++] = &arrays[i];
		next = batch->columns->each[next].behind;
	}
	memcpy(own->buffers, part->buffers, sizeof(own->buffers));
	memset(part->buffers, 0, sizeof(part->buffers));
	return 0;
}

int ff_arrow_batch_hand(struct ff_arrow_batch *batch, struct ArrowArray *out)
{
	return hand(batch, 0, out);
}
