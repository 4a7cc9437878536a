// SPDX-License-Identifier: MIT
/*
 * Faults: what a job's workers could not read, as one
 */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A list that some of a job's workers have a part of. */
struct list {
	struct ff_range *ranges;
	size_t n;
};

static struct list faults_of(const struct ff_fetch *fetch)
{
	return (struct list){ fetch->faults, fetch->nfaults };
}

static struct list blocked_of(const struct ff_fetch *fetch)
{
	return (struct list){ fetch->blocked, fetch->nblocked };
}

static int by_start(const void *a, const void *b)
{
	const struct ff_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* All parts, ascending; chunks overlap, so merged. */
static int merge(const struct ff_job *job, struct list (*of)(const struct ff_fetch *fetch),
		 struct list *out)
{
	size_t total = 0, n = 0;

	*out = (struct list){ 0 };
	for (uint32_t i = 0; i < job->nworkers; i++)
		total += job->workers[i] ? of(&job->workers[i]->fetch).n : 0;
	if (!total)
		return 0;
	out->ranges = calloc(total, sizeof(*out->ranges));
	if (!out->ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < job->nworkers; i++) {
		struct list part = { 0 };

		if (job->workers[i])
			part = of(&job->workers[i]->fetch);
		if (part.n)
			memcpy(out->ranges + n, part.ranges, part.n * sizeof(*part.ranges));
		n += part.n;
	}
	qsort(out->ranges, n, sizeof(*out->ranges), by_start);
	for (size_t i = 0; i < n; i++) {
		struct ff_range *last = out->n ? &out->ranges[out->n - 1] : NULL;

		if (last && out->ranges[i].start <= last->end) {
			if (out->ranges[i].end > last->end)
				last->end = out->ranges[i].end;
		} else {
			out->ranges[out->n++] = out->ranges[i];
		}
	}
	return 0;
}

/* What is in both of two lists. */
static int intersect(const struct list *a, const struct list *b, struct list *out)
{
	size_t i = 0, j = 0;

	*out = (struct list){ 0 };
	if (!a->n || !b->n)
		return 0;
	out->ranges = calloc(a->n + b->n, sizeof(*out->ranges));
	if (!out->ranges)
		return -ENOMEM;
	while (i < a->n && j < b->n) {
		const struct ff_range *x = &a->ranges[i], *y = &b->ranges[j];
		uint64_t start = x->start > y->start ? x->start : y->start;
		uint64_t end = x->end < y->end ? x->end : y->end;

		if (start < end)
			out->ranges[out->n++] = (struct ff_range){ start, end };
		if (x->end < y->end)
			i++;
		else
			j++;
	}
	return 0;
}

int ff_job_gather_faults(struct ff_job *job)
{
	struct list faults, brought_by_nobody, blocked = { 0 };
	int error = merge(job, faults_of, &faults);

	if (error)
		return error;
	job->faults = faults.ranges;
	job->nfaults = faults.n;
	error = merge(job, blocked_of, &brought_by_nobody);
	/* between values that are read one by one there may be some that nobody wanted */
	if (!error)
		error = intersect(&faults, &brought_by_nobody, &blocked);
	free(brought_by_nobody.ranges);
	job->blocked = blocked.ranges;
	job->nblocked = blocked.n;
	return error;
}

size_t ff_job_faults(const struct ff_job *job, const struct ff_range **out)
{
	*out = job->faults;
	return job->nfaults;
}

size_t ff_job_blocked(const struct ff_job *job, const struct ff_range **out)
{
	*out = job->blocked;
	return job->nblocked;
}
