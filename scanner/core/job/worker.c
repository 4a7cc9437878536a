// SPDX-License-Identifier: MIT
/*
 * Workers: the threads of a job, and what becomes of one that waits for ever
 *
 *   chunks    0 1 2 3 4 5 6 7 8 9 ...
 *             | | |   '-- next_chunk: whoever is ready takes it and counts on
 *             A B A
 *
 *   A   reads 3, and the page does not come:    given up. Its thread keeps what it was handed
 *                                               for the call, and a reference to the job
 *   A'  takes A's place: first chunk 3 and what A had put off, around the page, then goes on
 *
 * So no worker ever waits for another, and a chunk's result has one place, which only the
 * worker that is at the chunk writes to.
 */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where others wait for ever already, so as not to join them. */
static int learn_stalls(struct ff_worker *worker)
{
	struct ff_stalls *stalls = worker->job->reader->stalls;

	if (!stalls || !ff_stalls_are_any(stalls))
		return 0;
	ff_visit_begin(&worker->visit, NULL, 0, false);
	ff_stalls_resolve(stalls);
	return ff_visit_end(&worker->visit, stalls) ? 0 : -ECANCELED;
}

/* again when the chunk has been counted as done before */
static int step(struct ff_worker *worker, uint64_t chunk, bool again)
{
	struct ff_job *job = worker->job;
	struct ff_chunk bounds;
	int error;

	worker->chunk = chunk;
	worker->again = again;
	error = job->ops->chunk(worker, chunk);
	if (error)
		return error;
	worker->chunk = FF_NO_CHUNK;
	if (again)
		return 0;
	ff_grid_chunk(job->grid, chunk, &bounds);
	__atomic_add_fetch(&job->done, bounds.slots * job->grid->align, __ATOMIC_RELAXED);
	return 0;
}

static int work(struct ff_worker *worker)
{
	struct ff_job *job = worker->job;
	int error = learn_stalls(worker);

	while (worker->nredo && !error && !ff_job_stopped(job)) {
		const struct ff_redo *redo = &worker->redo[--worker->nredo];

		error = step(worker, redo->chunk, redo->counted);
	}
	while (!error && !ff_job_stopped(job)) {
		uint64_t chunk = __atomic_fetch_add(&job->next_chunk, 1, __ATOMIC_RELAXED);

		if (chunk >= job->grid->nchunks)
			break;
		error = step(worker, chunk, false);
	}
	if (job->ops->flush && !error && !ff_job_stopped(job))
		error = job->ops->flush(worker);
	return error;
}

static void *run(void *argument)
{
	struct ff_worker *worker = argument;
	struct ff_job *job = worker->job;
	int error = work(worker);
	bool left;

	pthread_mutex_lock(&job->lock);
	left = ff_visit_is_left(&worker->visit);
	if (left) {
		ff_worker_free(worker);
	} else {
		if (error)
			ff_job_fail(job, error, false);
		job->running--;
		pthread_cond_broadcast(&job->ended);
	}
	pthread_mutex_unlock(&job->lock);
	if (left)
		ff_job_put(job);
	return NULL;
}

/* ---- from the first to the last ---- */

static int init(struct ff_worker *worker, struct ff_job *job, uint32_t number)
{
	int error;

	worker->job = job;
	worker->number = number;
	worker->chunk = FF_NO_CHUNK;
	ff_visit_init(&worker->visit);
	error = ff_fetch_init(&worker->fetch, ff_grid_pieces(job->grid));
	if (job->reader->stalls)
		worker->fetch.visit = &worker->visit;
	return error ? error : job->ops->setup(worker);
}

void ff_worker_free(struct ff_worker *worker)
{
	if (!worker)
		return;
	worker->job->ops->teardown(worker);
	ff_fetch_deinit(&worker->fetch);
	ff_visit_deinit(&worker->visit);
	free(worker->redo);
	free(worker);
}

/* Hand a worker's chunks and what it has found of faults to the one that takes its place. */
static int hand_over(struct ff_worker *from, struct ff_worker *to)
{
	const struct ff_job_ops *ops = from->job->ops;
	uint64_t put_off[FF_PUT_OFF_MAX];
	size_t n = ops->put_off ? ops->put_off(from, put_off) : 0;
	bool at_one = from->chunk != FF_NO_CHUNK;

	to->redo = calloc(from->nredo + n + 1, sizeof(*to->redo));
	if (!to->redo)
		return -ENOMEM;
	if (from->nredo)
		memcpy(to->redo, from->redo, from->nredo * sizeof(*to->redo));
	to->nredo = from->nredo;
	for (size_t i = 0; i < n; i++) {
		if (put_off[i] != from->chunk)
			to->redo[to->nredo++] = (struct ff_redo){ put_off[i], true };
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

int ff_worker_start(struct ff_job *job, uint32_t number, struct ff_worker *from)
{
	struct ff_worker *worker = calloc(1, sizeof(*worker));
	int error;

	if (!worker)
		return -ENOMEM;
	error = init(worker, job, number);
	if (!error && from)
		error = hand_over(from, worker);
	if (!error)
		error = -pthread_create(&worker->thread, NULL, run, worker);
	if (error) {
		ff_worker_free(worker);
		return error;
	}
	job->workers[number] = worker;
	return 0;
}

/* ---- workers that wait for ever ---- */

/* Do without a worker; another takes its place while there is something to do. */
static void give_up(struct ff_job *job, uint32_t number, bool stopped)
{
	struct ff_worker *worker = job->workers[number];
	int error = 0;

	if (!ff_visit_leave(&worker->visit, &worker->watch,
			    stopped ? NULL : job->reader->stalls))
		return;
	pthread_detach(worker->thread);
	job->references++;
	job->workers[number] = NULL;
	/* where not even a look at the target's pages comes back, nobody else fares better */
	if (!stopped)
		error = worker->visit.nsegments ? ff_worker_start(job, number, worker) : -ETIMEDOUT;
	if (error)
		ff_job_fail(job, error, false);
	if (stopped || error)
		job->running--;
}

void ff_workers_watch(struct ff_job *job)
{
	struct ff_stalls *stalls = job->reader->stalls;
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
