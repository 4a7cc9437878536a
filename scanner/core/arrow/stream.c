// SPDX-License-Identifier: MIT
/*
 * Streams of batches: each is made when it is asked for, on whichever thread asks
 */
#include "columns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAID 512 /* bytes of an error's text */

struct ff_arrow_stream {
	struct ff_arrow_columns *columns;
	const struct ff_arrow_source *source;
	void *context;
	struct ff_arrow_batch *batch; /* that was given, and not handed on yet */
	char said[SAID];
};

static bool stopped; /* nobody can be asked any more */

void ff_arrow_stop(void)
{
	__atomic_store_n(&stopped, true, __ATOMIC_RELEASE);
}

static bool has_stopped(void)
{
	return __atomic_load_n(&stopped, __ATOMIC_ACQUIRE);
}

void ff_arrow_stream_give(struct ff_arrow_stream *stream, struct ff_arrow_batch **batch)
{
	stream->batch = *batch;
	*batch = NULL;
}

void ff_arrow_stream_fail(struct ff_arrow_stream *stream, const char *said)
{
	snprintf(stream->said, sizeof(stream->said), "%s", said);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct ff_arrow_stream *own = stream->private_data;

	return -ff_arrow_columns_say(own->columns, out);
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct ff_arrow_stream *own = stream->private_data;
	int err;

	own->said[0] = 0;
	memset(out, 0, sizeof(*out)); /* which stands for the end */
	if (has_stopped()) {
		ff_arrow_stream_fail(own, "the program that this is read from is at its end");
		err = ECANCELED;
	} else {
		err = own->source->next(own->context, own);
	}
	if (!err && own->batch)
		err = -ff_arrow_batch_hand(own->batch, out);
	if (own->batch)
		ff_arrow_batch_destroy(own->batch);
	own->batch = NULL;
	return err;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
	struct ff_arrow_stream *own = stream->private_data;

	return own->said[0] ? own->said : NULL;
}

static void release(struct ArrowArrayStream *stream)
{
	struct ff_arrow_stream *own = stream->private_data;

	if (!has_stopped())
		own->source->ended(own->context);
	ff_arrow_columns_put(own->columns);
	free(own);
	stream->release = NULL;
}

void *ff_arrow_stream_create(struct ff_arrow_columns *columns, const struct ff_arrow_source *source,
			     void *context)
{
	struct ArrowArrayStream *stream = malloc(sizeof(*stream));
	struct ff_arrow_stream *own = calloc(1, sizeof(*own));

	if (!stream || !own) {
		free(stream);
		free(own);
		return NULL;
	}
	own->columns = ff_arrow_columns_get(columns);
	own->source = source;
	own->context = context;
	*stream = (struct ArrowArrayStream) {
		.get_schema = get_schema,
		.get_next = get_next,
		.get_last_error = get_last_error,
		.release = release,
		.private_data = own,
	};
	return stream;
}

void ff_arrow_stream_destroy(void *stream)
{
	struct ArrowArrayStream *owned = stream;

	if (owned->release)
		owned->release(owned);
	free(owned);
}
