// SPDX-License-Identifier: MIT
/*
 * Fetching: a chunk's pieces in as few calls as they take, around what is unreadable
 */
#include "fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int ff_fetch_init(struct ff_fetch *fetch, size_t pieces)
{
	fetch->capacity = pieces / 2 + 1;	/* runs of pieces, a gap between each */
	fetch->segments = calloc(fetch->capacity, sizeof(*fetch->segments));
	fetch->page = (uint64_t)sysconf(_SC_PAGESIZE);
	return fetch->segments ? 0 : -ENOMEM;
}

void ff_fetch_deinit(struct ff_fetch *fetch)
{
	free(fetch->segments);
	free(fetch->holes);
	free(fetch->faults);
	free(fetch->blocked);
}

static int append(struct ff_range **ranges, size_t *n, size_t *capacity, uint64_t start,
		  uint64_t end)
{
	if (*n && (*ranges)[*n - 1].end == start) {
		(*ranges)[*n - 1].end = end;
		return 0;
	}
	if (*n == *capacity) {
		size_t grown = *capacity ? *capacity * 2 : 16;
		struct ff_range *memory = realloc(*ranges, grown * sizeof(*memory));

		if (!memory)
			return -ENOMEM;
		*ranges = memory;
		*capacity = grown;
	}
	(*ranges)[(*n)++] = (struct ff_range){ .start = start, .end = end };
	return 0;
}

static int note_hole(struct ff_fetch *fetch, uint64_t start, uint64_t end)
{
	return append(&fetch->holes, &fetch->nholes, &fetch->holes_capacity, start, end);
}

static int note_fault(struct ff_fetch *fetch, uint64_t start, uint64_t end)
{
	return append(&fetch->faults, &fetch->nfaults, &fetch->faults_capacity, start, end);
}

/* In whole pages: of those only what was wanted counts in the end. */
static int note_blocked(struct ff_fetch *fetch, uint64_t start, uint64_t end)
{
	start -= start % fetch->page;
	end += (fetch->page - end % fetch->page) % fetch->page;
	return append(&fetch->blocked, &fetch->nblocked, &fetch->blocked_capacity, start, end);
}

int ff_fetch_fault(struct ff_fetch *fetch, const struct ff_range *hole, uint64_t low,
		   uint64_t high)
{
	uint64_t start = hole->start - hole->start % fetch->page;
	uint64_t end = hole->end + (fetch->page - hole->end % fetch->page) % fetch->page;

	return note_fault(fetch, start > low ? start : low, end < high ? end : high);
}

/*
 * Account for what a call brought. Segments that stopped short lose what they have and
 * the page they stopped at, and stay in the list. Returns how many are left.
 */
static int settle(struct ff_fetch *fetch, struct ff_segment *segments, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct ff_segment segment = segments[i];
		uint64_t stop = segment.address + segment.done;
		uint64_t skip = fetch->page - stop % fetch->page;
		int error;

		fetch->bytes += segment.done;
		segment.size -= segment.done;
		if (!segment.size)
			continue;
		if (skip < segment.blocked)
			skip = segment.blocked;
		if (skip > segment.size)
			skip = segment.size;
		error = note_hole(fetch, stop, stop + skip);
		if (!error && segment.blocked)
			error = note_blocked(fetch, stop, stop + skip);
		if (error)
			return error;
		segment.buffer += segment.done + skip;
		segment.address = stop + skip;
		segment.size -= skip;
		if (segment.size)
			segments[left++] = segment;
	}
	return (int)left;
}

int ff_fetch_segments(struct ff_fetch *fetch, struct ff_reader *reader,
		      struct ff_segment *segments, size_t n)
{
	int left = (int)n;

	fetch->nholes = 0;
	fetch->bytes = 0;
	while (left > 0) {
		int error = ff_reader_fill(reader, fetch->visit, segments, (size_t)left);

		if (error) {
			fetch->bytes = 0;
			return error;
		}
		left = settle(fetch, segments, (size_t)left);
	}
	return left;
}

int ff_fetch_pieces(struct ff_fetch *fetch, struct ff_reader *reader,
		    const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer)
{
	size_t pieces = ff_chunk_pieces(bounds), end;
	size_t n = 0;
	int error;

	for (size_t i = 0; i < pieces; i = end + 1) {
		size_t start = i * FF_PIECE, stop;

		end = ff_bits_run(wanted, i, pieces);
		if (end == i)
			continue;
		stop = end * FF_PIECE < bounds->size ? end * FF_PIECE : bounds->size;
		fetch->segments[n++] = (struct ff_segment){
			.address = bounds->start + start,
			.buffer = buffer + start,
			.size = stop - start,
		};
	}
	error = ff_fetch_segments(fetch, reader, fetch->segments, n);
	for (size_t i = 0; i < fetch->nholes && !error; i++)
		error = note_fault(fetch, fetch->holes[i].start, fetch->holes[i].end);
	return error;
}
