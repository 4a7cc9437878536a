/* SPDX-License-Identifier: MIT */
/*
 * What a job's workers share, and what each has of its own
 */
#ifndef FF_JOB_H
#define FF_JOB_H

#include "read/fetch.h"
#include "read/pages.h"
#include "program/program.h"
#include "keep/snapshot.h"

#include <pthread.h>

#define FF_NO_CHUNK	UINT64_MAX
#define FF_GATHERED_CHUNKS	256	/* that are gathered at a time */

struct ff_gather;

/* A chunk that a worker which was given up has not brought to its end. */
struct ff_redo {
	uint64_t chunk;
	bool counted;			/* as done */
};

struct ff_worker {
	struct ff_job *job;
	uint32_t shard;			/* of the store, that it alone writes to */
	pthread_t thread;
	struct ff_visit visit;
	struct ff_watch watch;
	uint64_t chunk;			/* that it is at, or FF_NO_CHUNK */
	bool again;			/* and that was counted before */
	struct ff_redo *redo;		/* what is left of one that was given up */
	size_t nredo;
	uint8_t *buffers[FF_STREAMS];	/* now, then one for each stream that needs a copy */
	uint64_t *mask, *candidates, *pieces;
	uint8_t *scratch;		/* for what is packed on its way to the store */
	uint64_t *any;			/* slots of any type; NULL without types */
	uint64_t *known, *untouched;	/* pieces that need no reading; of them, zero ones */
	uint64_t *entries;		/* what the kernel says of the chunk's pages */
	struct ff_range blank;		/* that nobody ever touched, when last asked */
	struct ff_fetch fetch;
	struct ff_gather *gather;	/* NULL without candidates */
};

struct ff_job {
	struct ff_job_spec spec;
	const struct ff_kernels *kernels;
	struct ff_matchset *set;
	struct ff_snapshot *snapshot;
	const uint8_t *zeros;		/* as many as a worker's buffer has bytes */
	bool blank_matches;		/* whether the program lets pass where all is zero */
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
	struct ff_worker **workers;
	struct ff_range *faults, *blocked;
	size_t nfaults, nblocked;
};

/* The first error is the job's. */
void ff_job_fail(struct ff_job *job, int error, bool in_store);
/* Count what a chunk came to, and see that it stays within the job's memory. */
int ff_job_count(struct ff_job *job, uint64_t matches);
/* Streams that are no scan of the history's own, and may lack some of the candidates. */
static inline bool ff_stream_is_named(size_t stream)
{
	return stream > FF_FIRST;
}

/* Zeros that take no room until they are written to, with mmap()'s protection; or NULL. */
void *ff_map_bytes(size_t size, int protection);
/* Bytes of a worker's buffer for one stream. */
static inline size_t ff_job_buffer(const struct ff_job *job)
{
	return ff_grid_pieces(job->spec.grid) * FF_PIECE;
}

int ff_worker_init(struct ff_worker *worker, struct ff_job *job, uint32_t shard);
void ff_worker_deinit(struct ff_worker *worker);
/* again when the chunk has been counted as done before */
int ff_worker_scan(struct ff_worker *worker, uint64_t chunk, bool again);
/* One ascending list of what no worker could read, and one of what nobody brought. */
int ff_job_gather_faults(struct ff_job *job);

/*
 * Narrow the mask to the slots that fit as one type or another, and keep each type's
 * matches. streams have the chunk's bytes.
 */
int ff_types_keep(struct ff_worker *worker, uint64_t chunk, const struct ff_chunk *bounds,
		  const uint8_t *const *streams);

/*
 * Chunks with few candidates are gathered, and read and evaluated many at a time, value
 * by value.
 */
int ff_gather_create(struct ff_gather **out);
void ff_gather_destroy(struct ff_gather *gather);
/* Whether the chunk is one of those; then it is gathered. */
bool ff_gather_takes(struct ff_worker *worker, uint64_t chunk);
/* Their numbers; FF_GATHERED_CHUNKS at the most. */
size_t ff_gather_chunks(const struct ff_gather *gather, uint64_t *out);
/* Whether there may be no room for another. */
bool ff_gather_is_full(const struct ff_gather *gather);
/* Do what has been gathered. */
int ff_gather_scan(struct ff_worker *worker);

#endif
