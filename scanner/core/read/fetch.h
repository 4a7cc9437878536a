/* SPDX-License-Identifier: MIT */
#ifndef FF_FETCH_H
#define FF_FETCH_H

#include "grid.h"
#include "reader.h"

/* One worker's reading: scratch space, and what could not be read. */
struct ff_fetch {
	struct ff_segment *segments;
	size_t capacity;
	struct ff_range *holes;		/* of the last fetch, ascending by segment */
	size_t nholes, holes_capacity;
	struct ff_range *faults;	/* of every fetch so far, merged where they touch */
	size_t nfaults, faults_capacity;
	struct ff_range *blocked;	/* of every fetch so far: what nobody brings */
	size_t nblocked, blocked_capacity;
	uint64_t bytes;			/* the last fetch brought in */
	struct ff_visit *visit;		/* of the worker, when its calls may block */
	uint64_t page;
};

int ff_fetch_init(struct ff_fetch *fetch, size_t pieces);
void ff_fetch_deinit(struct ff_fetch *fetch);
/*
 * Read segments, which are used up. Pages that cannot be read become holes and reading
 * goes on behind them.
 */
int ff_fetch_segments(struct ff_fetch *fetch, struct ff_reader *reader,
		      struct ff_segment *segments, size_t n);
/* Note the pages of a hole as a fault, as far as they lie between low and high. */
int ff_fetch_fault(struct ff_fetch *fetch, const struct ff_range *hole, uint64_t low,
		   uint64_t high);
/*
 * Read the wanted pieces of a chunk to where they lie in buffer. Holes are
 * noted as faults too.
 */
int ff_fetch_pieces(struct ff_fetch *fetch, struct ff_reader *reader,
		    const struct ff_chunk *bounds, const uint64_t *wanted, uint8_t *buffer);

#endif
