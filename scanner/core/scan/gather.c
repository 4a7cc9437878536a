// SPDX-License-Identifier: MIT
/*
 * Sparse chunks: candidates so few that their values are read one by one
 *
 * What a step costs then depends on the candidates and not on the memory they lie in:
 * the values of many chunks come with one call, lie side by side, and are compared in
 * one go. Neighbours are read together with what is between them. Values may be short:
 * at the end of a range, or where a page cannot be read, what is not there is zero.
 */
#include "job.h"

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
	struct gathered chunks[FF_GATHERED_CHUNKS];
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
	uint64_t mask[GATHERED_WORDS];
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

bool ff_gather_takes(struct ff_worker *worker, uint64_t chunk)
{
	const struct ff_job_spec *spec = &worker->job->spec;
	uint64_t count = ff_matchset_chunk_count(spec->candidates, chunk);
	struct ff_gather *gather = worker->gather;
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
	return gather->nchunks == FF_GATHERED_CHUNKS || gather->nslots + CHUNK_SLOTS > GATHERED_SLOTS ||
	       gather->nraw + CHUNK_VALUES + CHUNK_SLOTS * GAP > RAW_BYTES ||
	       gather->nvalues + CHUNK_VALUES > VALUE_BYTES;
}

size_t ff_gather_chunks(const struct ff_gather *gather, uint64_t *out)
{
	for (size_t i = 0; i < gather->nchunks; i++)
		out[i] = gather->chunks[i].chunk;
	return gather->nchunks;
}

/* ---- comparing ---- */

static void drop(struct ff_gather *gather, size_t index)
{
	ff_bit_clear(gather->mask, index);
}

/* Values end at a byte which was not read; those of which too little is left are no match. */
static int cut_holes(struct ff_worker *worker)
{
	struct ff_gather *gather = worker->gather;
	const struct ff_grid *grid = worker->job->spec.grid;
	struct ff_fetch *fetch = &worker->fetch;

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
					drop(gather, i);
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
static int gather_stream(struct ff_worker *worker, size_t stream)
{
	struct ff_gather *gather = worker->gather;
	const struct ff_job_spec *spec = &worker->job->spec;
	uint32_t span = spec->grid->span;

	for (size_t c = 0; c < gather->nchunks; c++) {
		const struct gathered *chunk = &gather->chunks[c];
		int error = ff_snapshot_gather(spec->streams[stream], chunk->chunk, &chunk->bounds,
					       gather->slots + chunk->first, chunk->n,
					       gather->values[stream] + (size_t)chunk->first * span);

		if (error)
			return error;
		if (!ff_stream_is_named(stream))
			continue;
		for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
			bool found;

			ff_matchset_chunk_rank(spec->streams[stream]->set, chunk->chunk,
					       gather->slots[i], &found);
			if (!found)
				drop(gather, i);
		}
	}
	return 0;
}

/* Have another look at what a weaker program let pass. */
static int filter(struct ff_worker *worker, const uint8_t *const *streams)
{
	struct ff_gather *gather = worker->gather;
	const struct ff_job_spec *spec = &worker->job->spec;
	uint32_t span = spec->grid->span;
	struct ff_found found = {
		.job = worker->job, .slots = gather->nslots, .align = span, .span = span,
		.size = gather->nslots * span, .sizes = gather->sizes, .mask = gather->mask,
	};

	memcpy(found.streams, streams, sizeof(found.streams));
	return spec->filter(spec->context, &found);
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

/* Narrow each type's candidates by itself; what is left of any of them is left. */
static void compare_types(struct ff_worker *worker, const uint8_t *const *streams)
{
	struct ff_gather *gather = worker->gather;
	const struct ff_job *job = worker->job;
	size_t words = ff_bits_words(gather->nslots);
	uint64_t any[GATHERED_WORDS] = { 0 }, fits[GATHERED_WORDS];

	for (size_t p = 0; p < job->spec.ntypes; p++) {
		const struct ff_program *program = job->spec.types[p];
		uint64_t *mask = gather->types[p];

		mask_type(gather, job->spec.candidates->types[p], mask);
		ff_program_run(program, job->kernels, streams, job->spec.grid->span,
			       gather->nslots, fits);
		for (size_t i = 0; i < gather->nslots; i++) {
			if (gather->sizes[i] < program->span)
				ff_bit_clear(fits, i);
		}
		for (size_t w = 0; w < words; w++) {
			mask[w] &= fits[w] & gather->mask[w];
			any[w] |= mask[w];
		}
	}
	memcpy(gather->mask, any, words * sizeof(*any));
}

static int compare(struct ff_worker *worker)
{
	struct ff_gather *gather = worker->gather;
	const struct ff_job *job = worker->job;
	uint64_t alive[GATHERED_WORDS], some = 0;
	size_t words = ff_bits_words(gather->nslots);
	const uint8_t *streams[FF_STREAMS] = { gather->values[FF_NOW] };

	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		int error;

		if (!(job->spec.program->streams & 1u << s))
			continue;
		error = gather_stream(worker, s);
		if (error) {
			ff_job_fail(worker->job, error, true);
			return error;
		}
		streams[s] = gather->values[s];
	}
	memcpy(alive, gather->mask, words * sizeof(*alive));
	ff_program_run(job->spec.program, job->kernels, streams, job->spec.grid->span,
		       gather->nslots, gather->mask);
	for (size_t w = 0; w < words; w++)
		some |= gather->mask[w] &= alive[w];
	if (!some)
		return 0;
	if (job->spec.ntypes)
		compare_types(worker, streams);
	return job->spec.filter ? filter(worker, streams) : 0;
}

/* Keep a chunk's matches of each type. */
static int keep_types(struct ff_worker *worker, const struct gathered *chunk)
{
	const struct ff_gather *gather = worker->gather;
	struct ff_job *job = worker->job;
	int error = 0;

	for (size_t p = 0; p < job->spec.ntypes && !error; p++) {
		uint32_t slots[CHUNK_SLOTS], n = 0;

		for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
			if (ff_bit(gather->mask, i) && ff_bit(gather->types[p], i))
				slots[n++] = gather->slots[i];
		}
		if (n)
			error = ff_matchset_put_slots(job->set->types[p], chunk->chunk,
						      chunk->bounds.slots, slots, n);
	}
	return error;
}

/* Keep a chunk's matches: they move to the front of its candidates. */
static int keep(struct ff_worker *worker, const struct gathered *chunk)
{
	struct ff_gather *gather = worker->gather;
	struct ff_job *job = worker->job;
	uint32_t span = job->spec.grid->span, n = 0;
	uint32_t *slots = gather->slots + chunk->first;
	uint8_t *values = gather->values[FF_NOW] + (size_t)chunk->first * span;
	int error = keep_types(worker, chunk);

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
	error = ff_matchset_put_slots(job->set, chunk->chunk, chunk->bounds.slots, slots, n);
	if (!error)
		error = ff_snapshot_put_values(job->snapshot, chunk->chunk, values, n);
	return error ? error : ff_job_count(job, n);
}

int ff_gather_scan(struct ff_worker *worker)
{
	struct ff_gather *gather = worker->gather;
	struct ff_job *job = worker->job;
	int error;

	if (!gather->nslots)
		return 0;
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (gather->values[s] || (s != FF_NOW && !(job->spec.program->streams & 1u << s)))
			continue;
		gather->values[s] = ff_map_bytes(VALUE_BYTES, PROT_READ | PROT_WRITE);
		if (!gather->values[s])
			return -ENOMEM;
	}
	error = ff_fetch_segments(&worker->fetch, job->spec.reader, gather->segments,
				  gather->nsegments);
	__atomic_add_fetch(&job->read, worker->fetch.bytes, __ATOMIC_RELAXED);
	if (error)
		return error;
	memset(gather->mask, 0xff, sizeof(gather->mask));
	error = cut_holes(worker);
	if (error)
		return error;
	line_up(gather, job->spec.grid->span);
	error = compare(worker);
	for (size_t c = 0; c < gather->nchunks && !error; c++)
		error = keep(worker, &gather->chunks[c]);
	gather->nchunks = gather->nslots = gather->nsegments = 0;
	gather->nraw = gather->nvalues = 0;
	return error;
}
