// SPDX-License-Identifier: MIT
/*
 * Jobs: regions x reader x program, over worker threads
 *
 * Workers draw chunk numbers from one counter and never wait for one another: each
 * result has a place of its own in the match set and the snapshot. Nothing of an
 * earlier step is written to, so a job that is cancelled or fails leaves it as it was.
 *
 * A child process has a job's memory but none of its threads, which may have been in the
 * middle of anything: there it has ended, cancelled, and is left alone.
 */
#include "job.h"
#include "keep/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WATCH 10	/* milliseconds between looks at what the workers wait for */

bool ff_job_stopped(const struct ff_job *job)
{
	return __atomic_load_n(&job->cancelled, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&job->error, __ATOMIC_RELAXED);
}

void ff_job_fail(struct ff_job *job, int error, bool in_store)
{
	int none = 0;

	if (__atomic_compare_exchange_n(&job->error, &none, error, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		job->failed_in_store = in_store;
}

int ff_job_count(struct ff_job *job, uint64_t matches)
{
	__atomic_add_fetch(&job->matches, matches, __ATOMIC_RELAXED);
	return ff_matchset_bytes(job->set) + ff_snapshot_bytes(job->snapshot) > job->spec.memory
		       ? -ENOBUFS
		       : 0;
}

static void put(struct ff_job *job)
{
	bool last;

	pthread_mutex_lock(&job->lock);
	last = !--job->references;
	pthread_mutex_unlock(&job->lock);
	if (!last)
		return;
	if (job->zeros)
		munmap((void *)job->zeros, ff_job_buffer(job));
	ff_grid_put(job->spec.grid);
	ff_reader_put(job->spec.reader);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
	free(job->workers);
	free(job->faults);
	free(job->blocked);
	free(job);
}

static void free_worker(struct ff_worker *worker)
{
	if (!worker)
		return;
	ff_worker_deinit(worker);
	free(worker);
}

/* Where others wait for ever already, so as not to join them. */
static int learn_blocks(struct ff_worker *worker)
{
	struct ff_stalls *stalls = worker->job->spec.reader->stalls;

	if (!stalls || !ff_stalls_are_any(stalls))
		return 0;
	ff_visit_begin(&worker->visit, NULL, 0, false);
	ff_stalls_resolve(stalls);
	return ff_visit_end(&worker->visit, stalls) ? 0 : -ECANCELED;
}

static int scan(struct ff_worker *worker)
{
	struct ff_job *job = worker->job;
	int error = learn_blocks(worker);

	while (worker->nredo && !error && !ff_job_stopped(job)) {
		const struct ff_redo *redo = &worker->redo[--worker->nredo];

		error = ff_worker_scan(worker, redo->chunk, redo->counted);
	}
	while (!error && !ff_job_stopped(job)) {
		uint64_t chunk = __atomic_fetch_add(&job->next_chunk, 1, __ATOMIC_RELAXED);

		if (chunk >= job->spec.grid->nchunks)
			break;
		error = ff_worker_scan(worker, chunk, false);
	}
	if (worker->gather && !error && !ff_job_stopped(job))
		error = ff_gather_scan(worker);
	return error;
}

static void *work(void *argument)
{
	struct ff_worker *worker = argument;
	struct ff_job *job = worker->job;
	int error = scan(worker);
	bool left;

	pthread_mutex_lock(&job->lock);
	left = ff_visit_is_left(&worker->visit);
	if (left) {
		free_worker(worker);
	} else {
		if (error)
			ff_job_fail(job, error, false);
		job->running--;
		pthread_cond_broadcast(&job->ended);
	}
	pthread_mutex_unlock(&job->lock);
	if (left)
		put(job);
	return NULL;
}

/* ---- workers that wait for ever ---- */

/* Hand a worker's chunks and what it has found of faults to the one that takes its place. */
static int hand_over(struct ff_worker *from, struct ff_worker *to)
{
	uint64_t gathered[FF_GATHERED_CHUNKS];
	size_t n = from->gather ? ff_gather_chunks(from->gather, gathered) : 0;
	bool at_one = from->chunk != FF_NO_CHUNK;

	to->redo = calloc(from->nredo + n + 1, sizeof(*to->redo));
	if (!to->redo)
		return -ENOMEM;
	if (from->nredo)
		memcpy(to->redo, from->redo, from->nredo * sizeof(*to->redo));
	to->nredo = from->nredo;
	for (size_t i = 0; i < n; i++) {
		if (gathered[i] != from->chunk)
			to->redo[to->nredo++] = (struct ff_redo){ gathered[i], true };
	}
	if (at_one)
		to->redo[to->nredo++] = (struct ff_redo){ from->chunk, from->again };
	to->fetch.faults = from->fetch.faults;
	to->fetch.nfaults = from->fetch.nfaults;
	to->fetch.faults_capacity = from->fetch.faults_capacity;
	to->fetch.blocked = from->fetch.blocked;
	to->fetch.nblocked = from->fetch.nblocked;
	to->fetch.blocked_capacity = from->fetch.blocked_capacity;
	from->fetch.faults = from->fetch.blocked = NULL;
	return 0;
}

static int start_worker(struct ff_job *job, uint32_t shard, struct ff_worker *from)
{
	struct ff_worker *worker = calloc(1, sizeof(*worker));
	int error;

	if (!worker)
		return -ENOMEM;
	error = ff_worker_init(worker, job, shard);
	if (!error && from)
		error = hand_over(from, worker);
	if (!error)
		error = -pthread_create(&worker->thread, NULL, work, worker);
	if (error) {
		free_worker(worker);
		return error;
	}
	job->workers[shard] = worker;
	return 0;
}

/* Do without a worker; another takes its place while there is something to do. */
static void give_up(struct ff_job *job, uint32_t shard, bool stopped)
{
	struct ff_worker *worker = job->workers[shard];
	int error = 0;

	if (!ff_visit_leave(&worker->visit, &worker->watch,
			    stopped ? NULL : job->spec.reader->stalls))
		return;
	pthread_detach(worker->thread);
	job->references++;
	job->workers[shard] = NULL;
	/* where not even a look at the target's pages comes back, nobody else fares better */
	if (!stopped)
		error = worker->visit.nsegments ? start_worker(job, shard, worker) : -ETIMEDOUT;
	if (error)
		ff_job_fail(job, error, false);
	if (stopped || error)
		job->running--;
}

static void watch(struct ff_job *job)
{
	struct ff_stalls *stalls = job->spec.reader->stalls;
	bool stopped = ff_job_stopped(job);

	for (uint32_t i = 0; i < job->nworkers && stalls; i++) {
		struct ff_worker *worker = job->workers[i];

		if (!worker || !ff_watch_is_long(&worker->watch, &worker->visit, 0))
			continue;
		if (stopped ? ff_watch_is_asleep(&worker->watch, &worker->visit)
			    : ff_watch_is_stuck(&worker->watch, &worker->visit,
						ff_stalls_patience(stalls)))
			give_up(job, i, stopped);
	}
}

static int check_spec(const struct ff_job_spec *spec)
{
	if (spec->program->span != spec->grid->span || !spec->threads)
		return -EINVAL;
	if (spec->candidates && spec->candidates->grid != spec->grid)
		return -EINVAL;
	if (spec->ntypes > FF_MATCH_TYPES || (spec->grid->least < spec->grid->span && !spec->ntypes && !spec->filter) ||
	    (spec->candidates && spec->candidates->ntypes != spec->ntypes))
		return -EINVAL;
	for (size_t i = 0; i < spec->ntypes; i++) {
		if (spec->types[i]->span > spec->grid->span ||
		    spec->types[i]->streams & ~spec->program->streams)
			return -EINVAL;
	}
	if (spec->prev && !(spec->candidates && spec->pages))
		return -EINVAL;
	if (spec->untouched && !spec->pages)
		return -EINVAL;
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		bool used = spec->program->streams & 1u << s;

		if (used && (!spec->candidates || !spec->streams[s] ||
			     spec->streams[s]->set->grid != spec->grid))
			return -EINVAL;
	}
	return 0;
}

void *ff_map_bytes(size_t size, int protection)
{
	void *bytes = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

/* Ask the program once what it says of zeros. The pages are never written to, and cost nothing. */
static int learn_blank(struct ff_job *job)
{
	const struct ff_job_spec *spec = &job->spec;
	const uint8_t *streams[FF_STREAMS];
	uint64_t mask = 0;
	void *zeros = ff_map_bytes(ff_job_buffer(job), PROT_READ);

	if (!zeros)
		return -ENOMEM;
	job->zeros = zeros;
	for (size_t s = 0; s < FF_STREAMS; s++)
		streams[s] = zeros;
	ff_program_run(spec->program, job->kernels, streams, spec->grid->align, 1, &mask);
	job->blank_matches = mask & 1;
	return 0;
}

/* What a job uses is its own as well: whoever lent it may let go meanwhile. */
static void hold(const struct ff_job_spec *spec)
{
	ff_grid_get(spec->grid);
	ff_reader_get(spec->reader);
	ff_store_get(spec->store);
	ff_program_get(spec->program);
	for (size_t i = 0; i < spec->ntypes; i++)
		ff_program_get(spec->types[i]);
	if (spec->candidates)
		ff_matchset_get(spec->candidates);
	for (size_t s = 0; s < FF_STREAMS; s++) {
		if (spec->streams[s])
			ff_snapshot_get(spec->streams[s]);
	}
	if (spec->prev)
		ff_snapshot_get(spec->prev);
	if (spec->pages)
		ff_pages_get(spec->pages);
}

/* All but the grid and the reader, which workers that were given up still need. */
static void let_go(const struct ff_job_spec *spec)
{
	ff_pages_close((struct ff_pages *)spec->pages);
	ff_snapshot_destroy((struct ff_snapshot *)spec->prev);
	for (size_t s = 0; s < FF_STREAMS; s++)
		ff_snapshot_destroy((struct ff_snapshot *)spec->streams[s]);
	ff_matchset_destroy((struct ff_matchset *)spec->candidates);
	for (size_t i = 0; i < spec->ntypes; i++)
		ff_program_destroy((struct ff_program *)spec->types[i]);
	ff_program_destroy((struct ff_program *)spec->program);
	ff_store_put(spec->store);
}

int ff_job_start(const struct ff_job_spec *spec, struct ff_job **out)
{
	uint64_t nchunks = spec->grid->nchunks;
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
	job->references = 1;
	job->owner = getpid();
	hold(spec);
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);

	threads = spec->threads < nchunks ? spec->threads : (uint32_t)nchunks;
	job->workers = calloc(threads + 1, sizeof(struct ff_worker *));
	error = job->workers ? learn_blank(job) : -ENOMEM;
	if (!error)
		error = ff_matchset_create(spec->grid, &job->set);
	if (!error)
		error = ff_matchset_divide(job->set, spec->ntypes);
	if (!error)
		error = ff_snapshot_create(spec->store, job->kernels, job->set,
					   spec->program->constant, &job->snapshot);
	pthread_mutex_lock(&job->lock);
	for (uint32_t i = 0; i < threads && !error; i++) {
		error = start_worker(job, i, NULL);
		if (!error)
			job->nworkers = ++job->running;
	}
	pthread_mutex_unlock(&job->lock);
	/* fewer threads than asked for will do */
	if (error && !job->nworkers) {
		ff_job_destroy(job);
		return error;
	}
	*out = job;
	return 0;
}

/* Whether this process is a child of the one that started the job. */
static bool is_orphan(const struct ff_job *job)
{
	return job->owner != getpid();
}

/* Whether the job has ended within so many milliseconds, a second at the most. */
static bool wait_briefly(struct ff_job *job, uint32_t milliseconds)
{
	struct timespec until;
	bool ended;

	if (is_orphan(job))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += milliseconds * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&job->lock);
	while (job->running) {
		if (pthread_cond_timedwait(&job->ended, &job->lock, &until) == ETIMEDOUT)
			break;
	}
	watch(job);
	ended = !job->running;
	pthread_mutex_unlock(&job->lock);
	return ended;
}

int ff_job_wait(struct ff_job *job, uint32_t milliseconds)
{
	for (; milliseconds > WATCH; milliseconds -= WATCH) {
		if (wait_briefly(job, WATCH))
			return 1;
	}
	return wait_briefly(job, milliseconds);
}

void ff_job_cancel(struct ff_job *job)
{
	__atomic_store_n(&job->cancelled, true, __ATOMIC_RELAXED);
}

void ff_job_progress(const struct ff_job *job, struct ff_progress *out)
{
	out->total = job->spec.grid->slots * job->spec.grid->align;
	out->done = __atomic_load_n(&job->done, __ATOMIC_RELAXED);
	out->matches = __atomic_load_n(&job->matches, __ATOMIC_RELAXED);
	out->read = __atomic_load_n(&job->read, __ATOMIC_RELAXED);
}

static void join_workers(struct ff_job *job)
{
	if (job->joined)
		return;
	while (!wait_briefly(job, WATCH))
		;
	for (uint32_t i = 0; i < job->nworkers; i++) {
		if (job->workers[i])
			pthread_join(job->workers[i]->thread, NULL);
	}
	ff_store_trim(job->spec.store);
	job->joined = true;
}

int ff_job_finish(struct ff_job *job, struct ff_matchset **set, struct ff_snapshot **snapshot)
{
	int error;

	if (is_orphan(job))
		return -ECANCELED;
	join_workers(job);
	error = ff_job_gather_faults(job);
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

void ff_job_destroy(struct ff_job *job)
{
	if (!job || is_orphan(job))
		return;
	ff_job_cancel(job);
	join_workers(job);
	for (uint32_t i = 0; i < job->nworkers; i++)
		free_worker(job->workers[i]);
	ff_snapshot_destroy(job->snapshot);
	ff_matchset_destroy(job->set);
	let_go(&job->spec);
	put(job);
}
