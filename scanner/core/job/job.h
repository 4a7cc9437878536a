/* SPDX-License-Identifier: MIT */
/*
 * Jobs: threads that go through a grid's chunks, whatever they do with each
 *
 * What they do is the job's kind: a struct that begins with the job, and an ops of what it does
 * for each worker and each chunk. A scan is one (scan/scan.h).
 */
#ifndef FF_JOB_H
#define FF_JOB_H

#include "grid.h"
#include "read/fetch.h"

#include <pthread.h>

#define FF_NO_CHUNK	UINT64_MAX
#define FF_PUT_OFF_MAX	256	/* chunks that a worker may have put off */

struct ff_worker;

struct ff_job_ops {
	/* Make what a worker needs, in worker->own, before its thread starts. */
	int (*setup)(struct ff_worker *worker);
	/*
	 * Free it, of a setup that failed too. A worker that was given up comes to this late: of
	 * the job no more than its grid and its reader is there then.
	 */
	void (*teardown)(struct ff_worker *worker);
	/* Work on a chunk, or put it off. Looks at ff_job_stopped() now and then. */
	int (*chunk)(struct ff_worker *worker, uint64_t chunk);
	/* Do what was put off; both are NULL where nothing ever is. */
	int (*flush)(struct ff_worker *worker);
	/* The chunks that are put off. Returns how many. */
	size_t (*put_off)(const struct ff_worker *worker, uint64_t *out);
	/* No worker works any more: let go of what was made and of what was lent. */
	void (*release)(struct ff_job *job);
	/* Nor is there one that was given up: free the job's own memory. */
	void (*free)(struct ff_job *job);
};

/* A chunk that a worker which was given up has not brought to its end. */
struct ff_redo {
	uint64_t chunk;
	bool counted;			/* as done */
};

struct ff_worker {
	struct ff_job *job;
	uint32_t number;		/* no two that work at once have the same */
	pthread_t thread;
	struct ff_visit visit;
	struct ff_watch watch;
	uint64_t chunk;			/* that it is at, or FF_NO_CHUNK */
	bool again;			/* and that was counted before */
	struct ff_redo *redo;		/* what is left of one that was given up */
	size_t nredo;
	struct ff_fetch fetch;
	void *own;			/* what the job's kind has of each */
};

struct ff_job {
	const struct ff_job_ops *ops;
	struct ff_grid *grid;
	struct ff_reader *reader;
	uint64_t next_chunk;
	uint64_t done, matches, read;
	int error;
	bool cancelled;
	bool failed_in_store;
	bool joined;
	pid_t owner;
	uint32_t references;		/* its owner's, and of workers that were given up */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	uint32_t running;
	uint32_t nworkers;
	struct ff_worker **workers;	/* NULL in the place of one that nobody replaced */
	struct ff_range *faults, *blocked;
	size_t nfaults, nblocked;
};

/* ---- for whoever has a kind ---- */

/* The job holds the grid and the reader; ff_job_destroy() is the end of it from here on. */
void ff_job_init(struct ff_job *job, const struct ff_job_ops *ops, struct ff_grid *grid,
		 struct ff_reader *reader);
/* Start up to so many threads; fails when not one can be. */
int ff_job_run(struct ff_job *job, uint32_t threads);
/* Wait for them all: 0, the job's error, or -ECANCELED. */
int ff_job_join(struct ff_job *job);
/* The first error is the job's. in_store: it is of the disk, not of the target. */
void ff_job_fail(struct ff_job *job, int error, bool in_store);

static inline void ff_job_count_read(struct ff_job *job, uint64_t bytes)
{
	__atomic_add_fetch(&job->read, bytes, __ATOMIC_RELAXED);
}

/* ---- between the files of this room ---- */

/* With the job's lock held; from is one that was given up, or NULL. */
int ff_worker_start(struct ff_job *job, uint32_t number, struct ff_worker *from);
void ff_worker_free(struct ff_worker *worker);
/* Do without workers that wait for ever. With the job's lock held. */
void ff_workers_watch(struct ff_job *job);
/* Let go of a reference. */
void ff_job_put(struct ff_job *job);
/* One ascending list of what no worker could read, and one of what nobody brought. */
int ff_job_gather_faults(struct ff_job *job);

#endif
