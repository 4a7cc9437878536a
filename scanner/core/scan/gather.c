// SPDX-License-Identifier: MIT
/*
 * Gathered scans: candidates so few that their values are read one by one
 *
 *   chunks    0: .x....x.   1: ........   2: ...x....   3: xx......      x: a candidate
 *   slots     1 6                         3             0 1              side by side
 *   segments  |--|  |--|                  |--|          |---|            read in one call;
 *             neighbours come together with what is between them, up to GAP bytes
 *   raw       v..vv.v                     as read
 *   values    |v|v|v|v|v|                 lined up: a lot whose stride is the value's size
 *   old       |p|p|p|p|p|                 the same of each stream, out of its snapshot
 *
 * What a step costs then depends on the candidates and not on the memory they lie in. A
 * worker puts such chunks off until it has enough of them. Values may be short: at the end of
 * a range, or where a page cannot be read, what is not there is zero.
 */
#include "lot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GATHERED_SLOTS	4096
#define GATHERED_WORDS	(GATHERED_SLOTS / 64)
#define CHUNK_SLOTS	256		/* candidates of one chunk */
#define CHUNK_VALUES	(16 << 10)	/* and bytes of their values */
#define GAP		512		/* bytes that are read rather than skipped */
#define RAW_BYTES	(512 << 10)
#define VALUE_BYTES	(256 << 10)

struct gathered {
	uint64_t chunk;
	struct ff_chunk bounds;
	uint32_t first, n;		/* of the slots */
};

struct ff_gather {
	struct gathered chunks[FF_PUT_OFF_MAX];
	size_t nchunks;
	uint32_t slots[GATHERED_SLOTS];
	uint32_t places[GATHERED_SLOTS];	/* of their values in raw */
	uint32_t sizes[GATHERED_SLOTS];	/* bytes of them that are there */
	size_t nslots;
	struct ff_segment segments[GATHERED_SLOTS];
	size_t nsegments;
	uint8_t *raw;			/* as read */
	size_t nraw;
	uint8_t *values[FF_STREAMS];	/* side by side; mapped when first used */
	size_t nvalues;
	uint64_t alive[GATHERED_WORDS], mask[GATHERED_WORDS];	/* see struct ff_lot */
	uint64_t types[FF_MATCH_TYPES][GATHERED_WORDS];
};

int ff_gather_create(struct ff_gather **out)
{
	struct ff_gather *gather = calloc(1, sizeof(*gather));

	if (!gather)
		return -ENOMEM;
	gather->raw = ff_map_bytes(RAW_BYTES, PROT_READ | PROT_WRITE);
	if (!gather->raw) {
		free(gather);
		return -ENOMEM;
	}
	*out = gather;
	return 0;
}

void ff_gather_destroy(struct ff_gather *gather)
{
	if (!gather)
		return;
	munmap(gather->raw, RAW_BYTES);
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (gather->values[s])
			munmap(gather->values[s], VALUE_BYTES);
	}
	free(gather);
}

/* ---- gathering ---- */

/* Bytes of a slot's value that its range has. */
static uint32_t value_size(const struct ff_grid *grid, const struct ff_chunk *bounds,
			   uint32_t slot)
{
	size_t left = bounds->size - bounds->tail - slot * (size_t)grid->align;

	return left < grid->span ? (uint32_t)left : grid->span;
}

/* Read the value at address too: with the one before it, or in a segment of its own. */
static void add_value(struct ff_gather *gather, size_t index, uint64_t address, uint32_t size,
		      bool apart)
{
	struct ff_segment *last = gather->segments + gather->nsegments - 1;

	if (apart || address > last->address + last->size + GAP) {
		last = &gather->segments[gather->nsegments++];
		last->address = address;
		last->buffer = gather->raw + gather->nraw;
		last->size = 0;
	}
	gather->places[index] = (uint32_t)(last->buffer - gather->raw + (address - last->address));
	gather->sizes[index] = size;
	if (address + size > last->address + last->size) {
		gather->nraw += address + size - (last->address + last->size);
		last->size = address + size - last->address;
	}
}

bool ff_gather_takes(struct ff_scanner *scanner, uint64_t chunk)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	uint64_t count = ff_matchset_chunk_count(spec->candidates, chunk);
	struct ff_gather *gather = scanner->gather;
	uint32_t span = spec->grid->span;
	struct gathered *gathered;

	if (!count)
		return true;
	if (count > CHUNK_SLOTS || count * span > CHUNK_VALUES)
		return false;
	gathered = &gather->chunks[gather->nchunks];
	ff_grid_chunk(spec->grid, chunk, &gathered->bounds);
	if (!ff_values_are_few(&gathered->bounds, count, span))
		return false;
	gathered->chunk = chunk;
	gathered->first = (uint32_t)gather->nslots;
	gathered->n = (uint32_t)ff_matchset_chunk_slots(spec->candidates, chunk, 0, count,
							gather->slots + gather->nslots);
	for (uint32_t i = 0; i < gathered->n; i++) {
		size_t index = gathered->first + i;
		uint32_t slot = gather->slots[index];

		add_value(gather, index,
			  gathered->bounds.start + slot * (uint64_t)spec->grid->align,
			  value_size(spec->grid, &gathered->bounds, slot), !i);
	}
	gather->nslots += gathered->n;
	gather->nvalues += (size_t)gathered->n * span;
	gather->nchunks++;
	return true;
}

bool ff_gather_is_full(const struct ff_gather *gather)
{
	return gather->nchunks == FF_PUT_OFF_MAX || gather->nslots + CHUNK_SLOTS > GATHERED_SLOTS ||
	       gather->nraw + CHUNK_VALUES + CHUNK_SLOTS * GAP > RAW_BYTES ||
	       gather->nvalues + CHUNK_VALUES > VALUE_BYTES;
}

size_t ff_gather_chunks(const struct ff_gather *gather, uint64_t *out)
{
	for (size_t i = 0; i < gather->nchunks; i++)
		out[i] = gather->chunks[i].chunk;
	return gather->nchunks;
}

/* ---- deciding ---- */

/* Values end at a byte which was not read; those of which too little is left are no match. */
static int cut_holes(struct ff_scanner *scanner)
{
	struct ff_gather *gather = scanner->gather;
	const struct ff_grid *grid = scanner->scan->spec.grid;
	struct ff_fetch *fetch = &scanner->worker->fetch;

	for (size_t h = 0; h < fetch->nholes; h++) {
		const struct ff_range *hole = &fetch->holes[h];

		for (size_t c = 0; c < gather->nchunks; c++) {
			const struct gathered *chunk = &gather->chunks[c];
			uint64_t end = chunk->bounds.start + chunk->bounds.size;
			bool touched = false;

			if (hole->end <= chunk->bounds.start || hole->start >= end)
				continue;
			for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
				uint32_t slot = gather->slots[i];
				uint64_t at = chunk->bounds.start + slot * (uint64_t)grid->align;
				uint64_t left = hole->start > at ? hole->start - at : 0;

				if (at >= hole->end ||
				    left >= value_size(grid, &chunk->bounds, slot))
					continue;
				if (left < gather->sizes[i])
					gather->sizes[i] = (uint32_t)left;
				if (left < grid->least)
					ff_bit_clear(gather->alive, i);
				touched = true;
			}
			if (touched) {
				int error = ff_fetch_fault(fetch, hole, chunk->bounds.start, end);

				if (error)
					return error;
			}
		}
	}
	return 0;
}

/* Lay the values that were read side by side. */
static void line_up(struct ff_gather *gather, uint32_t span)
{
	for (size_t i = 0; i < gather->nslots; i++) {
		uint8_t *value = gather->values[FF_NOW] + i * span;

		memcpy(value, gather->raw + gather->places[i], gather->sizes[i]);
		memset(value + gather->sizes[i], 0, span - gather->sizes[i]);
	}
}

/* The values that the candidates had in a snapshot. Clears what has none there. */
static int gather_stream(struct ff_scanner *scanner, size_t stream)
{
	struct ff_gather *gather = scanner->gather;
	const struct ff_scan_spec *spec = &scanner->scan->spec;
	uint8_t *values = gather->values[stream];
	uint32_t span = spec->grid->span;

	for (size_t c = 0; c < gather->nchunks; c++) {
		const struct gathered *chunk = &gather->chunks[c];
		int error = ff_snapshot_gather(spec->streams[stream], chunk->chunk, &chunk->bounds,
					       gather->slots + chunk->first, chunk->n,
					       values + (size_t)chunk->first * span);

		if (error)
			return error;
		if (!ff_stream_is_named(stream))
			continue;
		for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
			bool found;

			ff_matchset_chunk_rank(spec->streams[stream]->set, chunk->chunk,
					       gather->slots[i], &found);
			if (!found)
				ff_bit_clear(gather->alive, i);
		}
	}
	return 0;
}

/* The candidates that are of a type; they are among the gathered ones. */
static void mask_type(const struct ff_gather *gather, const struct ff_matchset *type,
		      uint64_t *mask)
{
	ff_bits_zero(mask, gather->nslots);
	for (size_t c = 0; c < gather->nchunks; c++) {
		const struct gathered *chunk = &gather->chunks[c];
		uint32_t theirs[CHUNK_SLOTS];
		size_t n = ff_matchset_chunk_slots(type, chunk->chunk, 0, CHUNK_SLOTS, theirs);
		size_t at = chunk->first;

		for (size_t i = 0; i < n; i++) {
			while (gather->slots[at] != theirs[i])
				at++;
			ff_bit_set(mask, at);
		}
	}
}

/* As far as all bytes of their values are there. */
static void mask_whole_type(const struct ff_scanner *scanner, const struct ff_lot *lot,
			    size_t type, uint64_t *mask)
{
	const struct ff_scan_spec *spec = &scanner->scan->spec;

	mask_type(scanner->gather, spec->candidates->types[type], mask);
	for (size_t i = 0; i < lot->slots; i++) {
		if (lot->sizes[i] < spec->types[type]->span)
			ff_bit_clear(mask, i);
	}
}

static int decide(struct ff_scanner *scanner)
{
	struct ff_gather *gather = scanner->gather;
	const struct ff_scan *scan = scanner->scan;
	uint32_t span = scan->spec.grid->span;
	struct ff_lot lot = {
		.slots = gather->nslots, .stride = span,
		.streams[FF_NOW] = gather->values[FF_NOW],
		.alive = gather->alive, .mask = gather->mask, .mask_type = mask_whole_type,
		.size = gather->nslots * span, .sizes = gather->sizes,
	};

	for (size_t i = 0; i < FF_MATCH_TYPES; i++)
		lot.types[i] = gather->types[i];
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		int error;

		if (!ff_scan_uses(scan, s))
			continue;
		error = gather_stream(scanner, s);
		if (error)
			return ff_scan_stored(scanner->scan, error);
		lot.streams[s] = gather->values[s];
	}
	return ff_lot_decide(scanner, &lot);
}

/* ---- keeping ---- */

/* Keep a chunk's matches of each type. */
static int keep_types(struct ff_scanner *scanner, const struct gathered *chunk)
{
	const struct ff_gather *gather = scanner->gather;
	const struct ff_scan *scan = scanner->scan;
	int error = 0;

	for (size_t p = 0; p < scan->spec.ntypes && !error; p++) {
		uint32_t slots[CHUNK_SLOTS], n = 0;

		for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
			if (ff_bit(gather->types[p], i))
				slots[n++] = gather->slots[i];
		}
		if (n)
			error = ff_matchset_put_slots(scan->set->types[p], chunk->chunk,
						      chunk->bounds.slots, slots, n);
	}
	return error;
}

/* Keep a chunk's matches: they move to the front of its candidates. */
static int keep(struct ff_scanner *scanner, const struct gathered *chunk)
{
	struct ff_gather *gather = scanner->gather;
	struct ff_scan *scan = scanner->scan;
	uint32_t span = scan->spec.grid->span, n = 0;
	uint32_t *slots = gather->slots + chunk->first;
	uint8_t *values = gather->values[FF_NOW] + (size_t)chunk->first * span;
	int error = keep_types(scanner, chunk);

	if (error)
		return error;
	for (uint32_t i = 0; i < chunk->n; i++) {
		if (!ff_bit(gather->mask, chunk->first + i))
			continue;
		slots[n] = slots[i];
		memmove(values + (size_t)n * span, values + (size_t)i * span, span);
		n++;
	}
	if (!n)
		return 0;
	error = ff_matchset_put_slots(scan->set, chunk->chunk, chunk->bounds.slots, slots, n);
	if (!error)
		error = ff_snapshot_put_values(scan->snapshot, chunk->chunk, values, n);
	return error ? error : ff_scan_count(scan, n);
}

static int map_values(struct ff_scanner *scanner)
{
	struct ff_gather *gather = scanner->gather;

	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (gather->values[s] || (s != FF_NOW && !ff_scan_uses(scanner->scan, s)))
			continue;
		gather->values[s] = ff_map_bytes(VALUE_BYTES, PROT_READ | PROT_WRITE);
		if (!gather->values[s])
			return -ENOMEM;
	}
	return 0;
}

static int read_values(struct ff_scanner *scanner)
{
	struct ff_gather *gather = scanner->gather;
	struct ff_fetch *fetch = &scanner->worker->fetch;
	int error = ff_fetch_segments(fetch, scanner->scan->spec.reader, gather->segments,
				      gather->nsegments);

	ff_job_count_read(&scanner->scan->job, fetch->bytes);
	if (error)
		return error;
	ff_bits_fill(gather->alive, gather->nslots);
	error = cut_holes(scanner);
	if (!error)
		line_up(gather, scanner->scan->spec.grid->span);
	return error;
}

int ff_gather_scan(struct ff_scanner *scanner)
{
	struct ff_gather *gather = scanner->gather;
	int error, any;

	if (!gather->nslots)
		return 0;
	error = map_values(scanner);
	if (!error)
		error = read_values(scanner);
	if (error)
		return error;
	any = decide(scanner);
	if (any < 0)
		return any;
	for (size_t c = 0; c < gather->nchunks && any && !error; c++)
		error = keep(scanner, &gather->chunks[c]);
	gather->nchunks = gather->nslots = gather->nsegments = 0;
	gather->nraw = gather->nvalues = 0;
	return error;
}
