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

#define SPARSE_CHUNKS	FF_SPARSE_CHUNKS
#define SPARSE_SLOTS	4096
#define SPARSE_WORDS	(SPARSE_SLOTS / 64)
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

struct ff_sparse {
	struct gathered chunks[SPARSE_CHUNKS];
	size_t nchunks;
	uint32_t slots[SPARSE_SLOTS];
	uint32_t places[SPARSE_SLOTS];	/* of their values in raw */
	uint32_t sizes[SPARSE_SLOTS];	/* bytes of them that are there */
	size_t nslots;
	struct ff_segment segments[SPARSE_SLOTS];
	size_t nsegments;
	uint8_t *raw;			/* as read */
	size_t nraw;
	uint8_t *values[FF_STREAMS];	/* side by side; mapped when first used */
	size_t nvalues;
	uint64_t mask[SPARSE_WORDS];
	uint64_t parts[FF_PARTS][SPARSE_WORDS];
};

int ff_sparse_create(struct ff_sparse **out)
{
	struct ff_sparse *sparse = calloc(1, sizeof(*sparse));

	if (!sparse)
		return -ENOMEM;
	sparse->raw = ff_map_bytes(RAW_BYTES, PROT_READ | PROT_WRITE);
	if (!sparse->raw) {
		free(sparse);
		return -ENOMEM;
	}
	*out = sparse;
	return 0;
}

void ff_sparse_destroy(struct ff_sparse *sparse)
{
	if (!sparse)
		return;
	munmap(sparse->raw, RAW_BYTES);
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (sparse->values[s])
			munmap(sparse->values[s], VALUE_BYTES);
	}
	free(sparse);
}

/* ---- gathering ---- */

/* Bytes of a slot's value that its range has. */
static uint32_t value_size(const struct ff_layout *layout, const struct ff_chunk *bounds,
			   uint32_t slot)
{
	size_t left = bounds->size - bounds->tail - slot * (size_t)layout->align;

	return left < layout->span ? (uint32_t)left : layout->span;
}

/* Read the value at address too: with the one before it, or in a segment of its own. */
static void add_value(struct ff_sparse *sparse, size_t index, uint64_t address, uint32_t size,
		      bool apart)
{
	struct ff_segment *last = sparse->segments + sparse->nsegments - 1;

	if (apart || address > last->address + last->size + GAP) {
		last = &sparse->segments[sparse->nsegments++];
		last->address = address;
		last->buffer = sparse->raw + sparse->nraw;
		last->size = 0;
	}
	sparse->places[index] = (uint32_t)(last->buffer - sparse->raw + (address - last->address));
	sparse->sizes[index] = size;
	if (address + size > last->address + last->size) {
		sparse->nraw += address + size - (last->address + last->size);
		last->size = address + size - last->address;
	}
}

bool ff_sparse_takes(struct ff_worker *worker, uint64_t chunk)
{
	const struct ff_job_spec *spec = &worker->job->spec;
	uint64_t count = ff_matchset_chunk_count(spec->candidates, chunk);
	struct ff_sparse *sparse = worker->sparse;
	uint32_t span = spec->layout->span;
	struct gathered *gathered;

	if (!count)
		return true;
	if (count > CHUNK_SLOTS || count * span > CHUNK_VALUES)
		return false;
	gathered = &sparse->chunks[sparse->nchunks];
	ff_layout_chunk(spec->layout, chunk, &gathered->bounds);
	if (!ff_values_are_few(&gathered->bounds, count, span))
		return false;
	gathered->chunk = chunk;
	gathered->first = (uint32_t)sparse->nslots;
	gathered->n = (uint32_t)ff_matchset_chunk_slots(spec->candidates, chunk, 0, count,
							sparse->slots + sparse->nslots);
	for (uint32_t i = 0; i < gathered->n; i++) {
		size_t index = gathered->first + i;
		uint32_t slot = sparse->slots[index];

		add_value(sparse, index,
			  gathered->bounds.start + slot * (uint64_t)spec->layout->align,
			  value_size(spec->layout, &gathered->bounds, slot), !i);
	}
	sparse->nslots += gathered->n;
	sparse->nvalues += (size_t)gathered->n * span;
	sparse->nchunks++;
	return true;
}

bool ff_sparse_is_full(const struct ff_sparse *sparse)
{
	return sparse->nchunks == SPARSE_CHUNKS || sparse->nslots + CHUNK_SLOTS > SPARSE_SLOTS ||
	       sparse->nraw + CHUNK_VALUES + CHUNK_SLOTS * GAP > RAW_BYTES ||
	       sparse->nvalues + CHUNK_VALUES > VALUE_BYTES;
}

size_t ff_sparse_chunks(const struct ff_sparse *sparse, uint64_t *out)
{
	for (size_t i = 0; i < sparse->nchunks; i++)
		out[i] = sparse->chunks[i].chunk;
	return sparse->nchunks;
}

/* ---- comparing ---- */

static void drop(struct ff_sparse *sparse, size_t index)
{
	sparse->mask[index / 64] &= ~((uint64_t)1 << index % 64);
}

/* Values end at a byte which was not read; those of which too little is left are no match. */
static int cut_holes(struct ff_worker *worker)
{
	struct ff_sparse *sparse = worker->sparse;
	const struct ff_layout *layout = worker->job->spec.layout;
	struct ff_fetch *fetch = &worker->fetch;

	for (size_t h = 0; h < fetch->nholes; h++) {
		const struct ff_range *hole = &fetch->holes[h];

		for (size_t c = 0; c < sparse->nchunks; c++) {
			const struct gathered *chunk = &sparse->chunks[c];
			uint64_t end = chunk->bounds.start + chunk->bounds.size;
			bool touched = false;

			if (hole->end <= chunk->bounds.start || hole->start >= end)
				continue;
			for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
				uint32_t slot = sparse->slots[i];
				uint64_t at = chunk->bounds.start + slot * (uint64_t)layout->align;
				uint64_t left = hole->start > at ? hole->start - at : 0;

				if (at >= hole->end ||
				    left >= value_size(layout, &chunk->bounds, slot))
					continue;
				if (left < sparse->sizes[i])
					sparse->sizes[i] = (uint32_t)left;
				if (left < layout->least)
					drop(sparse, i);
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
static void line_up(struct ff_sparse *sparse, uint32_t span)
{
	for (size_t i = 0; i < sparse->nslots; i++) {
		uint8_t *value = sparse->values[FF_NOW] + i * span;

		memcpy(value, sparse->raw + sparse->places[i], sparse->sizes[i]);
		memset(value + sparse->sizes[i], 0, span - sparse->sizes[i]);
	}
}

/* The values that the candidates had in a snapshot. Clears what has none there. */
static int gather_stream(struct ff_worker *worker, size_t stream)
{
	struct ff_sparse *sparse = worker->sparse;
	const struct ff_job_spec *spec = &worker->job->spec;
	uint32_t span = spec->layout->span;

	for (size_t c = 0; c < sparse->nchunks; c++) {
		const struct gathered *chunk = &sparse->chunks[c];
		int error = ff_snapshot_gather(spec->streams[stream], chunk->chunk, &chunk->bounds,
					       sparse->slots + chunk->first, chunk->n,
					       sparse->values[stream] + (size_t)chunk->first * span);

		if (error)
			return error;
		if (!ff_stream_is_named(stream))
			continue;
		for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
			bool found;

			ff_matchset_chunk_rank(spec->streams[stream]->set, chunk->chunk,
					       sparse->slots[i], &found);
			if (!found)
				drop(sparse, i);
		}
	}
	return 0;
}

/* Have another look at what a weaker program let pass. */
static int filter(struct ff_worker *worker, const uint8_t *const *streams)
{
	struct ff_sparse *sparse = worker->sparse;
	const struct ff_job_spec *spec = &worker->job->spec;
	uint32_t span = spec->layout->span;
	struct ff_found found = {
		.job = worker->job, .slots = sparse->nslots, .align = span, .span = span,
		.size = sparse->nslots * span, .sizes = sparse->sizes, .mask = sparse->mask,
	};

	memcpy(found.streams, streams, sizeof(found.streams));
	return spec->filter(spec->context, &found);
}

/* The candidates that are of a part; they are among the gathered ones. */
static void mask_part(const struct ff_sparse *sparse, const struct ff_matchset *part,
		      uint64_t *mask)
{
	memset(mask, 0, ff_mask_words(sparse->nslots) * sizeof(*mask));
	for (size_t c = 0; c < sparse->nchunks; c++) {
		const struct gathered *chunk = &sparse->chunks[c];
		uint32_t theirs[CHUNK_SLOTS];
		size_t n = ff_matchset_chunk_slots(part, chunk->chunk, 0, CHUNK_SLOTS, theirs);
		size_t at = chunk->first;

		for (size_t i = 0; i < n; i++) {
			while (sparse->slots[at] != theirs[i])
				at++;
			mask[at / 64] |= (uint64_t)1 << at % 64;
		}
	}
}

/* Narrow each part's candidates by itself; what is left of any of them is left. */
static void compare_parts(struct ff_worker *worker, const uint8_t *const *streams)
{
	struct ff_sparse *sparse = worker->sparse;
	const struct ff_job *job = worker->job;
	size_t words = ff_mask_words(sparse->nslots);
	uint64_t any[SPARSE_WORDS] = { 0 }, fits[SPARSE_WORDS];

	for (size_t p = 0; p < job->spec.nparts; p++) {
		const struct ff_program *program = job->spec.parts[p];
		uint64_t *mask = sparse->parts[p];

		mask_part(sparse, job->spec.candidates->parts[p], mask);
		ff_program_run(program, job->kernels, streams, job->spec.layout->span,
			       sparse->nslots, fits);
		for (size_t i = 0; i < sparse->nslots; i++) {
			if (sparse->sizes[i] < program->span)
				fits[i / 64] &= ~((uint64_t)1 << i % 64);
		}
		for (size_t w = 0; w < words; w++) {
			mask[w] &= fits[w] & sparse->mask[w];
			any[w] |= mask[w];
		}
	}
	memcpy(sparse->mask, any, words * sizeof(*any));
}

static int compare(struct ff_worker *worker)
{
	struct ff_sparse *sparse = worker->sparse;
	const struct ff_job *job = worker->job;
	uint64_t alive[SPARSE_WORDS], some = 0;
	size_t words = ff_mask_words(sparse->nslots);
	const uint8_t *streams[FF_STREAMS] = { sparse->values[FF_NOW] };

	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		int error;

		if (!(job->spec.program->streams & 1u << s))
			continue;
		error = gather_stream(worker, s);
		if (error) {
			ff_job_fail(worker->job, error, true);
			return error;
		}
		streams[s] = sparse->values[s];
	}
	memcpy(alive, sparse->mask, words * sizeof(*alive));
	ff_program_run(job->spec.program, job->kernels, streams, job->spec.layout->span,
		       sparse->nslots, sparse->mask);
	for (size_t w = 0; w < words; w++)
		some |= sparse->mask[w] &= alive[w];
	if (!some)
		return 0;
	if (job->spec.nparts)
		compare_parts(worker, streams);
	return job->spec.filter ? filter(worker, streams) : 0;
}

/* Keep a chunk's matches of each part. */
static int keep_parts(struct ff_worker *worker, const struct gathered *chunk)
{
	const struct ff_sparse *sparse = worker->sparse;
	struct ff_job *job = worker->job;
	int error = 0;

	for (size_t p = 0; p < job->spec.nparts && !error; p++) {
		uint32_t slots[CHUNK_SLOTS], n = 0;

		for (uint32_t i = chunk->first; i < chunk->first + chunk->n; i++) {
			if (ff_bit(sparse->mask, i) && ff_bit(sparse->parts[p], i))
				slots[n++] = sparse->slots[i];
		}
		if (n)
			error = ff_matchset_put_slots(job->set->parts[p], chunk->chunk,
						      chunk->bounds.slots, slots, n);
	}
	return error;
}

/* Keep a chunk's matches: they move to the front of its candidates. */
static int keep(struct ff_worker *worker, const struct gathered *chunk)
{
	struct ff_sparse *sparse = worker->sparse;
	struct ff_job *job = worker->job;
	uint32_t span = job->spec.layout->span, n = 0;
	uint32_t *slots = sparse->slots + chunk->first;
	uint8_t *values = sparse->values[FF_NOW] + (size_t)chunk->first * span;
	int error = keep_parts(worker, chunk);

	if (error)
		return error;
	for (uint32_t i = 0; i < chunk->n; i++) {
		if (!ff_bit(sparse->mask, chunk->first + i))
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

int ff_sparse_scan(struct ff_worker *worker)
{
	struct ff_sparse *sparse = worker->sparse;
	struct ff_job *job = worker->job;
	int error;

	if (!sparse->nslots)
		return 0;
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (sparse->values[s] || (s != FF_NOW && !(job->spec.program->streams & 1u << s)))
			continue;
		sparse->values[s] = ff_map_bytes(VALUE_BYTES, PROT_READ | PROT_WRITE);
		if (!sparse->values[s])
			return -ENOMEM;
	}
	error = ff_fetch_segments(&worker->fetch, job->spec.reader, sparse->segments,
				  sparse->nsegments);
	__atomic_add_fetch(&job->read, worker->fetch.bytes, __ATOMIC_RELAXED);
	if (error)
		return error;
	memset(sparse->mask, 0xff, sizeof(sparse->mask));
	error = cut_holes(worker);
	if (error)
		return error;
	line_up(sparse, job->spec.layout->span);
	error = compare(worker);
	for (size_t c = 0; c < sparse->nchunks && !error; c++)
		error = keep(worker, &sparse->chunks[c]);
	sparse->nchunks = sparse->nslots = sparse->nsegments = 0;
	sparse->nraw = sparse->nvalues = 0;
	return error;
}
