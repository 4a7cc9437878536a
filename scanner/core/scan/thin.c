// SPDX-License-Identifier: MIT
/*
 * Thin chunks: read as they lie, decided about value by value
 *
 *   chunk     |..v.......v....v.........v..|   read; too many candidates to read each by itself
 *   slots        2       10   15        25
 *   now       |v|v|v|v|                        the candidates' values, side by side, where all
 *   old       |p|p|p|p|                        that looks at them finds them in few lines
 *   mask       0 1 1 0                         a lot whose stride is the value's size
 *
 * What is kept of such a chunk lies side by side as well (values.c): the old values mostly need not
 * be moved, and the new ones are kept as they are. A chunk with more candidates is looked at as it
 * lies, and so is one with a value that is not all there.
 */
#include "keep/extent.h"
#include "keep/values.h"
#include "lot.h"

#include <errno.h>
#include <stdlib.h>

/* What a scanner has of a thin chunk. */
struct ff_thin {
	uint32_t *slots;	/* of the candidates */
	uint8_t *values;	/* those that they have now */
	struct ff_extent *lenders[FF_STREAMS];
};

int ff_thin_create(const struct ff_grid *grid, struct ff_thin **out)
{
	/* as many as are kept side by side */
	size_t most = ff_scan_buffer(grid) / 16;
	struct ff_thin *thin = calloc(1, sizeof(*thin));

	if (!thin)
		return -ENOMEM;
	thin->slots = malloc((most / grid->span + 1) * sizeof(*thin->slots));
	thin->values = malloc(most + grid->span);
	if (!thin->slots || !thin->values) {
		ff_thin_destroy(thin);
		return -ENOMEM;
	}
	*out = thin;
	return 0;
}

void ff_thin_destroy(struct ff_thin *thin)
{
	if (!thin)
		return;
	free(thin->slots);
	free(thin->values);
	free(thin);
}

bool ff_thin_takes(const struct ff_scanner *scanner, uint64_t chunk,
		   const struct ff_chunk *bounds)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;

	if (!scanner->thin || bounds->tail || scanner->worker->fetch.nholes ||
	    /* not all candidates' pages were filled in */
	    (spec->prev && spec->program->relation == FF_OTHER_BYTES) ||
	    !ff_values_are_less(bounds, ff_matchset_chunk_count(spec->candidates, chunk),
				spec->grid->span))
		return false;
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		if (ff_scan_uses(scanner->scan, s) &&
		    (ff_stream_is_named(s) || !ff_snapshot_is_thin(spec->streams[s], chunk)))
			return false;
	}
	return true;
}

/* ---- keeping ---- */

/* Move the slots and values whose bits are set to the front. Returns how many they are. */
static inline size_t pick(const uint64_t *mask, size_t words, size_t span, uint32_t *slots,
			  uint8_t *values)
{
	size_t n = 0;

	for (size_t w = 0; w < words; w++) {
		for (uint64_t left = mask[w]; left; left &= left - 1) {
			size_t i = w * 64 + ff_bits_first(left);

			slots[n] = slots[i];
			memmove(values + n * span, values + i * span, span);
			n++;
		}
	}
	return n;
}

/* The same for spans that the compiler knows. */
static size_t pick_of_span(const uint64_t *mask, size_t words, size_t span, uint32_t *slots,
			   uint8_t *values)
{
	switch (span) {
	case 1:
		return pick(mask, words, 1, slots, values);
	case 2:
		return pick(mask, words, 2, slots, values);
	case 4:
		return pick(mask, words, 4, slots, values);
	case 8:
		return pick(mask, words, 8, slots, values);
	}
	return pick(mask, words, span, slots, values);
}

static int64_t put_matches(struct ff_scanner *scanner, uint64_t chunk,
			   const struct ff_chunk *bounds, const struct ff_lot *lot)
{
	struct ff_thin *thin = scanner->thin;
	struct ff_scan *scan = scanner->scan;
	size_t n;
	int error;

	if (ff_bits_all(lot->mask, lot->slots))
		return ff_matchset_put_same(scan->set, scan->spec.candidates, chunk);
	ff_matchset_chunk_slots(scan->spec.candidates, chunk, 0, lot->slots, thin->slots);
	n = pick_of_span(lot->mask, ff_bits_words(lot->slots), lot->stride, thin->slots,
			 thin->values);
	error = ff_matchset_put_slots(scan->set, chunk, bounds->slots, thin->slots, n);
	return error ? error : (int64_t)n;
}

static int keep(struct ff_scanner *scanner, uint64_t chunk, const struct ff_chunk *bounds,
		const struct ff_lot *lot)
{
	struct ff_scan *scan = scanner->scan;
	struct ff_kept kept = {
		.chunk = chunk, .bounds = bounds, .values = scanner->thin->values,
		.base = scan->spec.streams[FF_PREV], .base_bytes = lot->streams[FF_PREV],
		.relation = scan->spec.program->relation,
		.shard = scanner->worker->number,
		.scratch = scanner->packing, .landing = &scanner->landing,
	};
	int64_t count = put_matches(scanner, chunk, bounds, lot);
	int error;

	if (count < 0)
		return (int)count;
	kept.count = (uint64_t)count;
	error = ff_scan_stored(scan, ff_snapshot_put(scan->snapshot, &kept));
	return error ? error : ff_scan_count(scan, kept.count);
}

/* ---- deciding ---- */

static int lend_streams(struct ff_scanner *scanner, uint64_t chunk, struct ff_lot *lot)
{
	struct ff_thin *thin = scanner->thin;
	const struct ff_scan *scan = scanner->scan;
	bool listed = false;

	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		int error;

		if (!ff_scan_uses(scan, s))
			continue;
		if (!listed)
			ff_matchset_chunk_slots(scan->spec.candidates, chunk, 0, lot->slots,
						thin->slots);
		listed = true;
		error = ff_snapshot_lend_values(scan->spec.streams[s], chunk, thin->slots,
						lot->slots, scanner->buffers[s], &lot->streams[s],
						&thin->lenders[s]);
		if (error)
			return ff_scan_stored(scanner->scan, error);
	}
	return 0;
}

/* What was lent may go to disk again. */
static void return_streams(struct ff_thin *thin)
{
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (thin->lenders[s])
			ff_extent_unpin(thin->lenders[s]);
		thin->lenders[s] = NULL;
	}
}

int ff_thin_decide(struct ff_scanner *scanner, uint64_t chunk, const struct ff_chunk *bounds,
		   const uint8_t *bytes)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	struct ff_lot lot = {
		.slots = ff_matchset_chunk_count(spec->candidates, chunk),
		.stride = spec->grid->span,
		.streams[FF_NOW] = scanner->thin->values,
		.mask = scanner->mask,
	};
	int any = lend_streams(scanner, chunk, &lot);

	if (!any) {
		ff_values_squeeze(spec->candidates, scanner->scan->kernels, chunk, bytes,
				  scanner->thin->values);
		any = ff_lot_decide(scanner, &lot);
	}
	if (any > 0)
		any = keep(scanner, chunk, bounds, &lot);
	return_streams(scanner->thin);
	return any;
}
