// SPDX-License-Identifier: MIT
/*
 * What all sources of hits have in common
 */
#include "source.h"

#include <errno.h>
#include <stdlib.h>

int ff_source_grow(struct ff_source *source)
{
	size_t room = source->openers_room ? 2 * source->openers_room : 16;
	struct ff_opener *more;

	if (source->nopeners < source->openers_room)
		return 0;
	more = realloc(source->openers, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	source->openers = more;
	source->openers_room = room;
	return 0;
}

ssize_t ff_watch_cut(uint64_t address, uint32_t size, struct ff_watch_part *parts)
{
	size_t n = 0;

	while (size) {
		uint32_t part = 8;

		while (part > size || address % part)
			part /= 2;
		if (n == FF_WATCH_PARTS)
			return -E2BIG;
		parts[n].address = address;
		parts[n++].size = part;
		address += part;
		size -= part;
	}
	return (ssize_t)n;
}
