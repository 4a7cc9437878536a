/* SPDX-License-Identifier: MIT */
/*
 * Threads that hit: whose events theirs are taken from, and when these rest
 *
 * Breakpoints rest by opener; how much each of its threads has lost is kept by thread.
 */
#ifndef FF_WATCH_THREADS_H
#define FF_WATCH_THREADS_H

#include "watch/guard.h"
#include "watch/hits.h"
#include "watch/source.h"

/* What a thread had done when it was looked at. */
struct ff_look {
	uint64_t time;		/* ns of CLOCK_MONOTONIC; 0: it was not */
	uint64_t ran, waited;	/* ns */
	uint64_t waits;		/* how often it went to sleep, or stood */
};

struct ff_thread {
	pid_t tid;
	uint32_t opener;	/* that its hits are taken from, where it has events of several */
	uint64_t last;		/* when the last one was, ns of CLOCK_MONOTONIC */
	uint64_t spent;		/* ns that hits took, and its guard has not been told of */
	uint64_t waited;	/* ns that it has waited for a processor, as far as is known */
	uint64_t hits;		/* in this stretch */
	uint64_t fresh;		/* since it was looked at */
	struct ff_look look;	/* the last one at it, where hits make it stand */
	struct ff_guard guard;
};

struct ff_threads {
	struct ff_thread *all;	/* the places of those that have not hit for long go to others */
	double *factors;	/* for ff_hits_scale() */
	size_t n, room;
	size_t latest;		/* the one that was asked for last */
	struct ff_watch_cost cost;
	double share;
	uint64_t began;		/* ns of CLOCK_MONOTONIC, of the stretch where none rests */
};

void ff_threads_init(struct ff_threads *threads, struct ff_watch_cost cost, double share,
		     uint64_t now);
void ff_threads_deinit(struct ff_threads *threads);
/*
 * Take in a hit. Returns whose it was, an index; -EEXIST when it has been reported by another
 * opener's event, too, and -ENOMEM.
 */
ssize_t ff_threads_hit(struct ff_threads *threads, uint32_t tid, uint32_t opener, uint64_t time);
/* So many hits of an opener's threads were not reported. */
void ff_threads_lost(struct ff_threads *threads, uint32_t opener, uint64_t hits);
/* A rest of an opener is over: what was seen before stands for what was missed meanwhile. */
void ff_threads_rested(struct ff_threads *threads, struct ff_source *source, uint32_t opener,
		       const struct ff_stretch *stretch, struct ff_hits *hits);
/* Let events rest, or go on, as is due. Whether some rest that did not. */
bool ff_threads_mind(struct ff_threads *threads, struct ff_source *source, struct ff_hits *hits);
/* The end: what rests now does not go on. */
void ff_threads_finish(struct ff_threads *threads, struct ff_source *source, struct ff_hits *hits);

#endif
