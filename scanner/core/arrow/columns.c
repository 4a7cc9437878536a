// SPDX-License-Identifier: MIT
/*
 * What the columns of a table are: their names and types, and these as a schema
 */
#include "columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a schema owns: a reference, and room for those of the parts. */
struct own {
	struct ff_arrow_columns *columns;
	struct ArrowSchema *children[];
};

/* By the type's format: who is valid is one, and then offsets and values, as it has them. */
static size_t buffers_of(const char *format)
{
	if (format[0] == '+')
		return format[1] == 's' ? 1 : 2;
	return strchr("uUzZ", format[0]) ? 3 : 2;
}

/* Sets where each one's parts end. Returns 0 for parts that are not all there. */
static size_t end_of(struct ff_arrow_columns *columns, size_t at)
{
	size_t next = at + 1;

	for (size_t i = 0; i < columns->each[at].parts; i++) {
		if (next >= columns->count)
			return 0;
		next = end_of(columns, next);
		if (!next)
			return 0;
	}
	columns->each[at].behind = next;
	return next;
}

int ff_arrow_columns_create(const struct ff_arrow_field *fields, size_t count,
			    struct ff_arrow_columns **out)
{
	struct ff_arrow_columns *columns;
	size_t text = 0;
	char *at;

	for (size_t i = 0; i < count; i++)
		text += strlen(fields[i].name) + strlen(fields[i].format) + 2;
	columns = malloc(sizeof(*columns) + count * sizeof(columns->each[0]) + text);
	if (!columns)
		return -ENOMEM;
	columns->references = 1;
	columns->count = count;
	at = (char *)&columns->each[count];
	for (size_t i = 0; i < count; i++) {
		struct ff_arrow_column *column = &columns->each[i];

		column->name = at;
		at = stpcpy(at, fields[i].name) + 1;
		column->format = at;
		at = stpcpy(at, fields[i].format) + 1;
		column->nullable = fields[i].nullable;
		column->parts = fields[i].parts;
		column->buffers = buffers_of(column->format);
	}
	if (!count || end_of(columns, 0) != count) {
		free(columns);
		return -EINVAL;
	}
	*out = columns;
	return 0;
}

struct ff_arrow_columns *ff_arrow_columns_get(struct ff_arrow_columns *columns)
{
	__atomic_add_fetch(&columns->references, 1, __ATOMIC_RELAXED);
	return columns;
}

void ff_arrow_columns_put(struct ff_arrow_columns *columns)
{
	if (!__atomic_sub_fetch(&columns->references, 1, __ATOMIC_ACQ_REL))
		free(columns);
}

static void release(struct ArrowSchema *schema)
{
	struct own *own = schema->private_data;

	for (int64_t i = 0; i < schema->n_children; i++)
		if (schema->children[i]->release)
			schema->children[i]->release(schema->children[i]);
	ff_arrow_columns_put(own->columns);
	free(own);
	schema->release = NULL;
}

static int say(struct ff_arrow_columns *columns, size_t at, struct ArrowSchema *out)
{
	const struct ff_arrow_column *column = &columns->each[at];
	struct ArrowSchema *parts;
	struct own *own;
	size_t next = at + 1;

	own = calloc(1, sizeof(*own) + column->parts * (sizeof(parts) + sizeof(*parts)));
	if (!own)
		return -ENOMEM;
	own->columns = ff_arrow_columns_get(columns);
	parts = (struct ArrowSchema *)&own->children[column->parts];
	*out = (struct ArrowSchema) {
		.format = column->format,
		.name = column->name,
		.flags = column->nullable ? ARROW_FLAG_NULLABLE : 0,
		.children = own->children,
		.release = release,
		.private_data = own,
	};
	for (size_t i = 0; i < column->parts; i++) {
		int err = say(columns, next, &parts[i]);

		if (err) {
			release(out);
			return err;
		}
		own->children[out->n_children++] = &parts[i];
		next = columns->each[next].behind;
	}
	return 0;
}

int ff_arrow_columns_say(struct ff_arrow_columns *columns, struct ArrowSchema *out)
{
	return say(columns, 0, out);
}

void *ff_arrow_schema_create(struct ff_arrow_columns *columns)
{
	struct ArrowSchema *schema = malloc(sizeof(*schema));

	if (schema && ff_arrow_columns_say(columns, schema)) {
		free(schema);
		return NULL;
	}
	return schema;
}

void ff_arrow_schema_destroy(void *schema)
{
	struct ArrowSchema *owned = schema;

	if (owned->release)
		owned->release(owned);
	free(owned);
}
