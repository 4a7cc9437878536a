/* SPDX-License-Identifier: MIT */
/*
 * Scans: what a scan's workers share, and what each has of its own
 */
#ifndef FF_SCAN_H
#define FF_SCAN_H

#include "job/job.h"
#include "keep/snapshot.h"
#include "program/program.h"
#include "read/pages.h"

struct ff_gather;
struct ff_thin;

struct ff_scan {
	struct ff_job job;		/* first: a job is taken for its scan */
	struct ff_scan_spec spec;
	const struct ff_kernels *kernels;
	struct ff_matchset *set;
	struct ff_snapshot *snapshot;
	const uint8_t *zeros;		/* as many as a scanner's buffer has bytes */
	bool blank_matches;		/* whether the program lets pass where all is zero */
};

/* What a worker has of its own. */
struct ff_scanner {
	struct ff_worker *worker;
	struct ff_scan *scan;
	uint8_t *buffers[FF_STREAMS];	/* now, then one for each stream that needs a copy */
	uint64_t *mask, *alive;		/* see struct ff_lot */
	uint64_t *types[FF_MATCH_TYPES];
	uint64_t *had;			/* who had a value in a named snapshot */
	uint64_t *pieces;		/* that hold a value which is wanted */
	uint64_t *known, *untouched;	/* pieces that need no reading; of them, zero ones */
	uint64_t *entries;		/* what the kernel says of the chunk's pages */
	struct ff_range blank;		/* that nobody ever touched, when last asked */
	uint8_t *packing;		/* room for what is packed on its way to the store */
	struct ff_landing landing;	/* read to instead of buffers[FF_NOW] while that pays */
	struct ff_gather *gather;	/* NULL without candidates */
	struct ff_thin *thin;	/* NULL as well where a filter or types want more */
};

/* Streams that are no scan of the history's own, and may lack some of the candidates. */
static inline bool ff_stream_is_named(size_t stream)
{
	return stream > FF_FIRST;
}

static inline bool ff_scan_uses(const struct ff_scan *scan, size_t stream)
{
	return scan->spec.program->streams & 1u << stream;
}

/* Bytes of a scanner's buffer for one stream. */
static inline size_t ff_scan_buffer(const struct ff_grid *grid)
{
	return ff_grid_pieces(grid) * FF_PIECE;
}

/* Zeros that take no room until they are written to, with mmap()'s protection; or NULL. */
void *ff_map_bytes(size_t size, int protection);
/* Count what a chunk came to, and see that it stays within the scan's memory. */
int ff_scan_count(struct ff_scan *scan, uint64_t matches);
/* A step that had to do with the store: its error becomes the job's as such. */
int ff_scan_stored(struct ff_scan *scan, int error);

/* ---- dense.c: a chunk at a time ---- */

int ff_dense_scan(struct ff_scanner *scanner, uint64_t chunk);

/* ---- gather.c: chunks with few candidates, many at a time, value by value ---- */

int ff_gather_create(struct ff_gather **out);
void ff_gather_destroy(struct ff_gather *gather);
/* Whether the chunk is one of those; then it is gathered. */
bool ff_gather_takes(struct ff_scanner *scanner, uint64_t chunk);
/* Their numbers; FF_PUT_OFF_MAX at the most. */
size_t ff_gather_chunks(const struct ff_gather *gather, uint64_t *out);
/* Whether there may be no room for another. */
bool ff_gather_is_full(const struct ff_gather *gather);
/* Do what has been gathered. */
int ff_gather_scan(struct ff_scanner *scanner);

/* ---- thin.c: chunks with more of them, read as they lie ---- */

int ff_thin_create(const struct ff_grid *grid, struct ff_thin **out);
void ff_thin_destroy(struct ff_thin *thin);
/* Whether the chunk, as it was read, is one of those. */
bool ff_thin_takes(const struct ff_scanner *scanner, uint64_t chunk,
		   const struct ff_chunk *bounds);
/* Decide about its candidates, and keep those that match. */
int ff_thin_decide(struct ff_scanner *scanner, uint64_t chunk, const struct ff_chunk *bounds,
		   const uint8_t *bytes);

#endif
