// SPDX-License-Identifier: MIT
/*
 * Jobs: regions x reader x program, over worker threads
 *
 * Workers draw chunk numbers from one counter and never wait for one another: each
 * result has a place of its own in the match set and the snapshot. Nothing of an
 * earlier step is written to, so a job that is cancelled or fails leaves it as it was.
 */
#include "fetch.h"
#include "program.h"
#include "snapshot.h"
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Candidate words this near to each other are evaluated in one go. */
#define WORD_GAP 4

struct worker {
	struct ff_job *job;
	pthread_t thread;
	uint8_t *buffers[FF_STREAMS];	/* now, then one for each stream that needs a copy */
	uint64_t *mask, *candidates, *pieces;
	struct ff_fetch fetch;
};

struct ff_job {
	struct ff_job_spec spec;
	const struct ff_kernels *kernels;
	struct ff_matchset *set;
	struct ff_snapshot *snapshot;
	uint64_t next_chunk;
	uint64_t done, matches, read;
	int error;
	bool cancelled;
	bool failed_in_store;
	bool joined;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	uint32_t running;
	uint32_t nworkers;
	struct worker *workers;
	struct ff_range *faults;
	size_t nfaults;
};

static bool stopped(const struct ff_job *job)
{
	return __atomic_load_n(&job->cancelled, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&job->error, __ATOMIC_RELAXED);
}

/* The first error is the job's. */
static void fail(struct ff_job *job, int error, bool in_store)
{
	int none = 0;

	if (__atomic_compare_exchange_n(&job->error, &none, error, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		job->failed_in_store = in_store;
}

/* ---- one chunk ---- */

/* What a worker has of the chunk at hand. */
struct view {
	uint64_t chunk;
	struct ff_chunk bounds;
	const uint8_t *streams[FF_STREAMS];
};

static int read_now(struct worker *worker, struct view *view)
{
	struct ff_reader *reader = worker->job->spec.reader;
	const uint8_t *lent = NULL;
	int error;

	worker->fetch.nholes = 0;
	if (reader->ops->lend)
		lent = reader->ops->lend(reader, view->bounds.start, view->bounds.size);
	if (lent) {
		view->streams[FF_NOW] = lent;
		__atomic_add_fetch(&worker->job->read, view->bounds.size, __ATOMIC_RELAXED);
		return 0;
	}
	view->streams[FF_NOW] = worker->buffers[FF_NOW];
	error = ff_fetch_pieces(&worker->fetch, reader, &view->bounds, worker->pieces,
				worker->buffers[FF_NOW]);
	__atomic_add_fetch(&worker->job->read, worker->fetch.bytes, __ATOMIC_RELAXED);
	return error;
}

/* Bring in the old bytes the program asks for; streams of one snapshot share a buffer. */
static int load_streams(struct worker *worker, struct view *view)
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

/* A stretch of slots, a block at a time so that a slow program can be stopped. */
static void evaluate(struct worker *worker, const struct view *view, size_t first, size_t n)
{
	const struct ff_job *job = worker->job;
	const uint8_t *streams[FF_STREAMS];
	size_t align = job->spec.layout->align, end = first + n;

	for (; first < end && !stopped(job); first += FF_BLOCK_SLOTS) {
		size_t slots = end - first < FF_BLOCK_SLOTS ? end - first : FF_BLOCK_SLOTS;

		for (size_t s = 0; s < FF_STREAMS; s++)
			streams[s] = view->streams[s] ? view->streams[s] + first * align : NULL;
		ff_program_run(job->spec.program, job->kernels, streams, align, slots,
			       worker->mask + first / 64);
	}
}

/* Evaluate only around candidates, in stretches of whole words. */
static void evaluate_candidates(struct worker *worker, const struct view *view)
{
	size_t words = ff_mask_words(view->bounds.slots), w = 0;

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
static void clear_holes(struct worker *worker, const struct view *view)
{
	const struct ff_layout *layout = worker->job->spec.layout;

	for (size_t i = 0; i < worker->fetch.nholes; i++) {
		size_t start = worker->fetch.holes[i].start - view->bounds.start;
		size_t end = worker->fetch.holes[i].end - view->bounds.start;
		size_t slot = start < layout->span ? 0 : (start - layout->span) / layout->align + 1;

		for (; slot < view->bounds.slots && slot * layout->align < end; slot++)
			worker->mask[slot / 64] &= ~((uint64_t)1 << slot % 64);
	}
}

static int keep(struct worker *worker, const struct view *view)
{
	struct ff_job *job = worker->job;
	struct ff_kept kept = {
		.chunk = view->chunk, .bounds = &view->bounds,
		.bytes = view->streams[FF_NOW], .mask = worker->mask,
		.base = job->spec.streams[FF_PREV], .base_bytes = view->streams[FF_PREV],
		.relation = job->spec.program->relation,
		.shard = (uint32_t)(worker - job->workers),
	};
	int64_t count = ff_matchset_put(job->set, view->chunk, worker->mask, view->bounds.slots);
	int error;

	if (count < 0)
		return (int)count;
	__atomic_add_fetch(&job->matches, count, __ATOMIC_RELAXED);
	kept.count = count;
	error = ff_snapshot_put(job->snapshot, job->kernels, &kept);
	if (error)
		fail(job, error, true);
	else if (ff_matchset_bytes(job->set) + ff_snapshot_bytes(job->snapshot) > job->spec.memory)
		error = -ENOBUFS;
	return error;
}

static int scan_chunk(struct worker *worker, uint64_t chunk)
{
	struct ff_job *job = worker->job;
	const struct ff_layout *layout = job->spec.layout;
	const struct ff_matchset *candidates = job->spec.candidates;
	size_t pieces = ff_layout_pieces(layout);
	struct view view = { .chunk = chunk };
	int error;

	ff_layout_chunk(layout, chunk, &view.bounds);
	if (candidates && !ff_matchset_chunk_count(candidates, chunk))
		return 0;
	if (candidates) {
		memset(worker->pieces, 0, ff_mask_words(pieces) * sizeof(*worker->pieces));
		ff_matchset_mask(candidates, chunk, view.bounds.slots, worker->candidates);
		ff_pieces_of_mask(layout, worker->candidates, view.bounds.slots, worker->pieces);
	} else {
		memset(worker->pieces, 0xff, ff_mask_words(pieces) * sizeof(*worker->pieces));
	}
	error = read_now(worker, &view);
	if (error || stopped(job))
		return error;
	error = load_streams(worker, &view);
	if (error) {
		fail(job, error, true);
		return error;
	}
	if (candidates)
		evaluate_candidates(worker, &view);
	else
		evaluate(worker, &view, 0, view.bounds.slots);
	if (stopped(job))
		return 0;
	clear_holes(worker, &view);
	return keep(worker, &view);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct ff_job *job = worker->job;
	const struct ff_layout *layout = job->spec.layout;

	while (!stopped(job)) {
		uint64_t chunk = __atomic_fetch_add(&job->next_chunk, 1, __ATOMIC_RELAXED);
		struct ff_chunk bounds;
		int error;

		if (chunk >= layout->nchunks)
			break;
		error = scan_chunk(worker, chunk);
		if (error)
			fail(job, error, false);
		ff_layout_chunk(layout, chunk, &bounds);
		__atomic_add_fetch(&job->done, bounds.slots * layout->align, __ATOMIC_RELAXED);
	}
	pthread_mutex_lock(&job->lock);
	job->running--;
	pthread_cond_broadcast(&job->ended);
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

/* ---- workers ---- */

/* Pages that cost nothing until they are touched; read kernels may see them zero. */
static void *map_bytes(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t buffer_size(const struct ff_job *job)
{
	return ff_layout_pieces(job->spec.layout) * FF_PIECE;
}

static void free_worker(struct worker *worker)
{
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (worker->buffers[s])
			munmap(worker->buffers[s], buffer_size(worker->job));
	}
	free(worker->mask);
	free(worker->candidates);
	free(worker->pieces);
	ff_fetch_deinit(&worker->fetch);
}

static int init_worker(struct worker *worker, struct ff_job *job)
{
	const struct ff_layout *layout = job->spec.layout;
	size_t words = ff_mask_words(layout->chunk_slots);

	worker->job = job;
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (s != FF_NOW && !(job->spec.program->streams & 1u << s))
			continue;
		worker->buffers[s] = map_bytes(buffer_size(job));
		if (!worker->buffers[s])
			return -ENOMEM;
	}
	worker->mask = calloc(words, sizeof(*worker->mask));
	worker->candidates = calloc(words, sizeof(*worker->candidates));
	worker->pieces = calloc(ff_mask_words(ff_layout_pieces(layout)), sizeof(*worker->pieces));
	if (!worker->mask || !worker->candidates || !worker->pieces)
		return -ENOMEM;
	return ff_fetch_init(&worker->fetch, ff_layout_pieces(layout));
}

/* ---- the job ---- */

static int check_spec(const struct ff_job_spec *spec)
{
	if (spec->program->span != spec->layout->span || !spec->threads)
		return -EINVAL;
	if (spec->candidates && spec->candidates->layout != spec->layout)
		return -EINVAL;
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		bool used = spec->program->streams & 1u << s;

		if (used && (!spec->candidates || !spec->streams[s] ||
			     spec->streams[s]->set->layout != spec->layout))
			return -EINVAL;
	}
	return 0;
}

int ff_job_start(const struct ff_job_spec *spec, struct ff_job **out)
{
	uint64_t nchunks = spec->layout->nchunks;
	pthread_condattr_t attributes;
	struct ff_job *job;
	uint32_t threads;
	int error = check_spec(spec);

	if (error)
		return error;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->spec = *spec;
	job->kernels = ff_isa_kernels(spec->isa);
	ff_layout_get(spec->layout);
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);

	threads = spec->threads < nchunks ? spec->threads : (uint32_t)nchunks;
	job->workers = calloc(threads + 1, sizeof(*job->workers));
	error = job->workers ? ff_matchset_create(spec->layout, &job->set) : -ENOMEM;
	if (!error)
		error = ff_snapshot_create(spec->store, job->set, spec->program->constant,
					   &job->snapshot);
	for (uint32_t i = 0; i < threads && !error; i++)
		error = init_worker(&job->workers[i], job);
	for (uint32_t i = 0; i < threads && !error; i++) {
		pthread_mutex_lock(&job->lock);
		job->running++;
		pthread_mutex_unlock(&job->lock);
		error = -pthread_create(&job->workers[i].thread, NULL, work, &job->workers[i]);
		if (!error) {
			job->nworkers++;
			continue;
		}
		pthread_mutex_lock(&job->lock);
		job->running--;
		pthread_mutex_unlock(&job->lock);
	}
	/* fewer threads than asked for will do */
	if (error && !job->nworkers) {
		ff_job_destroy(job);
		return error;
	}
	*out = job;
	return 0;
}

int ff_job_wait(struct ff_job *job, uint32_t milliseconds)
{
	struct timespec until;
	int ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += milliseconds % 1000 * 1000000L;
	until.tv_sec += milliseconds / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&job->lock);
	while (job->running) {
		if (pthread_cond_timedwait(&job->ended, &job->lock, &until) == ETIMEDOUT)
			break;
	}
	ended = !job->running;
	pthread_mutex_unlock(&job->lock);
	return ended;
}

void ff_job_cancel(struct ff_job *job)
{
	__atomic_store_n(&job->cancelled, true, __ATOMIC_RELAXED);
}

void ff_job_progress(const struct ff_job *job, struct ff_progress *out)
{
	out->total = job->spec.layout->slots * job->spec.layout->align;
	out->done = __atomic_load_n(&job->done, __ATOMIC_RELAXED);
	out->matches = __atomic_load_n(&job->matches, __ATOMIC_RELAXED);
	out->read = __atomic_load_n(&job->read, __ATOMIC_RELAXED);
}

static int by_start(const void *a, const void *b)
{
	const struct ff_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* One ascending list of what no worker could read; chunks overlap, so merge. */
static int gather_faults(struct ff_job *job)
{
	size_t total = 0, n = 0;

	for (uint32_t i = 0; i < job->nworkers; i++)
		total += job->workers[i].fetch.nfaults;
	if (!total)
		return 0;
	job->faults = calloc(total, sizeof(*job->faults));
	if (!job->faults)
		return -ENOMEM;
	for (uint32_t i = 0; i < job->nworkers; i++) {
		const struct ff_fetch *fetch = &job->workers[i].fetch;

		if (fetch->nfaults)
			memcpy(job->faults + n, fetch->faults,
			       fetch->nfaults * sizeof(*job->faults));
		n += fetch->nfaults;
	}
	qsort(job->faults, n, sizeof(*job->faults), by_start);
	for (size_t i = 0; i < n; i++) {
		struct ff_range *last = job->nfaults ? &job->faults[job->nfaults - 1] : NULL;

		if (last && job->faults[i].start <= last->end) {
			if (job->faults[i].end > last->end)
				last->end = job->faults[i].end;
		} else {
			job->faults[job->nfaults++] = job->faults[i];
		}
	}
	return 0;
}

static void join_workers(struct ff_job *job)
{
	if (job->joined)
		return;
	for (uint32_t i = 0; i < job->nworkers; i++)
		pthread_join(job->workers[i].thread, NULL);
	ff_store_trim(job->spec.store);
	job->joined = true;
}

int ff_job_finish(struct ff_job *job, struct ff_matchset **set, struct ff_snapshot **snapshot)
{
	int error;

	join_workers(job);
	error = gather_faults(job);
	if (job->error)
		return job->error;
	if (job->cancelled)
		return -ECANCELED;
	if (error)
		return error;
	ff_matchset_seal(job->set);
	*set = job->set;
	*snapshot = job->snapshot;
	job->set = NULL;
	job->snapshot = NULL;
	return 0;
}

bool ff_job_failed_in_store(const struct ff_job *job)
{
	return job->failed_in_store;
}

size_t ff_job_faults(const struct ff_job *job, const struct ff_range **out)
{
	*out = job->faults;
	return job->nfaults;
}

void ff_job_destroy(struct ff_job *job)
{
	if (!job)
		return;
	ff_job_cancel(job);
	join_workers(job);
	for (uint32_t i = 0; job->workers && i < job->spec.threads; i++) {
		if (job->workers[i].job)
			free_worker(&job->workers[i]);
		else
			break;
	}
	ff_snapshot_destroy(job->snapshot);
	ff_matchset_destroy(job->set);
	ff_layout_put(job->spec.layout);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
	free(job->workers);
	free(job->faults);
	free(job);
}
