// SPDX-License-Identifier: MIT
/*
 * Sparse chunks: candidates so few that their values are read one by one
 *
 * What a step costs then depends on the candidates and not on the memory they lie in:
 * the values of many chunks come with one call, lie side by side, and are compared in
 * one go. Neighbours are read together with what is between them.
 */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SPARSE_CHUNKS	256
#define SPARSE_SLOTS	4096
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
	size_t nslots;
	struct ff_segment segments[SPARSE_SLOTS];
	size_t nsegments;
	uint8_t *raw;			/* as read */
	size_t nraw;
	uint8_t *values[FF_STREAMS];	/* side by side; mapped when first used */
	size_t nvalues;
	uint64_t mask[SPARSE_SLOTS / 64];
};

static uint8_t *map_bytes(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int ff_sparse_create(struct ff_sparse **out)
{
	struct ff_sparse *sparse = calloc(1, sizeof(*sparse));

	if (!sparse)
		return -ENOMEM;
	sparse->raw = map_bytes(RAW_BYTES);
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

/* Read the value at address too: with the one before it, or in a segment of its own. */
static void add_value(struct ff_sparse *sparse, size_t index, uint64_t address, uint32_t span,
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
	if (address + span > last->address + last->size) {
		sparse->nraw += address + span - (last->address + last->size);
		last->size = address + span - last->address;
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
		uint64_t offset = sparse->slots[index] * (uint64_t)spec->layout->align;

		add_value(sparse, index, gathered->bounds.start + offset, span, !i);
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

/* ---- comparing ---- */

/* Values that touch a byte which was not read are no match. */
static int drop_holes(struct ff_worker *worker)
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
				uint64_t at = chunk->bounds.start +
					      sparse->slots[i] * (uint64_t)layout->align;

				if (at >= hole->end || at + layout->span <= hole->start)
					continue;
				sparse->mask[i / 64] &= ~((uint64_t)1 << i % 64);
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
				sparse->mask[i / 64] &= ~((uint64_t)1 << i % 64);
		}
	}
	return 0;
}

static int compare(struct ff_worker *worker)
{
	struct ff_sparse *sparse = worker->sparse;
	const struct ff_job *job = worker->job;
	uint64_t alive[SPARSE_SLOTS / 64];
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
		sparse->mask[w] &= alive[w];
	return 0;
}

/* Keep a chunk's matches: they move to the front of its candidates. */
static int keep(struct ff_worker *worker, const struct gathered *chunk)
{
	struct ff_sparse *sparse = worker->sparse;
	struct ff_job *job = worker->job;
	uint32_t span = job->spec.layout->span, n = 0;
	uint32_t *slots = sparse->slots + chunk->first;
	uint8_t *values = sparse->values[FF_NOW] + (size_t)chunk->first * span;
	int error;

	for (uint32_t i = 0; i < chunk->n; i++) {
		uint32_t bit = chunk->first + i;

		if (!(sparse->mask[bit / 64] >> bit % 64 & 1))
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
	uint32_t span = job->spec.layout->span;
	int error;

	if (!sparse->nslots)
		return 0;
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (sparse->values[s] || (s != FF_NOW && !(job->spec.program->streams & 1u << s)))
			continue;
		sparse->values[s] = map_bytes(VALUE_BYTES);
		if (!sparse->values[s])
			return -ENOMEM;
	}
	error = ff_fetch_segments(&worker->fetch, job->spec.reader, sparse->segments,
				  sparse->nsegments);
	__atomic_add_fetch(&job->read, worker->fetch.bytes, __ATOMIC_RELAXED);
	if (error)
		return error;
	for (size_t i = 0; i < sparse->nslots; i++)
		memcpy(sparse->values[FF_NOW] + i * span, sparse->raw + sparse->places[i], span);
	memset(sparse->mask, 0xff, sizeof(sparse->mask));
	error = drop_holes(worker);
	if (!error)
		error = compare(worker);
	for (size_t c = 0; c < sparse->nchunks && !error; c++)
		error = keep(worker, &sparse->chunks[c]);
	sparse->nchunks = sparse->nslots = sparse->nsegments = 0;
	sparse->nraw = sparse->nvalues = 0;
	return error;
}
