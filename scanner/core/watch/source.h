/* SPDX-License-Identifier: MIT */
/*
 * Sources: where the hits of a watch come from
 *
 * There are two: breakpoints of perf's, which stop nobody (events.h), and a process that traces the
 * target (traced.h). All that is done with a hit is the same for both.
 *
 * What may rest for itself is an opener: of perf's a thread that had been there at the beginning
 * with all that it has started since, of a tracer's each thread that hits.
 */
#ifndef FF_WATCH_SOURCE_H
#define FF_WATCH_SOURCE_H

#include "watch/guard.h"
#include "watch/hits.h"

#include <poll.h>
#include <sys/types.h>

/* Registers that a hit comes with. */
#if defined(__x86_64__)
#define FF_WATCH_SAMPLED	20
#elif defined(__aarch64__)
#define FF_WATCH_SAMPLED	33
#else
#define FF_WATCH_SAMPLED	0
#endif

/* A value's bytes as breakpoints take them: 1, 2, 4 or 8 of them, naturally aligned. */
struct ff_watch_part {
	uint64_t address;
	uint32_t size;
};

struct ff_opener {
	pid_t tid;
	bool resting;
	uint64_t until;		/* ns of CLOCK_MONOTONIC: not to be looked at before */
	uint64_t woke;		/* ns of CLOCK_MONOTONIC: the end of the last rest, or 0 */
	uint64_t began, rested;	/* ns of its clock, of this stretch and the rest at its end */
	struct ff_pace pace;
};

/* Hits one behind the other, and the rest that came then. */
struct ff_stretch {
	uint64_t hits;		/* behind the first one */
	uint64_t ran, rested;	/* ns that the thread has run, in between and then */
};

/* Who takes what a source has. */
struct ff_taker {
	void *context;
	void (*sample)(void *context, const struct ff_sample *sample);
	/* There was no room for so many hits of an opener's threads. */
	void (*lost)(void *context, uint32_t opener, uint64_t hits);
	/* A rest of an opener is over; from a source without a clock. */
	void (*rested)(void *context, uint32_t opener, const struct ff_stretch *stretch);
};

struct ff_source;

struct ff_source_ways {
	/* Fill in what is to be polled for news: nfiles of them. */
	void (*files)(const struct ff_source *source, struct pollfd *files);
	/* Hand over all there is now. */
	void (*drain)(struct ff_source *source, const struct ff_taker *taker);
	/* Let an opener's breakpoints report, or not, from now on. */
	void (*rest)(struct ff_source *source, uint32_t opener, bool rest);
	/*
	 * An opener's clock, ns: it goes on while its threads run. NULL where the source itself
	 * tells of rests.
	 */
	uint64_t (*clock)(struct ff_source *source, uint32_t opener);
	/* None reports any more; what has been reported can still be drained. */
	void (*stop)(struct ff_source *source);
	/* How often they have fired, whether or not there was room to say so. */
	uint64_t (*fired)(const struct ff_source *source);
	void (*close)(struct ff_source *source);
};

struct ff_source {
	const struct ff_source_ways *ways;
	struct ff_opener *openers;
	size_t nopeners, openers_room;
	size_t nfiles;
	uint32_t threads;	/* that there were at first */
	uint64_t samples;	/* that were handed over */
	bool stops;		/* a thread at each hit */
	bool replaced;		/* by another program, which has no value of ours */
	bool exited;		/* its process */
	bool broken;		/* nothing comes any more, for whoever reported it has ended */
};

/* Room for one opener more. 0, or -ENOMEM. */
int ff_source_grow(struct ff_source *source);
/* Cut a value into parts. Returns how many; -E2BIG when there are not enough. */
ssize_t ff_watch_cut(uint64_t address, uint32_t size, struct ff_watch_part *parts);

#endif
