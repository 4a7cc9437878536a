// SPDX-License-Identifier: MIT
/*
 * Workers: a chunk at a time, read, compared and kept
 */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Candidate words this near to each other are evaluated in one go. */
#define WORD_GAP 4

/* What a worker has of the chunk at hand. */
struct view {
	uint64_t chunk;
	struct ff_chunk bounds;
	const uint8_t *streams[FF_STREAMS];
	bool blank;		/* nobody ever touched what is wanted of it */
};

static bool all_known(const struct ff_worker *worker, size_t first, size_t last)
{
	for (; first <= last; first++) {
		if (!ff_bit(worker->known, first))
			return false;
	}
	return true;
}

/* Values in pages that nobody wrote to are the same: no match of a program for others. */
static void drop_clean(struct ff_worker *worker, const struct view *view)
{
	const struct ff_grid *grid = worker->job->spec.grid;
	size_t align = grid->align, reach = grid->span - 1;
	size_t words = ff_bits_words(view->bounds.slots);

	for (size_t w = 0; w < words; w++) {
		size_t first = w * 64 * align, last = (w * 64 + 63) * align + reach;

		if (last >= view->bounds.size)
			last = view->bounds.size - 1;
		if (!worker->candidates[w])
			continue;
		if (all_known(worker, first / FF_PIECE, last / FF_PIECE)) {
			worker->candidates[w] = 0;
			continue;
		}
		for (uint64_t left = worker->candidates[w]; left; left &= left - 1) {
			size_t at = first + ff_bits_first(left) * align;

			if (all_known(worker, at / FF_PIECE, (at + reach) / FF_PIECE))
				worker->candidates[w] &= ~(left & -left);
		}
	}
	ff_bits_zero(worker->pieces, ff_grid_pieces(grid));
	ff_pieces_of_mask(grid, worker->candidates, view->bounds.slots, worker->pieces);
	for (size_t i = 0; i < ff_bits_words(ff_grid_pieces(grid)); i++) {
		worker->known[i] &= worker->pieces[i];
		worker->pieces[i] &= ~worker->known[i];
	}
}

/* Fill in pieces that were not written to since the step before. */
static int take_clean(struct ff_worker *worker, const struct view *view,
		      const struct ff_chunk *there)
{
	const struct ff_job_spec *spec = &worker->job->spec;
	int error;

	ff_pages_take(spec->pages, FF_PAGES_CLEAN, there, worker->entries, worker->pieces,
		      worker->known);
	if (spec->program->relation == FF_OTHER_BYTES)
		drop_clean(worker, view);
	error = ff_snapshot_load(spec->prev, view->chunk, &view->bounds, worker->known,
				 worker->buffers[FF_NOW]);
	if (error)
		ff_job_fail(worker->job, error, true);
	return error;
}

/* Fill in pieces that nobody ever touched. */
static void take_untouched(struct ff_worker *worker, struct view *view,
			   const struct ff_chunk *there)
{
	size_t n = ff_chunk_pieces(there);

	ff_bits_zero(worker->untouched, n);
	ff_pages_take(worker->job->spec.pages, FF_PAGES_NEVER_TOUCHED, there, worker->entries,
		      worker->pieces, worker->untouched);
	view->blank = true;
	for (size_t i = 0; i < n && view->blank; i++)
		view->blank = !ff_bit(worker->pieces, i) && !ff_bit(worker->known, i);
	for (size_t i = 0; i < n && !view->blank; i++) {
		if (ff_bit(worker->untouched, i))
			memset(worker->buffers[FF_NOW] + i * FF_PIECE, 0, FF_PIECE);
	}
	for (size_t w = 0; w < ff_bits_words(n); w++)
		worker->known[w] |= worker->untouched[w];
}

/* Whether nobody ever touched any of a chunk, as one look at much more than it tells. */
static bool is_untouched(struct ff_worker *worker, const struct ff_chunk *there)
{
	struct ff_range *blank = &worker->blank;
	uint64_t end = there->start + there->size;

	if (there->start < blank->start || there->start >= blank->end) {
		blank->start = there->start;
		blank->end = ff_pages_untouched(worker->job->spec.pages, there->start);
	}
	return end <= blank->end;
}

/* Fill in the pieces whose bytes are known, and want them no longer. */
static int take_known(struct ff_worker *worker, struct view *view, const struct ff_chunk *there)
{
	struct ff_stalls *stalls = worker->job->spec.reader->stalls;
	const struct ff_job_spec *spec = &worker->job->spec;
	size_t pieces = ff_chunk_pieces(&view->bounds);
	bool blank;
	int error = 0;

	ff_bits_zero(worker->known, pieces);
	if (!spec->pages)
		return 0;
	ff_visit_begin(worker->fetch.visit, NULL, 0, false);
	blank = spec->untouched && is_untouched(worker, there);
	if (!blank)
		ff_pages_look(spec->pages, there, worker->entries);
	if (!ff_visit_end(worker->fetch.visit, stalls))
		return -ECANCELED;
	if (blank) {
		memcpy(worker->known, worker->pieces, ff_bits_words(pieces) * sizeof(uint64_t));
		ff_bits_zero(worker->pieces, pieces);
		view->blank = true;
		return 0;
	}
	if (spec->prev)
		error = take_clean(worker, view, there);
	if (spec->untouched)
		take_untouched(worker, view, there);
	return error;
}

static int read_now(struct ff_worker *worker, struct view *view)
{
	size_t pieces = ff_chunk_pieces(&view->bounds);
	const struct ff_job_spec *spec = &worker->job->spec;
	struct ff_reader *reader = spec->reader;
	const uint8_t *lent = NULL;
	struct ff_chunk there = view->bounds;
	int error;

	worker->fetch.nholes = 0;
	/* what is lent may change meanwhile: only a copy can be compared and then kept */
	if (reader->ops->lend && spec->program->constant && !there.tail)
		lent = reader->ops->lend(reader, view->bounds.start, view->bounds.size);
	if (lent) {
		view->streams[FF_NOW] = lent;
		__atomic_add_fetch(&worker->job->read, view->bounds.size, __ATOMIC_RELAXED);
		return 0;
	}
	view->streams[FF_NOW] = worker->buffers[FF_NOW];
	there.size -= there.tail;
	error = take_known(worker, view, &there);
	if (error)
		return error;
	if (view->blank) {
		view->streams[FF_NOW] = worker->job->zeros;
	} else {
		memset(worker->buffers[FF_NOW] + there.size, 0, there.tail);
		error = ff_fetch_pieces(&worker->fetch, reader, &there, worker->pieces,
					worker->buffers[FF_NOW]);
		__atomic_add_fetch(&worker->job->read, worker->fetch.bytes, __ATOMIC_RELAXED);
	}
	for (size_t w = 0; w < ff_bits_words(pieces); w++)
		worker->pieces[w] |= worker->known[w];
	return error;
}

/* Bring in the old bytes the program asks for; streams of one snapshot share a buffer. */
static int load_streams(struct ff_worker *worker, struct view *view)
{
	const struct ff_job_spec *spec = &worker->job->spec;

	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		size_t twin = FF_NOW + 1;
		int error;

		if (!(spec->program->streams & 1u << s))
			continue;
		while (twin < s && (spec->streams[twin] != spec->streams[s] ||
				    !view->streams[twin]))
			twin++;
		if (twin < s) {
			view->streams[s] = view->streams[twin];
			continue;
		}
		error = ff_snapshot_load(spec->streams[s], view->chunk, &view->bounds,
					 worker->pieces, worker->buffers[s]);
		if (error)
			return error;
		view->streams[s] = worker->buffers[s];
	}
	return 0;
}

/* Whether every value of the chunk is zero in every stream, so that one answer is that of all. */
static bool is_blank(const struct ff_worker *worker, const struct view *view)
{
	const struct ff_job_spec *spec = &worker->job->spec;

	for (size_t s = FF_NOW + 1; s < FF_STREAMS && view->blank; s++) {
		if (spec->program->streams & 1u << s &&
		    !ff_snapshot_is_blank(spec->streams[s], view->chunk))
			return false;
	}
	return view->blank;
}

/* The answer for such a chunk, without looking at it. */
static void answer_blank(struct ff_worker *worker, struct view *view)
{
	const struct ff_job_spec *spec = &worker->job->spec;
	size_t slots = view->bounds.slots;

	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		if (spec->program->streams & 1u << s)
			view->streams[s] = worker->job->zeros;
	}
	if (spec->candidates) {
		memcpy(worker->mask, worker->candidates, ff_bits_words(slots) * sizeof(uint64_t));
		return;
	}
	memset(worker->mask, 0xff, ff_bits_words(slots) * sizeof(uint64_t));
	if (slots % 64)
		worker->mask[slots / 64] = ((uint64_t)1 << slots % 64) - 1;
}

/* A stretch of slots, a block at a time so that a slow program can be stopped. */
static void evaluate(struct ff_worker *worker, const struct view *view, size_t first, size_t n)
{
	const struct ff_job *job = worker->job;
	const uint8_t *streams[FF_STREAMS];
	size_t align = job->spec.grid->align, end = first + n;

	for (; first < end && !ff_job_stopped(job); first += FF_BLOCK_SLOTS) {
		size_t slots = end - first < FF_BLOCK_SLOTS ? end - first : FF_BLOCK_SLOTS;

		for (size_t s = 0; s < FF_STREAMS; s++)
			streams[s] = view->streams[s] ? view->streams[s] + first * align : NULL;
		ff_program_run(job->spec.program, job->kernels, streams, align, slots,
			       worker->mask + first / 64);
	}
}

/* Evaluate only around candidates, in stretches of whole words. */
static void evaluate_candidates(struct ff_worker *worker, const struct view *view)
{
	size_t words = ff_bits_words(view->bounds.slots), w = 0;

	memset(worker->mask, 0, words * sizeof(*worker->mask));
	while (w < words) {
		size_t first = w, end, gap = 0;

		if (!worker->candidates[w]) {
			w++;
			continue;
		}
		for (end = w; w < words && gap <= WORD_GAP; w++) {
			gap = worker->candidates[w] ? 0 : gap + 1;
			if (!gap)
				end = w + 1;
		}
		evaluate(worker, view, first * 64,
			 end * 64 < view->bounds.slots ? (end - first) * 64
						       : view->bounds.slots - first * 64);
		for (size_t i = first; i < end; i++)
			worker->mask[i] &= worker->candidates[i];
	}
}

/* Slots whose value touches a byte that was not read are no match. */
static void clear_holes(struct ff_worker *worker, const struct view *view)
{
	const struct ff_grid *grid = worker->job->spec.grid;

	for (size_t i = 0; i < worker->fetch.nholes; i++) {
		size_t start = worker->fetch.holes[i].start - view->bounds.start;
		size_t end = worker->fetch.holes[i].end - view->bounds.start;

		ff_grid_clear(grid, worker->mask, view->bounds.slots, grid->least, start, end);
	}
}

static int keep(struct ff_worker *worker, const struct view *view)
{
	struct ff_job *job = worker->job;
	struct ff_kept kept = {
		.chunk = view->chunk, .bounds = &view->bounds,
		.bytes = view->streams[FF_NOW], .mask = worker->mask,
		.base = job->spec.streams[FF_PREV], .base_bytes = view->streams[FF_PREV],
		.relation = job->spec.program->relation,
		.shard = worker->shard,
		.scratch = worker->scratch, .blank = view->blank,
	};
	int64_t count = ff_matchset_put(job->set, job->kernels, view->chunk, worker->mask,
					view->bounds.slots);
	int error;

	if (count < 0)
		return (int)count;
	kept.count = count;
	error = ff_snapshot_put(job->snapshot, &kept);
	if (error) {
		ff_job_fail(job, error, true);
		return error;
	}
	return ff_job_count(job, count);
}

/* A matching slot had a value at the time of each snapshot with a name. */
static void clear_unknown(struct ff_worker *worker, const struct view *view)
{
	const struct ff_job_spec *spec = &worker->job->spec;

	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (!ff_stream_is_named(s) || !(spec->program->streams & 1u << s))
			continue;
		ff_matchset_mask(spec->streams[s]->set, view->chunk, view->bounds.slots,
				 worker->candidates);
		for (size_t w = 0; w < ff_bits_words(view->bounds.slots); w++)
			worker->mask[w] &= worker->candidates[w];
	}
}

static int filter(struct ff_worker *worker, const struct view *view)
{
	const struct ff_job_spec *spec = &worker->job->spec;
	struct ff_found found = {
		.job = worker->job, .start = view->bounds.start, .slots = view->bounds.slots,
		.align = spec->grid->align, .span = spec->grid->span,
		.size = view->bounds.size - view->bounds.tail,
		.holes = worker->fetch.holes, .nholes = worker->fetch.nholes,
		.mask = worker->mask,
	};
	uint64_t any = 0;

	for (size_t w = 0; w < ff_bits_words(found.slots); w++)
		any |= found.mask[w];
	if (!any)
		return 0;
	memcpy(found.streams, view->streams, sizeof(found.streams));
	return spec->filter(spec->context, &found);
}

static int scan_chunk(struct ff_worker *worker, uint64_t chunk)
{
	struct ff_job *job = worker->job;
	const struct ff_grid *grid = job->spec.grid;
	const struct ff_matchset *candidates = job->spec.candidates;
	size_t pieces = ff_grid_pieces(grid);
	struct view view = { .chunk = chunk };
	int error;

	ff_grid_chunk(grid, chunk, &view.bounds);
	if (candidates) {
		ff_bits_zero(worker->pieces, pieces);
		ff_matchset_mask(candidates, chunk, view.bounds.slots, worker->candidates);
		ff_pieces_of_mask(grid, worker->candidates, view.bounds.slots, worker->pieces);
	} else {
		memset(worker->pieces, 0xff, ff_bits_words(pieces) * sizeof(*worker->pieces));
	}
	error = read_now(worker, &view);
	if (error || ff_job_stopped(job))
		return error;
	if (is_blank(worker, &view)) {
		if (!job->blank_matches)
			return 0;
		answer_blank(worker, &view);
	} else {
		error = load_streams(worker, &view);
		if (error) {
			ff_job_fail(job, error, true);
			return error;
		}
		if (candidates)
			evaluate_candidates(worker, &view);
		else
			evaluate(worker, &view, 0, view.bounds.slots);
	}
	if (ff_job_stopped(job))
		return 0;
	clear_holes(worker, &view);
	clear_unknown(worker, &view);
	if (job->spec.filter) {
		error = filter(worker, &view);
		if (error)
			return error;
	}
	if (job->spec.ntypes) {
		error = ff_types_keep(worker, chunk, &view.bounds, view.streams);
		if (error)
			return error;
	}
	return keep(worker, &view);
}

int ff_worker_scan(struct ff_worker *worker, uint64_t chunk, bool again)
{
	struct ff_job *job = worker->job;
	struct ff_chunk bounds;
	int error = 0;

	worker->chunk = chunk;
	worker->again = again;
	if (job->spec.candidates && ff_gather_takes(worker, chunk)) {
		if (ff_gather_is_full(worker->gather))
			error = ff_gather_scan(worker);
	} else {
		error = scan_chunk(worker, chunk);
	}
	if (error)
		return error;
	worker->chunk = FF_NO_CHUNK;
	if (again)
		return 0;
	ff_grid_chunk(job->spec.grid, chunk, &bounds);
	__atomic_add_fetch(&job->done, bounds.slots * job->spec.grid->align, __ATOMIC_RELAXED);
	return 0;
}

void ff_worker_deinit(struct ff_worker *worker)
{
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (worker->buffers[s])
			munmap(worker->buffers[s], ff_job_buffer(worker->job));
	}
	if (worker->scratch)
		munmap(worker->scratch, ff_job_buffer(worker->job) / 2);
	free(worker->mask);
	free(worker->any);
	free(worker->candidates);
	free(worker->pieces);
	free(worker->known);
	free(worker->untouched);
	free(worker->entries);
	ff_fetch_deinit(&worker->fetch);
	ff_gather_destroy(worker->gather);
	ff_visit_deinit(&worker->visit);
	free(worker->redo);
}

int ff_worker_init(struct ff_worker *worker, struct ff_job *job, uint32_t shard)
{
	const struct ff_grid *grid = job->spec.grid;
	size_t words = ff_bits_words(grid->chunk_slots);

	worker->job = job;
	worker->shard = shard;
	worker->chunk = FF_NO_CHUNK;
	ff_visit_init(&worker->visit);
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (s != FF_NOW && !(job->spec.program->streams & 1u << s))
			continue;
		worker->buffers[s] = ff_map_bytes(ff_job_buffer(job), PROT_READ | PROT_WRITE);
		if (!worker->buffers[s])
			return -ENOMEM;
	}
	worker->scratch = ff_map_bytes(ff_job_buffer(job) / 2, PROT_READ | PROT_WRITE);
	if (!worker->scratch)
		return -ENOMEM;
	worker->mask = calloc(words, sizeof(*worker->mask));
	worker->candidates = calloc(words, sizeof(*worker->candidates));
	worker->pieces = calloc(ff_bits_words(ff_grid_pieces(grid)), sizeof(*worker->pieces));
	worker->known = calloc(ff_bits_words(ff_grid_pieces(grid)), sizeof(*worker->known));
	worker->untouched = calloc(ff_bits_words(ff_grid_pieces(grid)),
				   sizeof(*worker->untouched));
	if (!worker->mask || !worker->candidates || !worker->pieces || !worker->known ||
	    !worker->untouched)
		return -ENOMEM;
	if (job->spec.ntypes) {
		worker->any = calloc(words, sizeof(*worker->any));
		if (!worker->any)
			return -ENOMEM;
	}
	if (job->spec.pages) {
		worker->entries = calloc(ff_pages_entries(job->spec.pages, grid),
					 sizeof(*worker->entries));
		if (!worker->entries)
			return -ENOMEM;
	}
	if (job->spec.candidates) {
		int error = ff_gather_create(&worker->gather);

		if (error)
			return error;
	}
	if (job->spec.reader->stalls)
		worker->fetch.visit = &worker->visit;
	return ff_fetch_init(&worker->fetch, ff_grid_pieces(grid));
}

