// SPDX-License-Identifier: MIT
/*
 * Types: the ways in which one slot's value can be read
 *
 * A number of unknown type is one of four. Each is narrowed by itself, so that a match
 * stays one only while one and the same type has fitted all along. The bytes are read
 * and kept once for all of them.
 */
#include "job.h"

#include <string.h>

#define BATCH_SLOTS	4096
#define BATCH_WORDS	(BATCH_SLOTS / 64)

static bool has_any(const uint64_t *mask, size_t words)
{
	uint64_t any = 0;

	for (size_t w = 0; w < words; w++)
		any |= mask[w];
	return any;
}

/* Of the slots in mask, those that fit the program; a batch without any costs nothing. */
static void evaluate(const struct ff_worker *worker, const struct ff_program *program,
		     const uint8_t *const *streams, size_t slots, uint64_t *mask)
{
	const struct ff_job *job = worker->job;
	size_t align = job->spec.grid->align;

	for (size_t first = 0; first < slots; first += BATCH_SLOTS) {
		const uint8_t *at[FF_STREAMS];
		size_t n = slots - first < BATCH_SLOTS ? slots - first : BATCH_SLOTS;
		uint64_t fits[BATCH_WORDS];

		if (!has_any(mask + first / 64, ff_bits_words(n)))
			continue;
		for (size_t s = 0; s < FF_STREAMS; s++)
			at[s] = streams[s] ? streams[s] + first * align : NULL;
		ff_program_run(program, job->kernels, at, align, n, fits);
		for (size_t w = 0; w < ff_bits_words(n); w++)
			mask[first / 64 + w] &= fits[w];
	}
}

/* A value of so many bytes is not there where one of them was not read. */
static void clear_missing(const struct ff_worker *worker, const struct ff_chunk *bounds,
			  size_t span, uint64_t *mask)
{
	const struct ff_grid *grid = worker->job->spec.grid;
	const struct ff_fetch *fetch = &worker->fetch;

	for (size_t i = 0; i < fetch->nholes; i++)
		ff_grid_clear(grid, mask, bounds->slots, span,
				fetch->holes[i].start - bounds->start,
				fetch->holes[i].end - bounds->start);
	if (bounds->tail)
		ff_grid_clear(grid, mask, bounds->slots, span, bounds->size - bounds->tail,
				bounds->size);
}

int ff_types_keep(struct ff_worker *worker, uint64_t chunk, const struct ff_chunk *bounds,
		  const uint8_t *const *streams)
{
	const struct ff_job_spec *spec = &worker->job->spec;
	size_t words = ff_bits_words(bounds->slots);
	uint64_t *mask = worker->candidates;

	if (!has_any(worker->mask, words))
		return 0;
	memset(worker->any, 0, words * sizeof(*worker->any));
	for (size_t i = 0; i < spec->ntypes; i++) {
		int64_t count;

		if (spec->candidates) {
			ff_matchset_mask(spec->candidates->types[i], chunk, bounds->slots, mask);
			for (size_t w = 0; w < words; w++)
				mask[w] &= worker->mask[w];
		} else {
			memcpy(mask, worker->mask, words * sizeof(*mask));
		}
		evaluate(worker, spec->types[i], streams, bounds->slots, mask);
		clear_missing(worker, bounds, spec->types[i]->span, mask);
		count = ff_matchset_put(worker->job->set->types[i], worker->job->kernels, chunk,
					mask, bounds->slots);
		if (count < 0)
			return (int)count;
		for (size_t w = 0; w < words; w++)
			worker->any[w] |= mask[w];
	}
	memcpy(worker->mask, worker->any, words * sizeof(*worker->mask));
	return 0;
}
