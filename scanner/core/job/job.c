// SPDX-License-Identifier: MIT
/*
 * Jobs: from their start to their end
 *
 * Workers draw chunk numbers from one counter and never wait for one another. Nothing that
 * was there before is written to, so a job that is cancelled or fails leaves it as it was.
 *
 * A child process has a job's memory but none of its threads, which may have been in the
 * middle of anything: there it has ended, cancelled, and is left alone.
 */
#include "job.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
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

void ff_job_init(struct ff_job *job, const struct ff_job_ops *ops, struct ff_grid *grid,
		 struct ff_reader *reader)
{
	pthread_condattr_t attributes;

	job->ops = ops;
	job->grid = ff_grid_get(grid);
	job->reader = ff_reader_get(reader);
	job->references = 1;
	job->owner = getpid();
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);
}

void ff_job_put(struct ff_job *job)
{
	struct ff_reader *reader = job->reader;
	struct ff_grid *grid = job->grid;
	bool last;

	pthread_mutex_lock(&job->lock);
	last = !--job->references;
	pthread_mutex_unlock(&job->lock);
	if (!last)
		return;
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
	free(job->workers);
	free(job->faults);
	free(job->blocked);
	job->ops->free(job);
	ff_grid_put(grid);
	ff_reader_put(reader);
}

int ff_job_run(struct ff_job *job, uint32_t threads)
{
	uint32_t n = (uint32_t)ff_min(threads, job->grid->nchunks);
	int error = 0;

	/* an empty grid has no workers; calloc() may say NULL to none */
	job->workers = calloc(n ? n : 1, sizeof(*job->workers));
	if (!job->workers)
		return -ENOMEM;
	pthread_mutex_lock(&job->lock);
	for (uint32_t i = 0; i < n && !error; i++) {
		error = ff_worker_start(job, i, NULL);
		if (!error)
			job->nworkers = ++job->running;
	}
	pthread_mutex_unlock(&job->lock);
	/* fewer threads than asked for will do */
	return job->nworkers ? 0 : error;
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
	until = ff_clock_in(milliseconds * FF_MILLISECOND);
	pthread_mutex_lock(&job->lock);
	while (job->running) {
		if (pthread_cond_timedwait(&job->ended, &job->lock, &until) == ETIMEDOUT)
			break;
	}
	ff_workers_watch(job);
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
	out->total = job->grid->slots * job->grid->align;
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
	job->joined = true;
}

int ff_job_join(struct ff_job *job)
{
	int error;

	if (is_orphan(job))
		return -ECANCELED;
	join_workers(job);
	error = ff_job_gather_faults(job);
	if (job->error)
		return job->error;
	return job->cancelled ? -ECANCELED : error;
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
		ff_worker_free(job->workers[i]);
	job->ops->release(job);
	ff_job_put(job);
}
