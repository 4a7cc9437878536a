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
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

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

static void *work(void *argument)
{
	struct ff_worker *worker = argument;
	struct ff_job *job = worker->job;
	int error = 0;

	while (!ff_job_stopped(job)) {
		uint64_t chunk = __atomic_fetch_add(&job->next_chunk, 1, __ATOMIC_RELAXED);

		if (chunk >= job->spec.layout->nchunks)
			break;
		error = ff_worker_scan(worker, chunk);
		if (error)
			ff_job_fail(job, error, false);
	}
	if (worker->sparse && !ff_job_stopped(job)) {
		error = ff_sparse_scan(worker);
		if (error)
			ff_job_fail(job, error, false);
	}
	pthread_mutex_lock(&job->lock);
	job->running--;
	pthread_cond_broadcast(&job->ended);
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

static int check_spec(const struct ff_job_spec *spec)
{
	if (spec->program->span != spec->layout->span || !spec->threads)
		return -EINVAL;
	if (spec->candidates && spec->candidates->layout != spec->layout)
		return -EINVAL;
	if (spec->nparts > FF_PARTS || (spec->layout->least < spec->layout->span && !spec->nparts && !spec->filter) ||
	    (spec->candidates && spec->candidates->nparts != spec->nparts))
		return -EINVAL;
	for (size_t i = 0; i < spec->nparts; i++) {
		if (spec->parts[i]->span > spec->layout->span ||
		    spec->parts[i]->streams & ~spec->program->streams)
			return -EINVAL;
	}
	if (spec->prev && !(spec->candidates && spec->pages))
		return -EINVAL;
	if (spec->untouched && !spec->pages)
		return -EINVAL;
	for (size_t s = FF_NOW + 1; s < FF_STREAMS; s++) {
		bool used = spec->program->streams & 1u << s;

		if (used && (!spec->candidates || !spec->streams[s] ||
			     spec->streams[s]->set->layout != spec->layout))
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
	ff_program_run(spec->program, job->kernels, streams, spec->layout->align, 1, &mask);
	job->blank_matches = mask & 1;
	return 0;
}

/* What a job uses is its own as well: whoever lent it may let go meanwhile. */
static void hold(const struct ff_job_spec *spec)
{
	ff_layout_get(spec->layout);
	ff_reader_get(spec->reader);
	ff_store_get(spec->store);
	ff_program_get(spec->program);
	for (size_t i = 0; i < spec->nparts; i++)
		ff_program_get(spec->parts[i]);
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

static void let_go(const struct ff_job_spec *spec)
{
	ff_pages_close((struct ff_pages *)spec->pages);
	ff_snapshot_destroy((struct ff_snapshot *)spec->prev);
	for (size_t s = 0; s < FF_STREAMS; s++)
		ff_snapshot_destroy((struct ff_snapshot *)spec->streams[s]);
	ff_matchset_destroy((struct ff_matchset *)spec->candidates);
	for (size_t i = 0; i < spec->nparts; i++)
		ff_program_destroy((struct ff_program *)spec->parts[i]);
	ff_program_destroy((struct ff_program *)spec->program);
	ff_store_put(spec->store);
	ff_reader_close(spec->reader);
	ff_layout_put(spec->layout);
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
	job->owner = getpid();
	hold(spec);
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);

	threads = spec->threads < nchunks ? spec->threads : (uint32_t)nchunks;
	job->workers = calloc(threads + 1, sizeof(*job->workers));
	error = job->workers ? learn_blank(job) : -ENOMEM;
	if (!error)
		error = ff_matchset_create(spec->layout, &job->set);
	if (!error)
		error = ff_matchset_divide(job->set, spec->nparts);
	if (!error)
		error = ff_snapshot_create(spec->store, job->kernels, job->set,
					   spec->program->constant, &job->snapshot);
	for (uint32_t i = 0; i < threads && !error; i++)
		error = ff_worker_init(&job->workers[i], job);
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

/* Whether this process is a child of the one that started the job. */
static bool is_orphan(const struct ff_job *job)
{
	return job->owner != getpid();
}

int ff_job_wait(struct ff_job *job, uint32_t milliseconds)
{
	struct timespec until;
	int ended;

	if (is_orphan(job))
		return 1;
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

	if (is_orphan(job))
		return -ECANCELED;
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
	if (!job || is_orphan(job))
		return;
	ff_job_cancel(job);
	join_workers(job);
	for (uint32_t i = 0; job->workers && i < job->spec.threads; i++) {
		if (job->workers[i].job)
			ff_worker_deinit(&job->workers[i]);
		else
			break;
	}
	if (job->zeros)
		munmap((void *)job->zeros, ff_job_buffer(job));
	ff_snapshot_destroy(job->snapshot);
	ff_matchset_destroy(job->set);
	let_go(&job->spec);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
	free(job->workers);
	free(job->faults);
	free(job);
}
