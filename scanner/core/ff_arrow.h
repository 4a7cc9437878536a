/* SPDX-License-Identifier: MIT */
/*
 * Tables, as others take them. A part of ff.h, which includes it.
 */
#ifndef FF_PUBLIC_ARROW_H
#define FF_PUBLIC_ARROW_H

/*
 * Apache Arrow's C interfaces. A table has columns; rows of it are made batch by batch, and whoever
 * gets one owns its buffers. What others own lives until they let it go, whatever becomes of what
 * it was made from.
 */
struct ff_arrow_field {
	const char *name;
	const char *format;	/* of the type, in Arrow's letters */
	bool nullable;
	size_t parts;		/* of it, which follow at once, each with its own behind it */
};

struct ff_arrow_columns;
struct ff_arrow_batch;
struct ff_arrow_stream;

/* The first field stands for all: it has the columns for its parts. */
int ff_arrow_columns_create(const struct ff_arrow_field *fields, size_t count,
			    struct ff_arrow_columns **out);
void ff_arrow_columns_put(struct ff_arrow_columns *columns);

int ff_arrow_batch_create(struct ff_arrow_columns *columns, uint64_t rows,
			  struct ff_arrow_batch **out);
void ff_arrow_batch_destroy(struct ff_arrow_batch *batch);
/* So many bytes for a buffer of a field; NULL where there is not as much. */
void *ff_arrow_batch_buffer(struct ff_arrow_batch *batch, size_t field, size_t buffer,
			    size_t bytes);
/* How many a field has, where it is not as many as the batch: of the parts of a list. */
void ff_arrow_batch_rows(struct ff_arrow_batch *batch, size_t field, uint64_t rows);
/*
 * Which of a field are there: those of which so many bytes are done, and that are of a type.
 * Either may be NULL: done for all, types for any.
 */
int ff_arrow_batch_valid(struct ff_arrow_batch *batch, size_t field, const uint32_t *done,
			 uint32_t least, const uint32_t *types, uint32_t type);

/* Where batches come from; called on any thread, of each stream by one at a time. */
struct ff_arrow_source {
	/* Gives the next batch, or none at the end; or fails, and returns an errno. */
	int (*next)(void *context, struct ff_arrow_stream *stream);
	void (*ended)(void *context);
};

void ff_arrow_stream_give(struct ff_arrow_stream *stream, struct ff_arrow_batch **batch);
void ff_arrow_stream_fail(struct ff_arrow_stream *stream, const char *said);
/* From now on no source is asked for anything, or told that its stream has ended. */
void ff_arrow_stop(void);

/* An ArrowSchema or an ArrowArrayStream of one's own, on the heap; NULL without memory. */
void *ff_arrow_schema_create(struct ff_arrow_columns *columns);
void ff_arrow_schema_destroy(void *schema);
void *ff_arrow_stream_create(struct ff_arrow_columns *columns, const struct ff_arrow_source *source,
			     void *context);
void ff_arrow_stream_destroy(void *stream);

/* size bytes of each of some values that lie stride apart, side by side; or the other way round. */
void ff_arrow_take(const uint8_t *values, size_t stride, uint64_t rows, size_t size, bool swapped,
		   uint8_t *out);
/* What ff_matchset_types says of each address. */
void ff_arrow_types(const struct ff_matchset *matches, const uint64_t *addresses, uint64_t rows,
		    uint32_t *out);
/* The steps of n paths one after the other, and where each path's end. Returns how many. */
size_t ff_arrow_steps(const struct ff_path *paths, const int64_t *offsets, size_t depth, size_t n,
		      int64_t *ends, int64_t *steps);

#endif
