/* SPDX-License-Identifier: MIT */
/*
 * Events: breakpoints of the kernel on all threads of a process, and the rings they report to
 *
 * An event belongs to a thread and a processor, and threads that are started later inherit it.
 * All of one processor write to that processor's ring.
 */
#ifndef FF_WATCH_EVENTS_H
#define FF_WATCH_EVENTS_H

#include "ff.h"

#define FF_RECORD_MAX	65536	/* bytes of a record of perf's: its size is 16 bits */

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

/* An event, of the thread that it was opened for and all that were started from there. */
struct ff_event {
	uint64_t id;		/* ascends with the order in which they are opened */
	int fd;
	uint32_t opener;	/* index of that thread */
	uint32_t part;
};

/* A thread that events were opened for. */
struct ff_opener {
	pid_t tid;
	uint32_t first, n;	/* its events, side by side */
	int clock;		/* an event that counts how long it and those have run */
	bool resting;
	uint64_t until;		/* ns of CLOCK_MONOTONIC: not to be looked at before */
	uint64_t began, rested;	/* ns of its clock, of this stretch and the rest at its end */
};

struct ff_ring {
	int fd;
	void *map;		/* a page of perf's, and its bytes behind that */
	size_t size;		/* of these bytes, a power of two */
};

struct ff_events {
	pid_t pid;
	struct ff_watch_part parts[FF_WATCH_PARTS];
	size_t nparts;
	uint32_t kind;
	uint32_t stack;
	struct ff_ring *rings;	/* one for each processor */
	int *processors;
	size_t nrings;
	struct ff_event *events;
	size_t nevents, events_room;
	struct ff_opener *openers;
	size_t nopeners, openers_room;
};

/* Cut a value into parts. Returns how many; -E2BIG when there are not enough. */
ssize_t ff_watch_cut(uint64_t address, uint32_t size, struct ff_watch_part *parts);
/* A part of the thread that calls: its descriptor, or a negative errno. */
int ff_event_open_own(const struct ff_watch_part *part, uint32_t kind, uint32_t stack);

/*
 * The rings belong to the thread that opens them, and end with it. On failure nothing is left
 * open. Events are open on all threads of pid when this returns, and report at once.
 */
int ff_events_open(struct ff_events *events, pid_t pid, const struct ff_watch_part *parts,
		   size_t nparts, uint32_t kind, uint32_t stack);
void ff_events_close(struct ff_events *events);
const struct ff_event *ff_events_find(const struct ff_events *events, uint64_t id);
/* Let the events of a thread report, or not, from now on. */
void ff_events_rest(struct ff_events *events, struct ff_opener *opener, bool rest);
/* Nanoseconds that a thread, and those that were started from there, have run. */
uint64_t ff_events_clock(const struct ff_opener *opener);
/* None reports any more. */
void ff_events_stop(struct ff_events *events);
/* How often they have fired, whether or not there was room in a ring to say so. */
uint64_t ff_events_fired(const struct ff_events *events);

/*
 * Call record for all that rings have now, which is at least aligned to 8 bytes. It may be
 * changed, and is gone afterwards.
 */
void ff_rings_drain(const struct ff_events *events, void (*record)(void *context, void *bytes),
		    void *context);

#endif
