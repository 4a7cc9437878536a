/* SPDX-License-Identifier: MIT */
/*
 * Events: breakpoints of the kernel on all threads of a process, and the rings they report to
 *
 * An event belongs to a thread and a processor, and threads that are started later inherit it.
 * All of one processor write to that processor's ring.
 */
#ifndef FF_WATCH_EVENTS_H
#define FF_WATCH_EVENTS_H

#include "watch/source.h"

#define FF_RECORD_MAX	65536	/* bytes of a record of perf's: its size is 16 bits */

/* An event, of the thread that it was opened for and all that were started from there. */
struct ff_event {
	uint64_t id;		/* ascends with the order in which they are opened */
	int fd;
	uint32_t opener;	/* index of that thread */
	uint32_t part;
};

/* What belongs to a thread that events were opened for. */
struct ff_events_of {
	uint32_t first, n;	/* its events, side by side */
	int clock;		/* an event that counts how long it and those have run */
};

struct ff_ring {
	int fd;
	void *map;		/* a page of perf's, and its bytes behind that */
	size_t size;		/* of these bytes, a power of two */
};

struct ff_events {
	struct ff_source source;	/* at the beginning */
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
	struct ff_events_of *of;	/* for each opener */
	size_t of_room;
};

/* A part of the thread that calls: its descriptor, or a negative errno. */
int ff_event_open_own(const struct ff_watch_part *part, uint32_t kind, uint32_t stack);

/*
 * The rings belong to the thread that opens them, and end with it. On failure nothing is left
 * open. Events are open on all threads of pid when this returns, and report at once.
 */
int ff_events_open(const struct ff_watch_spec *spec, const struct ff_watch_part *parts,
		   size_t nparts, struct ff_source **out);
const struct ff_event *ff_events_find(const struct ff_events *events, uint64_t id);
/*
 * Call record for all that rings have now, which is at least aligned to 8 bytes. It may be
 * changed, and is gone afterwards.
 */
void ff_rings_drain(const struct ff_events *events, void (*record)(void *context, void *bytes),
		    void *context);
/* What a source of events does to hand over what its rings have; records.c */
void ff_records_drain(struct ff_source *source, const struct ff_taker *taker);

#endif
