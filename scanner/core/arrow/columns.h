/* SPDX-License-Identifier: MIT */
/*
 * Columns and batches of them, as they are handed to others
 */
#ifndef FF_ARROW_COLUMNS_H
#define FF_ARROW_COLUMNS_H

#include "ff.h"
#include "abi.h"

#define FF_ARROW_BUFFERS 3 /* of a column, at the most */

/*
 * A column, or a part of one; of the first the columns are parts. Parts follow at once what
 * they are parts of, each with its own parts behind it.
 */
struct ff_arrow_column {
	const char *name;
	const char *format;
	bool nullable;
	size_t parts;
	size_t behind; /* the first that is neither this one nor a part of it */
	size_t buffers;
};

struct ff_arrow_columns {
	unsigned int references;
	size_t count;
	struct ff_arrow_column each[];
};

struct ff_arrow_columns *ff_arrow_columns_get(struct ff_arrow_columns *columns);

/* Fills a schema, which holds the columns. */
int ff_arrow_columns_say(struct ff_arrow_columns *columns, struct ArrowSchema *out);

/* Fills an array with what a batch has; the batch has nothing any more. */
int ff_arrow_batch_hand(struct ff_arrow_batch *batch, struct ArrowArray *out);

#endif /* FF_ARROW_COLUMNS_H */
